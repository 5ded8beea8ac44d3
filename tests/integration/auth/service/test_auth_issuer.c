/* The auth service with tokens of a configured issuer: roles, rotation, outages. */
#include "auth/issuers/jwks_fetch.h"
#include "base/clock.h"
#include "tests/support/auth_world.h"
#include "tests/support/fake_http.h"
#include "tests/support/mint.h"

#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
	struct fake_http *idp;
	char *issuer;
	struct mint_key *key, *next;
	struct auth_world *world;
};

static void publish_key(struct fixture *f, const struct mint_key *key, const char *kid)
{
	char *jwk = mint_jwk(key, kid, NULL), *set = mem_printf("{\"keys\":[%s]}", jwk);

	fake_http_set(f->idp, "/keys", 200, "application/json", set);
	free(set);
	free(jwk);
}

static char *configuration(const struct fixture *f)
{
	return mem_printf("auth:\n"
			  "  bearer: [{issuer: %s, audience: [spark], algorithms: [ES256]}]\n"
			  "  roles: {claim: realm.roles, admin: [boss], user: [dev]}\n",
		f->issuer);
}

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->idp = fake_http_start("127.0.0.1");
	f->issuer = mem_printf("http://127.0.0.1:%u", fake_http_port(f->idp));
	f->key = mint_key_new(ES256);
	f->next = mint_key_new(ES256);
	publish_key(f, f->key, "one");
	char *discovery =
		mem_printf("{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\"}", f->issuer, f->issuer);
	fake_http_set(
		f->idp, "/.well-known/openid-configuration", 200, "application/json", discovery);
	free(discovery);
	char *extra = configuration(f);
	f->world = auth_world_new(extra);
	free(extra);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	auth_world_free(f->world);
	fake_http_stop(f->idp);
	mint_key_free(f->key);
	mint_key_free(f->next);
	free(f->issuer);
	free(f);
	return 0;
}

/* Gives an Authorization value. */
static char *header_of(
	const struct fixture *f, const struct mint_key *key, const char *kid, const char *more)
{
	char *token = mint_access_token(key, kid, f->issuer, "spark", clock_wall_s(), more);
	char *header = mem_printf("Bearer %s", token);

	free(token);
	return header;
}

static void issuers_token_is_let_in_with_the_role_of_its_claims(void **state)
{
	static const struct {
		const char *claims;
		enum role role;
	} rows[] = {
		{"\"realm\":{\"roles\":[\"dev\",\"boss\"]}", ROLE_ADMIN},
		{"\"realm\":{\"roles\":[\"dev\"]}", ROLE_USER},
		{"\"realm\":{\"roles\":[\"other\"]}", ROLE_NONE},
		{"\"preferred_username\":\"Alice\"", ROLE_NONE},
	};
	struct fixture *f = *state;

	auth_world_start(f->world);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *header = header_of(f, f->key, "one", rows[i].claims);
		assert_int_not_equal(auth_world_await(f->world, 0, header, NULL, AUTH_OK), -1);
		struct auth_result result = auth_world_ask(f->world, 0, header, NULL);
		assert_int_equal(result.status, AUTH_OK);
		assert_int_equal(result.who->role, rows[i].role);
		assert_string_equal(result.who->issuer, f->issuer);
		assert_string_equal(result.who->subject, "alice");
		assert_string_equal(result.who->token_id, "");
		identity_unref(result.who);
		free(header);
	}
}

static void s37_issuers_token_never_passes_for_one_on_record(void **state)
{
	struct fixture *f = *state;
	char id[STORE_ID], more[128];

	auth_world_start(f->world);
	secret_free(auth_world_token(f->world, NULL, ROLE_ADMIN, 60, id));
	snprintf(more, sizeof more, "\"jti\":\"%s\",\"token_type\":\"admin\"", id);
	char *header = header_of(f, f->key, "one", more);
	assert_int_not_equal(auth_world_await(f->world, 0, header, NULL, AUTH_OK), -1);
	struct auth_result result = auth_world_ask(f->world, 0, header, NULL);
	assert_int_equal(result.who->role, ROLE_NONE);
	assert_string_equal(result.who->token_id, "");
	identity_unref(result.who);
	free(header);
}

static void s19_token_of_a_new_key_waits_for_the_key_and_is_let_in(void **state)
{
	struct fixture *f = *state;
	char *old = header_of(f, f->key, "one", NULL), *new = header_of(f, f->next, "two", NULL);

	auth_world_start(f->world);
	assert_int_not_equal(auth_world_await(f->world, 0, old, NULL, AUTH_OK), -1);
	publish_key(f, f->next, "two");
	struct auth_result result = auth_world_ask(f->world, 0, new, NULL);
	assert_int_equal(result.status, AUTH_OK);
	identity_unref(result.who);
	result = auth_world_ask(f->world, 0, old, NULL); /* its key is no longer published */
	assert_int_equal(result.status, AUTH_INVALID_TOKEN);
	free(old);
	free(new);
}

static void bearer_of_200_groups_is_taken(void **state)
{
	struct fixture *f = *state;
	struct sbuf more;

	sbuf_init(&more, 16 * 1024);
	for (int i = 0; i < 200; i++)
		sbuf_printf(&more, "%s\"%08d-89ab-4cde-8fab-0123456789ab\"",
			i ? "," : "\"others\":[", i);
	sbuf_puts(&more, "]");
	char *header = header_of(f, f->key, "one", more.at);
	assert_true(strlen(header) > 8192);
	auth_world_start(f->world);
	assert_int_not_equal(auth_world_await(f->world, 0, header, NULL, AUTH_OK), -1);
	free(header);
	sbuf_clear(&more);
}

/* Who can write a token can name a key that nobody has. */
static void s19_forged_keys_cost_a_few_fetches_and_a_rotated_key_is_only_put_off(void **state)
{
	struct fixture *f = *state;
	char *good = header_of(f, f->key, "one", NULL), *new = header_of(f, f->next, "two", NULL);
	unsigned refused = 0, before;

	auth_world_start(f->world);
	assert_int_not_equal(auth_world_await(f->world, 0, good, NULL, AUTH_OK), -1);
	before = fake_http_hits(f->idp, "/keys");
	for (int i = 0; i < 20; i++) {
		char kid[32];
		snprintf(kid, sizeof kid, "nobodys-%d", i);
		char *header = header_of(f, f->next, kid, NULL);
		struct auth_result result =
			auth_world_ask(f->world, i % AUTH_WORLD_WORKERS, header, NULL);
		assert_true(
			result.status == AUTH_INVALID_TOKEN || result.status == AUTH_ISSUER_SILENT);
		refused += result.status == AUTH_INVALID_TOKEN;
		free(header);
	}
	assert_int_equal(refused, jwks_timing_default.unknown_most);
	assert_int_equal(fake_http_hits(f->idp, "/keys"), before + refused);
	publish_key(f, f->next, "two");
	auth_world_expect(f->world, 0, new, NULL, AUTH_ISSUER_SILENT); /* and never 401 */
	free(good);
	free(new);
}

static void s33_issuer_that_never_answered_leaves_its_tokens_undecided(void **state)
{
	struct fixture *f = *state;
	char *header = header_of(f, f->key, "one", NULL);

	fake_http_down(f->idp, true);
	auth_world_start(f->world);
	struct auth_result result = auth_world_ask(f->world, 0, header, NULL);
	assert_int_equal(result.status, AUTH_ISSUER_SILENT);
	assert_true(auth_service_is_ready(f->world->service));
	free(header);
}

static void s41_token_for_another_audience_is_refused(void **state)
{
	struct fixture *f = *state;
	char *good = header_of(f, f->key, "one", NULL);
	char *token = mint_access_token(f->key, "one", f->issuer, "mail", clock_wall_s(), NULL);
	char *header = mem_printf("Bearer %s", token);

	auth_world_start(f->world);
	assert_int_not_equal(auth_world_await(f->world, 0, good, NULL, AUTH_OK), -1);
	struct auth_result result = auth_world_ask(f->world, 0, header, NULL);
	assert_int_equal(result.status, AUTH_INVALID_TOKEN);
	assert_non_null(strstr(result.reason, "audience"));
	free(header);
	free(token);
	free(good);
}

static void person_signs_in_with_an_issuers_token_of_a_new_key(void **state)
{
	struct fixture *f = *state;
	char *good = header_of(f, f->key, "one", NULL);
	char *token = mint_access_token(f->next, "two", f->issuer, "spark", clock_wall_s(),
		"\"realm\":{\"roles\":[\"dev\"]},\"name\":\"Alice A.\"");

	auth_world_start(f->world);
	assert_int_not_equal(auth_world_await(f->world, 0, good, NULL, AUTH_OK), -1);
	publish_key(f, f->next, "two");
	struct sign_in_result in = auth_world_sign_in_token(f->world, 0, token, NULL);
	assert_int_equal(in.status, AUTH_OK);
	char *cookie = auth_world_cookie(in.set_cookie);
	struct auth_result result = auth_world_ask(f->world, 1, NULL, cookie);
	assert_int_equal(result.status, AUTH_OK);
	assert_string_equal(result.who->subject, "alice");
	assert_string_equal(result.who->name, "Alice A.");
	assert_string_equal(result.who->issuer, f->issuer);
	assert_int_equal(result.who->role, ROLE_USER);
	identity_unref(result.who);
	identity_unref(in.who);
	secret_free(in.set_cookie);
	free(cookie);
	free(token);
	free(good);
}

static void no_link_is_made_where_people_have_accounts(void **state)
{
	struct fixture *f = *state;

	auth_world_start(f->world);
	assert_null(auth_world_link(f->world));
}

static void reload(void *arg)
{
	struct auth_world *w = arg;

	auth_service_set_conf(w->service, w->conf);
}

static void reloaded_configuration_takes_the_issuer_away(void **state)
{
	struct fixture *f = *state;
	struct auth_world *w = f->world;
	char *header = header_of(f, f->key, "one", NULL);
	struct err err = {""};

	auth_world_start(w);
	assert_int_not_equal(auth_world_await(w, 0, header, NULL, AUTH_OK), -1);
	struct conf_flags flags = {.master = "http://127.0.0.1:8080", .data = w->data};
	struct conf *old = w->conf;
	w->conf = conf_from_flags(&flags, &err);
	assert_non_null(w->conf);
	auth_world_on_keeper(w, reload, w);
	conf_unref(old);
	struct auth_result result = auth_world_ask(w, 0, header, NULL);
	assert_int_equal(result.status, AUTH_INVALID_TOKEN);
	free(header);
}

static void expect_unavailable(void *arg, struct auth_result result)
{
	assert_int_equal(result.status, AUTH_UNAVAILABLE);
	assert_null(result.who);
	++*(int *)arg;
}

static void worker_that_stops_answers_who_waits_for_keys(void **state)
{
	struct fixture *f = *state;
	struct auth_world *w = f->world;
	char *good = header_of(f, f->key, "one", NULL),
	     *header = header_of(f, f->next, "two", NULL);
	struct str value = str_of(header);
	struct auth_request req = {
		.authorization = &value, .authorization_count = 1, .client = STR("")};
	int answers = 0;

	auth_world_start(w);
	assert_int_not_equal(auth_world_await(w, 1, good, NULL, AUTH_OK), -1);
	fake_http_delay(f->idp, 200);
	for (int i = 0; i < 5; i++)
		assert_int_equal(auth_check(w->auth[1], &req, expect_unavailable, &answers).status,
			AUTH_LATER);
	auth_world_stop_worker(w, 1);
	assert_int_equal(answers, 5);
	free(good);
	free(header);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(issuers_token_is_let_in_with_the_role_of_its_claims),
		T(s37_issuers_token_never_passes_for_one_on_record),
		T(s19_token_of_a_new_key_waits_for_the_key_and_is_let_in),
		T(bearer_of_200_groups_is_taken),
		T(s19_forged_keys_cost_a_few_fetches_and_a_rotated_key_is_only_put_off),
		T(s33_issuer_that_never_answered_leaves_its_tokens_undecided),
		T(s41_token_for_another_audience_is_refused),
		T(person_signs_in_with_an_issuers_token_of_a_new_key),
		T(no_link_is_made_where_people_have_accounts),
		T(reloaded_configuration_takes_the_issuer_away),
		T(worker_that_stops_answers_who_waits_for_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
