#include "auth/oidc/oidc_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char openid[] = "openid", groups[] = "groups", issuer[] = "https://idp.example",
	    client_id[] = "spark gate&x=1", endpoint[] = "https://idp.example/auth",
	    tenant[] = "https://idp.example/auth?tenant=a", end[] = "https://idp.example/end";

static struct conf_oidc client;

static struct conf conf_of(char **scopes, size_t count)
{
	client = (struct conf_oidc){
		.issuer = issuer, .client_id = client_id, .scopes = {scopes, count}};
	return (struct conf){
		.server = {.origin = "https://gate.example", .base = "/spark"},
		.oidc = &client,
		.oidc_count = 1,
	};
}

static void s21_redirect_uri_is_of_the_configuration(void **state)
{
	struct conf conf = conf_of(NULL, 0);
	char *uri = oidc_redirect_uri(&conf, &client, AUTH_SITE_PUBLIC);
	char *back = oidc_post_logout_redirect_uri(&conf, AUTH_SITE_PUBLIC);

	(void)state;
	assert_string_equal(uri, "https://gate.example/spark/_gate/callback");
	assert_string_equal(back, "https://gate.example/spark/_gate/logout");
	free(uri);
	free(back);
	conf.server.base[0] = '\0';
	uri = oidc_redirect_uri(&conf, &client, AUTH_SITE_PUBLIC);
	assert_string_equal(uri, "https://gate.example/_gate/callback");
	free(uri);
}

static void s193_provider_with_a_name_has_a_redirect_uri_of_its_own(void **state)
{
	static char name[] = "partner";
	struct conf conf = conf_of(NULL, 0);

	(void)state;
	client.name = name;
	char *uri = oidc_redirect_uri(&conf, &client, AUTH_SITE_PUBLIC);
	assert_string_equal(uri, "https://gate.example/spark/_gate/callback/partner");
	free(uri);
}

static void s0_admin_site_has_a_redirect_uri_of_its_own(void **state)
{
	struct conf conf = conf_of(NULL, 0);

	(void)state;
	snprintf(conf.admin.origin, sizeof conf.admin.origin, "https://tokens.example");
	char *uri = oidc_redirect_uri(&conf, &client, AUTH_SITE_ADMIN);
	char *back = oidc_post_logout_redirect_uri(&conf, AUTH_SITE_ADMIN);
	assert_string_equal(uri, "https://tokens.example/_gate/callback");
	assert_string_equal(back, "https://tokens.example/_gate/logout");
	free(uri);
	free(back);
}

static char *authorization_url(char *at, const struct conf *conf)
{
	const struct oidc_provider provider = {.authorization_endpoint = at};
	const struct oidc_authorization authorization = {
		conf->oidc, "s", "n", "c", AUTH_SITE_PUBLIC};

	return oidc_authorization_url(&provider, conf, &authorization);
}

static void s21_authorization_url_is_complete_and_encoded(void **state)
{
	char *scopes[] = {groups, openid};
	struct conf conf = conf_of(scopes, 2);
	char *url = authorization_url(endpoint, &conf);

	(void)state;
	assert_string_equal(url,
		"https://idp.example/auth?response_type=code&client_id=spark%20gate%26x%3D1"
		"&redirect_uri=https%3A%2F%2Fgate.example%2Fspark%2F_gate%2Fcallback"
		"&scope=openid%20groups&state=s&nonce=n&code_challenge=c"
		"&code_challenge_method=S256");
	free(url);
}

static void endpoint_keeps_its_own_query(void **state)
{
	static char bare[] = "https://idp.example/auth?";
	struct conf conf = conf_of(NULL, 0);
	char *url = authorization_url(tenant, &conf), *other = authorization_url(bare, &conf);

	(void)state;
	assert_true(str_starts(str_of(url),
		STR("https://idp.example/auth?tenant=a&response_type=code&client_id=")));
	assert_non_null(strstr(url, "&scope=openid&"));
	assert_true(str_starts(str_of(other), STR("https://idp.example/auth?response_type=code&")));
	free(url);
	free(other);
}

static void end_session_url_brings_the_browser_back(void **state)
{
	const struct oidc_provider provider = {.end_session_endpoint = end}, none = {0};
	struct conf conf = conf_of(NULL, 0);
	char *url = oidc_end_session_url(&provider, &conf, &client, AUTH_SITE_PUBLIC, STR("i.d.t"));
	char *without = oidc_end_session_url(&provider, &conf, &client, AUTH_SITE_PUBLIC, STR(""));

	(void)state;
	assert_string_equal(url,
		"https://idp.example/end?id_token_hint=i.d.t"
		"&client_id=spark%20gate%26x%3D1"
		"&post_logout_redirect_uri=https%3A%2F%2Fgate.example%2Fspark%2F_gate%2Flogout");
	assert_null(strstr(without, "id_token_hint"));
	assert_null(oidc_end_session_url(&none, &conf, &client, AUTH_SITE_PUBLIC, STR("i.d.t")));
	free(url);
	free(without);
}

static void s4_long_id_token_is_left_out_of_the_url(void **state)
{
	const struct oidc_provider provider = {.end_session_endpoint = end};
	struct conf conf = conf_of(NULL, 0);
	char *token = mem_alloc(7001, 1);

	(void)state;
	memset(token, 'x', 7000);
	char *url =
		oidc_end_session_url(&provider, &conf, &client, AUTH_SITE_PUBLIC, str_of(token));
	assert_null(strstr(url, "id_token_hint"));
	assert_non_null(strstr(url, "client_id="));
	free(url);
	free(token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s21_redirect_uri_is_of_the_configuration),
		cmocka_unit_test(s193_provider_with_a_name_has_a_redirect_uri_of_its_own),
		cmocka_unit_test(s0_admin_site_has_a_redirect_uri_of_its_own),
		cmocka_unit_test(s21_authorization_url_is_complete_and_encoded),
		cmocka_unit_test(endpoint_keeps_its_own_query),
		cmocka_unit_test(end_session_url_brings_the_browser_back),
		cmocka_unit_test(s4_long_id_token_is_left_out_of_the_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
