#include "conf/providers.h"

#include <stdlib.h>

#define PREFIX "oidc:"

const struct conf_oidc *conf_provider_of(const struct conf *conf, struct str issuer)
{
	for (size_t i = 0; i < conf->oidc_count; i++) {
		if (str_eq(str_of(conf->oidc[i].issuer), issuer))
			return &conf->oidc[i];
	}
	return NULL;
}

const char *conf_provider_name(const struct conf_oidc *of)
{
	return of && of->name ? of->name : "";
}

const struct conf_oidc *conf_provider_named(const struct conf *conf, struct str name)
{
	for (size_t i = 0; i < conf->oidc_count; i++) {
		if (str_eq(str_of(conf_provider_name(&conf->oidc[i])), name))
			return &conf->oidc[i];
	}
	return NULL;
}

/* --- names --- */

static bool is_named(const struct conf_oidc *of)
{
	return of && of->name;
}

/* Gives. */
static char *qualify(const struct conf_oidc *of, struct str name)
{
	return mem_printf(PREFIX "%s:%.*s", of->name, (int)name.len, name.at);
}

/* What follows "oidc:NAME:". at == NULL: it begins with something else. */
static struct str after_name(const struct conf_oidc *of, struct str text)
{
	size_t len = strlen(of->name), head = strlen(PREFIX) + len + 1;

	if (text.len < head || !str_starts(text, STR(PREFIX)) || text.at[head - 1] != ':' ||
		memcmp(text.at + strlen(PREFIX), of->name, len) != 0)
		return (struct str){NULL, 0};
	return str_from(text, head);
}

static bool is_foreign(const struct conf *conf, struct str issuer)
{
	bool is = conf_provider_of(conf, issuer) != NULL;

	for (size_t i = 0; i < conf->bearer_count && !is; i++)
		is = str_eq(str_of(conf->bearer[i].issuer), issuer);
	return is;
}

static char *short_enough(char *person)
{
	if (strlen(person) < CONF_PERSON)
		return person;
	free(person);
	return NULL;
}

char *conf_person_of(const struct conf_oidc *of, struct str subject)
{
	if (is_named(of))
		return short_enough(qualify(of, subject));
	if (str_starts(subject, STR(PREFIX)))
		return NULL;
	return short_enough(mem_strndup(subject.at ? subject.at : "", subject.len));
}

char *conf_person(const struct conf *conf, struct str issuer, struct str subject)
{
	if (is_foreign(conf, issuer))
		return conf_person_of(conf_provider_of(conf, issuer), subject);
	return short_enough(mem_strndup(subject.at ? subject.at : "", subject.len));
}

struct str conf_subject(const struct conf *conf, struct str issuer, struct str person)
{
	const struct conf_oidc *of = conf_provider_of(conf, issuer);

	return is_named(of) ? after_name(of, person) : person;
}

bool conf_is_platform(const struct conf *conf, struct str issuer)
{
	if (conf->oidc_count > 0)
		return conf_provider_of(conf, issuer) != NULL;
	return conf->bearer_count > 0 && str_eq(str_of(conf->bearer[0].issuer), issuer);
}

/* --- roles --- */

const char *conf_roles_claim(const struct conf *conf, const struct conf_oidc *of)
{
	return of && of->roles.claim ? of->roles.claim : conf->roles_claim;
}

char *conf_role(const struct conf_oidc *of, struct str name)
{
	if (is_named(of) && of->has_roles)
		return qualify(of, name);
	return str_starts(name, STR(PREFIX)) ? NULL : mem_strndup(name.at, name.len);
}

const char *conf_role_of(const struct conf *conf, struct str issuer, const char *name)
{
	const struct conf_oidc *of = conf_provider_of(conf, issuer);

	if (is_named(of) && of->has_roles)
		return after_name(of, str_of(name)).at;
	return str_starts(str_of(name), STR(PREFIX)) ? NULL : name;
}

bool conf_is_known_to_spark(const struct conf_oidc *of)
{
	return !is_named(of) || of->user_claim || of->user_map.file;
}

const char *conf_user_claim(const struct conf *conf, const struct conf_oidc *of)
{
	if (!conf_is_known_to_spark(of))
		return NULL;
	return of && of->user_claim ? of->user_claim : conf->user_claim;
}

char *conf_user_claim_said(const struct conf *conf, const struct conf_oidc *of)
{
	const char *claim = conf_user_claim(conf, of);

	if (is_named(of))
		return mem_printf(
			"user_claim of the provider %s: %s", of->name, claim ? claim : "not set");
	return mem_printf("%s: %s",
		of && of->user_claim ? "auth.oidc.user_claim" : "auth.user_claim",
		claim ? claim : "not set");
}
