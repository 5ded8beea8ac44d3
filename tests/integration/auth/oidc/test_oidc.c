/*
 * Signing in at a provider over real connections, and a provider that misbehaves: the modules of
 * the OpenID conformance suite for relying parties, plan Basic; comments have their names.
 */
#include "base/clock.h"
#include "tests/support/oidc_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* True when the last request for this path has the text in its head. */
static bool was_sent(struct oidc_world *w, const char *path, const char *text)
{
	char *head = fake_http_last_head(w->idp, path);
	bool is_there = head && strstr(head, text);

	free(head);
	return is_there;
}

static void expect_form(struct oidc_world *w, const char *want)
{
	char *form = fake_http_last_body(w->idp, "/realm/token");

	assert_non_null(form);
	assert_string_equal(form, want);
	free(form);
}

/* --- Basic: what is right --- */

/* OIDCCClientTest */
static void code_becomes_a_person(void **state)
{
	struct oidc_world *w = *state;
	int64_t now = clock_wall_s();
	const struct said said = {.more = ",\"sid\":\"s-1\",\"name\":\"Ann\",\"groups\":[\"dev\"]"};

	oidc_world_begin(w);
	oidc_world_answer(w, oidc_world_id_token(w, &said), "opaque",
		",\"expires_in\":100,\"refresh_token\":\"r-1\"");
	struct granted got = oidc_world_exchange(w);
	oidc_world_expect(got, OIDC_OK);
	assert_string_equal(got.subject, "ann");
	assert_string_equal(got.name, "Ann");
	assert_string_equal(got.sid, "s-1");
	assert_string_equal(got.refresh_token, "r-1");
	assert_true(got.has_id_token && got.has_role);
	assert_int_equal(got.role, ROLE_USER);
	assert_true(got.refresh_at >= now + 100 && got.refresh_at <= clock_wall_s() + 100);
}

static void public_client_sends_its_id_and_the_verifier(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	oidc_world_expect(oidc_world_sign_in(w, &(struct said){0}), OIDC_OK);
	expect_form(w, "grant_type=authorization_code&code=c0de%2B%2F%3D"
		       "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8480%2F_gate%2Fcallback"
		       "&code_verifier=the-verifier&client_id=gate");
	assert_false(was_sent(w, "/realm/token", "Authorization:"));
}

/* OIDCCClientTestClientSecretBasic; RFC 6749 §2.3.1: both are form-encoded first. */
static void secret_is_sent_as_the_password(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	oidc_world_expect(oidc_world_sign_in(w, &(struct said){0}), OIDC_OK);
	/* gate:a%3Ab%20%25%2B%26c */
	assert_true(was_sent(
		w, "/realm/token", "Authorization: Basic Z2F0ZTphJTNBYiUyMCUyNSUyQiUyNmM=\r\n"));
	expect_form(w, "grant_type=authorization_code&code=c0de%2B%2F%3D"
		       "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8480%2F_gate%2Fcallback"
		       "&code_verifier=the-verifier");
}

static void secret_is_sent_in_the_form_where_that_is_the_only_way(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_publish(w, "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]");
	oidc_world_begin(w);
	oidc_world_expect(oidc_world_sign_in(w, &(struct said){0}), OIDC_OK);
	assert_false(was_sent(w, "/realm/token", "Authorization:"));
	expect_form(w, "grant_type=authorization_code&code=c0de%2B%2F%3D"
		       "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8480%2F_gate%2Fcallback"
		       "&code_verifier=the-verifier&client_id=gate"
		       "&client_secret=a%3Ab%20%25%2B%26c");
}

/* OIDCCClientTestKidAbsentSingleJwks */
static void token_without_kid_is_checked_by_the_only_key(void **state)
{
	oidc_world_begin(*state);
	oidc_world_expect(
		oidc_world_sign_in(*state, &(struct said){.header = "{\"alg\":\"ES256\"}"}),
		OIDC_OK);
}

/* OIDCCClientTestIdTokenSignedUsingRS256, OIDCCClientTestInvalidIdTokenSignatureWithRS256 */
static void rs256_is_taken_if_it_is_the_providers(void **state)
{
	struct oidc_world *w = *state;
	struct mint_key *theirs = mint_key_new(RS256), *other = mint_key_new(RS256);
	struct said said = {.key = theirs, .header = "{\"alg\":\"RS256\",\"kid\":\"r\"}"};

	oidc_world_publish_keys(w, mint_jwk(theirs, "r", NULL), NULL);
	oidc_world_begin(w);
	oidc_world_expect(oidc_world_sign_in(w, &said), OIDC_OK);
	said.key = other;
	oidc_world_expect(oidc_world_sign_in(w, &said), OIDC_INVALID);
	mint_key_free(theirs);
	mint_key_free(other);
}

/* --- Basic: what is wrong --- */

static void s21_id_token_is_refused_for_each_of_these(void **state)
{
	static const struct {
		const char *module;
		struct said said;
	} rows[] = {
		{"OIDCCClientTestInvalidIssuerInIdToken", {.iss = "\"https://other.example\""}},
		{"issuer with a slash more", {.iss = "\"http://127.0.0.1/realm/\""}},
		{"OIDCCClientTestMissingIssuer", {.iss = ""}},
		{"OIDCCClientTestMissingSubInIdToken", {.sub = ""}},
		{"OIDCCClientTestInvalidAudInIdToken", {.aud = "\"other\""}},
		{"OIDCCClientTestMissingAudInIdToken", {.aud = ""}},
		{"azp is missing", {.aud = "[\"gate\",\"other\"]"}},
		{"azp is another's", {.more = ",\"azp\":\"other\""}},
		{"OIDCCClientTestMissingIatInIdToken", {.iat = ""}},
		{"expired", {.exp = "1000"}},
		{"OIDCCClientTestNonceInvalid", {.nonce = "\"another\""}},
		{"nonce is missing", {.nonce = ""}},
		{"at_hash is another token's", {.more = ",\"at_hash\":\"AAAAAAAAAAAAAAAAAAAAAA\""}},
		{"OIDCCClientTestIdTokenSigAlgNone", {.header = "{\"alg\":\"none\"}"}},
		{"HMAC by a public key", {.header = "{\"alg\":\"HS256\",\"kid\":\"one\"}"}},
		{"access token in its place",
			{.header = "{\"alg\":\"ES256\",\"kid\":\"one\",\"typ\":\"at+jwt\"}"}},
		{"logout token in its place", {.more = ",\"events\":{}"}},
	};
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct granted got = oidc_world_sign_in(w, &rows[i].said);

		if (got.answer != OIDC_INVALID || got.subject[0] || got.role != ROLE_NONE)
			fail_msg("%s: %d %s", rows[i].module, (int)got.answer, got.reason);
	}
	assert_int_equal(fake_http_hits(w->idp, "/realm/userinfo"), 0);
}

/* OIDCCClientTestInvalidIdTokenSignature */
static void token_signed_by_somebody_else_is_refused(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	oidc_world_expect(oidc_world_sign_in(w, &(struct said){.key = w->new_key}), OIDC_INVALID);
}

/* OIDCCClientTestKidAbsentMultipleMatchingKeysInJwks */
static void token_without_kid_is_refused_where_several_keys_fit(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_publish_keys(
		w, mint_jwk(w->key, "one", NULL), mint_jwk(w->new_key, "two", NULL));
	oidc_world_begin(w);
	oidc_world_expect(oidc_world_sign_in(w, &(struct said){.header = "{\"alg\":\"ES256\"}"}),
		OIDC_INVALID);
}

static void answer_of_the_token_endpoint_decides(void **state)
{
	static const struct {
		int status;
		const char *type, *body;
		enum oidc_outcome want;
	} rows[] = {
		{400, "application/json", "{\"error\":\"invalid_grant\"}", OIDC_REFUSED},
		{401, "application/json", "{\"error\":\"invalid_client\"}", OIDC_MISTRUSTED},
		{200, "application/json", "{\"error\":\"invalid_grant\"}", OIDC_REFUSED},
		{400, "application/json", "{\"error\":\"temporarily_unavailable\"}", OIDC_SILENT},
		{503, "application/json", "{\"error\":\"invalid_grant\"}", OIDC_SILENT},
		{429, "text/html", "<p>slowly", OIDC_SILENT},
		{502, "text/html", "<p>bad gateway", OIDC_SILENT},
		{400, "text/html", "<p>no", OIDC_INVALID},
		{200, "application/json", "{\"access_token\":\"x\",\"token_type\":\"Bearer\"}",
			OIDC_INVALID},
		{200, "application/json", "{\"access_token\":\"x\",\"token_type\":\"MAC\"}",
			OIDC_INVALID},
		{302, "text/html", "", OIDC_INVALID},
	};
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fake_http_set(w->idp, "/realm/token", rows[i].status, rows[i].type, rows[i].body);
		struct granted got = oidc_world_exchange(w);

		if (got.answer != rows[i].want || got.reason[0] == '\0')
			fail_msg("row %zu: %d %s", i, (int)got.answer, got.reason);
	}
}

struct strict {		    /* takes one spelling of the client's secret only */
	const char *wanted; /* in head or form */
	char *body;
	unsigned asked;
};

static bool answer_strictly(
	void *arg, const struct fake_request *request, struct fake_answer *answer)
{
	struct strict *strict = arg;
	bool is_taken =
		strstr(request->head, strict->wanted) || strstr(request->body, strict->wanted);

	if (strcmp(request->path, "/realm/token") != 0)
		return false;
	strict->asked++;
	answer->type = "application/json";
	answer->status = is_taken ? 200 : 401;
	sbuf_puts(&answer->body, is_taken ? strict->body : "{\"error\":\"invalid_client\"}");
	return true;
}

/* The provider says that it takes both ways, and takes `wanted`, which is the one tried as `nth`.
 */
static void expect_way(struct oidc_world *w, const char *wanted, unsigned nth)
{
	char *token = oidc_world_id_token(w, &(struct said){.more = NULL});
	struct strict strict = {.wanted = wanted,
		.body = mem_printf("{\"access_token\":\"o\",\"token_type\":\"Bearer\","
				   "\"id_token\":\"%s\"}",
			token)};

	oidc_world_publish(w, "\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\","
			      "\"client_secret_post\"]");
	oidc_world_begin(w);
	fake_http_handle(w->idp, answer_strictly, &strict);
	oidc_world_expect(oidc_world_exchange(w), OIDC_OK);
	assert_int_equal(strict.asked, nth);
	oidc_world_expect(oidc_world_exchange(w), OIDC_OK);
	assert_int_equal(strict.asked, nth + 1); /* known by now */
	fake_http_handle(w->idp, NULL, NULL);
	free(token);
	free(strict.body);
}

static void s86_odd_secret_is_sent_in_the_form_first(void **state)
{
	expect_way(*state, "&client_secret=a%3Ab%20%25%2B%26c", 1);
}

static void s86_what_is_refused_is_sent_form_encoded_as_the_password(void **state)
{
	expect_way(*state, "Z2F0ZTphJTNBYiUyMCUyNSUyQiUyNmM=", 2);
}

static void s86_what_is_refused_is_sent_as_it_stands_as_the_password(void **state)
{
	expect_way(*state, "Z2F0ZTphOmIgJSsmYw==", 3); /* gate:a:b %+&c */
}

static void id_token_of_600_groups_is_taken_and_one_that_is_too_long_is_told(void **state)
{
	struct oidc_world *w = *state;
	struct sbuf groups;

	oidc_world_begin(w);
	sbuf_init(&groups, 256 * 1024);
	for (int count = 0; count < 1600; count++) {
		sbuf_printf(&groups, "%s\"%08d-89ab-4cde-8fab-0123456789ab\"",
			count ? "," : ",\"groups\":[\"boss\",", count);
		if (count != 600 && count != 1599)
			continue;
		char *more = mem_printf("%s],\"big\":99999999999999999999", groups.at);
		struct granted got = oidc_world_sign_in(w, &(struct said){.more = more});
		oidc_world_expect(got, count == 600 ? OIDC_OK : OIDC_INVALID);
		assert_true(count == 600 ? got.role == ROLE_ADMIN
					 : strstr(got.reason, "too long") != NULL);
		free(more);
	}
	sbuf_clear(&groups);
}

/* --- userinfo --- */

/* OIDCCClientTestUserinfoBearerHeader, OIDCCClientTestScopeUserInfoClaims */
static void userinfo_is_asked_with_the_token_in_the_header(void **state)
{
	struct oidc_world *w = *state;

	oidc_world_userinfo(w, "{\"sub\":\"ann\",\"preferred_username\":\"annie\","
			       "\"groups\":[\"boss\"]}");
	oidc_world_begin(w);
	struct granted got = oidc_world_sign_in(w, &(struct said){.more = ",\"groups\":[\"dev\"]"});
	oidc_world_expect(got, OIDC_OK);
	assert_string_equal(got.name, "annie");
	assert_int_equal(got.role, ROLE_ADMIN);
	assert_true(got.is_whole);
	assert_true(was_sent(w, "/realm/userinfo", "GET /realm/userinfo HTTP/1.1\r\n"));
	assert_true(was_sent(w, "/realm/userinfo", "Authorization: Bearer opaque\r\n"));
}

/* OIDCCClientTestInvalidSubInUserinfoResponse */
static void s30_userinfo_about_another_person_ends_the_sign_in(void **state)
{
	static const char *const others[] = {"{\"sub\":\"eve\",\"groups\":[\"boss\"]}",
		"{\"groups\":[\"boss\"]}", "{\"sub\":1}", "[]", "{"};
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		oidc_world_userinfo(w, others[i]);
		struct granted got = oidc_world_sign_in(w, &(struct said){0});
		oidc_world_expect(got, OIDC_INVALID);
		assert_int_equal(got.role, ROLE_NONE);
	}
}

static void userinfo_that_fails_is_done_without(void **state)
{
	const struct said dev = {.more = ",\"groups\":[\"dev\"]"};
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	fake_http_set(w->idp, "/realm/userinfo", 500, "text/plain", "");
	struct granted got = oidc_world_sign_in(w, &dev);
	oidc_world_expect(got, OIDC_OK);
	assert_true(got.has_role && got.role == ROLE_USER);
	assert_false(got.is_whole); /* S70: nothing ends for good by that */
	fake_http_set(w->idp, "/realm/userinfo", 200, "text/html", "<p>maintenance");
	got = oidc_world_sign_in(w, &(struct said){0});
	oidc_world_expect(got, OIDC_OK);
	assert_false(got.has_role || got.is_whole);
}

static void s31_address_is_a_name_only_if_somebody_proved_it(void **state)
{
	static const struct {
		const char *claims, *name;
	} rows[] = {
		{",\"email\":\"a@x.example\",\"email_verified\":true", "a@x.example"},
		{",\"email\":\"a@x.example\"", ""},
		{",\"email\":\"a@x.example\",\"email_verified\":false", ""},
		{",\"email\":\"a@x.example\",\"email_verified\":\"true\"", ""},
		{",\"email\":\"a@x.example@y.example\",\"email_verified\":true", ""},
		{",\"email\":\"a\",\"email_verified\":true", ""},
		{",\"email\":\"@x\",\"email_verified\":true", ""},
		{",\"email\":\"a@\",\"email_verified\":true", ""},
		{",\"email\":\"a@x.example\",\"email_verified\":true,\"name\":\"Ann\"", "Ann"},
		{",\"name\":1,\"preferred_username\":\"ann\"", "ann"},
	};
	struct oidc_world *w = *state;

	oidc_world_begin(w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct granted got = oidc_world_sign_in(w, &(struct said){.more = rows[i].claims});
		oidc_world_expect(got, OIDC_OK);
		assert_string_equal(got.name, rows[i].name);
		assert_string_equal(got.subject, "ann");
	}
}

/* --- roles in the access token --- */

static void sign_in_with_access_token(
	struct oidc_world *w, const struct mint_key *key, const char *payload, enum role want)
{
	char *access = mint_token(key, "{\"alg\":\"ES256\",\"kid\":\"one\"}", payload);

	oidc_world_answer(w, oidc_world_id_token(w, &(struct said){0}), access, NULL);
	struct granted got = oidc_world_exchange(w);
	oidc_world_expect(got, OIDC_OK);
	assert_int_equal(got.role, want);
	free(access);
}

static void access_token_gives_roles_if_it_is_the_providers_about_the_same_person(void **state)
{
	struct oidc_world *w = *state;
	char *about_ann =
		mem_printf("{\"iss\":\"%s\",\"sub\":\"ann\",\"groups\":[\"boss\"]}", w->issuer);
	char *about_nobody = mem_printf("{\"iss\":\"%s\",\"groups\":[\"dev\"]}", w->issuer);
	char *about_eve =
		mem_printf("{\"iss\":\"%s\",\"sub\":\"eve\",\"groups\":[\"boss\"]}", w->issuer);

	oidc_world_begin(w);
	sign_in_with_access_token(w, w->key, about_ann, ROLE_ADMIN);
	sign_in_with_access_token(w, w->key, about_nobody, ROLE_USER);
	sign_in_with_access_token(w, w->key, about_eve, ROLE_NONE);
	sign_in_with_access_token(w, w->new_key, about_ann, ROLE_NONE);
	sign_in_with_access_token(w, w->key,
		"{\"iss\":\"https://other\",\"sub\":\"ann\",\"groups\":[\"boss\"]}", ROLE_NONE);
	free(about_ann);
	free(about_nobody);
	free(about_eve);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, oidc_world_make, oidc_world_drop)
#define SECRET(test)                                                                               \
	cmocka_unit_test_setup_teardown(test, oidc_world_make_with_secret, oidc_world_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(code_becomes_a_person),
		WORLD(public_client_sends_its_id_and_the_verifier),
		SECRET(secret_is_sent_as_the_password),
		SECRET(secret_is_sent_in_the_form_where_that_is_the_only_way),
		SECRET(s86_odd_secret_is_sent_in_the_form_first),
		SECRET(s86_what_is_refused_is_sent_form_encoded_as_the_password),
		SECRET(s86_what_is_refused_is_sent_as_it_stands_as_the_password),
		WORLD(id_token_of_600_groups_is_taken_and_one_that_is_too_long_is_told),
		WORLD(token_without_kid_is_checked_by_the_only_key),
		WORLD(rs256_is_taken_if_it_is_the_providers),
		WORLD(s21_id_token_is_refused_for_each_of_these),
		WORLD(token_signed_by_somebody_else_is_refused),
		WORLD(token_without_kid_is_refused_where_several_keys_fit),
		WORLD(answer_of_the_token_endpoint_decides),
		WORLD(userinfo_is_asked_with_the_token_in_the_header),
		WORLD(s30_userinfo_about_another_person_ends_the_sign_in),
		WORLD(userinfo_that_fails_is_done_without),
		WORLD(s31_address_is_a_name_only_if_somebody_proved_it),
		WORLD(access_token_gives_roles_if_it_is_the_providers_about_the_same_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
