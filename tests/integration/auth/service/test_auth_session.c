/* Sessions on a real store, keeper and workers: opened, known everywhere, ended. */
#include "auth/session/session.h"
#include "auth/cli/session_command.h"
#include "auth/session/session_data.h"
#include "base/clock.h"
#include "tests/support/auth_world.h"
#include "tests/support/scratch.h"

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

static void session_outlives_a_restart_and_is_known_to_every_worker(void **state)
{
	struct auth_world *w = *state;
	char *cookie = auth_world_enter_by_link(w);

	auth_world_expect(w, 0, NULL, cookie, AUTH_OK);
	auth_world_expect(w, 1, NULL, cookie, AUTH_OK);
	auth_world_stop(w);
	auth_world_start(w);
	struct auth_result result = auth_world_ask(w, 1, NULL, cookie);
	assert_int_equal(result.status, AUTH_OK);
	assert_int_equal(result.who->via, VIA_SESSION);
	assert_string_equal(result.who->name, "Administrator");
	identity_unref(result.who);
	free(cookie);
}

static void s22_sign_in_gives_a_new_id_and_ends_the_old_session(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, "ann", ROLE_USER, 60, id);
	char *first = auth_world_enter_by_link(w);

	auth_world_expect(w, 0, NULL, first, AUTH_OK);
	auth_world_expect(w, 1, NULL, first, AUTH_OK);
	char *second = auth_world_enter_by_token(w, token, first);
	assert_string_not_equal(first, second);
	auth_world_expect(w, 0, NULL, first, AUTH_ABSENT);
	auth_world_expect(w, 1, NULL, first, AUTH_ABSENT);
	struct auth_result result = auth_world_ask(w, 1, NULL, second);
	assert_int_equal(result.status, AUTH_OK);
	assert_string_equal(result.who->subject, "ann");
	assert_int_equal(result.who->role, ROLE_USER);
	identity_unref(result.who);
	secret_free(token);
	free(first);
	free(second);
}

static void s22_id_from_outside_is_never_adopted(void **state)
{
	static const char planted[] = "sparkgate=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, "ann", ROLE_USER, 60, id);
	char *cookie = auth_world_enter_by_token(w, token, planted);

	assert_string_not_equal(cookie, planted);
	auth_world_expect(w, 0, NULL, planted, AUTH_ABSENT);
	secret_free(token);
	free(cookie);
}

static void s81_cookies_beside_the_session_lock_nobody_out(void **state)
{
	struct auth_world *w = *state;
	char *cookie = auth_world_enter_by_link(w);
	char *twice = mem_printf("%s; %s", cookie, cookie);
	char *tossed = mem_printf("sparkgate=x; %s", cookie);

	auth_world_expect(w, 0, NULL, twice, AUTH_OK);
	auth_world_expect(w, 0, NULL, tossed, AUTH_OK);
	free(twice);
	free(tossed);
	free(cookie);
}

static void s29_signed_out_session_is_over_on_every_worker(void **state)
{
	struct auth_world *w = *state;
	char *cookie = auth_world_enter_by_link(w);

	auth_world_expect(w, 0, NULL, cookie, AUTH_OK);
	auth_world_expect(w, 1, NULL, cookie, AUTH_OK);
	struct sign_in_result result = auth_world_sign_out(w, 0, cookie);
	assert_int_equal(result.status, AUTH_OK);
	assert_non_null(strstr(result.set_cookie, "Max-Age=0"));
	assert_null(result.who);
	secret_free(result.set_cookie);
	auth_world_expect(w, 0, NULL, cookie, AUTH_ABSENT);
	auth_world_expect(w, 1, NULL, cookie, AUTH_ABSENT);
	result = auth_world_sign_out(w, 0, NULL);
	assert_int_equal(result.status, AUTH_OK);
	secret_free(result.set_cookie);
	free(cookie);
}

static void end_by_command_line(struct auth_world *w)
{
	char session[] = "session", end[] = "end", data[] = "--data", user[] = "--user";
	char admin[] = "admin", *argv[] = {session, end, data, w->data, user, admin};
	FILE *null = fopen("/dev/null", "w");

	assert_int_equal(session_command_run(ARRAY_LEN(argv), argv, null, null), 0);
	fclose(null);
}

static void session_ended_by_the_command_line_is_over_within_a_second(void **state)
{
	struct auth_world *w = *state;
	char *cookie = auth_world_enter_by_link(w);

	auth_world_expect(w, 0, NULL, cookie, AUTH_OK);
	end_by_command_line(w);
	assert_in_range(auth_world_await(w, 0, NULL, cookie, AUTH_ABSENT), 0, 1000);
	free(cookie);
}

static void session_ends_when_its_token_is_revoked(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, "ann", ROLE_USER, 60, id);
	char *cookie = auth_world_enter_by_token(w, token, NULL);

	auth_world_expect(w, 0, NULL, cookie, AUTH_OK);
	auth_world_set_state(w, id, STATE_REVOKED);
	assert_in_range(auth_world_await(w, 0, NULL, cookie, AUTH_ABSENT), 0, 1000);
	struct sign_in_result result = auth_world_sign_in_token(w, 0, token, NULL);
	assert_int_equal(result.status, AUTH_INVALID_TOKEN);
	secret_free(token);
	free(cookie);
}

static void session_ends_with_its_token(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, "ann", ROLE_USER, 2, id);
	char *cookie = auth_world_enter_by_token(w, token, NULL);

	auth_world_expect(w, 0, NULL, cookie, AUTH_OK);
	assert_int_not_equal(auth_world_await(w, 0, NULL, cookie, AUTH_ABSENT), -1);
	secret_free(token);
	free(cookie);
}

/* A session in the store as it would be after `age` seconds, last seen `unseen` seconds ago. Gives
 * its cookie. */
static char *old_session(struct auth_world *w, int64_t age, int64_t unseen)
{
	struct store *store = auth_world_store(w);
	struct keyring *ring = keyring_open(w->conf, store, NULL);
	struct session_data data = {.issuer = mem_strdup("i"),
		.subject = mem_strdup("ann"),
		.name = mem_strdup("Ann"),
		.role = ROLE_USER};
	struct store_opening opening = {.has_old = false};
	struct store_session *session = &opening.session;
	char id[SESSION_ID_LEN + 1];

	session_new_id(id);
	assert_int_equal(session_key(str_of(id), session->key), 0);
	session->created_at = clock_wall_s() - age;
	session->last_seen_at = clock_wall_s() - unseen;
	session->expires_at = session->created_at + w->conf->session_max_s;
	assert_int_equal(session_data_seal(ring, &data, str_of(id), session), 0);
	assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	store_session_clear(session);
	session_data_clear(&data);
	keyring_unref(ring);
	store->ops->close(store);
	return mem_printf("sparkgate=%s", id);
}

static void session_ends_when_idle_and_at_its_maximum(void **state)
{
	struct auth_world *w = *state;
	const int64_t idle = w->conf->session_idle_s, max = w->conf->session_max_s;
	const struct {
		int64_t age, unseen;
		enum auth_status want;
	} rows[] = {
		{10, 5, AUTH_OK},
		{idle + 10, idle - 5, AUTH_OK},
		{idle + 10, idle, AUTH_ABSENT},
		{max - 5, 1, AUTH_OK},
		{max, 1, AUTH_ABSENT},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *cookie = old_session(w, rows[i].age, rows[i].unseen);
		auth_world_expect(w, 0, NULL, cookie, rows[i].want);
		free(cookie);
	}
}

static void session_used_on_one_worker_is_not_idle_on_another(void **state)
{
	struct auth_world *w = auth_world_new("session: {idle: 4s, max: 12h}\n");

	(void)state;
	auth_world_start(w);
	char *cookie = auth_world_enter_by_link(w);
	int64_t idle_at = clock_wall_s() + w->conf->session_idle_s + 1;
	auth_world_expect(w, 1, NULL, cookie, AUTH_OK);
	while (clock_wall_s() <= idle_at) {
		auth_world_expect(w, 0, NULL, cookie, AUTH_OK);
		usleep(50000);
	}
	auth_world_expect(w, 1, NULL, cookie, AUTH_OK);
	free(cookie);
	auth_world_free(w);
}

/* --- the admin site --- */

static int set_up_sites(void **state)
{
	struct auth_world *w = auth_world_new(NULL);

	w->site[1] = AUTH_SITE_ADMIN;
	auth_world_start(w);
	*state = w;
	return 0;
}

/* Gives the cookie of a session that was opened at this worker's site. */
static char *enter_at(struct auth_world *w, int worker, const char *token)
{
	struct sign_in_result result = auth_world_sign_in_token(w, worker, token, NULL);

	assert_int_equal(result.status, AUTH_OK);
	char *cookie = auth_world_cookie(result.set_cookie);
	identity_unref(result.who);
	sign_in_result_clear(&result);
	return cookie;
}

/* Gives the same id under another name. */
static char *renamed(const char *cookie, const char *name)
{
	return mem_printf("%s%s", name, strchr(cookie, '='));
}

static void s0_session_of_one_site_is_none_on_the_other(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, "ann", ROLE_ADMIN, 60, id);
	char *public = enter_at(w, 0, token), *admin = enter_at(w, 1, token);
	char *crossed[] = {renamed(public, "sparkgate-admin"), renamed(admin, "sparkgate")};

	assert_true(str_starts(str_of(public), STR("sparkgate=")));
	assert_true(str_starts(str_of(admin), STR("sparkgate-admin=")));
	auth_world_expect(w, 0, NULL, public, AUTH_OK);
	auth_world_expect(w, 1, NULL, admin, AUTH_OK);
	auth_world_expect(w, 0, NULL, admin, AUTH_ABSENT);
	auth_world_expect(w, 1, NULL, public, AUTH_ABSENT);
	auth_world_expect(w, 1, NULL, crossed[0], AUTH_ABSENT);
	auth_world_expect(w, 0, NULL, crossed[1], AUTH_ABSENT);
	/* Nor was anything ended by asking. */
	auth_world_expect(w, 0, NULL, public, AUTH_OK);
	auth_world_expect(w, 1, NULL, admin, AUTH_OK);
	secret_free(token);
	free(public);
	free(admin);
	free(crossed[0]);
	free(crossed[1]);
}

static void s0_signing_in_to_one_site_leaves_the_other_sites_session(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, "ann", ROLE_ADMIN, 60, id);
	char *public = enter_at(w, 0, token);
	struct sign_in_result result = auth_world_sign_in_token(w, 1, token, public);

	assert_int_equal(result.status, AUTH_OK);
	assert_non_null(strstr(result.set_cookie, "SameSite=Strict"));
	auth_world_expect(w, 0, NULL, public, AUTH_OK);
	identity_unref(result.who);
	sign_in_result_clear(&result);
	secret_free(token);
	free(public);
}

static void signing_out_everywhere_is_so_on_both_sites(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, "ann", ROLE_ADMIN, 60, id);
	char *public = enter_at(w, 0, token), *admin = enter_at(w, 1, token);
	struct sign_in_result result = auth_world_sign_out_everywhere(w, 1, admin);

	assert_int_equal(result.status, AUTH_OK);
	assert_true(str_starts(str_of(result.set_cookie), STR("sparkgate-admin=;")));
	auth_world_expect(w, 0, NULL, public, AUTH_ABSENT);
	auth_world_expect(w, 1, NULL, admin, AUTH_ABSENT);
	sign_in_result_clear(&result);
	secret_free(token);
	free(public);
	free(admin);
}

static void s35_form_token_goes_with_the_session_of_the_site(void **state)
{
	struct auth_world *w = *state;
	char id[STORE_ID], *token = auth_world_token(w, "ann", ROLE_ADMIN, 60, id);
	char *public = enter_at(w, 0, token), *admin = enter_at(w, 1, token);
	const struct str cookies[] = {str_of(public), str_of(admin)};
	char of_public[AUTH_FORM_TOKEN], of_admin[AUTH_FORM_TOKEN], of_none[AUTH_FORM_TOKEN];

	assert_true(auth_form_token(w->auth[0], cookies, 2, of_public));
	assert_true(auth_form_token(w->auth[1], cookies, 2, of_admin));
	assert_string_not_equal(of_public, of_admin);
	assert_false(auth_form_token(w->auth[1], cookies, 1, of_none));
	assert_string_equal(of_none, "");
	assert_true(auth_is_form_token(w->auth[1], cookies, 2, str_of(of_admin)));
	assert_false(auth_is_form_token(w->auth[1], cookies, 2, str_of(of_public)));
	assert_false(auth_is_form_token(w->auth[1], cookies, 2, STR("")));
	assert_false(auth_is_form_token(w->auth[1], cookies, 1, str_of(of_public)));
	secret_free(token);
	free(public);
	free(admin);
}

static void s34_neither_sessions_nor_links_are_on_disk_in_clear(void **state)
{
	struct auth_world *w = *state;
	char *url = auth_world_link(w);
	const char *secret = strchr(url, '=') + 1;

	assert_false(scratch_has(w->folder, str_of(secret)));
	struct sign_in_result result = auth_world_sign_in_link(w, 0, secret, NULL);
	char *cookie = auth_world_cookie(result.set_cookie);
	auth_world_expect(w, 0, NULL, cookie, AUTH_OK);
	assert_false(scratch_has(w->folder, str_of(secret)));
	assert_false(scratch_has(w->folder, str_of(strchr(cookie, '=') + 1)));
	assert_false(scratch_has(w->folder, STR("Administrator")));
	assert_true(scratch_has(w->folder, STR("link_used"))); /* the search works */
	identity_unref(result.who);
	secret_free(result.set_cookie);
	secret_free(url);
	free(cookie);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define S(test) cmocka_unit_test_setup_teardown(test, set_up_sites, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(session_outlives_a_restart_and_is_known_to_every_worker),
		T(s22_sign_in_gives_a_new_id_and_ends_the_old_session),
		T(s22_id_from_outside_is_never_adopted),
		T(s81_cookies_beside_the_session_lock_nobody_out),
		T(s29_signed_out_session_is_over_on_every_worker),
		T(session_ended_by_the_command_line_is_over_within_a_second),
		T(session_ends_when_its_token_is_revoked),
		T(session_ends_with_its_token),
		T(session_ends_when_idle_and_at_its_maximum),
		cmocka_unit_test(session_used_on_one_worker_is_not_idle_on_another),
		S(s0_session_of_one_site_is_none_on_the_other),
		S(s0_signing_in_to_one_site_leaves_the_other_sites_session),
		S(signing_out_everywhere_is_so_on_both_sites),
		S(s35_form_token_goes_with_the_session_of_the_site),
		T(s34_neither_sessions_nor_links_are_on_disk_in_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
