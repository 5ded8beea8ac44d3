#include "auth/roles.h"

#include <stdlib.h>

static bool is_listed(const struct conf_names *names, struct str name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (str_eq(str_of(names->at[i]), name))
			return true;
	}
	return false;
}

static enum role role_of(const struct conf *conf, struct str name)
{
	if (is_listed(&conf->roles_admin, name))
		return ROLE_ADMIN;
	return is_listed(&conf->roles_user, name) ? ROLE_USER : ROLE_NONE;
}

static enum role higher(enum role a, enum role b)
{
	return a > b ? a : b;
}

/* Names in a claim. "sub:..." is how the configuration names a person, so no claim may spell it. */
static enum role role_of_names(const struct conf *conf, struct str names)
{
	enum role best = ROLE_NONE;
	struct str name;

	while (str_next(&names, ' ', &name)) {
		if (name.len > 0 && !str_starts(name, STR("sub:")))
			best = higher(best, role_of(conf, name));
	}
	return best;
}

static enum role role_of_claim(const struct conf *conf, const json_t *claim)
{
	enum role best = ROLE_NONE;

	if (json_is_string(claim))
		return role_of_names(
			conf, (struct str){json_string_value(claim), json_string_length(claim)});
	for (size_t i = 0; i < json_array_size(claim); i++) {
		const json_t *item = json_array_get(claim, i);
		struct str name = {json_string_value(item), json_string_length(item)};

		/* An element is one name, spaces and all. */
		if (name.at && !str_starts(name, STR("sub:")))
			best = higher(best, role_of(conf, name));
	}
	return best;
}

/* `path` may mean nested objects or one key with dots ("https://x.example/roles"): every cut is
 * tried. */
static enum role role_at(const struct conf *conf, const json_t *object, struct str path)
{
	enum role best = role_of_claim(conf, json_object_getn(object, path.at, path.len));

	for (size_t i = 0; i < path.len; i++) {
		if (path.at[i] != '.')
			continue;
		const json_t *inner = json_object_getn(object, path.at, i);
		if (json_is_object(inner))
			best = higher(best, role_at(conf, inner, str_from(path, i + 1)));
	}
	return best;
}

/* "sub:<name>" is on the list. */
static bool has_subject(const struct conf_names *names, struct str name)
{
	static const struct str lead = {"sub:", 4};

	for (size_t i = 0; i < names->count; i++) {
		struct str listed = str_of(names->at[i]);

		if (str_starts(listed, lead) && str_eq(str_from(listed, lead.len), name))
			return true;
	}
	return false;
}

static enum role role_of_subject(const struct conf *conf, const json_t *claims)
{
	const json_t *subject = json_object_get(claims, "sub");
	struct str name = str_of(json_string_value(subject));

	if (name.at == NULL)
		return ROLE_NONE;
	if (has_subject(&conf->roles_admin, name))
		return ROLE_ADMIN;
	return has_subject(&conf->roles_user, name) ? ROLE_USER : ROLE_NONE;
}

enum role roles_from_claims(const struct conf *conf, const json_t *claims)
{
	enum role role = role_of_subject(conf, claims);

	if (conf->roles_claim)
		role = higher(role, role_at(conf, claims, str_of(conf->roles_claim)));
	return role;
}
