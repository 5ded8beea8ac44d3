/* conf/load/check_oidc.c - issuers of tokens and OpenID providers, judged as a whole: what people
 * and programs come by. */
#include "conf/load/check.h"

#include "conf/conf.h"
#include "conf/load/load.h"
#include "conf/load/yaml_tree.h"
#include "conf/providers.h"
#include "conf/values/keywords.h"

#include <stdio.h>
#include <stdlib.h>

/* --- auth.bearer --- */

static int check_bearer(const struct loader *l, size_t index)
{
	const struct conf_bearer *bearer = &l->conf->bearer[index];

	if (bearer->audience.count == 0 && !bearer->insecure_no_audience)
		return load_fail_at(l,
			"the audience of this gateway's tokens; without it, tokens for any other "
			"service are accepted (insecure_no_audience: true allows it)",
			"auth.bearer[%zu].audience", index);
	if (bearer->algorithms.count == 0)
		return load_fail_at(
			l, "at least one algorithm", "auth.bearer[%zu].algorithms", index);
	for (size_t i = 0; i < index; i++) {
		if (strcmp(bearer->issuer, l->conf->bearer[i].issuer) == 0)
			return load_fail_at(l, "an issuer that is not listed twice",
				"auth.bearer[%zu].issuer", index);
	}
	return 0;
}

/* How the gateway asks an issuer about opaque tokens: with an account of its own (RFC 7662 §2.1).
 */
static int check_introspection(const struct loader *l, size_t index)
{
	struct conf_bearer *bearer = &l->conf->bearer[index];
	const char *client_id = bearer->introspection.client_id;
	const char *secret_file = bearer->introspection.client_secret.file;

	bearer->has_introspection = client_id || secret_file || bearer->introspection.url ||
				    bearer->introspection.prefix;
	if (bearer->has_introspection && client_id == NULL)
		return load_fail_at(l, "the client id registered at the issuer",
			"auth.bearer[%zu].introspection.client_id", index);
	if (bearer->has_introspection && secret_file == NULL)
		return load_fail_at(l, "the file with the secret of client_id",
			"auth.bearer[%zu].introspection.client_secret_file", index);
	return 0;
}

/* A token of the pod's goes where the operator says, never where a discovery document points. */
static int check_token_file(const struct loader *l, size_t index)
{
	const struct conf_bearer *bearer = &l->conf->bearer[index];

	if (bearer->token_file == NULL || bearer->jwks_url)
		return 0;
	return load_fail_at(
		l, "the address that token_file is for", "auth.bearer[%zu].jwks_url", index);
}

int check_bearers(const struct loader *l)
{
	for (size_t i = 0; i < l->conf->bearer_count; i++) {
		if (check_bearer(l, i) == -1 || check_introspection(l, i) == -1 ||
			check_token_file(l, i) == -1)
			return -1;
	}
	return 0;
}

/* --- auth.oidc --- */

static void add_openid_scope(struct conf_names *scopes)
{
	for (size_t i = 0; i < scopes->count; i++) {
		if (strcmp(scopes->at[i], "openid") == 0)
			return;
	}
	scopes->at = mem_resize(scopes->at, scopes->count + 1, sizeof *scopes->at);
	memmove(scopes->at + 1, scopes->at, scopes->count * sizeof *scopes->at);
	scopes->at[0] = mem_strdup("openid");
	scopes->count++;
}

/* Where an entry stands: alone, or in a list. */
static void oidc_path(const struct loader *l, size_t index, char out[static 32])
{
	if (yaml_tree_find(l->root, "auth.oidc")->kind == YAML_TREE_LIST)
		snprintf(out, 32, "auth.oidc[%zu]", index);
	else
		snprintf(out, 32, "auth.oidc");
}

/* What selects a provider must select one: its name, and its issuer (RFC 9207, logout tokens). */
static int check_is_another(const struct loader *l, size_t index, const char *path)
{
	const struct conf_oidc *oidc = &l->conf->oidc[index];

	for (size_t i = 0; i < index; i++) {
		const struct conf_oidc *before = &l->conf->oidc[i];

		if (strcmp(oidc->issuer, before->issuer) == 0)
			return load_fail_at(l,
				strcmp(oidc->client_id, before->client_id) == 0
					? "a provider that is not listed twice: this issuer and "
					  "client_id are those of an entry before"
					: "another issuer than those before: an issuer is one "
					  "provider, with one client",
				"%s.issuer", path);
		if (!str_eq(str_of(conf_provider_name(oidc)), str_of(conf_provider_name(before))))
			continue;
		if (oidc->name)
			return load_fail_at(l, "a name that no entry before has", "%s.name", path);
		return load_fail_at(l,
			"a name, because an entry before has none; it stands before the subjects "
			"and roles of the provider's people",
			"%s.name", path);
	}
	return 0;
}

static int check_own_roles(const struct loader *l, const struct conf_oidc *oidc, const char *path)
{
	const struct conf_names *lists[] = {&oidc->roles.admin, &oidc->roles.user};

	if (oidc->has_roles && oidc->name == NULL)
		return load_fail_at(
			l, "a name, because the entry has roles of its own", "%s.name", path);
	if (oidc->roles.admin.count + oidc->roles.user.count > 0 &&
		conf_roles_claim(l->conf, oidc) == NULL)
		return load_fail_at(l, "the claim that lists the roles, such as groups",
			"%s.roles.claim", path);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (size_t k = 0; k < lists[i]->count; k++) {
			if (str_starts(str_of(lists[i]->at[k]), STR("sub:")))
				return load_fail_at(l,
					"a role; a person is sub:oidc:NAME:SUBJECT in auth.roles",
					"%s.roles.%s[%zu]", path, i ? "user" : "admin", k);
		}
	}
	return 0;
}

static int check_provider(const struct loader *l, size_t index)
{
	struct conf_oidc *oidc = &l->conf->oidc[index];
	char path[32];

	oidc_path(l, index, path);
	add_openid_scope(&oidc->scopes);
	if (oidc->issuer == NULL)
		return load_fail_at(l, "the provider's issuer", "%s.issuer", path);
	if (strchr(oidc->issuer, '?')) /* OpenID Connect Core §2, "iss" */
		return load_fail_at(l, "an issuer without a query", "%s.issuer", path);
	if (oidc->client_id == NULL)
		return load_fail_at(
			l, "the client id registered at the provider", "%s.client_id", path);
	return check_is_another(l, index, path) == -1 ? -1 : check_own_roles(l, oidc, path);
}

/* Of several buttons each says where it leads. */
static void tell_apart(struct conf_oidc *oidc)
{
	if (oidc->name == NULL ||
		strcmp(oidc->label, keyword_find("auth.oidc.label")->fallback) != 0)
		return;
	free(oidc->label);
	oidc->label = mem_printf("Sign in with %s", oidc->name);
}

/* scopes and label have defaults, so that they say nothing about a provider. */
static bool says_nothing(const struct conf_oidc *oidc)
{
	return !(oidc->name || oidc->issuer || oidc->client_id || oidc->client_secret.file ||
		 oidc->ca_file || oidc->groups_endpoint || oidc->user_claim ||
		 oidc->user_map.file || oidc->has_roles);
}

int check_oidc(const struct loader *l)
{
	struct conf *conf = l->conf;

	if (conf->oidc_count == 1 && says_nothing(conf->oidc))
		load_forget_groups(conf, "auth.oidc");
	for (size_t i = 0; i < conf->oidc_count; i++) {
		if (check_provider(l, i) == -1)
			return -1;
	}
	for (size_t i = 0; i < conf->oidc_count && conf->oidc_count > 1; i++)
		tell_apart(&conf->oidc[i]);
	return 0;
}

/* --- roles of both --- */

/* Adds `own` with the provider's name before each; the others are borrowed. */
static void add_roles(
	struct conf_names *all, const struct conf_oidc *oidc, const struct conf_names *own)
{
	for (size_t i = 0; i < own->count; i++) {
		all->at = mem_resize(all->at, all->count + 1, sizeof *all->at);
		all->at[all->count++] = conf_role(oidc, str_of(own->at[i]));
	}
}

static struct conf_names borrow_names(const struct conf_names *said)
{
	struct conf_names all = {mem_alloc(said->count + 1, sizeof *said->at), said->count};

	for (size_t i = 0; i < said->count; i++)
		all.at[i] = said->at[i];
	return all;
}

void derive_roles(struct conf *conf)
{
	conf->roles_admin = borrow_names(&conf->roles_said.admin);
	conf->roles_user = borrow_names(&conf->roles_said.user);
	for (size_t i = 0; i < conf->oidc_count; i++) {
		const struct conf_oidc *oidc = &conf->oidc[i];

		if (!oidc->has_roles)
			continue;
		add_roles(&conf->roles_admin, oidc, &oidc->roles.admin);
		add_roles(&conf->roles_user, oidc, &oidc->roles.user);
	}
}
