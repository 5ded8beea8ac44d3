/* Sessions that an OpenID provider opens, renews and ends: the auth service against a provider on
 * loopback. */
#include "tests/support/provider_fixture.h"

#include <sqlite3.h>

/* --- signing in --- */

static void s21_sign_in_opens_a_session_and_comes_back_to_the_very_path(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 300);
	expect_role(f, 0, cookie, ROLE_USER);
	expect_role(f, 1, cookie, ROLE_USER);
	free(cookie);
}

static void s21_state_is_good_once(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct begun begun = begin(f, "/");
	answer_tokens(f, id_token(f, "ann", "dev", begun.nonce), 300, "first");
	struct sign_in_result first = come_back(f, &begun), second = come_back(f, &begun);
	assert_int_equal(first.status, AUTH_OK);
	assert_int_equal(second.status, AUTH_ABSENT);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 1);
	identity_unref(first.who);
	sign_in_result_clear(&first);
	sign_in_result_clear(&second);
	free(begun.cookie);
}

static void s21_state_of_another_browser_is_refused_before_the_code_is_used(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct begun ours = begin(f, "/"), theirs = begin(f, "/");
	free(theirs.cookie);
	theirs.cookie = ours.cookie;
	struct sign_in_result result = come_back(f, &theirs);
	assert_int_equal(result.status, AUTH_ABSENT);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 0);
	sign_in_result_clear(&result);
	free(ours.cookie);
}

static void s21_nonce_of_another_sign_in_is_refused(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct begun begun = begin(f, "/");
	answer_tokens(f, id_token(f, "ann", "dev", "another"), 300, "first");
	struct sign_in_result result = come_back(f, &begun);
	assert_int_equal(result.status, AUTH_INVALID_TOKEN);
	assert_null(result.set_cookie);
	sign_in_result_clear(&result);
	free(begun.cookie);
}

static void s22_sign_in_ends_the_session_the_browser_had(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *old = enter(f, "ann", "dev", 300);
	struct begun begun = begin(f, "/");
	char *both = mem_printf("%s; %s", begun.cookie, old);
	free(begun.cookie);
	begun.cookie = both;
	answer_tokens(f, id_token(f, "ann", "dev", begun.nonce), 300, "first");
	struct sign_in_result result = come_back(f, &begun);
	assert_int_equal(result.status, AUTH_OK);
	auth_world_expect(f->world, 0, NULL, old, AUTH_ABSENT);
	identity_unref(result.who);
	sign_in_result_clear(&result);
	free(both);
	free(old);
}

/* S81: what a callback without its cookie does, whoever sends it. */
static void s81_callback_without_its_cookie_opens_no_session_and_spends_no_code(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct begun begun = begin(f, "/local/?a=b");
	char *query = mem_printf("state=%s&code=abc", begun.state);
	answer_tokens(f, id_token(f, "ann", "dev", begun.nonce), 300, "first");
	for (int i = 0; i < 2; i++) {
		bool is_signed_in = i == 1;
		struct sign_in_result result =
			auth_world_login_finish(f->world, 1, query, NULL, is_signed_in);
		assert_int_equal(result.status, AUTH_ABSENT);
		assert_string_equal(result.return_path, "/local/?a=b");
		assert_true(result.may_begin_again);
		assert_null(result.set_cookie);
		assert_null(result.who);
		sign_in_result_clear(&result);
	}
	assert_int_equal(fake_http_hits(f->idp, "/token"), 0);
	/* The browser that began still can. */
	struct sign_in_result result = come_back(f, &begun);
	assert_int_equal(result.status, AUTH_OK);
	assert_false(result.may_begin_again);
	assert_non_null(strstr(result.set_login_cookie, "Max-Age=0"));
	identity_unref(result.who);
	sign_in_result_clear(&result);
	free(query);
	free(begun.cookie);
}

static void s81_sign_in_is_begun_again_once(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct auth_login login = auth_login_begin(f->world->auth[0],
		&(struct auth_begin){.return_path = STR("/x"), .is_again = true});
	char sent[1024];
	copy_parameter(login.location, "state", sent, sizeof sent);
	char *query = mem_printf("state=%s&code=abc", sent);
	struct sign_in_result result = auth_world_login_finish(f->world, 1, query, NULL, false);
	assert_int_equal(result.status, AUTH_ABSENT);
	assert_false(result.may_begin_again);
	assert_string_equal(result.return_path, "/x");
	sign_in_result_clear(&result);
	free(query);
	secret_free(login.location);
	secret_free(login.set_cookie);
}

/* Another tab was first: this one goes on with its session. */
static void s81_who_has_signed_in_since_gets_no_other_session(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct begun begun = begin(f, "/late");
	char *cookie = enter(f, "ann", "dev", 300);
	unsigned asked = fake_http_hits(f->idp, "/token");
	char *both = mem_printf("%s; %s", begun.cookie, cookie);
	char *query = mem_printf("state=%s&code=abc", begun.state);
	struct sign_in_result result = auth_world_login_finish(f->world, 0, query, both, true);
	assert_int_equal(result.status, AUTH_ABSENT);
	assert_string_equal(result.return_path, "/late");
	assert_int_equal(fake_http_hits(f->idp, "/token"), asked);
	expect_role(f, 0, cookie, ROLE_USER);
	sign_in_result_clear(&result);
	free(query);
	free(both);
	free(cookie);
	free(begun.cookie);
}

/* Cookies of one name, of another path or host: which one is alive decides. */
static void s81_session_is_found_among_dead_cookies_of_its_name(void **state)
{
	static const char dead[] = "sparkgate=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 300);
	char *fields[] = {mem_printf("%s; %s", dead, cookie), mem_printf("%s; %s", cookie, dead),
		mem_printf("%s; %s", cookie, cookie),
		mem_printf("sparkgate=x; %s; sparkgate=y; %s", dead, cookie)};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		for (int thread = 0; thread < 2; thread++)
			expect_role(f, thread, fields[i], ROLE_USER);
	}
	char *fifth = mem_printf("sparkgate=1; sparkgate=2; sparkgate=3; sparkgate=4; %s", cookie);
	auth_world_expect(f->world, 0, NULL, fifth, AUTH_ABSENT);
	/* Nothing tells which of two persons is meant. */
	char *other = enter(f, "bob", "dev", 300), *both = mem_printf("%s; %s", other, cookie);
	auth_world_expect(f->world, 0, NULL, both, AUTH_ABSENT);
	auth_world_expect(f->world, 1, NULL, both, AUTH_ABSENT);
	free(other);
	free(both);
	free(fifth);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		free(fields[i]);
	free(cookie);
}

/* S22, S29: what was not looked at would still be good. */
static void s81_signing_in_and_out_end_all_sessions_that_the_cookies_name(void **state)
{
	struct fixture *f = *state;

	start(f);
	for (int i = 0; i < 2; i++) {
		char *ann = enter(f, "ann", "dev", 300), *bob = enter(f, "bob", "dev", 300);
		struct begun begun = begin(f, "/");
		char *both = mem_printf("%s; %s; %s", ann, bob, begun.cookie);
		struct sign_in_result result;

		free(begun.cookie);
		begun.cookie = both;
		answer_tokens(f, id_token(f, "ann", "dev", begun.nonce), 300, "first");
		result = i == 0 ? come_back(f, &begun) : auth_world_sign_out(f->world, 0, both);
		assert_int_equal(result.status, AUTH_OK);
		auth_world_expect(f->world, 0, NULL, ann, AUTH_ABSENT);
		auth_world_expect(f->world, 0, NULL, bob, AUTH_ABSENT);
		identity_unref(result.who);
		sign_in_result_clear(&result);
		free(ann);
		free(bob);
		free(both);
	}
}

static void provider_that_is_down_at_the_start_is_found_when_it_is_up(void **state)
{
	struct fixture *f = *state;

	fake_http_down(f->idp, true);
	auth_world_start(f->world);
	struct auth_login login =
		auth_login_begin(f->world->auth[0], &(struct auth_begin){.return_path = STR("/")});
	assert_int_equal(login.status, AUTH_UNAVAILABLE);
	assert_int_equal(auth_service_health(f->world->service).provider, AUTH_PROVIDER_SILENT);
	assert_true(auth_service_health(f->world->service).store);
	fake_http_down(f->idp, false);
	await_provider(f);
	char *cookie = enter(f, "ann", "boss", 300);
	expect_role(f, 0, cookie, ROLE_ADMIN);
	free(cookie);
}

static void provider_is_not_ready_while_its_keys_are_missing(void **state)
{
	struct fixture *f = *state;
	int64_t until = clock_mono_ms() + 5000;
	enum auth_status status = AUTH_UNAVAILABLE;

	fake_http_set(f->idp, "/keys", 503, "text/plain", "later");
	auth_world_start(f->world);
	while (status != AUTH_OK && clock_mono_ms() < until) { /* until the metadata is known */
		struct auth_login login = auth_login_begin(
			f->world->auth[0], &(struct auth_begin){.return_path = STR("/")});
		status = login.status;
		secret_free(login.location);
		secret_free(login.set_cookie);
		usleep(5000);
	}
	assert_int_equal(status, AUTH_OK);
	assert_int_equal(auth_service_health(f->world->service).provider, AUTH_PROVIDER_SILENT);
}

/* --- refreshing --- */

static void s27_many_requests_on_an_expired_token_refresh_once(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 0);
	answer_tokens(f, id_token(f, "ann", "dev", NULL), 300, "second");
	fake_http_delay(f->idp, 50);
	assert_int_equal(auth_world_ask_at_once(f->world, cookie, 60), 60);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 2);
	expect_role(f, 0, cookie, ROLE_USER);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 2);
	free(cookie);
}

static void s27_invalid_grant_ends_the_session(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 0);
	fake_http_set(f->idp, "/token", 400, "application/json", "{\"error\":\"invalid_grant\"}");
	auth_world_expect(f->world, 0, NULL, cookie, AUTH_ABSENT);
	auth_world_expect(f->world, 1, NULL, cookie, AUTH_ABSENT);
	assert_int_equal(fake_http_hits(f->idp, "/token"), 2);
	free(cookie);
}

static void s27_session_goes_on_while_the_provider_is_down(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 0);
	fake_http_down(f->idp, true);
	expect_role(f, 0, cookie, ROLE_USER);
	expect_role(f, 1, cookie, ROLE_USER);
	fake_http_down(f->idp, false);
	free(cookie);
}

static void s32_role_is_the_providers_of_the_last_refresh(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "boss", 0);
	answer_tokens(f, id_token(f, "ann", "dev", NULL), 0, "second");
	expect_role(f, 0, cookie, ROLE_USER);
	answer_tokens(f, id_token(f, "ann", "nothing", NULL), 300, "third");
	expect_role(f, 1, cookie, ROLE_NONE);
	free(cookie);
}

static void refresh_for_another_person_ends_the_session(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 0);
	answer_tokens(f, id_token(f, "eve", "boss", NULL), 300, "second");
	auth_world_expect(f->world, 0, NULL, cookie, AUTH_ABSENT);
	free(cookie);
}

/* --- ending --- */

static void sign_out_sends_the_browser_to_the_providers_end_of_session(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 300);
	struct sign_in_result result = auth_world_sign_out(f->world, 0, cookie);
	assert_int_equal(result.status, AUTH_OK);
	assert_non_null(result.location);
	assert_non_null(strstr(result.location, "/end?"));
	assert_non_null(strstr(result.location, "id_token_hint="));
	assert_non_null(strstr(result.set_cookie, "Max-Age=0"));
	auth_world_expect(f->world, 1, NULL, cookie, AUTH_ABSENT);
	sign_in_result_clear(&result);
	free(cookie);
}

static void sign_out_everywhere_ends_all_of_this_person_and_no_other(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *one = enter(f, "ann", "dev", 300), *two = enter(f, "ann", "dev", 300);
	char *other = enter(f, "bob", "dev", 300);
	struct sign_in_result result = auth_world_sign_out_everywhere(f->world, 0, one);
	assert_int_equal(result.status, AUTH_OK);
	auth_world_expect(f->world, 0, NULL, one, AUTH_ABSENT);
	auth_world_expect(f->world, 1, NULL, two, AUTH_ABSENT);
	auth_world_expect(f->world, 1, NULL, other, AUTH_OK);
	sign_in_result_clear(&result);
	free(one);
	free(two);
	free(other);
}

static void s28_back_channel_logout_ends_the_persons_sessions_once(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 300), *other = enter(f, "bob", "dev", 300);
	char *token = logout_token(f, "ann", "");
	expect_logout(f, token, AUTH_OK);
	auth_world_expect(f->world, 0, NULL, cookie, AUTH_ABSENT);
	auth_world_expect(f->world, 0, NULL, other, AUTH_OK);
	expect_logout(f, token, AUTH_INVALID_TOKEN);
	free(token);
	free(cookie);
	free(other);
}

/* As a full disk does it: of a table only, so that the rest is written. */
static void run_in_store(struct fixture *f, const char *sql)
{
	char *path = mem_printf("%s/state.db", f->world->data);
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	free(path);
}

static void s28_back_channel_logout_that_failed_can_be_sent_again(void **state)
{
	static const char *const faults[] = {"DELETE ON sessions", "INSERT ON seen"};
	struct fixture *f = *state;

	start(f);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		char *cookie = enter(f, "ann", "dev", 300), *other = enter(f, "bob", "dev", 300);
		char *token = logout_token(f, "ann", i ? ",\"more\":1" : "");
		char *fault = mem_printf("CREATE TRIGGER fault BEFORE %s BEGIN SELECT RAISE(ABORT, "
					 "'full'); END",
			faults[i]);
		if (i > 0)
			run_in_store(f, "DELETE FROM seen");
		run_in_store(f, fault);
		expect_logout(f, token, AUTH_UNAVAILABLE);
		expect_logout(f, token, AUTH_UNAVAILABLE);
		run_in_store(f, "DROP TRIGGER fault");
		expect_logout(f, token, AUTH_OK);
		auth_world_expect(f->world, 0, NULL, cookie, AUTH_ABSENT);
		auth_world_expect(f->world, 0, NULL, other, AUTH_OK);
		expect_logout(f, token, AUTH_INVALID_TOKEN);
		free(fault);
		free(token);
		free(cookie);
		free(other);
	}
}

static void s28_logout_token_with_a_nonce_ends_nothing(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "dev", 300);
	char *token = logout_token(f, "ann", ",\"nonce\":\"n\"");
	expect_logout(f, token, AUTH_INVALID_TOKEN);
	auth_world_expect(f->world, 0, NULL, cookie, AUTH_OK);
	free(token);
	free(cookie);
}

static void s18_id_token_is_no_bearer_token(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *token = id_token(f, "ann", "boss", NULL), *header = auth_world_bearer(token);
	auth_world_expect(f->world, 0, header, NULL, AUTH_INVALID_TOKEN);
	free(header);
	free(token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s21_sign_in_opens_a_session_and_comes_back_to_the_very_path),
		TEST(s21_state_is_good_once),
		TEST(s21_state_of_another_browser_is_refused_before_the_code_is_used),
		TEST(s21_nonce_of_another_sign_in_is_refused),
		TEST(s22_sign_in_ends_the_session_the_browser_had),
		TEST(s81_callback_without_its_cookie_opens_no_session_and_spends_no_code),
		TEST(s81_sign_in_is_begun_again_once),
		TEST(s81_who_has_signed_in_since_gets_no_other_session),
		TEST(s81_session_is_found_among_dead_cookies_of_its_name),
		TEST(s81_signing_in_and_out_end_all_sessions_that_the_cookies_name),
		TEST(provider_that_is_down_at_the_start_is_found_when_it_is_up),
		TEST(provider_is_not_ready_while_its_keys_are_missing),
		TEST(s27_many_requests_on_an_expired_token_refresh_once),
		TEST(s27_invalid_grant_ends_the_session),
		TEST(s27_session_goes_on_while_the_provider_is_down),
		TEST(s32_role_is_the_providers_of_the_last_refresh),
		TEST(refresh_for_another_person_ends_the_session),
		TEST(sign_out_sends_the_browser_to_the_providers_end_of_session),
		TEST(sign_out_everywhere_ends_all_of_this_person_and_no_other),
		TEST(s28_back_channel_logout_ends_the_persons_sessions_once),
		TEST(s28_back_channel_logout_that_failed_can_be_sent_again),
		TEST(s28_logout_token_with_a_nonce_ends_nothing),
		TEST(s18_id_token_is_no_bearer_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
