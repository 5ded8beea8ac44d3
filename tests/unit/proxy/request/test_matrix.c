/*
 * Who may do what: callers × paths × applications × clusters, each cell by an oracle of its own.
 *
 * The oracle knows three things, all written down by hand: what each caller may do with what, what
 * each path of Spark is about (T6-T9, T42-T49), and what it does. It shares no code with the
 * gateway. tests/meta/check_matrix.py holds the paths to the tables of policy.c and topic.c.
 */
#include "auth/policy/grants.h"
#include "auth/policy/scope.h"
#include "proxy/registry/registry_builder.h"
#include "proxy/request/exchange_judge.h"
#include "tests/support/conf_probe.h"
#include "tests/unit/proxy/request/matrix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <event2/buffer.h>

#include <stdio.h>
#include <stdlib.h>

/* --- the oracle --- */

enum answer { PASSES, REFUSED, HIDES, NEVER, SIGN_IN, NO_ROLE };

static bool has(const char *rights, char letter)
{
	return rights && strchr(rights, letter);
}

static enum answer by(const char *rights, char does)
{
	if (rights == NULL)
		return HIDES;
	if (does == '!')
		return NEVER;
	return has(rights, does) ? PASSES : REFUSED;
}

/* Who sees all of a list may do with it what they may do with all; others only look. */
static enum answer by_list(const struct facts *at, char does, bool via_ingress)
{
	if (at->lists == NULL || (via_ingress && at->whole == NULL))
		return HIDES;
	return has(at->whole, does) || (does != 'k' && has(at->lists, does)) ? PASSES : REFUSED;
}

static enum answer by_form(
	const struct facts *at, const char *app, bool is_broken, bool via_ingress)
{
	if (at->lists == NULL)
		return HIDES;
	if (has(at->whole, 'k'))
		return PASSES;
	if (!has(at->lists, 'k') || is_broken || via_ingress)
		return REFUSED;
	return by(app, 'k');
}

static enum answer oracle(const struct caller *caller, size_t cluster, size_t app,
	const struct path *path, bool via_ingress)
{
	const struct facts *at = &caller->at[cluster];
	const char *theirs = at->apps[app];

	if (caller->roles == NULL)
		return SIGN_IN;
	if (caller->anywhere == NULL)
		return NO_ROLE;
	switch (path->about) {
	case NOTHING:
		return HIDES;
	case HOME:
		return by(caller->anywhere, path->does);
	case CLUSTER:
	case FILES:
		return by(at->is_visible ? caller->anywhere : NULL, path->does);
	case DRIVER:
		return by(app == UNKNOWN ? NULL : theirs, path->does);
	case APP:
		return by(theirs, path->does);
	case APP_NOBODYS:
		return by(at->apps[UNKNOWN], path->does);
	case APP_ON_LISTS:
		return by(at->lists ? theirs : NULL, path->does);
	case LIST:
		return by_list(at, path->does, via_ingress);
	case FILES_ON_LISTS:
		return by(at->lists, path->does);
	case FORM:
	case FORM_BROKEN:
		return by_form(at, theirs, path->about == FORM_BROKEN, via_ingress);
	case WHOLE:
		return by(at->whole, path->does);
	case HDFS:
		return by(at->hdfs, path->does);
	case LAB:
		return by(at->lab, path->does);
	}
	return HIDES;
}

/* --- the gateway --- */

static void add_cluster(struct registry_builder *b, const char *name)
{
	struct mount mount = {.state = MOUNT_UP, .cluster = name, .authority = "10.0.0.1:8080"};
	struct cluster_info info = {.name = name, .has_masters = true, .has_history = true};
	struct app_info apps[] = {{.id = "app-1", .name = "report", .user = "ada", .running = true},
		{.id = "app-2", .name = "report", .user = "bob", .running = true},
		{.id = "app-3",
			.name = "etl-x",
			.user = "svc",
			.namespace = "etl",
			.running = true}};
	const struct mount *uis[2];

	mount.kind = UI_MASTER, mount.id = "master";
	info.master = registry_builder_mount(b, &mount);
	mount.kind = UI_WORKER, mount.id = "worker-1";
	registry_builder_mount(b, &mount);
	mount.kind = UI_HISTORY, mount.id = "shs";
	info.history = registry_builder_mount(b, &mount);
	mount.kind = UI_DRIVER;
	for (size_t i = 0; i < ARRAY_LEN(apps); i++) {
		mount.id = apps[i].id;
		apps[i].mount = registry_builder_mount(b, &mount);
	}
	mount.id = "driver-1", mount.is_driver_log = true;
	registry_builder_mount(b, &mount);
	mount.kind = UI_OTHER, mount.id = "hdfs", mount.is_driver_log = false;
	uis[0] = registry_builder_mount(b, &mount);
	mount.id = "lab";
	uis[1] = registry_builder_mount(b, &mount);
	info.uis = uis, info.uis_count = 2, info.apps = apps, info.apps_count = ARRAY_LEN(apps);
	registry_builder_cluster(b, &info);
}

static struct conf *conf;
static struct registry *reg;

static int begin(void **state)
{
	struct registry_builder *b = registry_builder_new("");

	(void)state;
	add_cluster(b, "prod");
	add_cluster(b, "other");
	reg = registry_builder_finish(b);
	conf = conf_probe_load(configuration);
	return 0;
}

static int end(void **state)
{
	(void)state;
	registry_free(reg);
	conf_unref(conf);
	return 0;
}

/* Gives who holds the roles and is called ada in Spark; NULL: nobody. */
static struct identity *somebody(const struct caller *caller)
{
	char copies[4][32];
	const char *names[4];
	struct grants_person person = {.names = {names, 0}, .user = "ada"};
	struct str rest = str_of(caller->roles ? caller->roles : ""), name;

	if (caller->roles == NULL)
		return NULL;
	while (str_next(&rest, ' ', &name)) {
		assert_true(str_copy(name, copies[person.names.count], sizeof copies[0]));
		names[person.names.count] = copies[person.names.count];
		person.names.count++;
	}
	struct grants *grants = grants_new(conf, &person);
	struct identity *who = identity_new(
		STR("i"), STR("s"), STR("n"), STR(""), grants_role(grants), VIA_BEARER, 0);
	identity_grant(who, grants);
	if (caller->scope)
		identity_limit(who, scope_parse(str_of(caller->scope), NULL));
	return who;
}

/* Gives the path's text with cluster and application in it. */
static char *spell(const struct path *path, const char *cluster, const char *app)
{
	char *text = mem_alloc(512, 1), *at = text;

	for (const char *p = path->text; *p; p++) {
		const char *word = p[0] == '%' && p[1] == 'C'	? cluster
				   : p[0] == '%' && p[1] == 'A' ? app
								: NULL;
		if (word) {
			at += snprintf(at, 128, "%s", word);
			p++;
		} else {
			*at++ = *p;
		}
	}
	return text;
}

/* As the pipeline does it: route, action, judgement. */
static enum fault judge(
	struct identity *who, const char *method, const char *text, bool via_ingress)
{
	struct front_request req = {.method = str_of(method), .target = str_of(text)};
	struct exchange x = {.registry = reg,
		.ext = via_ingress ? (struct ext_auth *)&req : NULL, /* only whether is asked */
		.web = {.req = &req,
			.asked = &req,
			.conf = conf,
			.origin = "http://gw.example",
			.who = who}};

	assert_int_equal(target_parse(req.target, &x.web.target, NULL), 0);
	x.route = route_match(reg, "", x.web.target.path);
	exchange_find_action(&x);
	enum fault fault = exchange_judge(&x);
	/* The log says so, and the person is not told. */
	assert_true(x.is_hidden == (fault == FAULT_NOT_FOUND && x.route.kind != ROUTE_NONE));
	return fault;
}

static enum answer answer_of(enum fault fault)
{
	switch (fault) {
	case FAULT_NONE:
		return PASSES;
	case FAULT_NOT_FOUND:
		return HIDES;
	case FAULT_NEVER:
		return NEVER;
	case FAULT_UNAUTHENTICATED:
		return SIGN_IN;
	case FAULT_NO_ROLE:
		return NO_ROLE;
	case FAULT_FORBIDDEN:
	case FAULT_SCOPE:
		return REFUSED;
	default:
		fail_msg("%s", fault_row(fault)->word);
		return REFUSED;
	}
}

struct tally {
	size_t cells, wrong;
};

static void judge_cell(struct tally *tally, const struct caller *caller, const struct path *path,
	size_t place, bool via_ingress)
{
	static const char *const names[] = {"prod", "other"};
	size_t cluster = place / APPS, app = place % APPS;
	struct identity *who = somebody(caller);
	char *text = spell(path, names[cluster], app_ids[app]);
	enum fault fault = judge(who, path->method, text, via_ingress);
	enum answer want = oracle(caller, cluster, app, path, via_ingress);

	tally->cells++;
	if (answer_of(fault) != want || (fault == FAULT_SCOPE && !caller->scope)) {
		tally->wrong++;
		print_error("%s [%s]%s: %s %s: %s, expected %d\n",
			caller->roles ? caller->roles : "nobody",
			caller->scope ? caller->scope : "", via_ingress ? " by an ingress" : "",
			path->method, text, fault_row(fault)->word, want);
	}
	free(text);
	identity_unref(who);
}

static void s74_each_cell_of_callers_and_paths_is_what_the_oracle_says(void **state)
{
	struct tally tally = {0, 0};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(callers); c++) {
		for (size_t p = 0; p < ARRAY_LEN(paths); p++) {
			for (size_t place = 0; place < 2 * APPS; place++) {
				judge_cell(&tally, &callers[c], &paths[p], place, false);
				judge_cell(&tally, &callers[c], &paths[p], place, true);
			}
		}
	}
	print_message("%zu cells, %zu wrong\n", tally.cells, tally.wrong);
	assert_int_equal(tally.wrong, 0);
}

/* --- forms whose content comes later --- */

/* The judgement of the head, and when that lets it in, that of head and content. */
static enum answer judge_form(struct identity *who, const char *cluster, const char *content)
{
	char path[64];
	struct front_request req = {.method = STR("POST"),
		.content_length = (int64_t)strlen(content),
		.body = evbuffer_new()};
	struct exchange x = {.registry = reg,
		.web = {.req = &req,
			.asked = &req,
			.conf = conf,
			.origin = "http://gw.example",
			.who = who}};

	snprintf(path, sizeof path, "/%s/proxy/master/app/kill/", cluster);
	assert_int_equal(target_parse(str_of(path), &x.web.target, NULL), 0);
	x.route = route_match(reg, "", x.web.target.path);
	exchange_find_action(&x);
	enum fault fault = exchange_judge(&x);
	evbuffer_add(req.body, content, strlen(content));
	if (fault == FAULT_NONE)
		fault = exchange_judge_content(&x);
	evbuffer_free(req.body);
	return answer_of(fault);
}

static void judge_contents(struct tally *tally, const struct caller *caller, size_t place)
{
	static const char *const names[] = {"prod", "other"};
	static const struct {
		const char *before, *after;
		bool is_broken;
	} contents[] = {{"id=", "&terminate=true", false},
		{"terminate=true&csrfToken=a%2B%3D&id=", "", false},
		{"id=app-1&id=", "&terminate=true", true},
		{"%69d=app-1&id=", "&terminate=true", true},
		{"id=app-1;id=", "&terminate=true", true}, {"name=", "&terminate=true", true}};
	const struct facts *at = &caller->at[place / APPS];
	struct identity *who = somebody(caller);
	char content[128];

	for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
		snprintf(content, sizeof content, "%s%s%s", contents[i].before,
			app_ids[place % APPS], contents[i].after);
		enum answer want =
			caller->roles == NULL ? SIGN_IN
			: caller->anywhere == NULL
				? NO_ROLE
				: by_form(at, at->apps[place % APPS], contents[i].is_broken, false);
		tally->cells++;
		if (judge_form(who, names[place / APPS], content) != want) {
			tally->wrong++;
			print_error("%s: %s\n", caller->roles ? caller->roles : "nobody", content);
		}
	}
	identity_unref(who);
}

static void s75_a_kill_form_is_judged_by_the_id_in_its_content(void **state)
{
	struct tally tally = {0, 0};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(callers); c++) {
		for (size_t place = 0; place < 2 * APPS; place++)
			judge_contents(&tally, &callers[c], place);
	}
	print_message("%zu cells, %zu wrong\n", tally.cells, tally.wrong);
	assert_int_equal(tally.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s75_a_kill_form_is_judged_by_the_id_in_its_content),
		cmocka_unit_test(s74_each_cell_of_callers_and_paths_is_what_the_oracle_says),
	};

	return cmocka_run_group_tests_name("matrix", tests, begin, end);
}
