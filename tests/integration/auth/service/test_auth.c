/* The auth service with a real store, keeper and workers: tokens of ours, sessions, links. */
#include "auth/session/sign_in_link.h"
#include "auth/session/session.h"
#include "auth/token/signer.h"
#include "base/clock.h"
#include "tests/support/auth_world.h"
#include "tests/support/scratch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct auth_world *w = auth_world_new(NULL);

	auth_world_start(w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	auth_world_free(*state);
	return 0;
}

static void refuse_link(struct auth_world *w, const char *secret)
{
	struct sign_in_result result = auth_world_sign_in_link(w, 0, secret, NULL);

	assert_int_equal(result.status, AUTH_INVALID_TOKEN);
	assert_null(result.set_cookie);
	assert_null(result.who);
}

/* --- bearer tokens of ours --- */

static void s39_no_credentials_are_absent(void **state)
{
	struct auth_world *w = *state;

	auth_world_expect(w, 0, NULL, NULL, AUTH_ABSENT);
	auth_world_expect(w, 0, NULL, "sparkgate=x; other=y", AUTH_ABSENT);
}

static void s39_good_token_is_let_in_with_its_records_role(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, NULL, ROLE_ADMIN, 60, id);
	char *header = auth_world_bearer(token);

	for (int i = 0; i < 3; i++) {
		struct auth_result result = auth_world_ask(w, 0, header, NULL);
		assert_int_equal(result.status, AUTH_OK);
		assert_string_equal(result.who->issuer, "http://127.0.0.1:8480");
		assert_string_equal(result.who->subject, "client:test");
		assert_string_equal(result.who->name, "test");
		assert_string_equal(result.who->token_id, id);
		assert_int_equal(result.who->role, ROLE_ADMIN);
		assert_int_equal(result.who->via, VIA_BEARER);
		assert_true(result.who->expires_at > clock_wall_s());
		identity_unref(result.who);
	}
	free(header);
	secret_free(token);
}

static void s39_header_beats_the_cookie(void **state)
{
	struct auth_world *w = *state;
	char *cookie = auth_world_enter_by_link(w);

	auth_world_expect(w, 0, NULL, cookie, AUTH_OK);
	auth_world_expect(w, 0, "Bearer abc", cookie, AUTH_INVALID_TOKEN);
	auth_world_expect(w, 0, "Basic dXNlcjpwYXNz", cookie, AUTH_INVALID_TOKEN);
	auth_world_expect(w, 0, "Bearer a b", cookie, AUTH_INVALID_TOKEN);
	free(cookie);
}

static void s39_token_in_the_query_is_malformed_whatever_else_is_sent(void **state)
{
	struct auth_world *w = *state;
	struct str cookie = STR("a=b");
	struct auth_request req = {
		.cookies = &cookie, .cookies_count = 1, .query = STR("a=b&access_token=c")};

	auth_world_expect_status(auth_check(w->auth[0], &req, NULL, NULL), AUTH_MALFORMED);
}

static void s13_token_with_another_signature_is_invalid(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, NULL, ROLE_USER, 60, id);
	char *header = auth_world_bearer(token), *signature = strrchr(header, '.') + 1;

	signature[5] = signature[5] == 'A' ? 'B' : 'A';
	auth_world_expect(w, 0, header, NULL, AUTH_INVALID_TOKEN);
	auth_world_expect(w, 0, header, NULL, AUTH_INVALID_TOKEN); /* out of the cache */
	free(header);
	secret_free(token);
}

static void s18_expired_token_is_invalid_though_it_was_cached(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, NULL, ROLE_USER, 2, id);
	char *header = auth_world_bearer(token);

	auth_world_expect(w, 0, header, NULL, AUTH_OK);
	assert_int_not_equal(auth_world_await(w, 0, header, NULL, AUTH_INVALID_TOKEN), -1);
	free(header);
	secret_free(token);
}

static void s34_token_of_our_key_that_is_not_on_record_is_refused(void **state)
{
	struct auth_world *w = *state;
	struct signer *signer = signer_open(w->conf->data_dir, NULL);
	const struct signer_claims claims = {.issuer = "http://127.0.0.1:8480",
		.subject = "ann",
		.client_name = "x",
		.token_id = "0123456789abcdef0123456789abcdef",
		.role = ROLE_ADMIN,
		.issued_at = clock_wall_s(),
		.expires_at = clock_wall_s() + 60};
	char *token = signer_mint(signer, &claims, NULL), *header = auth_world_bearer(token);

	auth_world_expect(w, 0, header, NULL, AUTH_INVALID_TOKEN);
	free(header);
	secret_free(token);
	signer_free(signer);
}

static void s37_revoked_token_is_refused_by_every_worker_within_a_second(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, NULL, ROLE_USER, 60, id);
	char *header = auth_world_bearer(token);

	auth_world_expect(w, 0, header, NULL, AUTH_OK);
	auth_world_expect(w, 1, header, NULL, AUTH_OK);
	auth_world_set_state(w, id, STATE_REVOKED);
	int64_t took = auth_world_await(w, 0, header, NULL, AUTH_INVALID_TOKEN);
	assert_in_range(took, 0, 1000);
	auth_world_expect(w, 1, header, NULL, AUTH_INVALID_TOKEN);
	free(header);
	secret_free(token);
}

static void disabled_token_works_again_when_enabled(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, NULL, ROLE_USER, 60, id);
	char *header = auth_world_bearer(token);

	auth_world_set_state(w, id, STATE_DISABLED);
	assert_int_not_equal(auth_world_await(w, 0, header, NULL, AUTH_INVALID_TOKEN), -1);
	auth_world_set_state(w, id, STATE_ACTIVE);
	assert_int_not_equal(auth_world_await(w, 0, header, NULL, AUTH_OK), -1);
	free(header);
	secret_free(token);
}

static void use_of_a_token_is_recorded(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, NULL, ROLE_USER, 60, id);
	char *header = auth_world_bearer(token);
	struct store *store = auth_world_store(w);
	struct store_token record = {.last_used_at = 0};
	int64_t until = clock_mono_ms() + 5000;

	auth_world_expect(w, 0, header, NULL, AUTH_OK);
	while (record.last_used_at == 0 && clock_mono_ms() < until) {
		assert_int_equal(store->ops->token_get(store, str_of(id), &record), STORE_FOUND);
		usleep(10000);
	}
	assert_true(clock_wall_s() - record.last_used_at < 10);
	assert_string_equal(record.last_used_from, "192.0.2.7");
	store->ops->close(store);
	free(header);
	secret_free(token);
}

/* --- the first link --- */

static void link_signs_an_administrator_in_once(void **state)
{
	struct auth_world *w = *state;
	char *url = auth_world_link(w);
	const char *secret = strchr(url, '=') + 1;
	struct sign_in_result result = auth_world_sign_in_link(w, 0, secret, NULL);

	assert_int_equal(result.status, AUTH_OK);
	assert_int_equal(result.who->role, ROLE_ADMIN);
	assert_string_equal(result.who->subject, "admin");
	assert_true(str_starts(str_of(result.set_cookie), STR("sparkgate=")));
	identity_unref(result.who);
	secret_free(result.set_cookie);
	refuse_link(w, secret);
	secret_free(url);
}

static void wrong_or_outdated_links_are_refused(void **state)
{
	struct auth_world *w = *state;
	char *url = auth_world_link(w),
	     *old = sign_in_link_new(w->conf, (unsigned char[DIGEST_LEN]){0});
	unsigned char hash[DIGEST_LEN];
	struct store *store = auth_world_store(w);
	int64_t now = clock_wall_s();

	refuse_link(w, "");
	refuse_link(w, "abc");
	refuse_link(w, strchr(old, '=') + 1);
	assert_int_equal(sign_in_link_hash(str_of(strchr(old, '=') + 1), hash), 0);
	assert_int_equal(store->ops->link_add(store, hash, now - 601, now - 1), 0);
	refuse_link(w, strchr(old, '=') + 1);
	refuse_link(w, strchr(url, '=') + 1); /* replaced */
	store->ops->close(store);
	secret_free(url);
	secret_free(old);
}

static void link_is_made_at_each_start_until_one_was_used(void **state)
{
	struct auth_world *w = *state;
	char *first = auth_world_link(w);

	assert_non_null(first);
	auth_world_stop(w);
	auth_world_start(w);
	char *cookie = auth_world_enter_by_link(w);
	refuse_link(w, strchr(first, '=') + 1);
	assert_null(auth_world_link(w));
	free(cookie);
	secret_free(first);
}

static void link_is_not_made_where_an_administrators_token_is(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID];

	secret_free(auth_world_token(w, NULL, ROLE_USER, 60, id));
	char *url = auth_world_link(w);
	assert_non_null(url);
	secret_free(url);
	secret_free(auth_world_token(w, "ann", ROLE_ADMIN, 60, id));
	assert_null(auth_world_link(w));
}

/* --- when things fail --- */

static void await_ready(struct auth_world *w, bool want)
{
	int64_t until = clock_mono_ms() + 5000;

	while (auth_service_is_ready(w->service) != want && clock_mono_ms() < until)
		usleep(10000);
	assert_int_equal(auth_service_is_ready(w->service), want);
}

static void service_is_not_ready_while_its_store_is_gone(void **state)
{
	struct auth_world *w = *state;
	char *file = mem_printf("%s/state.db", w->data), *away = mem_printf("%s.away", file);

	assert_true(auth_service_is_ready(w->service));
	assert_int_equal(rename(file, away), 0);
	await_ready(w, false);
	assert_true(auth_service_gauges(w->service).store_errors > 0);
	assert_int_equal(rename(away, file), 0);
	await_ready(w, true);
	free(file);
	free(away);
}

static void count_answer(void *arg, struct sign_in_result result)
{
	int *answers = arg;

	assert_int_equal(result.status, AUTH_UNAVAILABLE);
	assert_null(result.set_cookie);
	++*answers;
}

static void worker_that_stops_answers_what_is_under_way(void **state)
{
	struct auth_world *w = *state;
	int answers = 0;

	for (int i = 0; i < 10; i++)
		auth_sign_out(w->auth[1], NULL, 0, SIGN_OUT_HERE, count_answer, &answers);
	auth_sign_in_link(w->auth[1], STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), NULL, 0,
		STR(""), count_answer, &answers);
	auth_sign_in_token(w->auth[1], STR("x"), NULL, 0, STR(""), count_answer, &answers);
	auth_world_stop_worker(w, 1);
	assert_int_equal(answers, 12);
	auth_world_expect(w, 0, NULL, NULL, AUTH_ABSENT);
}

static void gauges_count_tokens_and_sessions(void **state)
{
	struct auth_world *w = *state;
	int64_t until = clock_mono_ms() + 5000;
	struct auth_gauges gauges;
	char id[STORE_ID];
	char *cookie = auth_world_enter_by_link(w);

	secret_free(auth_world_token(w, NULL, ROLE_USER, 60, id));
	secret_free(auth_world_token(w, NULL, ROLE_ADMIN, 60, id));
	do {
		usleep(10000);
		gauges = auth_service_gauges(w->service);
	} while (gauges.tokens_user + gauges.tokens_admin + gauges.sessions < 3 &&
		 clock_mono_ms() < until);
	assert_int_equal(gauges.tokens_user, 1);
	assert_int_equal(gauges.tokens_admin, 1);
	assert_int_equal(gauges.sessions, 1);
	free(cookie);
}

static void jwks_publishes_the_public_half_only(void **state)
{
	struct auth_world *w = *state;
	const char *jwks = auth_service_jwks(w->service);

	assert_non_null(strstr(jwks, "\"kty\":\"EC\""));
	assert_null(strstr(jwks, "\"d\""));
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(s39_no_credentials_are_absent),
		T(s39_good_token_is_let_in_with_its_records_role),
		T(s39_header_beats_the_cookie),
		T(s39_token_in_the_query_is_malformed_whatever_else_is_sent),
		T(s13_token_with_another_signature_is_invalid),
		T(s18_expired_token_is_invalid_though_it_was_cached),
		T(s34_token_of_our_key_that_is_not_on_record_is_refused),
		T(s37_revoked_token_is_refused_by_every_worker_within_a_second),
		T(disabled_token_works_again_when_enabled),
		T(use_of_a_token_is_recorded),
		T(link_signs_an_administrator_in_once),
		T(wrong_or_outdated_links_are_refused),
		T(link_is_made_at_each_start_until_one_was_used),
		T(link_is_not_made_where_an_administrators_token_is),
		T(service_is_not_ready_while_its_store_is_gone),
		T(worker_that_stops_answers_what_is_under_way),
		T(gauges_count_tokens_and_sessions),
		T(jwks_publishes_the_public_half_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
