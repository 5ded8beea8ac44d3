/* Roles by name, as sessions and tokens keep them: what they open is the configuration's word of
 * today (S71, S72). */
#include "auth/policy/access.h"
#include "auth/policy/grants.h"
#include "auth/token/token_manager.h"
#include "conf/load/load.h"
#include "tests/support/provider_fixture.h"

#include <sqlite3.h>

#define VIEW (1u << ACTION_VIEW)
#define KILL (1u << ACTION_KILL)

static const struct access_app adas = {.cluster = "local", .id = "app-1", .user = "ada"},
			       bobs = {.cluster = "local", .id = "app-2", .user = "bob"};

/* The fixture with these rows of roles besides. */
static char *yaml_with(const struct fixture *f, const char *roles)
{
	return mem_printf("auth:\n"
			  "  oidc: {issuer: %s, client_id: gate}\n"
			  "  roles: {claim: roles, admin: [boss], %s}\n",
		f->issuer, roles);
}

static void start_with(struct fixture *f, const char *roles)
{
	char *yaml = yaml_with(f, roles);

	auth_world_free(f->world);
	f->world = auth_world_new(yaml);
	free(yaml);
	start(f);
}

static const char custom_rows[] =
	"custom: [{role: analysts, applications: [own], rights: [view, 'kill:own']},"
	" {role: auditors, rights: [view, audit]}]";

/* Gives the cookie of ada, "Ada@..." at the provider, who has these roles. */
static char *enter_ada(struct fixture *f, const char *roles, int expires_in)
{
	struct begun begun = begin(f, "/");
	char *more = mem_printf("\"nonce\":\"%s\",\"roles\":[%s],\"preferred_username\":\"ada\"",
		begun.nonce, roles);

	answer_tokens(f, signed_token(f, "s-ada", more), expires_in, "first");
	struct sign_in_result result = come_back(f, &begun);
	assert_int_equal(result.status, AUTH_OK);
	char *cookie = auth_world_cookie(result.set_cookie);
	identity_unref(result.who);
	sign_in_result_clear(&result);
	free(begun.cookie);
	free(more);
	return cookie;
}

static void expect_rights(struct fixture *f, const char *authorization, const char *cookie,
	enum role role, unsigned on_own, unsigned on_others)
{
	const unsigned both = VIEW | KILL;

	for (int thread = 0; thread < AUTH_WORLD_WORKERS; thread++) {
		struct auth_result result = auth_world_ask(f->world, thread, authorization, cookie);

		assert_int_equal(result.status, AUTH_OK);
		assert_int_equal(result.who->role, role);
		assert_int_equal(access_to_app(result.who, &adas) & both, on_own);
		assert_int_equal(access_to_app(result.who, &bobs) & both, on_others);
		identity_unref(result.who);
	}
}

/* --- reloads --- */

struct reload {
	struct fixture *f;
	struct conf *conf;
};

static void set_conf(void *arg)
{
	struct reload *reload = arg;

	auth_service_set_conf(reload->f->world->service, reload->conf);
}

static void reload_with(struct fixture *f, const char *roles)
{
	char *text = mem_printf("clusters: [{name: local, masters: ['http://127.0.0.1:1']}]\n"
				"store: 'sqlite:%s/state.db'\n"
				"auth:\n"
				"  oidc: {issuer: '%s', client_id: gate}\n"
				"  roles: {claim: roles, admin: [boss], %s}\n",
		f->world->data, f->issuer, roles);
	struct err err = {""};
	struct reload reload = {f, load_text("reload", str_of(text), &err)};

	if (reload.conf == NULL)
		fail_msg("%s", err.text);
	auth_world_on_keeper(f->world, set_conf, &reload);
	conf_unref(reload.conf);
	free(text);
}

static void session_opens_own_applications_by_the_spark_user(void **state)
{
	struct fixture *f = *state;

	start_with(f, custom_rows);
	char *cookie = enter_ada(f, "\"analysts\",\"x\"", 1000);
	expect_rights(f, NULL, cookie, ROLE_CUSTOM, VIEW | KILL, 0);
	free(cookie);
	cookie = enter_ada(f, "\"auditors\",\"analysts\"", 1000);
	expect_rights(f, NULL, cookie, ROLE_CUSTOM, VIEW | KILL, VIEW);
	free(cookie);
}

static void reload_changes_what_a_living_session_opens(void **state)
{
	struct fixture *f = *state;

	start_with(f, custom_rows);
	char *cookie = enter_ada(f, "\"analysts\"", 1000);
	expect_rights(f, NULL, cookie, ROLE_CUSTOM, VIEW | KILL, 0);
	reload_with(f, "custom: [{role: analysts, rights: [view]}]");
	expect_rights(f, NULL, cookie, ROLE_CUSTOM, VIEW, VIEW);
	reload_with(f, "user: [analysts]");
	expect_rights(f, NULL, cookie, ROLE_USER, VIEW, VIEW);
	reload_with(f, "user: [others]");
	expect_rights(f, NULL, cookie, ROLE_NONE, 0, 0);
	free(cookie);
}

/* --- tokens --- */

struct making {
	struct fixture *f;
	struct identity *who;
	struct token_request request;
	struct store_token record;
	struct token_secrets secrets;
	enum token_outcome outcome;
};

static void make_on_keeper(void *arg)
{
	struct making *m = arg;
	struct err err = {""};

	m->outcome = token_manager_create(auth_service_tokens(m->f->world->service), m->who,
		&m->request, &m->record, &m->secrets, &err);
}

/* Gives "Bearer ..." of a token that who has the cookie makes for themselves. */
static char *make_token(struct fixture *f, const char *cookie, char id[static STORE_ID])
{
	struct auth_result maker = auth_world_ask(f->world, 0, NULL, cookie);
	struct making m = {.f = f, .request = {.client_name = "script", .role = ROLE_USER}};

	assert_int_equal(maker.status, AUTH_OK);
	m.who = identity_copy(maker.who);
	m.request.user = m.who->subject;
	auth_world_on_keeper(f->world, make_on_keeper, &m);
	assert_int_equal(m.outcome, TOKEN_DONE);
	memcpy(id, m.record.id, STORE_ID);
	char *bearer = auth_world_bearer(m.secrets.access);
	token_secrets_clear(&m.secrets);
	identity_unref(m.who);
	identity_unref(maker.who);
	return bearer;
}

static void s72_token_opens_what_its_maker_opens_and_follows_reloads(void **state)
{
	struct fixture *f = *state;
	char id[STORE_ID];

	start_with(f, custom_rows);
	char *cookie = enter_ada(f, "\"analysts\"", 1000), *token = make_token(f, cookie, id);
	expect_rights(f, token, NULL, ROLE_CUSTOM, VIEW | KILL, 0);
	char *session = auth_world_enter_by_token(f->world, token + strlen("Bearer "), NULL);
	expect_rights(f, NULL, session, ROLE_CUSTOM, VIEW | KILL, 0);
	reload_with(f, "custom: [{role: analysts, rights: [view]}]");
	expect_rights(f, token, NULL, ROLE_CUSTOM, VIEW, VIEW);
	/* What was signed is the most it has ever. */
	reload_with(f, "user: [analysts]");
	expect_rights(f, token, NULL, ROLE_CUSTOM, 0, 0);
	expect_rights(f, NULL, session, ROLE_CUSTOM, 0, 0);
	free(session);
	free(token);
	free(cookie);
}

/* As who may write to the store's file would. */
static void forge(struct fixture *f, const char *id, const char *standing)
{
	char *file = mem_printf("%s/state.db", f->world->data);
	char *sql = sqlite3_mprintf(
		"UPDATE tokens SET standing = %Q WHERE id LIKE '%q%%'", standing, id);
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_changes(db), 1);
	sqlite3_close(db);
	sqlite3_free(sql);
	free(file);
}

static void s71_standing_on_record_that_was_not_signed_opens_nothing(void **state)
{
	static const char *const texts[] = {"",
		"{\"names\":[\"boss\"],\"user\":\"ada\",\"groups\":[]}",
		"{\"names\":[\"analysts\"],\"user\":\"bob\",\"groups\":[]}"};
	struct fixture *f = *state;
	char id[STORE_ID];

	start_with(f, custom_rows);
	char *cookie = enter_ada(f, "\"analysts\"", 1000), *token = make_token(f, cookie, id);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		forge(f, id, texts[i]);
		reload_with(f, custom_rows); /* nobody remembers */
		auth_world_expect(f->world, 0, token, NULL, AUTH_INVALID_TOKEN);
	}
	free(token);
	free(cookie);
}

static void s72_token_ends_with_the_role_that_its_maker_has_lost(void **state)
{
	struct fixture *f = *state;
	char id[STORE_ID];

	start_with(f, custom_rows);
	char *cookie = enter_ada(f, "\"analysts\",\"auditors\"", 1000);
	char *token = make_token(f, cookie, id);
	free(enter_ada(f, "\"auditors\",\"analysts\"", 1000));
	auth_world_expect(f->world, 0, token, NULL, AUTH_OK);
	free(enter_ada(f, "\"auditors\"", 1000));
	assert_true(auth_world_await(f->world, 0, token, NULL, AUTH_INVALID_TOKEN) >= 0);
	free(token);
	free(cookie);
}

static void refresh_without_a_spark_user_keeps_the_one_of_the_sign_in(void **state)
{
	struct fixture *f = *state;

	start_with(f, custom_rows);
	char *cookie = enter_ada(f, "\"analysts\",\"auditors\"", 1);
	answer_tokens(f, signed_token(f, "s-ada", "\"roles\":[\"analysts\"]"), 300, "second");
	int64_t until = clock_mono_ms() + 5000;
	unsigned others = VIEW;
	while (others && clock_mono_ms() < until) {
		struct auth_result result = auth_world_ask(f->world, 0, NULL, cookie);
		assert_int_equal(result.status, AUTH_OK);
		others = access_to_app(result.who, &bobs);
		identity_unref(result.who);
		usleep(20000);
	}
	expect_rights(f, NULL, cookie, ROLE_CUSTOM, VIEW | KILL, 0);
	free(cookie);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(session_opens_own_applications_by_the_spark_user),
		TEST(reload_changes_what_a_living_session_opens),
		TEST(s72_token_opens_what_its_maker_opens_and_follows_reloads),
		TEST(s71_standing_on_record_that_was_not_signed_opens_nothing),
		TEST(s72_token_ends_with_the_role_that_its_maker_has_lost),
		TEST(refresh_without_a_spark_user_keeps_the_one_of_the_sign_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
