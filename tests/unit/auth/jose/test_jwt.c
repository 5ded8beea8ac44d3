#include "auth/jose/jwt.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = 1700000000 };

static const char *const audiences[] = {"spark", "spark-ui"};
static const struct jwt_rules rules = {
	.issuer = "https://idp.example/x",
	.audiences = audiences,
	.audiences_count = 2,
	.now = NOW,
	.skew = 60,
};

static bool check(
	const char *typ, const char *payload, const struct jwt_rules *with, struct jwt_claims *out)
{
	struct jws jws = {.payload = mem_strdup(payload), .payload_len = strlen(payload)};
	struct err err = {""};
	int result;

	assert_true(str_copy(str_of(typ), jws.typ, sizeof jws.typ));
	result = jwt_check(&jws, with, out, &err);
	assert_true(result == 0 || err.text[0] != '\0');
	jws_clear(&jws);
	return result == 0;
}

static bool accepts_with(const char *typ, const char *payload, const struct jwt_rules *with)
{
	struct jwt_claims claims;
	bool good = check(typ, payload, with, &claims);

	jwt_clear(&claims);
	return good;
}

static bool accepts(const char *payload)
{
	return accepts_with("", payload, &rules);
}

/* A good token but for these members. */
#define HEAD	   "{\"iss\":\"https://idp.example/x\",\"sub\":\"alice\""
#define GOOD	   HEAD ",\"aud\":\"spark\",\"exp\":1700000100"
#define EXP(exp)   HEAD ",\"aud\":\"spark\",\"exp\":" exp "}"
#define AUD(aud)   HEAD ",\"exp\":1700000100,\"aud\":" aud "}"
#define WITH(more) GOOD "," more "}"

static void claims_are_handed_on(void **state)
{
	struct jwt_claims claims;

	(void)state;
	assert_true(check("", WITH("\"jti\":\"t1\""), &rules, &claims));
	assert_true(str_eq(claims.issuer, STR("https://idp.example/x")));
	assert_true(str_eq(claims.subject, STR("alice")));
	assert_true(str_eq(claims.token_id, STR("t1")));
	assert_int_equal(claims.expires_at, NOW + 100);
	jwt_clear(&claims);
}

static void s17_payload_must_be_one_object_without_duplicates(void **state)
{
	static const char *const bad[] = {"", "foo", "null", "[]", "\"x\"", GOOD, GOOD "}x",
		GOOD "} {}", WITH("\"exp\":1700000100"), WITH("\"x\":01e400"),
		WITH("\"x\":\"\\u0000\""), WITH("\"x\":\"\xff\"")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (accepts(bad[i]))
			fail_msg("taken: %s", bad[i]);
	}
}

static void s85_a_number_that_no_rule_reads_never_matters(void **state)
{
	(void)state;
	assert_true(accepts(WITH("\"x\":1e400")));
	assert_true(accepts(WITH("\"x\":9223372036854775808")));
	assert_true(accepts(WITH("\"x\":{\"y\":[-99999999999999999999,1]}")));
	assert_false(accepts(EXP("1e400")));
	assert_false(accepts(EXP("99999999999999999999")));
	assert_false(accepts(WITH("\"nbf\":-99999999999999999999")));
}

static void s17_deep_nesting_is_refused(void **state)
{
	char *text = mem_alloc(6000, 1);
	size_t len = strlen(GOOD ",\"x\":");

	(void)state;
	memcpy(text, GOOD ",\"x\":", len);
	memset(text + len, '[', 2500);
	memset(text + len + 2500, ']', 2500);
	text[len + 5000] = '}';
	assert_false(accepts(text));
	free(text);
}

static void s18_exp_is_required_and_a_number(void **state)
{
	(void)state;
	assert_true(accepts(EXP("1700000100")));
	assert_true(accepts(EXP("1700000100.5")));
	assert_false(accepts(HEAD ",\"aud\":\"spark\"}"));
	assert_false(accepts(EXP("\"1700000100\"")));
	assert_false(accepts(EXP("null")));
	assert_false(accepts(EXP("true")));
	assert_false(accepts(EXP("[1700000100]")));
	assert_false(accepts(EXP("0")));
	assert_false(accepts(EXP("-1")));
	assert_false(accepts(EXP("-1e300")));
}

static void s18_huge_exp_saturates(void **state)
{
	struct jwt_claims claims;

	(void)state;
	assert_true(check("", EXP("1e300"), &rules, &claims));
	assert_true(claims.expires_at == INT64_MAX);
	jwt_clear(&claims);
	assert_true(check("", EXP("9223372036854775807"), &rules, &claims));
	assert_true(claims.expires_at == INT64_MAX);
	jwt_clear(&claims);
}

static void s18_skew_is_at_most_a_minute(void **state)
{
	(void)state;
	assert_true(accepts(EXP("1699999941")));
	assert_false(accepts(EXP("1699999940")));
	assert_true(accepts(WITH("\"nbf\":1700000060")));
	assert_false(accepts(WITH("\"nbf\":1700000061")));
	assert_true(accepts(WITH("\"iat\":1700000060")));
	assert_false(accepts(WITH("\"iat\":1700000061")));
}

static void s18_nbf_and_iat_must_be_numbers(void **state)
{
	(void)state;
	assert_true(accepts(WITH("\"nbf\":1,\"iat\":1.5")));
	assert_false(accepts(WITH("\"nbf\":\"9999999999\"")));
	assert_false(accepts(WITH("\"nbf\":1e300")));
	assert_false(accepts(WITH("\"nbf\":null")));
	assert_false(accepts(WITH("\"iat\":\"1\"")));
}

static void s18_issuer_is_byte_equal(void **state)
{
	static const char *const others[] = {"https://idp.example/x/", "https://idp.example/X",
		"https://idp.example/", "HTTPS://idp.example/x", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		char *payload = mem_printf(
			"{\"iss\":\"%s\",\"sub\":\"a\",\"aud\":\"spark\",\"exp\":1700000100}",
			others[i]);
		assert_false(accepts(payload));
		free(payload);
	}
	assert_false(accepts("{\"sub\":\"a\",\"aud\":\"spark\",\"exp\":1700000100}"));
	assert_false(accepts("{\"iss\":[\"https://idp.example/"
			     "x\"],\"sub\":\"a\",\"aud\":\"spark\",\"exp\":1700000100}"));
}

static void s18_audience_contains_ours(void **state)
{
	struct jwt_rules any = rules;

	(void)state;
	any.audiences_count = 0;
	assert_true(accepts(AUD("\"spark\"")));
	assert_true(accepts(AUD("\"spark-ui\"")));
	assert_true(accepts(AUD("[\"other\",\"spark\"]")));
	assert_false(accepts(AUD("\"other\"")));
	assert_false(accepts(AUD("\"spark \"")));
	assert_false(accepts(AUD("[]")));
	assert_false(accepts(AUD("[[\"spark\"]]")));
	assert_false(accepts(AUD("[\"spark\",7]")));
	assert_false(accepts(AUD("{\"spark\":1}")));
	assert_false(accepts(AUD("null")));
	assert_false(accepts(HEAD ",\"exp\":1700000100}"));
	assert_true(accepts_with("", AUD("\"other\""), &any));
	assert_true(accepts_with("", HEAD ",\"exp\":1700000100}", &any));
	assert_false(accepts_with("", AUD("7"), &any));
}

static void s18_typ_is_that_of_an_access_token(void **state)
{
	static const char *const good[] = {
		"", "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"};
	static const char *const bad[] = {
		"logout+jwt", "secevent+jwt", "dpop+jwt", "JOSE", "at+jwt ", "id+jwt"};
	struct jwt_rules strict = rules;

	(void)state;
	strict.use = JWT_ACCESS_TOKEN_ONLY;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(accepts_with(good[i], GOOD "}", &rules));
		assert_int_equal(accepts_with(good[i], GOOD "}", &strict), i >= 3);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(accepts_with(bad[i], GOOD "}", &rules));
}

static void s18_id_tokens_are_no_access_tokens(void **state)
{
	static const char *const marks[] = {"\"nonce\":\"n\"", "\"at_hash\":\"h\"",
		"\"c_hash\":\"h\"", "\"typ\":\"ID\"", "\"typ\":\"Refresh\"", "\"typ\":\"Logout\"",
		"\"token_use\":\"id\"", "\"events\":{}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		char *payload = mem_printf("%s,%s}", GOOD, marks[i]);

		assert_false(accepts_with("", payload, &rules));
		assert_false(accepts_with("JWT", payload, &rules));
		assert_true(accepts_with("at+jwt", payload, &rules));
		free(payload);
	}
	assert_true(accepts(WITH("\"typ\":\"Bearer\"")));
}

static void s150_token_that_tells_of_a_sign_in_alone_is_an_id_token(void **state)
{
	static const char *const scopes[] = {"\"scope\":[\"openid\"]", "\"scope\":\"openid\"",
		"\"scp\":[\"read\"]", "\"token_use\":\"access\"", "\"typ\":\"at+jwt\""};
	static const char bare[] = GOOD ",\"azp\":\"spark\",\"auth_time\":1700000000,\"sid\":\"x\"";

	(void)state;
	assert_false(accepts_with("", WITH("\"auth_time\":1700000000"), &rules));
	assert_false(accepts_with("JWT", WITH("\"auth_time\":1700000000"), &rules));
	assert_true(accepts_with("at+jwt", WITH("\"auth_time\":1700000000"), &rules));
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
		char *payload = mem_printf("%s,%s}", bare, scopes[i]);

		assert_true(accepts_with("", payload, &rules));
		free(payload);
	}
}

static void subject_is_required(void **state)
{
	(void)state;
	assert_false(accepts(
		"{\"iss\":\"https://idp.example/x\",\"aud\":\"spark\",\"exp\":1700000100}"));
	assert_false(accepts("{\"iss\":\"https://idp.example/"
			     "x\",\"sub\":\"\",\"aud\":\"spark\",\"exp\":1700000100}"));
	assert_false(accepts("{\"iss\":\"https://idp.example/"
			     "x\",\"sub\":7,\"aud\":\"spark\",\"exp\":1700000100}"));
	assert_false(accepts(WITH("\"jti\":7")));
}

static void peeked_issuer_is_bounded(void **state)
{
	char issuer[512], *longest = mem_alloc(600, 1);
	struct jws jws = {0};

	(void)state;
	memset(longest, 'x', 599);
	jws.payload = mem_printf("{\"iss\":\"%s\"}", longest);
	jws.payload_len = strlen(jws.payload);
	jwt_peek_issuer(&jws, issuer);
	assert_string_equal(issuer, "");
	json_decref(jws.json);
	jws.json = NULL;
	jws.payload[20] = '"';
	jws.payload[21] = '}';
	jws.payload_len = 22;
	jwt_peek_issuer(&jws, issuer);
	assert_string_equal(issuer, "xxxxxxxxxxxx");
	jws_clear(&jws);
	free(longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_are_handed_on),
		cmocka_unit_test(s17_payload_must_be_one_object_without_duplicates),
		cmocka_unit_test(s85_a_number_that_no_rule_reads_never_matters),
		cmocka_unit_test(s17_deep_nesting_is_refused),
		cmocka_unit_test(s18_exp_is_required_and_a_number),
		cmocka_unit_test(s18_huge_exp_saturates),
		cmocka_unit_test(s18_skew_is_at_most_a_minute),
		cmocka_unit_test(s18_nbf_and_iat_must_be_numbers),
		cmocka_unit_test(s18_issuer_is_byte_equal),
		cmocka_unit_test(s18_audience_contains_ours),
		cmocka_unit_test(s18_typ_is_that_of_an_access_token),
		cmocka_unit_test(s18_id_tokens_are_no_access_tokens),
		cmocka_unit_test(s150_token_that_tells_of_a_sign_in_alone_is_an_id_token),
		cmocka_unit_test(subject_is_required),
		cmocka_unit_test(peeked_issuer_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
