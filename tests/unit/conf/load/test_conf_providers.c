/* Several OpenID providers, and the admin listener's certificate, as configured. */
#include "base/err.h"
#include "base/mem.h"
#include "conf/load/env.h"
#include "conf/load/load.h"
#include "conf/load/yaml_tree.h"
#include "conf/warn/warn.h"
#include "tests/support/conf_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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

/* Gives what a file's text is with a variable; NULL and err: it is refused. */
static struct conf *load_with(const char *text, const char *variable, struct err *err)
{
	char *own = mem_strdup(variable);
	char *const variables[] = {own, NULL};
	struct yaml_node *root = yaml_tree_parse("sg.yaml", str_of(text), err);

	assert_non_null(root);
	int rc = load_env(root, variables, err);
	free(own);
	if (rc == 0)
		return load_tree("sg.yaml", root, err);
	yaml_tree_free(root);
	return NULL;
}

static void variable_sets_the_only_provider_and_the_one_without_a_name(void **state)
{
	static const char *const texts[] = {A
		"auth:\n  oidc: {issuer: 'https://i', client_id: g}\n" ROLES,
		LIST("issuer: 'https://j', client_id: g, name: partner")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct err err = {""};
		struct conf *conf =
			load_with(texts[i], "SPARKGATE_AUTH_OIDC_ISSUER=https://k", &err);
		assert_non_null(conf);
		assert_string_equal(conf->oidc[0].issuer, "https://k");
		conf_unref(conf);
	}
}

static void variable_with_an_entrys_name_sets_that_entry(void **state)
{
	static const struct {
		const char *variable;
		size_t at; /* in struct conf_oidc */
		const char *want;
	} rows[] = {
		{"CLIENT_ID=c", offsetof(struct conf_oidc, client_id), "c"},
		{"LABEL=Guests", offsetof(struct conf_oidc, label), "Guests"},
		{"USER_CLAIM=uid", offsetof(struct conf_oidc, user_claim), "uid"},
		{"ROLES_CLAIM=groups", offsetof(struct conf_oidc, roles.claim), "groups"},
		{"GROUPS_ENDPOINT=https://g/", offsetof(struct conf_oidc, groups_endpoint),
			"https://g/"},
		{"CLIENT_SECRET_FILE=/s", offsetof(struct conf_oidc, client_secret.file), "/s"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {""};
		char *variable = mem_printf("SPARKGATE_AUTH_OIDC_MY_IDP_%s", rows[i].variable);
		struct conf *conf = load_with(
			LIST("issuer: 'https://j', client_id: g, name: my-idp"), variable, &err);
		const char *is;
		if (conf == NULL)
			fail_msg("%s: %s", variable, err.text);
		memcpy(&is, (const char *)&conf->oidc[1] + rows[i].at, sizeof is);
		assert_string_equal(is, rows[i].want);
		assert_string_equal(conf->oidc[0].client_id, "g");
		conf_unref(conf);
		free(variable);
	}
}

static void variable_of_no_entry_is_refused_and_said(void **state)
{
	static const struct {
		const char *text, *variable, *told;
	} rows[] = {
		{A "auth:\n  oidc: [{issuer: 'https://i', client_id: g, name: p}]\n" ROLES,
			"SPARKGATE_AUTH_OIDC_ISSUER=https://k", "this is no entry's key"},
		{LIST("issuer: 'https://j', client_id: g, name: p"), "SPARKGATE_AUTH_OIDC_NAME=q",
			"this is no entry's key"},
		{LIST("issuer: 'https://j', client_id: g, name: p"), "SPARKGATE_AUTH_OIDC_P_NAME=q",
			"unknown key"},
		{LIST("issuer: 'https://j', client_id: g, name: p"),
			"SPARKGATE_AUTH_OIDC_Q_ISSUER=https://k", "unknown key"},
		{LIST("issuer: 'https://j', client_id: g, name: p"),
			"SPARKGATE_AUTH_OIDC_P_CLIENT_SECRET=s3",
			"use SPARKGATE_AUTH_OIDC_P_CLIENT_SECRET_FILE"},
		{LIST("issuer: 'https://j', client_id: g, name: p, client_secret_file: /f"),
			"SPARKGATE_AUTH_OIDC_P_CLIENT_SECRET_FILE=/s", "given twice"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {""};
		assert_null(load_with(rows[i].text, rows[i].variable, &err));
		if (strstr(err.text, rows[i].told) == NULL || strstr(err.text, "s3"))
			fail_msg("%s: %s", rows[i].variable, err.text);
	}
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
		{A "admin: {tls: {redirect_listen: '127.0.0.1:80'}}\n",
			"sg.yaml:2:15: key \"admin.tls.redirect_listen\": got \"127.0.0.1:80\", "
			"expected admin.tls, because this address redirects to it"},
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
		cmocka_unit_test(variable_sets_the_only_provider_and_the_one_without_a_name),
		cmocka_unit_test(variable_with_an_entrys_name_sets_that_entry),
		cmocka_unit_test(variable_of_no_entry_is_refused_and_said),
		cmocka_unit_test(what_nobody_can_have_is_warned_of),
		cmocka_unit_test(admin_listener_has_a_certificate_of_its_own),
		cmocka_unit_test(admin_certificate_and_key_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
