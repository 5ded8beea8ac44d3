#include "auth/issuers/oidc_provider.h"

#include "auth/issuers/client_auth.h"

#include "auth/jose/jwk.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ISSUER	  "https://idp.example/realms/x"
#define HEAD	  "{\"issuer\":\"" ISSUER "\""
#define AUTHORIZE ",\"authorization_endpoint\":\"https://idp.example/auth\""
#define TOKEN	  ",\"token_endpoint\":\"https://idp.example/token\""
#define KEYS	  ",\"jwks_uri\":\"https://keys.example/jwks\""
#define DOCUMENT  HEAD AUTHORIZE TOKEN KEYS

static struct err why;

static struct oidc_provider *parse(const char *text)
{
	why.text[0] = '\0';
	return oidc_provider_parse(str_of(text), ISSUER, &why);
}

static bool is_taken(const char *text)
{
	struct oidc_provider *provider = parse(text);
	bool taken = provider != NULL;

	assert_int_equal(taken, why.text[0] == '\0');
	oidc_provider_unref(provider);
	return taken;
}

static void everything_is_read(void **state)
{
	struct oidc_provider *p = parse(DOCUMENT
		",\"userinfo_endpoint\":\"https://idp.example/me\""
		",\"end_session_endpoint\":\"https://idp.example/end\""
		",\"introspection_endpoint\":\"https://idp.example/introspect\""
		",\"authorization_response_iss_parameter_supported\":true"
		",\"code_challenge_methods_supported\":[\"plain\",\"S256\"]"
		",\"response_types_supported\":[\"code\",\"id_token\"]"
		",\"grant_types_supported\":[\"authorization_code\",\"refresh_token\"]"
		",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]"
		",\"id_token_signing_alg_values_supported\":[\"RS256\",\"ES256\",\"HS256\","
		"\"none\",\"XX\"]}");

	(void)state;
	assert_non_null(p);
	assert_string_equal(p->issuer, ISSUER);
	assert_string_equal(p->authorization_endpoint, "https://idp.example/auth");
	assert_string_equal(p->token_endpoint, "https://idp.example/token");
	assert_string_equal(p->jwks_uri, "https://keys.example/jwks");
	assert_string_equal(p->userinfo_endpoint, "https://idp.example/me");
	assert_string_equal(p->end_session_endpoint, "https://idp.example/end");
	assert_string_equal(p->introspection_endpoint, "https://idp.example/introspect");
	assert_true(p->iss_in_response);
	assert_int_equal(p->client_offers, CLIENT_OFFERS_POST);
	assert_int_equal(p->introspection_offers, CLIENT_OFFERS_POST);
	assert_int_equal(p->id_token_algorithms, 1u << RS256 | 1u << ES256);
	oidc_provider_unref(oidc_provider_ref(p));
	oidc_provider_unref(p);
	oidc_provider_unref(NULL);
}

static void what_is_absent_has_its_default(void **state)
{
	struct oidc_provider *p = parse(DOCUMENT ",\"end_session_endpoint\":null}");

	(void)state;
	assert_non_null(p);
	assert_null(p->userinfo_endpoint);
	assert_null(p->end_session_endpoint);
	assert_null(p->introspection_endpoint);
	assert_false(p->iss_in_response);
	assert_int_equal(p->client_offers, CLIENT_OFFERS_BASIC);
	assert_int_equal(p->introspection_offers, 0);
	assert_int_equal(p->id_token_algorithms, 1u << RS256);
	oidc_provider_unref(p);
}

/* Conformance module DiscoveryIssuerMismatch. */
static void s21_discovery_issuer_mismatch_is_refused(void **state)
{
	static const char *const others[] = {ISSUER "/", "https://idp.example/realms/X",
		"HTTPS://idp.example/realms/x", "https://idp.example/realms", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		char *text = mem_printf("{\"issuer\":\"%s\"%s}", others[i], AUTHORIZE TOKEN KEYS);

		assert_false(is_taken(text));
		free(text);
	}
	assert_false(is_taken("{\"issuer\":[\"" ISSUER "\"]" AUTHORIZE TOKEN KEYS "}"));
	assert_false(is_taken("{\"x\":1" AUTHORIZE TOKEN KEYS "}"));
}

static void required_members_are_required(void **state)
{
	(void)state;
	assert_true(is_taken(DOCUMENT "}"));
	assert_false(is_taken(HEAD TOKEN KEYS "}"));
	assert_non_null(strstr(why.text, "authorization_endpoint"));
	assert_false(is_taken(HEAD AUTHORIZE KEYS "}"));
	assert_non_null(strstr(why.text, "token_endpoint"));
	assert_false(is_taken(HEAD AUTHORIZE TOKEN "}"));
	assert_non_null(strstr(why.text, "jwks_uri"));
	assert_false(is_taken(HEAD AUTHORIZE TOKEN ",\"jwks_uri\":7}"));
}

static void s21_endpoints_are_https_or_on_loopback(void **state)
{
	static const char *const good[] = {"https://a.example/x?tenant=1", "https://a.example",
		"http://127.0.0.1:8080/x", "http://[::1]:8080/x", "http://localhost/x",
		"https://a.example//api//oidc/auth" /* glewlwyd, behind a proxy */};
	static const char *const bad[] = {"http://a.example/x", "https://a.example/x#y",
		"https://a.example/x?y#z", "https://u:p@a.example/", "javascript:alert(1)", "/x",
		"", "https://a.example/x y", "https://a.example/x?a\\nb", "ftp://127.0.0.1/",
		"https://a.example/\\u00e9", "https://a.example/?\\u00e9", "https:///x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good) + ARRAY_LEN(bad); i++) {
		bool is_good = i < ARRAY_LEN(good);
		const char *url = is_good ? good[i] : bad[i - ARRAY_LEN(good)];
		char *required =
			mem_printf("%s,\"authorization_endpoint\":\"%s\"}", HEAD TOKEN KEYS, url);
		char *optional = mem_printf("%s,\"end_session_endpoint\":\"%s\"}", DOCUMENT, url);

		assert_int_equal(is_taken(required), is_good);
		assert_int_equal(is_taken(optional), is_good);
		free(required);
		free(optional);
	}
}

static void s4_endpoints_are_bounded(void **state)
{
	char long_path[OIDC_ENDPOINT_MAX + 1];

	(void)state;
	memset(long_path, 'x', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	char *text = mem_printf(
		"%s,\"end_session_endpoint\":\"https://a.example/?%s\"}", DOCUMENT, long_path);
	assert_false(is_taken(text));
	free(text);
}

static void s21_pkce_with_s256_must_be_offered_if_any_is(void **state)
{
	(void)state;
	assert_true(is_taken(DOCUMENT ",\"code_challenge_methods_supported\":[\"S256\"]}"));
	assert_false(is_taken(DOCUMENT ",\"code_challenge_methods_supported\":[\"plain\"]}"));
	assert_non_null(strstr(why.text, "PKCE"));
	assert_false(is_taken(DOCUMENT ",\"code_challenge_methods_supported\":[]}"));
	assert_false(is_taken(DOCUMENT ",\"code_challenge_methods_supported\":\"S256\"}"));
}

static void providers_that_ask_for_more_are_refused_with_the_reason(void **state)
{
	static const char *const more[] = {"\"response_types_supported\":[\"id_token\"]",
		"\"response_modes_supported\":[\"form_post\"]",
		"\"grant_types_supported\":[\"implicit\"]",
		"\"require_pushed_authorization_requests\":true",
		"\"require_signed_request_object\":true"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		char *text = mem_printf("%s,%s}", DOCUMENT, more[i]);

		assert_false(is_taken(text));
		free(text);
	}
	assert_true(is_taken(DOCUMENT ",\"require_pushed_authorization_requests\":false}"));
}

static void s13_provider_that_signs_with_secrets_only_is_refused(void **state)
{
	(void)state;
	assert_false(is_taken(
		DOCUMENT ",\"id_token_signing_alg_values_supported\":[\"HS256\",\"none\"]}"));
	assert_false(is_taken(DOCUMENT ",\"id_token_signing_alg_values_supported\":[]}"));
	assert_false(is_taken(DOCUMENT ",\"id_token_signing_alg_values_supported\":\"RS256\"}"));
}

static void s17_documents_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "7", "null", "<html>", DOCUMENT, DOCUMENT KEYS "}", DOCUMENT "} x"};
	char *large = mem_alloc(OIDC_PROVIDER_MAX_BYTES + 2, 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_taken(bad[i]));
	memset(large, ' ', OIDC_PROVIDER_MAX_BYTES + 1);
	memcpy(large, DOCUMENT "}", strlen(DOCUMENT "}"));
	assert_false(is_taken(large));
	large[OIDC_PROVIDER_MAX_BYTES] = '\0';
	assert_true(is_taken(large));
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(what_is_absent_has_its_default),
		cmocka_unit_test(s21_discovery_issuer_mismatch_is_refused),
		cmocka_unit_test(required_members_are_required),
		cmocka_unit_test(s21_endpoints_are_https_or_on_loopback),
		cmocka_unit_test(s4_endpoints_are_bounded),
		cmocka_unit_test(s21_pkce_with_s256_must_be_offered_if_any_is),
		cmocka_unit_test(providers_that_ask_for_more_are_refused_with_the_reason),
		cmocka_unit_test(s13_provider_that_signs_with_secrets_only_is_refused),
		cmocka_unit_test(s17_documents_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
