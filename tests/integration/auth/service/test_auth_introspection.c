/* Opaque bearer tokens, and the issuer that is asked about them (RFC 7662). */
#include "auth/issuers/introspect.h"
#include "auth/issuers/token_home.h"
#include "base/clock.h"
#include "tests/support/auth_world.h"
#include "tests/support/fake_http.h"
#include "tests/support/scratch.h"

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
	struct fake_http *issuer;
	char *folder, *secret;
	struct auth_world *world;
};

static const char header[] = "Bearer opaque-1";

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->issuer = fake_http_start("127.0.0.1");
	f->folder = scratch_new();
	f->secret = scratch_write(f->folder, "secret", "s3cret of the gateway");
	assert_int_equal(chmod(f->secret, 0600), 0);
	char *extra = mem_printf(
		"auth:\n"
		"  bearer: [{issuer: http://127.0.0.1:%u, audience: [spark], introspection: "
		"{url: http://127.0.0.1:%u/introspect, client_id: gate, client_secret_file: %s}}]\n"
		"  roles: {claim: groups, admin: [boss], user: [dev]}\n",
		fake_http_port(f->issuer), fake_http_port(f->issuer), f->secret);
	f->world = auth_world_new(extra);
	free(extra);
	auth_world_start(f->world);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	auth_world_free(f->world);
	fake_http_stop(f->issuer);
	scratch_free(f->folder);
	free(f->secret);
	free(f);
	return 0;
}

static void answer(struct fixture *f, const char *claims)
{
	fake_http_set(f->issuer, "/introspect", 200, "application/json", claims);
}

/* An active token of `audience` that ends in so many seconds. */
static void answer_active(struct fixture *f, const char *audience, int ends_in)
{
	char *claims = mem_printf("{\"active\":true,\"sub\":\"ann\",\"aud\":[\"x\",\"%s\"],"
				  "\"groups\":[\"dev\"],\"exp\":%lld}",
		audience, (long long)clock_wall_s() + ends_in);

	answer(f, claims);
	free(claims);
}

static void active_token_opens_with_its_role_and_is_asked_for_once(void **state)
{
	struct fixture *f = *state;

	answer_active(f, "spark", 300);
	for (int i = 0; i < 3; i++) {
		struct auth_result result = auth_world_ask(f->world, 0, header, NULL);
		assert_int_equal(result.status, AUTH_OK);
		assert_string_equal(result.who->subject, "ann");
		assert_int_equal(result.who->role, ROLE_USER);
		identity_unref(result.who);
	}
	assert_int_equal(fake_http_hits(f->issuer, "/introspect"), 1);
}

static void issuer_is_shown_who_asks_and_the_log_is_not_shown_the_token(void **state)
{
	struct fixture *f = *state;

	answer_active(f, "spark", 300);
	auth_world_expect(f->world, 0, header, NULL, AUTH_OK);
	char *head = fake_http_last_head(f->issuer, "/introspect");
	assert_non_null(strstr(head, "Authorization: Basic "));
	assert_null(strstr(head, "s3cret"));
	assert_null(strstr(head, "opaque-1"));
	free(head);
}

static void inactive_token_is_refused_and_not_asked_for_again_at_once(void **state)
{
	struct fixture *f = *state;

	answer(f, "{\"active\":false}");
	auth_world_expect(f->world, 0, header, NULL, AUTH_INVALID_TOKEN);
	auth_world_expect(f->world, 0, header, NULL, AUTH_INVALID_TOKEN);
	assert_int_equal(fake_http_hits(f->issuer, "/introspect"), 1);
}

static void answer_400(struct fixture *f, const char *error)
{
	fake_http_set(f->issuer, "/introspect", 400, "application/json", error);
}

static void token_of_a_kind_the_issuer_does_not_speak_for_is_refused(void **state)
{
	struct fixture *f = *state;

	answer_400(f, "{\"error\":\"invalid_client\"}");
	auth_world_expect(f->world, 0, header, NULL, AUTH_MISTRUSTED); /* the operator's trouble */
	answer_400(f, "{\"error\":\"unsupported_token_type\"}");
	auth_world_expect(f->world, 0, header, NULL, AUTH_INVALID_TOKEN);
}

static void issuer_that_refuses_the_gateways_client_is_the_operators_trouble(void **state)
{
	static const int statuses[] = {401, 403};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		fake_http_set(f->issuer, "/introspect", statuses[i], "text/plain", "who are you?");
		auth_world_expect(f->world, 0, header, NULL, AUTH_MISTRUSTED);
	}
	fake_http_set(f->issuer, "/introspect", 429, "application/json", "{}");
	auth_world_expect(f->world, 0, header, NULL, AUTH_ISSUER_SILENT);
}

static void s41_token_of_another_service_is_refused(void **state)
{
	struct fixture *f = *state;

	answer_active(f, "billing", 300);
	auth_world_expect(f->world, 0, header, NULL, AUTH_INVALID_TOKEN);
}

static void token_that_has_ended_is_refused_whatever_the_issuer_says(void **state)
{
	struct fixture *f = *state;

	answer_active(f, "spark", -1);
	auth_world_expect(f->world, 0, header, NULL, AUTH_INVALID_TOKEN);
}

static void answer_never_outlives_the_token(void **state)
{
	struct fixture *f = *state;

	answer_active(f, "spark", 3); /* whole seconds, on a busy machine */
	auth_world_expect(f->world, 0, header, NULL, AUTH_OK);
	assert_true(auth_world_await(f->world, 0, header, NULL, AUTH_INVALID_TOKEN) >= 0);
}

static void issuer_that_is_silent_leaves_it_undecided(void **state)
{
	struct fixture *f = *state;

	fake_http_down(f->issuer, true);
	auth_world_expect(f->world, 0, header, NULL, AUTH_ISSUER_SILENT);
	fake_http_down(f->issuer, false);
	answer(f, "no JSON at all");
	auth_world_expect(f->world, 0, header, NULL, AUTH_ISSUER_SILENT);
	answer_active(f, "spark", 300);
	auth_world_expect(f->world, 0, header, NULL, AUTH_OK);
}

struct row {
	const char *claims;
	enum introspect_outcome want;
};

static void expect_answers(const struct row *rows, size_t count, bool any_audience)
{
	char issuer[] = "http://idp", spark[] = "spark", *audience[] = {spark};
	const struct conf_bearer row = {
		.issuer = issuer, .audience = {audience, 1}, .insecure_no_audience = any_audience};

	for (size_t i = 0; i < count; i++) {
		json_t *claims = json_loads(rows[i].claims, 0, NULL);
		struct introspect_result result;

		assert_non_null(claims);
		introspect_judge(&row, claims, 1000, &result);
		if (result.answer != rows[i].want)
			fail_msg("%s: %s", rows[i].claims, result.reason);
		json_decref(claims);
	}
}

static void only_what_is_wholly_right_is_active(void **state)
{
	static const struct row rows[] = {
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\"}", INTROSPECT_ACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"client_id\":\"c\"}", INTROSPECT_ACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_type\":\"bearer\"}",
			INTROSPECT_ACTIVE},
		{"{\"active\":\"true\",\"aud\":\"spark\",\"sub\":\"a\"}", INTROSPECT_INACTIVE},
		{"{\"active\":1,\"aud\":\"spark\",\"sub\":\"a\"}", INTROSPECT_INACTIVE},
		{"{\"active\":true,\"sub\":\"a\"}", INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":[],\"sub\":\"a\"}", INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\"}", INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"exp\":\"soon\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"exp\":1e300}",
			INTROSPECT_ACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"exp\":-1}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"iss\":\"http://other\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_type\":\"DPoP\"}",
			INTROSPECT_INACTIVE},
	};

	(void)state;
	expect_answers(rows, ARRAY_LEN(rows), false);
}

static const struct row kinds[] = {
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"nonce\":\"n\"}", INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"at_hash\":\"h\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"c_hash\":\"h\"}", INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"auth_time\":7}", INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"nonce\":\"n\",\"scope\":\"\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"nonce\":\"n\",\"scope\":null}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_use\":\"id\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_use\":\"refresh\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_use\":\"refresh_token\","
	 "\"token_type\":\"Bearer\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"Refresh\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"Offline\",\"token_"
	 "type\":\"Bearer\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"ID\",\"scope\":"
	 "\"openid\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"id_token\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"Id-Token\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"idToken\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"application/id+jwt\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_type\":\"refresh_"
	 "token\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_type\":\"id_token\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_use\":\"urn:ietf:params:"
	 "oauth:token-type:refresh_token\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_use\":[\"access\"]}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"logout+jwt\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"events\":{}}", INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_use\":\"authorization_"
	 "code\"}",
		INTROSPECT_INACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_use\":\"access\"}",
		INTROSPECT_ACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"token_use\":\"access_token\","
	 "\"token_type\":\"Bearer\"}",
		INTROSPECT_ACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"Bearer\",\"auth_"
	 "time\":7,\"scope\":\"openid\"}",
		INTROSPECT_ACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"at+jwt\"}", INTROSPECT_ACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"typ\":\"JWT\"}", INTROSPECT_ACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"nonce\":\"n\",\"token_type\":"
	 "\"Bearer\"}",
		INTROSPECT_ACTIVE},
	{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"auth_time\":7,\"scope\":"
	 "\"openid\"}",
		INTROSPECT_ACTIVE},
};

static void s48_only_an_access_token_is_active(void **state)
{

	(void)state;
	expect_answers(kinds, ARRAY_LEN(kinds), false);
}

static void s48_token_whose_time_has_not_come_is_inactive(void **state)
{
	static const struct row rows[] = {
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"nbf\":1060}",
			INTROSPECT_ACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"nbf\":1061}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"nbf\":1e300}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"nbf\":\"900\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"nbf\":1}", INTROSPECT_ACTIVE},
	};

	(void)state;
	expect_answers(rows, ARRAY_LEN(rows), false);
}

/* What Spring Authorization Server says of an access token, an ID token, a refresh token and a
 * code of its own, all of them active. */
static void s48_what_spring_authorization_server_says_is_told_apart(void **state)
{
	static const struct row rows[] = {
		{"{\"active\":true,\"sub\":\"ann\",\"aud\":[\"spark\"],\"nbf\":900,\"scope\":"
		 "\"openid profile\",\"iss\":\"http://idp\",\"exp\":1200,\"iat\":900,\"jti\":"
		 "\"d1b2\",\"client_id\":\"spark\",\"token_type\":\"Bearer\"}",
			INTROSPECT_ACTIVE},
		{"{\"active\":true,\"sub\":\"ann\",\"aud\":[\"spark\"],\"azp\":\"spark\","
		 "\"auth_time\":890,\"iss\":\"http://idp\",\"exp\":1200,\"iat\":900,\"jti\":"
		 "\"f00d\",\"sid\":\"c2lk\",\"client_id\":\"spark\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"client_id\":\"spark\",\"iat\":900,\"exp\":4500}",
			INTROSPECT_INACTIVE},
	};

	(void)state;
	expect_answers(rows, ARRAY_LEN(rows), false);
	expect_answers(rows, ARRAY_LEN(rows), true);
}

static void s48_refresh_token_of_idpyoidc_is_told_apart(void **state)
{
	static const struct row rows[] = {
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"scope\":\"openid\",\"token_"
		 "class\":\"refresh_token\",\"token_type\":\"Bearer\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"ttype\":\"R\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"sub\":\"a\",\"scope\":\"openid\",\"token_"
		 "class\":\"access_token\",\"token_type\":\"Bearer\"}",
			INTROSPECT_ACTIVE},
	};

	(void)state;
	expect_answers(rows, ARRAY_LEN(rows), false);
}

/* Their issuer's word is not asked for: it would be a word on any token of its own (nanoidp). */
static void s48_signed_token_that_says_itself_that_it_is_no_access_token_is_shown_to_nobody(
	void **state)
{
	/* {"alg":"RS256","typ":"JWT"} {"sub":"ann","token_use":"refresh"} */
	static const char refresh[] = "Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."
				      "eyJzdWIiOiJhbm4iLCJ0b2tlbl91c2UiOiJyZWZyZXNoIn0.c2ln";
	struct fixture *f = *state;

	answer_active(f, "spark", 300);
	auth_world_expect(f->world, 0, refresh, NULL, AUTH_INVALID_TOKEN);
	assert_int_equal(fake_http_hits(f->issuer, "/introspect"), 0);
}

static void s48_who_says_token_type_of_some_has_made_no_access_token_without_it(void **state)
{
	struct fixture *f = *state;

	answer_active(f, "spark", 300);
	auth_world_expect(f->world, 0, header, NULL, AUTH_OK);
	answer(f, "{\"active\":true,\"aud\":\"spark\",\"sub\":\"ann\",\"token_type\":\"bearer\"}");
	auth_world_expect(f->world, 0, "Bearer opaque-2", NULL, AUTH_OK);
	answer_active(f, "spark", 300);
	auth_world_expect(f->world, 0, "Bearer opaque-3", NULL, AUTH_INVALID_TOKEN);
}

/* Keycloak 26.7 calls its own access tokens inactive when the client that asks is not in aud. */
static void token_that_is_for_others_is_told_from_one_that_is_for_who_asks(void **state)
{
	/* {"alg":"RS256"} {"aud":"account","exp":2000} and {"aud":["gate"],"exp":2000} */
	static const char others[] =
		"eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhY2NvdW50IiwiZXhwIjoyMDAwfQ.x";
	static const char ours[] = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOlsiZ2F0ZSJdLCJleHAiOjIwMDB9.x";

	(void)state;
	assert_true(token_home_is_for_others(str_of(others), "gate", 1000));
	assert_false(token_home_is_for_others(str_of(others), "gate", 2000));
	assert_false(token_home_is_for_others(str_of(ours), "gate", 1000));
	assert_false(token_home_is_for_others(STR("opaque"), "gate", 1000));
}

/* What django-oauth-toolkit says: a name and a client, and no sub. */
static void s87_person_of_whom_only_a_name_is_told_is_that_person(void **state)
{
	struct fixture *f = *state;

	answer(f, "{\"active\":true,\"aud\":\"spark\",\"scope\":\"read\",\"client_id\":\"app\","
		  "\"username\":\"ann\",\"groups\":[\"dev\"]}");
	struct auth_result result = auth_world_ask(f->world, 0, header, NULL);
	assert_int_equal(result.status, AUTH_OK);
	assert_string_equal(result.who->subject, "username:ann");
	assert_string_equal(result.who->name, "ann");
	identity_unref(result.who);
	answer(f, "{\"active\":true,\"aud\":\"spark\",\"scope\":\"read\",\"client_id\":\"app\","
		  "\"username\":\"bob\",\"groups\":[\"dev\"]}");
	result = auth_world_ask(f->world, 0, "Bearer opaque-2", NULL);
	assert_string_equal(result.who->subject, "username:bob");
	identity_unref(result.who);
}

static void s87_client_is_nobodys_name_where_a_person_signed_in(void **state)
{
	static const struct row rows[] = {
		{"{\"active\":true,\"aud\":\"spark\",\"client_id\":\"c\",\"scope\":\"read\"}",
			INTROSPECT_ACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"client_id\":\"c\",\"scope\":\"openid a\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"client_id\":\"c\",\"email\":\"a@b\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"client_id\":\"c\",\"username\":\"\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"client_id\":\"c\",\"sub\":\"\"}",
			INTROSPECT_INACTIVE},
		{"{\"active\":true,\"aud\":\"spark\",\"client_id\":\"c\",\"sub\":7}",
			INTROSPECT_INACTIVE},
	};

	(void)state;
	expect_answers(rows, ARRAY_LEN(rows), false);
}

static void s48_id_token_that_its_issuer_calls_active_opens_nothing(void **state)
{
	struct fixture *f = *state;

	answer(f, "{\"active\":true,\"sub\":\"ann\",\"aud\":[\"spark\"],\"azp\":\"spark\","
		  "\"auth_time\":890,\"groups\":[\"boss\"],\"client_id\":\"spark\"}");
	auth_world_expect(f->world, 0, header, NULL, AUTH_INVALID_TOKEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(active_token_opens_with_its_role_and_is_asked_for_once),
		TEST(issuer_is_shown_who_asks_and_the_log_is_not_shown_the_token),
		TEST(inactive_token_is_refused_and_not_asked_for_again_at_once),
		TEST(token_of_a_kind_the_issuer_does_not_speak_for_is_refused),
		TEST(issuer_that_refuses_the_gateways_client_is_the_operators_trouble),
		TEST(s41_token_of_another_service_is_refused),
		TEST(token_that_has_ended_is_refused_whatever_the_issuer_says),
		TEST(answer_never_outlives_the_token),
		TEST(issuer_that_is_silent_leaves_it_undecided),
		TEST(s48_id_token_that_its_issuer_calls_active_opens_nothing),
		cmocka_unit_test(only_what_is_wholly_right_is_active),
		cmocka_unit_test(s48_only_an_access_token_is_active),
		cmocka_unit_test(s48_token_whose_time_has_not_come_is_inactive),
		cmocka_unit_test(s48_refresh_token_of_idpyoidc_is_told_apart),
		TEST(s48_signed_token_that_says_itself_that_it_is_no_access_token_is_shown_to_nobody),
		TEST(s48_who_says_token_type_of_some_has_made_no_access_token_without_it),
		cmocka_unit_test(token_that_is_for_others_is_told_from_one_that_is_for_who_asks),
		TEST(s87_person_of_whom_only_a_name_is_told_is_that_person),
		cmocka_unit_test(s87_client_is_nobodys_name_where_a_person_signed_in),
		cmocka_unit_test(s48_what_spring_authorization_server_says_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
