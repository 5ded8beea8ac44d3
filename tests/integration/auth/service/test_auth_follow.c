/* What follows a person's sign-in at the provider and its end: own tokens (S70), and codes that are
 * no good (S63). */
#include "auth/oidc/throttle.h"
#include "auth/policy/grants.h"
#include "auth/token/token_follow.h"
#include "tests/support/provider_fixture.h"

/* One sign-in begun and brought back with a code that the provider does not know. */
static enum auth_status try_bad_code(struct fixture *f, bool *keeps_state)
{
	struct begun begun = begin(f, "/");
	struct sign_in_result result = come_back(f, &begun);
	enum auth_status status = result.status;

	*keeps_state = result.set_login_cookie == NULL;
	sign_in_result_clear(&result);
	free(begun.cookie);
	return status;
}

static void s63_client_whose_codes_are_no_good_waits_and_costs_nothing_more(void **state)
{
	struct fixture *f = *state;
	bool keeps_state;

	start(f);
	fake_http_set(f->idp, "/token", 400, "application/json", "{\"error\":\"invalid_grant\"}");
	for (int i = 0; i < THROTTLE_FAILURES; i++)
		assert_int_equal(try_bad_code(f, &keeps_state), AUTH_INVALID_TOKEN);
	unsigned asked = fake_http_hits(f->idp, "/token");
	for (int i = 0; i < 10; i++) {
		assert_int_equal(try_bad_code(f, &keeps_state), AUTH_TOO_MANY);
		assert_true(keeps_state);
	}
	assert_int_equal(fake_http_hits(f->idp, "/token"), asked);
}

static void s63_provider_that_is_silent_is_nobodys_fault(void **state)
{
	struct fixture *f = *state;
	bool keeps_state;

	start(f);
	fake_http_set(f->idp, "/token", 500, "text/plain", "");
	for (int i = 0; i <= THROTTLE_FAILURES; i++)
		assert_int_equal(try_bad_code(f, &keeps_state), AUTH_UNAVAILABLE);
	free(enter(f, "ann", "dev", 300));
}

/* A token for `subject`, on record as made by `by`; narrowed to `scope`, or "". */
static void add_narrowed(struct store *store, const char *id, const char *subject, const char *by,
	enum role role, const char *scope)
{
	struct store_token token = {.role = role,
		.state = STATE_ACTIVE,
		.created_at = clock_wall_s(),
		.expires_at = clock_wall_s() + 1000,
		.ends_at = clock_wall_s() + 1000,
		.serial = 1};

	snprintf(token.id, sizeof token.id, "%s", id);
	snprintf(token.client_name, sizeof token.client_name, "script");
	snprintf(token.issuer, sizeof token.issuer, "https://gw");
	snprintf(token.subject, sizeof token.subject, "%s", subject);
	snprintf(token.created_by, sizeof token.created_by, "%s", by);
	snprintf(token.scope, sizeof token.scope, "%s", scope);
	assert_int_equal(store->ops->token_add(store, &token), 0);
}

static void add_token(
	struct store *store, const char *id, const char *subject, const char *by, enum role role)
{
	add_narrowed(store, id, subject, by, role, "");
}

static void expect_state(struct store *store, const char *id, enum token_state want)
{
	struct store_token token;

	assert_int_equal(store->ops->token_get(store, str_of(id), &token), STORE_FOUND);
	if (token.state != want)
		fail_msg("token %s is %s", id, token_state_name(token.state));
}

/* Own tokens, and what is not: another's, an administrator's for ann, a client's. */
static struct store *add_tokens(struct fixture *f)
{
	struct store *store = auth_world_store(f->world);

	add_token(store, "own", "ann", "ann", ROLE_USER);
	add_token(store, "own-admin", "ann", "ann", ROLE_ADMIN);
	add_token(store, "disabled", "ann", "ann", ROLE_USER);
	assert_int_equal(
		store->ops->token_set_state(store, STR("disabled"), STATE_DISABLED), STORE_FOUND);
	add_token(store, "handed-out", "ann", "boss", ROLE_USER);
	add_token(store, "others", "bob", "bob", ROLE_USER);
	add_token(store, "client", "client:script", "ann", ROLE_USER);
	return store;
}

static void expect_others_live(struct store *store)
{
	expect_state(store, "handed-out", STATE_ACTIVE);
	expect_state(store, "others", STATE_ACTIVE);
	expect_state(store, "client", STATE_ACTIVE);
	store->ops->close(store);
}

static void s70_back_channel_logout_ends_the_persons_own_tokens(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct store *store = add_tokens(f);
	char *token = logout_token(f, "ann", "");
	expect_logout(f, token, AUTH_OK);
	expect_state(store, "own", STATE_REVOKED);
	expect_state(store, "own-admin", STATE_REVOKED);
	expect_state(store, "disabled", STATE_REVOKED);
	expect_others_live(store);
	free(token);
}

static void s70_own_tokens_stay_where_they_do_not_follow(void **state)
{
	struct fixture *f = *state;

	f->world->conf->tokens_follow_sessions = false;
	start(f);
	struct store *store = add_tokens(f);
	char *token = logout_token(f, "ann", "");
	expect_logout(f, token, AUTH_OK);
	expect_state(store, "own", STATE_ACTIVE);
	expect_others_live(store);
	free(token);
}

static void s70_role_that_is_gone_takes_own_tokens_of_that_role_along(void **state)
{
	struct fixture *f = *state;

	start(f);
	char *cookie = enter(f, "ann", "boss", 1);
	struct store *store = add_tokens(f);
	answer_tokens(f, id_token(f, "ann", "dev", NULL), 300, "second");
	assert_true(auth_world_await(f->world, 0, NULL, cookie, AUTH_OK) >= 0);
	int64_t until = clock_mono_ms() + 5000;
	struct store_token token = {.state = STATE_ACTIVE};
	while (token.state == STATE_ACTIVE && clock_mono_ms() < until) {
		usleep(20000);
		auth_world_expect(f->world, 0, NULL, cookie, AUTH_OK);
		assert_int_equal(
			store->ops->token_get(store, STR("own-admin"), &token), STORE_FOUND);
	}
	expect_state(store, "own-admin", STATE_REVOKED);
	expect_state(store, "own", STATE_ACTIVE);
	expect_others_live(store);
	free(cookie);
}

static void s70_who_signs_in_with_no_role_left_has_no_own_tokens_left(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct store *store = add_tokens(f);
	free(enter(f, "ann", "nothing", 300));
	expect_state(store, "own", STATE_REVOKED);
	expect_state(store, "own-admin", STATE_REVOKED);
	expect_others_live(store);
}

static struct grants *limited_to_etl(void)
{
	char role[] = "team", etl[] = "etl", *namespaces[] = {etl};
	struct conf_limited limited[] = {{role, {namespaces, 1}}};
	const struct conf conf = {.roles_limited = limited, .roles_limited_count = 1};
	const char *names[] = {role};

	return grants_new(&conf, &(struct grants_person){.names = {names, 1}});
}

static void s70_who_is_left_with_a_namespace_keeps_own_tokens_of_that_one(void **state)
{
	struct fixture *f = *state;

	start(f);
	struct store *store = add_tokens(f);
	add_narrowed(store, "etl", "ann", "ann", ROLE_USER, "view namespace:etl");
	add_narrowed(store, "hr", "ann", "ann", ROLE_USER, "view namespace:hr");
	const struct token_desk desk = {.store = store, .conf = f->world->conf};
	struct grants *left = limited_to_etl();
	assert_int_equal(token_follow(&desk, "ann", left, "ann"), 4);
	grants_unref(left);
	expect_state(store, "own", STATE_REVOKED);
	expect_state(store, "hr", STATE_REVOKED);
	expect_state(store, "etl", STATE_ACTIVE);
	expect_others_live(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s63_client_whose_codes_are_no_good_waits_and_costs_nothing_more),
		TEST(s63_provider_that_is_silent_is_nobodys_fault),
		TEST(s70_back_channel_logout_ends_the_persons_own_tokens),
		TEST(s70_own_tokens_stay_where_they_do_not_follow),
		TEST(s70_role_that_is_gone_takes_own_tokens_of_that_role_along),
		TEST(s70_who_signs_in_with_no_role_left_has_no_own_tokens_left),
		TEST(s70_who_is_left_with_a_namespace_keeps_own_tokens_of_that_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
