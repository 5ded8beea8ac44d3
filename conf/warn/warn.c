#include "conf/warn/warn.h"

#include "conf/conf.h"
#include "conf/providers.h"
#include "conf/warn/warn_roles.h"

#include <stdio.h>
#include <string.h>

/* Each of them is shown the others' tokens, one after the other (S49). */
static void warn_of_introspection(const struct conf *conf, conf_warning *tell, void *arg)
{
	const char *first = NULL;
	char text[512];

	for (size_t i = 0; i < conf->bearer_count; i++) {
		const struct conf_bearer *row = &conf->bearer[i];

		if (!row->has_introspection || row->introspection.prefix)
			continue;
		if (first) {
			snprintf(text, sizeof text,
				"auth.bearer: %.150s and %.150s both see each other's opaque "
				"tokens. Set introspection.prefix for both.",
				row->issuer, first);
			tell(arg, text);
		}
		first = first ? first : row->issuer;
	}
}

/* --- auth.oidc --- */

struct of_providers {
	const struct conf *conf;
	conf_warning *tell;
	void *arg;
};

/* A name as "oidc:NAME:ROLE" that no provider's people can have. */
static void warn_of_role(const struct of_providers *of, const char *role)
{
	struct str rest = str_of(role), name = STR("");
	char text[512];

	if (!str_starts(rest, STR("oidc:")))
		return;
	rest = str_from(rest, strlen("oidc:"));
	(void)str_next(&rest, ':', &name);
	const struct conf_oidc *row = conf_provider_named(of->conf, name);
	if (row && row->has_roles)
		return;
	snprintf(text, sizeof text,
		"auth.roles: nobody can have \"%.200s\", for auth.oidc has no provider of this "
		"name "
		"with roles of its own.",
		role);
	of->tell(of->arg, text);
}

static bool reads_users(const struct conf *conf)
{
	for (size_t i = 0; i < conf->roles_custom_count; i++) {
		const struct conf_role *row = &conf->roles_custom[i];

		if (conf_names_have(&row->applications, STR("own")) ||
			conf_names_have(&row->applications, STR("acl")) ||
			conf_names_have(&row->rights, STR("kill:own")))
			return true;
	}
	return conf_launches(conf);
}

/* Whom Spark calls as it calls another provider's person is that person there (S192). */
static void warn_of_users(const struct of_providers *of, const struct conf_oidc *row)
{
	char text[512];

	if (row->name == NULL || row->user_map.file)
		return;
	if (row->user_claim && of->conf->oidc_count > 1)
		snprintf(text, sizeof text,
			"auth.oidc: people of %.100s whose %.100s is that of another provider's "
			"person own the same applications. Use user_map_file if there may be "
			"such.",
			row->name, row->user_claim);
	else if (row->user_claim == NULL && reads_users(of->conf))
		snprintf(text, sizeof text,
			"auth.oidc: people of %.100s own no application, for the entry has neither "
			"user_claim nor user_map_file.",
			row->name);
	else
		return;
	of->tell(of->arg, text);
}

static void warn_of_providers(const struct of_providers *of)
{
	const struct conf *conf = of->conf;

	for (size_t i = 0; i < conf->oidc_count; i++)
		warn_of_users(of, &conf->oidc[i]);
	for (size_t i = 0; i < conf->roles_said.admin.count; i++)
		warn_of_role(of, conf->roles_said.admin.at[i]);
	for (size_t i = 0; i < conf->roles_said.user.count; i++)
		warn_of_role(of, conf->roles_said.user.at[i]);
	for (size_t i = 0; i < conf->roles_custom_count; i++)
		warn_of_role(of, conf->roles_custom[i].role);
}

void conf_warn(const struct conf *conf, conf_warning *tell, void *arg)
{
	warn_of_introspection(conf, tell, arg);
	warn_of_providers(&(struct of_providers){conf, tell, arg});
	warn_roles(conf, tell, arg);
}
