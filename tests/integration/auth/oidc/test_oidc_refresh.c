/*
 * Renewing what a provider granted: the modules of the OpenID conformance suite for relying
 * parties, plan Refresh Token; comments have their names.
 */
#include "base/clock.h"
#include "tests/support/oidc_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct said again = {.nonce = "", .more = ",\"groups\":[\"dev\"]"};

/* Answers with an ID token that says this, and renews ann's session. */
static struct granted refresh(struct oidc_world *w, const struct said *said, const char *more)
{
	oidc_world_answer(w, oidc_world_id_token(w, said), "opaque", more);
	return oidc_world_refresh(w, "r+1", "ann");
}

/* OIDCCClientTestRefreshToken */
static void refresh_token_becomes_new_tokens(void **state)
{
	struct oidc_world *w = *state;
	int64_t now = clock_wall_s();

	oidc_world_begin(w);
	struct granted got =
		refresh(w, &again, ",\"refresh_token\":\"r-2\",\"expires_in\":\"100\"");
	oidc_world_expect(got, OIDC_OK);
	assert_string_equal(got.subject, "ann");
	assert_string_equal(got.refresh_token, "r-2");
	assert_true(got.has_id_token);
	assert_true(got.refresh_at >= now + 100 && got.refresh_at <= clock_wall_s() + 100);
	char *form = fake_http_last_body(w->idp, "/realm/token");
	assert_string_equal(form, "grant_type=refresh_token&refresh_token=r%2B1&client_id=gate");
	free(form);
}

static void refresh_token_that_is_not_renewed_stays(void **state)
{
	struct oidc_world *w = *state;
	int64_t now = clock_wall_s();

	oidc_world_begin(w);
	struct granted got = refresh(w, &again, NULL);
	oidc_world_expect(got, OIDC_OK);
	assert_string_equal(got.refresh_token, "");
	assert_true(got.refresh_at >= now + 300 && got.refresh_at <= clock_wall_s() + 300);
}

/* OIDCCClientTestRefreshTokenInvalidIssuer, OIDCCClientTestRefreshTokenInvalidSub; Core §12.2 */
static void id_token_of_a_refresh_is_refused_for_each_of_these(void **state)
{
	static const struct said rows[] = {
		{.nonce = "", .iss = "\"https://other.example\""},
		{.nonce = "", .sub = "\"eve\""},
		{.nonce = "", .sub = ""},
		{.nonce = "", .aud = "\"other\""},
		{.nonce = "", .iat = ""},
		{.nonce = "", .exp = "1000"},
	};
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		oidc_world_expect(refresh(w, &rows[i], NULL), OIDC_INVALID);
	oidc_world_expect(
		refresh(w, &(struct said){.nonce = "", .key = w->new_key}, NULL), OIDC_INVALID);
}

static void s30_userinfo_about_another_person_is_refused(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	oidc_world_userinfo(w, "{\"sub\":\"eve\"}");
	oidc_world_expect(refresh(w, &again, NULL), OIDC_INVALID);
	oidc_world_answer(w, NULL, "opaque", NULL);
	oidc_world_expect(oidc_world_refresh(w, "r", "ann"), OIDC_INVALID);
}

static void s27_only_the_providers_plain_word_refuses(void **state)
{
	static const struct {
		int status;
		const char *type, *body;
		enum oidc_outcome want;
	} rows[] = {
		{400, "application/json", "{\"error\":\"invalid_grant\"}", OIDC_REFUSED},
		{401, "application/json", "{\"error\":\"invalid_client\"}", OIDC_SILENT},
		{400, "application/json", "{\"error\":\"invalid_request\"}", OIDC_SILENT},
		{500, "application/json", "{\"error\":\"invalid_grant\"}", OIDC_SILENT},
		{429, "application/json", "{\"error\":\"invalid_grant\"}", OIDC_SILENT},
		{404, "text/html", "<p>not found", OIDC_SILENT},
		{502, "text/html", "<p>bad gateway", OIDC_SILENT},
		{200, "application/json", "{}", OIDC_SILENT},
		{200, "text/html", "<p>maintenance", OIDC_SILENT},
	};
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fake_http_set(w->idp, "/realm/token", rows[i].status, rows[i].type, rows[i].body);
		struct granted got = oidc_world_refresh(w, "r", "ann");

		if (got.answer != rows[i].want || got.reason[0] == '\0')
			fail_msg("row %zu: %d %s", i, (int)got.answer, got.reason);
	}
	fake_http_down(w->idp, true);
	oidc_world_expect(oidc_world_refresh(w, "r", "ann"), OIDC_SILENT);
	fake_http_down(w->idp, false);
}

static void s32_role_is_the_answers(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	struct granted got =
		refresh(w, &(struct said){.nonce = "", .more = ",\"groups\":[\"boss\"]"}, NULL);
	assert_true(got.has_role && got.role == ROLE_ADMIN);
	got = refresh(w, &again, NULL);
	assert_true(got.has_role && got.role == ROLE_USER);
	got = refresh(w, &(struct said){.nonce = "", .more = ",\"groups\":[]"}, NULL);
	assert_true(got.has_role && got.role == ROLE_NONE);
	got = refresh(w, &(struct said){.nonce = ""}, NULL);
	assert_true(got.has_role && got.role == ROLE_NONE);
}

static void s32_userinfo_alone_speaks_of_roles_too(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	oidc_world_answer(w, NULL, "opaque", NULL);
	oidc_world_userinfo(w, "{\"sub\":\"ann\",\"groups\":[\"boss\"]}");
	struct granted got = oidc_world_refresh(w, "r", "ann");
	oidc_world_expect(got, OIDC_OK);
	assert_false(got.has_id_token);
	assert_string_equal(got.subject, "ann");
	assert_true(got.has_role && got.role == ROLE_ADMIN);
	oidc_world_userinfo(w, "{\"sub\":\"ann\",\"groups\":[]}");
	got = oidc_world_refresh(w, "r", "ann");
	assert_true(got.has_role && got.role == ROLE_NONE);
}

static void s32_silence_on_roles_is_no_word_while_somebody_is_not_heard(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	fake_http_set(w->idp, "/realm/userinfo", 503, "text/plain", "");
	struct granted got = refresh(w, &(struct said){.nonce = ""}, NULL);
	oidc_world_expect(got, OIDC_OK);
	assert_false(got.has_role);
}

static void s32_nobody_was_heard_and_the_role_stays(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_publish(w, "\"userinfo_endpoint\":null");
	oidc_world_begin(w);
	oidc_world_answer(w, NULL, "opaque", NULL);
	struct granted got = oidc_world_refresh(w, "r", "ann");
	oidc_world_expect(got, OIDC_OK);
	assert_false(got.has_role);
}

/* The sign-in had the claim in its ID token; answers to refreshes have none. */
static void s80_claim_stays_while_who_had_it_is_not_heard(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	oidc_world_answer(w, NULL, "opaque", NULL);
	oidc_world_userinfo(w, "{\"sub\":\"ann\"}");
	w->places = CLAIMS_IN_ID_TOKEN;
	struct granted got = oidc_world_refresh(w, "r", "ann");
	oidc_world_expect(got, OIDC_OK);
	assert_false(got.has_role || got.is_whole);
	w->places = CLAIMS_IN_USERINFO;
	got = oidc_world_refresh(w, "r", "ann");
	assert_true(got.has_role && got.is_whole && got.role == ROLE_NONE);
	w->places = CLAIMS_IN_ID_TOKEN;
	got = refresh(w, &(struct said){.nonce = ""}, NULL);
	assert_true(got.has_role && got.is_whole && got.role == ROLE_NONE);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, oidc_world_make, oidc_world_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(refresh_token_becomes_new_tokens),
		WORLD(refresh_token_that_is_not_renewed_stays),
		WORLD(id_token_of_a_refresh_is_refused_for_each_of_these),
		WORLD(s30_userinfo_about_another_person_is_refused),
		WORLD(s27_only_the_providers_plain_word_refuses),
		WORLD(s32_role_is_the_answers),
		WORLD(s32_userinfo_alone_speaks_of_roles_too),
		WORLD(s32_silence_on_roles_is_no_word_while_somebody_is_not_heard),
		WORLD(s32_nobody_was_heard_and_the_role_stays),
		WORLD(s80_claim_stays_while_who_had_it_is_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
