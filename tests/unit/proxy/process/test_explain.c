/* `sparkgate explain`: who may do what, by which row, and why. */
#include "proxy/process/explain.h"

#include "base/mem.h"
#include "base/str.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char yaml[] =
	"server: {public_url: 'http://127.0.0.1:8480/spark/'}\n"
	"clusters:\n"
	"  - name: prod\n"
	"    masters: ['http://127.0.0.1:1']\n"
	"    history: http://127.0.0.1:2\n"
	"    kubernetes: {namespaces: [etl]}\n"
	"    uis: [{name: lab, url: 'http://127.0.0.1:3'}]\n"
	"  - {name: dev, masters: ['http://127.0.0.1:4']}\n"
	"auth:\n"
	"  roles:\n"
	"    claim: groups\n"
	"    admin: [platform]\n"
	"    user: [everyone]\n"
	"    custom:\n"
	"      - {role: analysts, applications: [own], rights: [view, environment, 'kill:own']}\n"
	"      - {role: team, clusters: [prod], namespaces: [etl], applications: ['etl-*', acl], "
	"rights: [view, kill]}\n"
	"      - {role: on-call, clusters: [prod], rights: [view, kill]}\n"
	"      - {role: science, uis: [lab]}\n";

struct fixture {
	char *folder, *config, *claims;
	char *said; /* of the last run */
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->folder = scratch_new();
	f->config = scratch_write(f->folder, "sparkgate.yaml", yaml);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->said);
	free(f->config);
	scratch_free(f->folder);
	free(f);
	return 0;
}

/* Gives the exit code; what was said is in f->said, errors too. `words` go behind the files. */
static int ask(struct fixture *f, const char *groups, const char *words)
{
	char *json = mem_printf("{\"sub\":\"s1\",\"name\":\"Ada\",\"preferred_username\":\"ada\","
				"\"groups\":[%s]}",
		groups);
	char *claims = scratch_write(f->folder, "claims.json", json), *copy = mem_strdup(words);
	char *argv[16] = {
		(char[]){"explain"}, (char[]){"--config"}, f->config, (char[]){"--claims"}, claims};
	int argc = 5;
	size_t len;

	for (char *word = copy, *end; *word; word = end) {
		argv[argc++] = word;
		end = word + strcspn(word, " ");
		if (*end)
			*end++ = '\0';
	}
	free(f->said);
	FILE *out = open_memstream(&f->said, &len);
	int code = explain_run(argc, argv, out, out);
	fclose(out);
	free(copy);
	free(claims);
	free(json);
	return code;
}

static void expect(struct fixture *f, const char *piece)
{
	if (strstr(f->said, piece) == NULL)
		fail_msg("no \"%s\" in:\n%s", piece, f->said);
}

static void own_application_is_allowed_by_the_row_that_says_own(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		ask(f, "\"analysts\"", "--app-user ada GET /spark/prod/proxy/app-1/environment/"),
		0);
	expect(f, "allowed: GET /spark/prod/proxy/app-1/environment/\n");
	expect(f, "asks for   environment: application app-1, cluster prod\n");
	expect(f, "person     Ada, role custom; holds analysts; Spark user ada\n");
	expect(f, "row        auth.roles.custom[0] (analysts): view, environment, kill, metrics; "
		  "the application is their own\n");
}

static void anothers_application_is_not_there_and_it_is_said_who_would_see_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "\"analysts\"", "--app-user bob /spark/prod/proxy/app-1/jobs/"), 1);
	expect(f, "refused, for them it is not there (404): GET /spark/prod/proxy/app-1/jobs/\n");
	expect(f, "row        auth.roles.custom[0] (analysts): nothing; it is not about this "
		  "application\n");
	expect(f,
		"missing    auth.roles.user (everyone) would allow it to who holds \"everyone\"\n");
	expect(f, "missing    auth.roles.custom[2] (on-call) would allow it");
	assert_null(strstr(f->said, "hangs on"));
}

static void what_nobody_said_of_the_application_it_hangs_on(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "\"analysts\",\"team\"", "/spark/prod/proxy/app-1/jobs/"), 1);
	expect(f, "hangs on   auth.roles.custom[0] (analysts) allows it for an application of the "
		  "user \"ada\"\n");
	expect(f,
		"hangs on   auth.roles.custom[1] (team) allows it for an application of namespace "
		"etl, called etl-* or whose ACLs name them\n");
	assert_int_equal(ask(f, "\"team\"",
				 "--app-name etl-x --app-namespace etl "
				 "/spark/prod/shs/history/app-1/jobs/"),
		0);
}

static void right_that_is_lacking_is_another_answer_than_hidden(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "\"on-call\"", "/spark/prod/proxy/app-1/environment/"), 1);
	expect(f, "refused, they have no right to this (403)");
	assert_int_equal(ask(f, "\"on-call\"", "POST /spark/prod/proxy/app-1/jobs/job/kill/"), 0);
	assert_int_equal(ask(f, "\"everyone\"", "POST /spark/prod/apps/app-1/kill"), 1);
	expect(f, "asks for   kill: application app-1, cluster prod\n");
	assert_int_equal(ask(f, "\"everyone\"", "GET /spark/prod/apps/app-1/kill"), 0);
	assert_int_equal(ask(f, "\"on-call\"", "POST /spark/prod/apps/app-1/kill"), 0);
	assert_int_equal(ask(f, "\"platform\"", "POST /spark/prod/proxy/master/workers/kill/"), 1);
	expect(f, "refused, nobody may do this (403)");
}

static void uis_lists_and_whole_clusters_are_explained_too(void **state)
{
	static const struct {
		const char *groups, *words;
		int code;
	} cells[] = {
		{"\"science\"", "/spark/prod/ui/lab/x", 0},
		{"\"analysts\"", "/spark/prod/ui/lab/x", 1},
		{"\"analysts\"", "/spark/prod/proxy/master/", 0},
		{"\"analysts\"", "/spark/prod/proxy/master/environment/", 1},
		{"\"on-call\"", "/spark/prod/proxy/master/json/", 0},
		{"\"on-call\"", "/spark/dev/proxy/master/", 1},
		{"\"everyone\"", "/spark/dev/proxy/master/environment/", 0},
		{"\"on-call\"", "/spark/prod/", 0},
		{"\"on-call\"", "/spark/dev/", 1},
		{"", "/spark/", 1},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		int code = ask(f, cells[i].groups, cells[i].words);
		if (code != cells[i].code)
			fail_msg("%s: %d\n%s", cells[i].words, code, f->said);
	}
	expect(f, "no role opens the door");
}

static void wrong_usage_is_2_and_wrong_files_are_1(void **state)
{
	static const char *const wrong[] = {
		"", "GET", "GET /a /b", "--app-user", "--fly /a", "G(T /a"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(ask(f, "", wrong[i]), 2);
	assert_int_equal(ask(f, "", "--help"), 0);
	expect(f, "usage: sparkgate explain");
	assert_int_equal(ask(f, "]", "/spark/"), 1);
	expect(f, "expected a JSON object");
}

static void names_of_others_do_nothing_to_a_terminal(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "\"analysts\"", "--app-user \x1b[31m /spark/prod/proxy/a%1b/"), 1);
	assert_null(strchr(f->said, '\x1b'));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_application_is_allowed_by_the_row_that_says_own),
		TEST(anothers_application_is_not_there_and_it_is_said_who_would_see_it),
		TEST(what_nobody_said_of_the_application_it_hangs_on),
		TEST(right_that_is_lacking_is_another_answer_than_hidden),
		TEST(uis_lists_and_whole_clusters_are_explained_too),
		TEST(wrong_usage_is_2_and_wrong_files_are_1),
		TEST(names_of_others_do_nothing_to_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
