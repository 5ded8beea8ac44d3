#include "auth/policy/roles.h"

#include "auth/policy/scope.h"
#include "base/sbuf.h"
#include "base/text/json_value.h"

#include <stdlib.h>

/* `text` is `lead` and then `name`. */
static bool is_named_role(const char *text, struct str lead, struct str name)
{
	struct str whole = str_of(text);

	return str_starts(whole, lead) && str_eq(str_from(whole, lead.len), name);
}

static bool is_listed_name(const struct conf_names *names, struct str lead, struct str name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (is_named_role(names->at[i], lead, name))
			return true;
	}
	return false;
}

static struct roles role_of(const struct conf *conf, struct str lead, struct str name)
{
	struct roles roles = {ROLE_NONE, 0};

	if (is_listed_name(&conf->roles_admin, lead, name))
		return (struct roles){ROLE_ADMIN, 0};
	if (is_listed_name(&conf->roles_user, lead, name))
		return (struct roles){ROLE_USER, 0};
	for (size_t i = 0; i < conf->roles_limited_count; i++) {
		if (is_named_role(conf->roles_limited[i].role, lead, name))
			roles = roles_join(roles, (struct roles){ROLE_USER, (uint64_t)1 << i});
	}
	return roles;
}

struct roles roles_join(struct roles a, struct roles b)
{
	if (a.role == ROLE_NONE || b.role == ROLE_NONE)
		return a.role == ROLE_NONE ? b : a;
	return (struct roles){
		a.role > b.role ? a.role : b.role, a.limits && b.limits ? a.limits | b.limits : 0};
}

/* Names in a claim. "sub:..." is how the configuration names a person, so no claim may spell it. */
static struct roles role_of_names(const struct conf *conf, struct str names)
{
	struct roles best = {ROLE_NONE, 0};
	struct str name;

	while (str_next(&names, ' ', &name)) {
		if (name.len > 0 && !str_starts(name, STR("sub:")))
			best = roles_join(best, role_of(conf, STR(""), name));
	}
	return best;
}

static struct roles role_of_claim(const struct conf *conf, const json_t *claim)
{
	struct roles best = {ROLE_NONE, 0};

	if (json_is_string(claim))
		return role_of_names(conf, json_value_str(claim));
	for (size_t i = 0; i < json_array_size(claim); i++) {
		const json_t *item = json_array_get(claim, i);
		struct str name = json_value_str(item);

		/* An element is one name, spaces and all. */
		if (name.at && !str_starts(name, STR("sub:")))
			best = roles_join(best, role_of(conf, STR(""), name));
	}
	return best;
}

/* `path` may mean nested objects or one key with dots ("https://x.example/roles"): every cut is
 * tried. */
static struct roles role_at(const struct conf *conf, const json_t *object, struct str path)
{
	struct roles best = role_of_claim(conf, json_object_getn(object, path.at, path.len));

	for (size_t i = 0; i < path.len; i++) {
		if (path.at[i] != '.')
			continue;
		const json_t *inner = json_object_getn(object, path.at, i);
		if (json_is_object(inner))
			best = roles_join(best, role_at(conf, inner, str_from(path, i + 1)));
	}
	return best;
}

static struct roles role_of_subject(const struct conf *conf, const json_t *claims)
{
	struct str name = str_of(json_string_value(json_object_get(claims, "sub")));

	return name.at ? role_of(conf, STR("sub:"), name) : (struct roles){ROLE_NONE, 0};
}

struct roles roles_from_claims(const struct conf *conf, const json_t *claims)
{
	struct roles role = role_of_subject(conf, claims);

	if (conf->roles_claim)
		role = roles_join(role, role_at(conf, claims, str_of(conf->roles_claim)));
	return role;
}

/* What a limited role leaves; metrics are a part of the view. */
static const char limited_actions[] = "view logs environment download dump tokens";

char *roles_scope(const struct conf *conf, struct roles roles)
{
	struct sbuf text;

	sbuf_init(&text, SCOPE_TEXT - 1); /* conf/load/check.c sees to it that all of them fit */
	if (roles.limits)
		sbuf_puts(&text, limited_actions);
	for (size_t i = 0; i < conf->roles_limited_count; i++) {
		const struct conf_names *names = &conf->roles_limited[i].namespaces;

		for (size_t k = 0; roles.limits >> i & 1 && k < names->count; k++)
			sbuf_printf(&text, " namespace:%s", names->at[k]);
	}
	return sbuf_take(&text);
}

static void limit_identity(const struct conf *conf, struct roles roles, struct identity *who)
{
	struct err err;

	if (roles.limits == 0)
		return;
	char *text = roles_scope(conf, roles);
	struct scope *scope = scope_parse(str_of(text), &err);
	if (scope == NULL)
		abort(); /* it would open everything */
	identity_limit(who, scope);
	free(text);
}

/* --- who has them --- */

struct str roles_display_name(const json_t *claims, struct str subject)
{
	static const char *const names[] = {
		"name", "preferred_username", "client_name", "username"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str name = json_value_member(claims, names[i]);

		if (name.len > 0)
			return name;
	}
	return subject;
}

struct identity *roles_identity(const struct conf *conf, const json_t *claims, struct str issuer,
	struct str subject, int64_t expires_at)
{
	struct roles roles = roles_from_claims(conf, claims);
	struct identity *who = identity_new(issuer, subject, roles_display_name(claims, subject),
		STR(""), roles.role, VIA_BEARER, expires_at);

	limit_identity(conf, roles, who);
	return who;
}
