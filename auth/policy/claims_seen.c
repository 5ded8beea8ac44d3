#include "auth/policy/claims_seen.h"

#include "base/text/json_text.h"
#include "base/text/json_value.h"

#include <stdint.h>

enum { NAME_SHOWN = 64 }; /* bytes of one name */

const json_t *claims_seen_find(const json_t *claims, struct str path)
{
	const json_t *found = json_object_getn(claims, path.at, path.len);

	for (size_t i = 0; i < path.len && !found; i++) {
		if (path.at[i] == '.')
			found = claims_seen_find(
				json_object_getn(claims, path.at, i), str_from(path, i + 1));
	}
	return json_is_null(found) ? NULL : found;
}

/* --- names --- */

static bool is_listed(const char *names, struct str name)
{
	struct str rest = str_of(names), one;

	while (str_next(&rest, ' ', &one)) {
		if (str_eq(one, name))
			return true;
	}
	return false;
}

/* Adds `lead` and `key` as one name, if there is room for it. */
static void note_name(struct claims_seen *seen, struct str lead, const char *key)
{
	char name[NAME_SHOWN + 1];
	size_t used = strlen(seen->names), len = 0;

	for (size_t i = 0; i < lead.len && len < NAME_SHOWN; i++)
		name[len++] = lead.at[i];
	for (size_t i = 0; key[i] && len < NAME_SHOWN; i++)
		name[len++] = key[i];
	for (size_t i = 0; i < len; i++) {
		if (name[i] <= 0x20 || name[i] > 0x7e || strchr("\"\\,", name[i]))
			name[i] = '?';
	}
	name[len] = '\0';
	if (len == 0 || is_listed(seen->names, str_of(name)) || used + len + 2 > sizeof seen->names)
		return;
	if (used)
		seen->names[used++] = ' ';
	memcpy(seen->names + used, name, len + 1);
}

/* Of the object itself, and of those that lead to the claim of roles; `whole` is the path up to
 * `path`, too. */
static void note_names(
	struct claims_seen *seen, struct str whole, struct str path, const json_t *object)
{
	struct str lead = {whole.at, whole.len - path.len};

	json_t *walked = (json_t *)(uintptr_t)object; /* only read, but jansson's says otherwise */

	for (void *at = json_object_iter(walked); at; at = json_object_iter_next(walked, at))
		note_name(seen, lead, json_object_iter_key(at));
	for (size_t i = 0; i < path.len; i++) {
		const json_t *inner =
			path.at[i] == '.' ? json_object_getn(object, path.at, i) : NULL;
		if (json_is_object(inner))
			note_names(seen, whole, str_from(path, i + 1), inner);
	}
}

void claims_seen_add(struct claims_seen *seen, const char *path, const json_t *claims)
{
	struct str whole = str_of(path ? path : "");

	note_names(seen, whole, whole, claims);
	seen->is_found |= path && claims_seen_find(claims, whole);
}

/* --- kept --- */

char *claims_seen_text(const struct claims_seen *seen, const char *path)
{
	json_t *json = json_pack("{s:o, s:b, s:i, s:s, s:s}", "path", json_value_text(path),
		"found", seen->is_found, "places", (int)seen->places, "names", seen->names,
		"trouble", seen->trouble);
	char *text = json_text(json);

	json_decref(json);
	return text;
}

bool claims_seen_parse(
	const char *text, struct claims_seen *out, char path[static CLAIMS_SEEN_NAMES])
{
	json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	bool is_whole =
		json_is_object(json) &&
		str_copy(json_value_member(json, "names"), out->names, sizeof out->names) &&
		str_copy(json_value_member(json, "trouble"), out->trouble, sizeof out->trouble) &&
		str_copy(json_value_member(json, "path"), path, CLAIMS_SEEN_NAMES);

	if (is_whole) {
		out->is_found = json_is_true(json_object_get(json, "found"));
		out->places = (unsigned)json_integer_value(json_object_get(json, "places"));
	} else {
		*out = (struct claims_seen){.is_found = false};
		path[0] = '\0';
	}
	json_decref(json);
	return is_whole;
}
