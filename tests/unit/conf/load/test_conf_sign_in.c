/* Who signs in and where, as configured: an OpenID provider, issuers of tokens, roles. */
#include "conf/warn/warn.h"
#include "tests/support/conf_probe.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#define A     "clusters: [{name: a, masters: [http://m:8080]}]\n"
#define ROLES "  roles: {claim: r, user: [u]}\n"

static void provider_has_scopes_and_a_label_without_being_told(void **state)
{
	struct conf *conf = conf_probe_load(
		A "auth:\n  oidc: {issuer: 'https://i/realms/x', client_id: gw}\n" ROLES);

	(void)state;
	assert_string_equal(conf->oidc[0].issuer, "https://i/realms/x");
	assert_string_equal(conf->oidc[0].client_id, "gw");
	assert_null(conf->oidc[0].client_secret.file);
	assert_null(conf->oidc[0].client_secret.value);
	assert_null(conf->oidc[0].ca_file);
	assert_string_equal(conf->oidc[0].label, "Sign in with single sign-on");
	assert_int_equal(conf->oidc[0].scopes.count, 2);
	assert_string_equal(conf->oidc[0].scopes.at[0], "openid");
	assert_string_equal(conf->oidc[0].scopes.at[1], "profile");
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

/* What is after "sparkgate" in cookies' names. */
static void expect_tail(const char *text, const char *tail)
{
	struct conf *conf = conf_probe_load(text);

	assert_string_equal(conf->cookie_tail, tail);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

#define AT(base) A "server: {public_url: 'http://127.0.0.1:8480" base "'}\n"

static void s83_cookie_has_its_name_by_the_base_path_or_by_its_key(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "session: {cookie: JSESSIONID}\n",
			"sg.yaml:2:11: key \"session.cookie\": got \"JSESSIONID\", expected "
			"sparkgate, or sparkgate_ and at most 39 letters, digits or hyphens"},
		{A "session: {cookie: sparkgate-admin}\n", "sg.yaml:2:11: ..."},
		{A "session: {cookie: sparkgate_}\n", "sg.yaml:2:11: ..."},
		{A "session: {cookie: 'sparkgate_a;b'}\n", "sg.yaml:2:11: ..."},
		{A "session: {cookie: sparkgate_aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd}\n",
			"sg.yaml:2:11: ..."},
	};

	(void)state;
	expect_tail(A, "");
	expect_tail(AT("/"), "");
	expect_tail(AT("/gate/"), "_gate");
	expect_tail(AT("/a/b-c"), "_a_b-c");
	expect_tail(AT("/a_b/c.d/"), "_a~5fb_c~2ed");
	expect_tail(AT("/one-path-that-is-longer/than-a-name-may-be/"),
		"_~7b0982b4439648fb93cf64f52f648ecb");
	expect_tail(AT("/gate/") "session: {cookie: sparkgate}\n", "");
	expect_tail(AT("/gate/") "session: {cookie: sparkgate_Two-2}\n", "_Two-2");
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void without_a_provider_there_is_no_issuer(void **state)
{
	static const char *const texts[] = {
		A, A "auth: {oidc: {}}\n", A "auth: {oidc: }\n", A "auth: {oidc: {label: x}}\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct conf *conf = conf_probe_load(texts[i]);
		assert_int_equal(conf->oidc_count, 0);
		conf_probe_assert_round_trip(conf);
		conf_unref(conf);
	}
}

static void openid_is_asked_for_always(void **state)
{
	struct conf *conf = conf_probe_load(A "auth:\n  oidc: {issuer: 'https://i', client_id: g, "
					      "scopes: [groups, 'api://x/read']}\n" ROLES);

	(void)state;
	assert_int_equal(conf->oidc[0].scopes.count, 3);
	assert_string_equal(conf->oidc[0].scopes.at[0], "openid");
	assert_string_equal(conf->oidc[0].scopes.at[1], "groups");
	assert_string_equal(conf->oidc[0].scopes.at[2], "api://x/read");
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void groups_are_asked_for_at_an_address_over_https(void **state)
{
	struct conf *conf = conf_probe_load(
		A "auth:\n  oidc: {issuer: 'https://i', client_id: g, groups: {endpoint: "
		  "'https://graph/v1.0/me/getMemberObjects'}}\n" ROLES);

	(void)state;
	assert_string_equal(
		conf->oidc[0].groups_endpoint, "https://graph/v1.0/me/getMemberObjects");
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void issuer_and_client_go_together(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "auth: {oidc: {issuer: 'https://i'}}\n",
			"sg.yaml:2:8: key \"auth.oidc.client_id\": expected the client id "
			"registered at ..."},
		{A "auth: {oidc: {client_id: g}}\n",
			"sg.yaml:2:8: key \"auth.oidc.issuer\": expected the provider's issuer"},
		{A "auth: {oidc: {groups: {endpoint: 'https://g/'}}}\n",
			"sg.yaml:2:8: key \"auth.oidc.issuer\": expected the provider's issuer"},
		{A "auth: {oidc: {groups: {endpoint: 'http://g/'}}}\n",
			"sg.yaml:2:24: key \"auth.oidc.groups.endpoint\": got \"http://g/\", "
			"expected an https:// URL (http:// is for loopback only)"},
		{A "auth: {oidc: {client_secret_file: /s}}\n",
			"sg.yaml:2:8: key \"auth.oidc.issuer\": expected the provider's issuer"},
		{A "auth: {oidc: {issuer: 'http://i.example', client_id: g}}\n",
			"sg.yaml:2:15: key \"auth.oidc.issuer\": got \"http://i.example\", "
			"expected "
			"an https:// URL (http:// is for loopback only)"},
		{A "auth: {oidc: {issuer: 'https://i/?p=1', client_id: g}}\n",
			"sg.yaml:2:15: key \"auth.oidc.issuer\": got \"https://i/?p=1\", expected "
			"an issuer without a query"},
		{A "auth: {oidc: {scopes: ['a b']}}\n",
			"sg.yaml:2:24: key \"auth.oidc.scopes[0]\": got \"a b\", expected one ..."},
		{A "auth: {oidc: {label: \"a\\nb\"}}\n", "sg.yaml:2:15: key \"auth.oidc.label\": "
							 "got \"a\\nb\", expected one line ..."},
		{A "auth: {oidc: {label: \"a\\Nb\"}}\n",
			"sg.yaml:2:15: key \"auth.oidc.label\": got \"a..."},
		{A "auth: {oidc: {label: ''}}\n", "sg.yaml:2:15: key \"auth.oidc.label\": got "
						  "\"\", expected a few words, ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void issuer_may_be_plain_http_on_loopback(void **state)
{
	struct conf *conf = conf_probe_load(
		A "auth:\n  oidc: {issuer: 'http://127.0.0.1:9/r', client_id: g}\n" ROLES);

	(void)state;
	assert_string_equal(conf->oidc[0].issuer, "http://127.0.0.1:9/r");
	conf_unref(conf);
}

static void s25_sign_in_over_plain_http_is_for_loopback(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "server: {public_url: 'http://gw.example/'}\nauth:\n"
		   "  oidc: {issuer: 'https://i', client_id: g}\n" ROLES,
			"sg.yaml:2:10: key \"server.public_url\": got \"http://gw.example/\", "
			"expected https://, ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
	conf_unref(conf_probe_load(
		A "server: {public_url: 'http://gw.example/', insecure_http: true}\nauth:\n"
		  "  oidc: {issuer: 'https://i', client_id: g}\n" ROLES));
}

static void bearer_names_files_and_introspection(void **state)
{
	struct conf *conf = conf_probe_load(
		A "auth:\n"
		  "  bearer:\n"
		  "    - {issuer: 'https://k', audience: [a], jwks_url: 'https://k/keys', ca_file: "
		  "/ca, "
		  "token_file: /token}\n"
		  "    - {issuer: 'https://o', audience: [a], introspection: {client_id: g, "
		  "client_secret_file: /s, url: 'https://o/introspect'}}\n"
		  "    - {issuer: 'https://d', audience: [a], introspection: {client_id: g, "
		  "client_secret_file: /s}}\n" ROLES);

	(void)state;
	assert_string_equal(conf->bearer[0].ca_file, "/ca");
	assert_string_equal(conf->bearer[0].token_file, "/token");
	assert_false(conf->bearer[0].has_introspection);
	assert_true(conf->bearer[1].has_introspection);
	assert_string_equal(conf->bearer[1].introspection.url, "https://o/introspect");
	assert_string_equal(conf->bearer[1].introspection.client_id, "g");
	assert_string_equal(conf->bearer[1].introspection.client_secret.file, "/s");
	assert_null(conf->bearer[1].introspection.client_secret.value);
	assert_true(conf->bearer[2].has_introspection);
	assert_null(conf->bearer[2].introspection.url);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void keep_warning(void *arg, const char *text)
{
	char *kept = arg;

	assert_string_equal(kept, "");
	snprintf(kept, 512, "%s", text);
}

static void s49_issuers_that_see_each_others_opaque_tokens_are_warned_of(void **state)
{
#define OPAQUE(issuer, more)                                                                       \
	"    - {issuer: 'https://" issuer "', audience: [a], introspection: {client_id: g, "       \
	"client_secret_file: /s" more "}}\n"
	static const struct {
		const char *text;
		bool is_warned;
	} rows[] = {
		{A "auth:\n  bearer:\n" OPAQUE("one", "") OPAQUE("two", "") ROLES, true},
		{A "auth:\n  bearer:\n" OPAQUE("one", ", prefix: a_") OPAQUE("two", "") ROLES,
			false},
		{A "auth:\n  bearer:\n" OPAQUE("one", ", prefix: a_") OPAQUE("two", ", prefix: b_")
				ROLES,
			false},
		{A "auth:\n  bearer:\n" OPAQUE(
			 "one", "") "    - {issuer: 'https://two', audience: [a]}\n" ROLES,
			false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf *conf = conf_probe_load(rows[i].text);
		char kept[512] = "";

		conf_warn(conf, keep_warning, kept);
		assert_int_equal(kept[0] != '\0', rows[i].is_warned);
		if (rows[i].is_warned)
			assert_non_null(strstr(kept,
				"https://two and https://one both see each other's opaque tokens"));
		conf_probe_assert_round_trip(conf);
		conf_unref(conf);
	}
#undef OPAQUE
}

static void introspection_needs_an_account_of_the_gateways(void **state)
{
#define ROW A "auth: {bearer: [{issuer: 'https://i', audience: [a], introspection: "
	static const struct conf_refusal rows[] = {
		{ROW "{url: 'https://i/t'}}]}\n",
			"sg.yaml:2:54: key \"auth.bearer[0].introspection.client_id\": expected "
			"..."},
		{ROW "{client_secret_file: /s}}]}\n",
			"sg.yaml:2:54: key \"auth.bearer[0].introspection.client_id\": expected "
			"..."},
		{ROW "{client_id: g}}]}\n",
			"sg.yaml:2:54: key \"auth.bearer[0].introspection.client_secret_file\": "
			"expected ..."},
		{ROW "{url: 'http://i/t', client_id: g, client_secret_file: /s}}]}\n",
			"sg.yaml:2:70: key \"auth.bearer[0].introspection.url\": got "
			"\"http://i/t\", "
			"expected an https:// ..."},
	};
#undef ROW

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void s41_bearer_needs_issuer_and_audience(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "auth: {bearer: [{audience: [a]}]}\n",
			"sg.yaml:2:17: key \"auth.bearer[0].issuer\": missing, expected ..."},
		{A "auth: {bearer: [{issuer: 'https://i'}]}\n",
			"sg.yaml:2:17: key \"auth.bearer[0].audience\": expected the audience of "
			"this ..."},
		{A "auth: {bearer: [{issuer: 'http://i.example', audience: [a]}]}\n",
			"sg.yaml:2:18: key \"auth.bearer[0].issuer\": got \"http://i.example\", "
			"expected an "
			"https:// URL (http:// is for loopback only)"},
		{A "auth: {bearer: [{issuer: 'https://i', audience: [a], jwks_url: "
		   "'http://i/k'}]}\n",
			"sg.yaml:2:54: key \"auth.bearer[0].jwks_url\": got \"http://i/k\", "
			"expected ..."},
		{A "auth: {bearer: [{issuer: 'https://i', audience: [a], algorithms: [none]}]}\n",
			"sg.yaml:2:67: key \"auth.bearer[0].algorithms[0]\": got \"none\", "
			"expected one of ..."},
		{A "auth: {bearer: [{issuer: 'https://i', audience: [a], algorithms: [HS256]}]}\n",
			"sg.yaml:2:67: key \"auth.bearer[0].algorithms[0]\": got \"HS256\", "
			"expected one of ..."},
		{A "auth: {bearer: [{issuer: 'https://i', audience: [a], algorithms: []}]}\n",
			"sg.yaml:2:54: key \"auth.bearer[0].algorithms\": expected at least one "
			"algorithm"},
		{A "auth:\n  bearer:\n  - {issuer: 'https://i', audience: [a]}\n"
		   "  - {issuer: 'https://i', audience: [b]}\n",
			"sg.yaml:5:6: key \"auth.bearer[1].issuer\": got \"https://i\", expected "
			"an issuer ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void s41_introspected_tokens_need_an_audience_too(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "auth: {bearer: [{issuer: 'https://i', introspection: {client_id: g, "
		   "client_secret_file: /s}}]}\n",
			"sg.yaml:2:17: key \"auth.bearer[0].audience\": expected the audience of "
			"..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void token_for_reading_keys_goes_where_the_operator_says(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "auth: {bearer: [{issuer: 'https://i', audience: [a], token_file: /t}]}\n",
			"sg.yaml:2:17: key \"auth.bearer[0].jwks_url\": expected the address that "
			"token_file is for"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void issuer_whose_people_can_have_no_role_is_refused(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "auth: {oidc: {issuer: 'https://i', client_id: g}}\n",
			"sg.yaml:2:1: key \"auth.roles\": expected at least one "
			"role in admin, user or custom; without one nobody can sign in"},
		{A "auth: {bearer: [{issuer: 'https://i', audience: [a]}], roles: {claim: r}}\n",
			"sg.yaml:2:56: key \"auth.roles\": expected at least one role ..."},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void roles_by_name_need_a_claim_and_roles_by_subject_none(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "auth: {roles: {admin: [x]}}\n", "sg.yaml:2:8: key \"auth.roles.claim\": "
						    "expected the claim that lists the roles, ..."},
		{A "auth: {roles: {admin: ['sub:x'], user: [u]}}\n",
			"sg.yaml:2:8: key \"auth.roles.claim\": expected the claim ..."},
	};
	struct conf *conf =
		conf_probe_load(A "auth: {bearer: [{issuer: 'https://i', audience: [a]}], "
				  "roles: {user: ['sub:system:serviceaccount:spark:report']}}\n");

	(void)state;
	assert_string_equal(conf->roles_user.at[0], "sub:system:serviceaccount:spark:report");
	assert_null(conf->roles_claim);
	conf_unref(conf);
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

/* The text of the file's first block of YAML. */
static char *first_yaml(const char *file)
{
	static const char open[] = "\n```yaml\n";
	char text[16384];
	FILE *f = fopen(file, "re");

	assert_non_null(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	const char *start = strstr(text, open);
	assert_non_null(start);
	start += sizeof open - 1;
	return mem_strndup(start, (size_t)(strstr(start, "\n```") - start));
}

static void kubernetes_entry_of_the_documentation_is_accepted(void **state)
{
	char *yaml = first_yaml("docs/service-accounts.md"), *text = mem_printf(A "%s\n", yaml);
	struct conf *conf = conf_probe_load(text);

	(void)state;
	assert_string_equal(conf->bearer[0].issuer, "https://kubernetes.default.svc.cluster.local");
	assert_string_equal(conf->bearer[0].audience.at[0], "sparkgate");
	assert_non_null(conf->bearer[0].jwks_url);
	assert_non_null(conf->bearer[0].ca_file);
	assert_non_null(conf->bearer[0].token_file);
	assert_string_equal(conf->roles_user.at[0], "sub:system:serviceaccount:reports:nightly");
	conf_unref(conf);
	free(text);
	free(yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(provider_has_scopes_and_a_label_without_being_told),
		cmocka_unit_test(s83_cookie_has_its_name_by_the_base_path_or_by_its_key),
		cmocka_unit_test(without_a_provider_there_is_no_issuer),
		cmocka_unit_test(openid_is_asked_for_always),
		cmocka_unit_test(groups_are_asked_for_at_an_address_over_https),
		cmocka_unit_test(issuer_and_client_go_together),
		cmocka_unit_test(issuer_may_be_plain_http_on_loopback),
		cmocka_unit_test(s25_sign_in_over_plain_http_is_for_loopback),
		cmocka_unit_test(bearer_names_files_and_introspection),
		cmocka_unit_test(s49_issuers_that_see_each_others_opaque_tokens_are_warned_of),
		cmocka_unit_test(introspection_needs_an_account_of_the_gateways),
		cmocka_unit_test(s41_bearer_needs_issuer_and_audience),
		cmocka_unit_test(s41_introspected_tokens_need_an_audience_too),
		cmocka_unit_test(token_for_reading_keys_goes_where_the_operator_says),
		cmocka_unit_test(issuer_whose_people_can_have_no_role_is_refused),
		cmocka_unit_test(roles_by_name_need_a_claim_and_roles_by_subject_none),
		cmocka_unit_test(kubernetes_entry_of_the_documentation_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
