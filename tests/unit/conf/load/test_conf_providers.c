/* Several OpenID providers, and the admin listener's certificate, as configured. */
#include "base/err.h"
#include "conf/load/env.h"
#include "conf/load/yaml_tree.h"
#include "conf/warn/warn.h"
#include "tests/support/conf_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A     "clusters: [{name: a, masters: [http://m:8080]}]\n"
#define ROLES "  roles: {claim: r, user: [u]}\n"
#define LIST(second)                                                                               \
	A "auth:\n  oidc:\n  - {issuer: 'https://i', client_id: g}\n  - {" second "}\n" ROLES

static void list_has_one_without_a_name_and_others_with_one(void **state)
{
	struct conf *conf =
		conf_probe_load(LIST("issuer: 'https://j', client_id: g, name: partner"));

	(void)state;
	assert_int_equal(conf->oidc_count, 2);
	assert_null(conf->oidc[0].name);
	assert_string_equal(conf->oidc[0].label, "Sign in with single sign-on");
	assert_string_equal(conf->oidc[1].name, "partner");
	assert_string_equal(conf->oidc[1].label, "Sign in with partner");
	assert_string_equal(conf->oidc[1].scopes.at[0], "openid");
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void list_of_one_is_what_a_map_is(void **state)
{
	struct conf *conf =
		conf_probe_load(A "auth:\n  oidc: [{issuer: 'https://i', client_id: g}]\n" ROLES);

	(void)state;
	assert_int_equal(conf->oidc_count, 1);
	assert_string_equal(conf->oidc[0].issuer, "https://i");
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void what_names_two_providers_is_refused_and_said(void **state)
{
	static const struct conf_refusal rows[] = {
		{LIST("issuer: 'https://i', client_id: g, name: x"),
			"sg.yaml:5:6: key \"auth.oidc[1].issuer\": got \"https://i\", expected a "
			"provider that is not listed twice: this issuer and client_id are those of "
			"an entry before"},
		{LIST("issuer: 'https://i', client_id: h, name: x"),
			"sg.yaml:5:6: key \"auth.oidc[1].issuer\": got \"https://i\", expected "
			"another issuer than those before: an issuer is one provider, with one "
			"client"},
		{LIST("issuer: 'https://j', client_id: g"),
			"sg.yaml:5:5: key \"auth.oidc[1].name\": expected a name, because an entry "
			"before has none; ..."},
		{LIST("issuer: 'https://j', client_id: g, name: x},\n    {issuer: 'https://k', "
		      "client_id: g, name: x"),
			"sg.yaml:..."},
		{LIST("issuer: 'https://j', client_id: g, name: a/b"),
			"sg.yaml:5:41: key \"auth.oidc[1].name\": got \"a/b\", ..."},
		{LIST("client_id: g, name: x"),
			"sg.yaml:5:5: key \"auth.oidc[1].issuer\": expected "
			"the provider's issuer"},
	};

	(void)state;
	conf_probe_assert_refused(rows, 3);
	conf_probe_assert_refused(rows + 4, 2);
}

static void one_name_is_of_one_provider(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "auth:\n  oidc:\n  - {issuer: 'https://i', client_id: g, name: x}\n"
		   "  - {issuer: 'https://j', client_id: g, name: x}\n" ROLES,
			"sg.yaml:5:41: key \"auth.oidc[1].name\": got \"x\", expected a name that "
			"no "
			"entry before has"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

static void s191_own_roles_stand_beside_those_of_auth_roles(void **state)
{
	struct conf *conf =
		conf_probe_load(LIST("issuer: 'https://j', client_id: g, name: p, "
				     "roles: {claim: groups, admin: [ops], user: [all]}"));

	(void)state;
	assert_true(conf->oidc[1].has_roles);
	assert_int_equal(conf->roles_admin.count, 1);
	assert_string_equal(conf->roles_admin.at[0], "oidc:p:ops");
	assert_int_equal(conf->roles_user.count, 2);
	assert_string_equal(conf->roles_user.at[0], "u");
	assert_string_equal(conf->roles_user.at[1], "oidc:p:all");
	assert_int_equal(conf->roles_said.user.count, 1);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void own_roles_need_a_name_a_claim_and_no_persons(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "auth:\n  oidc: {issuer: 'https://i', client_id: g, roles: {user: [u]}}\n" ROLES,
			"sg.yaml:3:9: key \"auth.oidc.name\": expected a name, because the entry "
			"has "
			"roles of its own"},
		{A "auth:\n  oidc: {issuer: 'https://i', client_id: g, name: p, roles: {user: "
		   "[u]}}\n",
			"sg.yaml:3:61: key \"auth.oidc.roles.claim\": expected the claim that "
			"lists "
			"the roles, such as groups"},
		{LIST("issuer: 'https://j', client_id: g, name: p, roles: {user: ['sub:ann']}"),
			"sg.yaml:5:69: key \"auth.oidc[1].roles.user[0]\": ..."},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *got = conf_probe_message(rows[i].text);
		const char *key = strstr(rows[i].message, "key ");
		size_t len = strcspn(key, ":");
		assert_non_null(strstr(got, "key "));
		assert_memory_equal(strstr(got, "key "), key, len);
		free(got);
	}
}

static void variable_sets_the_only_provider_and_no_entry_of_a_list(void **state)
{
	char issuer[] = "SPARKGATE_AUTH_OIDC_ISSUER=https://k";
	char *const variables[] = {issuer, NULL};
	struct err err = {""};
	struct yaml_node *list = yaml_tree_parse(
		"sg.yaml", STR("auth: {oidc: [{issuer: 'https://i', client_id: g}]}\n"), &err);
	struct yaml_node *map = yaml_tree_parse(
		"sg.yaml", STR("auth: {oidc: {issuer: 'https://i', client_id: g}}\n"), &err);

	(void)state;
	assert_int_equal(load_env(map, variables, &err), 0);
	assert_int_equal(load_env(list, variables, &err), -1);
	assert_string_equal(err.text,
		"SPARKGATE_AUTH_OIDC_ISSUER: the file has a list there: set the key in the file");
	yaml_tree_free(list);
	yaml_tree_free(map);
}

static void keep_warning(void *arg, const char *text)
{
	snprintf(arg, 2048, "%s", text);
}

static void expect_warning(const char *text, const char *want)
{
	struct conf *conf = conf_probe_load(text);
	char kept[2048] = "";

	conf_warn(conf, keep_warning, kept);
	if (!strstr(kept, want) || (want[0] == '\0' && kept[0]))
		fail_msg("%s", kept);
	conf_unref(conf);
}

static void what_nobody_can_have_is_warned_of(void **state)
{
	(void)state;
	expect_warning(LIST("issuer: 'https://j', client_id: g, name: p"), "");
	expect_warning(LIST("issuer: 'https://j', client_id: g, name: p, user_claim: email"),
		"people of p whose email is that of another provider's person");
	expect_warning(A "auth:\n  oidc: {issuer: 'https://i', client_id: g}\n"
			 "  roles: {claim: r, user: [u, 'oidc:p:x']}\n",
		"nobody can have \"oidc:p:x\"");
	expect_warning(A "auth:\n  oidc: {issuer: 'https://i', client_id: g, name: p}\n  roles: "
			 "{claim: r, user: [u], custom: [{role: o, applications: [own], rights: "
			 "[view]}]}\n",
		"people of p own no application");
}

static void admin_listener_has_a_certificate_of_its_own(void **state)
{
	struct conf *conf =
		conf_probe_load(A "admin: {listen: '127.0.0.1:8481', tls: {certificate: "
				  "/c.pem, key: /k.pem, client_ca: /ca.pem}}\n");

	(void)state;
	assert_string_equal(conf->admin_tls.certificate, "/c.pem");
	assert_string_equal(conf->admin_tls.client_ca, "/ca.pem");
	assert_true(conf->admin.public_url.tls);
	assert_false(conf->server.public_url.tls);
	assert_string_equal(conf->admin.origin, "https://127.0.0.1:8481");
	assert_int_equal(conf->admin_tls.hsts_s, 0);
	conf_probe_assert_round_trip(conf);
	conf_unref(conf);
}

static void admin_certificate_and_key_go_together(void **state)
{
	static const struct conf_refusal rows[] = {
		{A "admin: {tls: {certificate: /c.pem}}\n",
			"sg.yaml:2:9: key \"admin.tls.key\": expected the file with the "
			"certificate's key"},
		{A "admin: {tls: {key: /k.pem}}\n",
			"sg.yaml:2:9: key \"admin.tls.certificate\": expected the file with the "
			"key's certificate"},
		{A "admin: {tls: {client_ca: /ca.pem}}\n",
			"sg.yaml:2:15: key \"admin.tls.client_ca\": got \"/ca.pem\", expected "
			"admin.tls.certificate and key, because clients show theirs over TLS only"},
		{A "admin: {public_url: 'http://127.0.0.1:8481/', tls: {certificate: /c.pem, key: "
		   "/k.pem}}\n",
			"sg.yaml:2:9: key \"admin.public_url\": got \"http://127.0.0.1:8481/\", "
			"expected https://, because admin.tls is set"},
	};

	(void)state;
	conf_probe_assert_refused(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_has_one_without_a_name_and_others_with_one),
		cmocka_unit_test(list_of_one_is_what_a_map_is),
		cmocka_unit_test(what_names_two_providers_is_refused_and_said),
		cmocka_unit_test(one_name_is_of_one_provider),
		cmocka_unit_test(s191_own_roles_stand_beside_those_of_auth_roles),
		cmocka_unit_test(own_roles_need_a_name_a_claim_and_no_persons),
		cmocka_unit_test(variable_sets_the_only_provider_and_no_entry_of_a_list),
		cmocka_unit_test(what_nobody_can_have_is_warned_of),
		cmocka_unit_test(admin_listener_has_a_certificate_of_its_own),
		cmocka_unit_test(admin_certificate_and_key_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
		{A "admin: {tls: {redirect_listen: '127.0.0.1:80'}}\n",
			"sg.yaml:2:15: key \"admin.tls.redirect_listen\": got \"127.0.0.1:80\", "
			"expected admin.tls, because this address redirects to it"},
