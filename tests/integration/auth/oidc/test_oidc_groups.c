/*
 * Groups that do not fit into a token (OpenID Connect Core §5.6.2, Entra ID), and roles that a
 * refreshed ID token leaves out.
 */
#include "tests/support/oidc_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char elsewhere[] = ",\"_claim_names\":{\"groups\":\"src1\"},"
				"\"_claim_sources\":{\"src1\":{\"endpoint\":\"%s\"%s}}";

/* Signs ann in; her groups are at this address of `fake`. `more` is further members of the source.
 */
static struct granted sign_in_from(
	struct oidc_world *w, struct fake_http *fake, const char *path, const char *more)
{
	char *url = mem_printf("http://127.0.0.1:%u%s", fake_http_port(fake), path);
	char *claims = mem_printf(elsewhere, url, more);
	struct granted got = oidc_world_sign_in(w, &(struct said){.more = claims});

	free(claims);
	free(url);
	oidc_world_expect(got, OIDC_OK);
	return got;
}

static void set_json(struct fake_http *fake, const char *path, const char *body)
{
	fake_http_set(fake, path, 200, "application/json", body);
}

static void expect_role(const struct granted *got, enum role role)
{
	if (got->role != role)
		fail_msg("role %d: %s", (int)got->role, got->seen.trouble);
	assert_true(got->has_role && got->is_whole && got->seen.is_found);
	assert_string_equal(got->seen.trouble, "");
}

static void expect_trouble(const struct granted *got, const char *part)
{
	assert_int_equal(got->role, ROLE_NONE);
	assert_false(got->is_whole || got->seen.is_found);
	if (strstr(got->seen.trouble, part) == NULL)
		fail_msg("%s", got->seen.trouble);
}

/* --- where they are --- */

static void distributed_groups_are_fetched_with_the_persons_token(void **state)
{
	struct oidc_world *w = *state;

	set_json(w->idp, "/realm/groups", "{\"groups\":[\"x\",\"boss\"]}");
	oidc_world_begin(w);
	struct granted got = sign_in_from(w, w->idp, "/realm/groups?of=ann", "");
	expect_role(&got, ROLE_ADMIN);
	char *head = fake_http_last_head(w->idp, "/realm/groups");
	assert_non_null(strstr(head, "GET /realm/groups?of=ann "));
	assert_non_null(strstr(head, "Authorization: Bearer opaque\r\n"));
	free(head);
}

static void distributed_groups_have_a_token_of_their_own_where_the_claim_says_so(void **state)
{
	struct oidc_world *w = *state;

	set_json(w->idp, "/realm/groups", "{\"groups\":\"x dev\"}");
	oidc_world_begin(w);
	struct granted got =
		sign_in_from(w, w->idp, "/realm/groups", ",\"access_token\":\"for-groups\"");
	expect_role(&got, ROLE_USER);
	char *head = fake_http_last_head(w->idp, "/realm/groups");
	assert_non_null(strstr(head, "Authorization: Bearer for-groups\r\n"));
	free(head);
}

static void groups_of_entra_are_asked_for_where_the_configuration_says(void **state)
{
	struct oidc_world *w = *state;

	set_json(w->graph, OIDC_WORLD_MEMBERS, "{\"value\":[\"0a1b\",\"dev\"]}");
	oidc_world_begin(w);
	struct granted got = oidc_world_sign_in(w, &(struct said){.more = ",\"hasgroups\":true"});
	oidc_world_expect(got, OIDC_OK);
	expect_role(&got, ROLE_USER);
	char *head = fake_http_last_head(w->graph, OIDC_WORLD_MEMBERS);
	char *body = fake_http_last_body(w->graph, OIDC_WORLD_MEMBERS);
	assert_non_null(strstr(head, "POST " OIDC_WORLD_MEMBERS " "));
	assert_non_null(strstr(head, "Content-Type: application/json\r\n"));
	assert_string_equal(body, "{\"securityEnabledOnly\":false}");
	free(body);
	free(head);
}

static void groups_of_entra_may_be_named_by_another_path_of_the_configured_server(void **state)
{
	static const char path[] = "/v1.0/users/17/getMemberObjects";
	struct oidc_world *w = *state;

	set_json(w->graph, path, "{\"value\":[\"boss\"]}");
	oidc_world_begin(w);
	struct granted got = sign_in_from(w, w->graph, path, "");
	expect_role(&got, ROLE_ADMIN);
	assert_int_equal(fake_http_hits(w->graph, OIDC_WORLD_MEMBERS), 0);
}

static void groups_in_a_token_of_the_provider_are_read(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	char *token = oidc_world_id_token(w, &(struct said){.more = ",\"groups\":[\"boss\"]"});
	char *claims = mem_printf(",\"_claim_names\":{\"groups\":\"a\"},"
				  "\"_claim_sources\":{\"a\":{\"JWT\":\"%s\"}}",
		token);
	struct granted got = oidc_world_sign_in(w, &(struct said){.more = claims});
	expect_role(&got, ROLE_ADMIN);
	free(claims);
	free(token);
}

static void groups_in_a_token_of_somebody_else_are_not_read(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	char *token = oidc_world_id_token(
		w, &(struct said){.key = w->new_key, .more = ",\"groups\":[\"boss\"]"});
	char *claims = mem_printf(",\"_claim_names\":{\"groups\":\"a\"},"
				  "\"_claim_sources\":{\"a\":{\"JWT\":\"%s\"}}",
		token);
	struct granted got = oidc_world_sign_in(w, &(struct said){.more = claims});
	expect_trouble(&got, "did not sign");
	free(claims);
	free(token);
}

static void groups_that_are_there_are_not_asked_for(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	oidc_world_userinfo(w, "{\"sub\":\"ann\",\"groups\":[\"dev\"]}");
	struct granted got = sign_in_from(w, w->graph, OIDC_WORLD_MEMBERS, "");
	expect_role(&got, ROLE_USER);
	assert_int_equal(fake_http_hits(w->graph, OIDC_WORLD_MEMBERS), 0);
}

/* --- pages --- */

/* Page n names group n and leads to the next one, up to the one in the handler's argument. */
static bool answer_page(void *arg, const struct fake_request *request, struct fake_answer *answer)
{
	int last = *(int *)arg, n = (int)strtol(request->path + strlen("/page/"), NULL, 10);

	answer->type = "application/json";
	sbuf_printf(&answer->body, "{\"value\":[{\"id\":\"%s\",\"displayName\":\"boss\"}]",
		n == last ? "dev" : "x");
	if (n < last)
		sbuf_printf(&answer->body, ",\"@odata.nextLink\":\"http://%s/page/%d\"",
			request->host, n + 1);
	sbuf_puts(&answer->body, "}");
	return true;
}

static void all_pages_are_read_and_ids_count_not_names(void **state)
{
	struct oidc_world *w = *state;
	int last = 5;

	fake_http_handle(w->graph, answer_page, &last);
	oidc_world_begin(w);
	struct granted got = sign_in_from(w, w->graph, "/page/1", "");
	expect_role(&got, ROLE_USER);
	assert_int_equal(fake_http_hits(w->graph, "/page/5"), 1);
}

static void pages_have_an_end(void **state)
{
	struct oidc_world *w = *state;
	int last = 1000;

	fake_http_handle(w->graph, answer_page, &last);
	oidc_world_begin(w);
	struct granted got = sign_in_from(w, w->graph, "/page/1", "");
	expect_trouble(&got, "too many pages");
	assert_int_equal(fake_http_hits(w->graph, "/page/33"), 0);
}

/* --- S79 --- */

static void s79_token_goes_to_no_server_that_only_a_claim_names(void **state)
{
	struct oidc_world *w = *state;
	struct fake_http *foreign = fake_http_start("127.0.0.1");

	set_json(foreign, "/groups", "{\"groups\":[\"boss\"]}");
	oidc_world_begin(w);
	struct granted got = sign_in_from(w, foreign, "/groups", "");
	expect_trouble(&got, "auth.oidc.groups.endpoint does not name it");
	assert_int_equal(fake_http_connections(foreign), 0);
	fake_http_stop(foreign);
}

static void s79_configured_server_is_asked_in_place_of_a_foreign_one(void **state)
{
	struct oidc_world *w = *state;
	struct fake_http *foreign = fake_http_start("127.0.0.1");

	set_json(w->graph, OIDC_WORLD_MEMBERS, "{\"value\":[\"dev\"]}");
	oidc_world_begin(w);
	struct granted got = sign_in_from(w, foreign, "/groups", "");
	expect_role(&got, ROLE_USER);
	assert_int_equal(fake_http_connections(foreign), 0);
	fake_http_stop(foreign);
}

static void s79_next_page_on_another_server_is_not_read(void **state)
{
	struct oidc_world *w = *state;
	struct fake_http *foreign = fake_http_start("127.0.0.1");
	char *page = mem_printf("{\"value\":[\"boss\"],\"@odata.nextLink\":"
				"\"http://127.0.0.1:%u/2\"}",
		fake_http_port(foreign));

	set_json(w->graph, OIDC_WORLD_MEMBERS, page);
	oidc_world_begin(w);
	struct granted got = oidc_world_sign_in(w, &(struct said){.more = ",\"hasgroups\":true"});
	expect_trouble(&got, "another server");
	assert_int_equal(fake_http_connections(foreign), 0);
	free(page);
	fake_http_stop(foreign);
}

static void s79_redirect_is_not_followed(void **state)
{
	struct oidc_world *w = *state;

	fake_http_set(w->graph, OIDC_WORLD_MEMBERS, 302, "text/plain", "");
	oidc_world_begin(w);
	struct granted got = oidc_world_sign_in(w, &(struct said){.more = ",\"hasgroups\":true"});
	expect_trouble(&got, "status 302");
}

/* --- what goes wrong is said --- */

static void answers_that_name_no_groups_say_so(void **state)
{
	static const struct {
		int status;
		const char *type, *body, *trouble;
	} rows[] = {
		{403, "application/json", "{}", "status 403"},
		{500, "text/html", "<p>", "status 500"},
		{200, "application/json", "[]", "no JSON object"},
		{200, "application/json", "{\"value\":1}", "names no groups"},
		{200, "application/json", "{\"value\":[1]}", "no name"},
		{200, "application/json", "{\"value\":[\"a\",\"\"]}", "no name"},
		{200, "application/jwt", "a.b.c", "did not sign"},
	};
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fake_http_set(
			w->graph, OIDC_WORLD_MEMBERS, rows[i].status, rows[i].type, rows[i].body);
		struct granted got =
			oidc_world_sign_in(w, &(struct said){.more = ",\"hasgroups\":true"});
		oidc_world_expect(got, OIDC_OK);
		expect_trouble(&got, rows[i].trouble);
	}
	fake_http_down(w->graph, true);
	struct granted got = oidc_world_sign_in(w, &(struct said){.more = ",\"hasgroups\":true"});
	expect_trouble(&got, "does not answer");
	fake_http_down(w->graph, false);
}

static void without_an_endpoint_it_is_said_that_one_is_missing(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	struct granted got = oidc_world_sign_in(w, &(struct said){.more = ",\"hasgroups\":true"});
	oidc_world_expect(got, OIDC_OK);
	expect_trouble(&got, "auth.oidc.groups.endpoint is not set");
}

static void names_of_claims_that_were_there_are_told(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	struct granted got = oidc_world_sign_in(
		w, &(struct said){.more = ",\"roles\":[\"secret-role\"],\"name\":\"Ann\""});
	oidc_world_expect(got, OIDC_OK);
	assert_false(got.seen.is_found);
	assert_non_null(strstr(got.seen.names, "roles"));
	assert_null(strstr(got.seen.names, "secret-role"));
}

/* --- at a refresh --- */

static struct granted refresh(struct oidc_world *w, const char *more)
{
	const struct said said = {.nonce = "", .more = more};

	oidc_world_answer(w, oidc_world_id_token(w, &said), "opaque", NULL);
	struct granted got = oidc_world_refresh(w, "r", "ann");
	oidc_world_expect(got, OIDC_OK);
	return got;
}

static void s80_userinfo_is_asked_for_what_a_refreshed_id_token_leaves_out(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	oidc_world_userinfo(w, "{\"sub\":\"ann\",\"groups\":[\"boss\"]}");
	struct granted got = refresh(w, "");
	expect_role(&got, ROLE_ADMIN);
	oidc_world_userinfo(w, "{\"sub\":\"ann\"}");
	got = refresh(w, "");
	assert_true(got.has_role && got.role == ROLE_NONE);
}

static void s80_role_stays_while_userinfo_cannot_be_asked(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_publish(w, "\"userinfo_endpoint\":null");
	oidc_world_begin(w);
	struct granted got = refresh(w, "");
	assert_false(got.has_role || got.is_whole);
	got = refresh(w, ",\"groups\":[]");
	assert_true(got.has_role && got.is_whole && got.role == ROLE_NONE);
}

static void s80_role_stays_while_groups_cannot_be_read(void **state)
{
	struct oidc_world *w = *state;

	fake_http_set(w->graph, OIDC_WORLD_MEMBERS, 503, "text/plain", "");
	oidc_world_begin(w);
	struct granted got = refresh(w, ",\"hasgroups\":\"true\"");
	assert_false(got.has_role || got.is_whole);
	set_json(w->graph, OIDC_WORLD_MEMBERS, "{\"value\":[]}");
	got = refresh(w, ",\"hasgroups\":\"true\"");
	assert_true(got.has_role && got.is_whole && got.role == ROLE_NONE);
}

/* --- its end --- */

static void s79_end_of_the_process_does_not_wait_for_groups(void **state)
{
	struct oidc_world *w = *state;
	struct granted got = {.is_done = false};

	oidc_world_begin(w);
	set_json(w->graph, OIDC_WORLD_MEMBERS, "{\"value\":[\"dev\"]}");
	fake_http_delay(w->graph, 3000);
	oidc_world_answer(w, oidc_world_id_token(w, &(struct said){.more = ",\"hasgroups\":true"}),
		"o", NULL);
	oidc_exchange(
		w->oidc, AUTH_SITE_PUBLIC, "c", "v", OIDC_WORLD_NONCE, oidc_world_on_grant, &got);
	for (int i = 0; i < 2000 && fake_http_hits(w->graph, OIDC_WORLD_MEMBERS) == 0; i++)
		oidc_world_turn(w);
	oidc_free(w->oidc);
	w->oidc = NULL;
	assert_true(got.is_done);
	oidc_world_expect(got, OIDC_SILENT);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, oidc_world_make, oidc_world_drop)
#define GRAPH(test)                                                                                \
	cmocka_unit_test_setup_teardown(test, oidc_world_make_with_groups, oidc_world_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(distributed_groups_are_fetched_with_the_persons_token),
		WORLD(distributed_groups_have_a_token_of_their_own_where_the_claim_says_so),
		GRAPH(groups_of_entra_are_asked_for_where_the_configuration_says),
		GRAPH(groups_of_entra_may_be_named_by_another_path_of_the_configured_server),
		WORLD(groups_in_a_token_of_the_provider_are_read),
		WORLD(groups_in_a_token_of_somebody_else_are_not_read),
		GRAPH(groups_that_are_there_are_not_asked_for),
		GRAPH(all_pages_are_read_and_ids_count_not_names),
		GRAPH(pages_have_an_end),
		WORLD(s79_token_goes_to_no_server_that_only_a_claim_names),
		GRAPH(s79_configured_server_is_asked_in_place_of_a_foreign_one),
		GRAPH(s79_next_page_on_another_server_is_not_read),
		GRAPH(s79_redirect_is_not_followed),
		GRAPH(answers_that_name_no_groups_say_so),
		WORLD(without_an_endpoint_it_is_said_that_one_is_missing),
		WORLD(names_of_claims_that_were_there_are_told),
		WORLD(s80_userinfo_is_asked_for_what_a_refreshed_id_token_leaves_out),
		WORLD(s80_role_stays_while_userinfo_cannot_be_asked),
		GRAPH(s80_role_stays_while_groups_cannot_be_read),
		GRAPH(s79_end_of_the_process_does_not_wait_for_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
