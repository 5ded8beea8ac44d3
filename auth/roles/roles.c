#include "auth/roles/roles.h"

#include "base/mem.h"
#include "base/text/json_value.h"

struct visit {
	roles_on_name *on_name;
	void *arg;
};

static void tell(const struct visit *visit, struct str name)
{
	if (name.len > 0 && !str_starts(name, STR("sub:")))
		visit->on_name(visit->arg, name);
}

static void each_in_claim(const struct visit *visit, const json_t *claim)
{
	struct str names = json_value_str(claim), name;

	while (names.at && str_next(&names, ' ', &name))
		tell(visit, name);
	for (size_t i = 0; i < json_array_size(claim); i++) {
		/* An element is one name, spaces and all. */
		name = json_value_str(json_array_get(claim, i));
		if (name.at)
			tell(visit, name);
	}
}

/* `path` may mean nested objects or one key with dots ("https://x.example/roles"): every cut is
 * tried. */
static void each_at(const struct visit *visit, const json_t *object, struct str path)
{
	each_in_claim(visit, json_object_getn(object, path.at, path.len));
	for (size_t i = 0; i < path.len; i++) {
		if (path.at[i] != '.')
			continue;
		const json_t *inner = json_object_getn(object, path.at, i);
		if (json_is_object(inner))
			each_at(visit, inner, str_from(path, i + 1));
	}
}

void roles_each_name(const char *path, const json_t *claims, roles_on_name *on_name, void *arg)
{
	const struct visit visit = {on_name, arg};

	if (path)
		each_at(&visit, claims, str_of(path));
}

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
