/* SPARKGATE_* variables, put into the tree of keys. */
#include "conf/load/env.h"

#include "conf/load/load_error.h"
#include "conf/load/yaml_tree.h"
#include "conf/values/keywords.h"
#include "conf/values/values_file.h"

#include <stdlib.h>

#define PREFIX "SPARKGATE_"

/* Where a variable's value goes. */
struct place {
	const struct keyword *row; /* NULL: nowhere */
	struct yaml_node *map;	   /* the root, or an entry of a list */
	const char *path;	   /* from there */
};

/* "server.limits.head" becomes "SERVER_LIMITS_HEAD", and an entry's name "my-idp" "MY_IDP". False
 * for what lists hold: no name is clear. */
static bool name_of(const char *path, char out[static 64])
{
	size_t i = 0;

	for (; path[i] && i < 63; i++) {
		char c = path[i];
		if (c == '[')
			return false;
		out[i] = c == '.' || c == '-'	? '_'
			 : c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A')
						: c;
	}
	out[i] = '\0';
	return true;
}

/* What Kubernetes puts into every pod beside a Service called sparkgate or sparkgate-<x>. It is not
 * for us, and must not keep the gateway from starting. */
static bool is_service_link(struct str name, struct str value)
{
	ptrdiff_t port = str_find(name, STR("PORT_"));

	if (str_ends(name, STR("SERVICE_HOST")) || str_ends(name, STR("SERVICE_PORT")) ||
		str_find(name, STR("SERVICE_PORT_")) != -1)
		return true;
	if (str_ends(name, STR("PORT")))
		return str_find(value, STR("://")) != -1;
	if (port == -1 || (size_t)port + 5 >= name.len)
		return false;
	char digit = name.at[port + 5];
	return digit >= '0' && digit <= '9';
}

static const struct keyword *row_of(struct str name)
{
	char candidate[64];

	for (size_t i = 0; i < keywords_count; i++) {
		if (keywords[i].shape == KEYWORD_VALUE && name_of(keywords[i].path, candidate) &&
			str_eq(str_of(candidate), name))
			return &keywords[i];
	}
	return NULL;
}

static void nearest_name(struct str name, char out[static 64])
{
	char candidate[64];
	unsigned least = 0;

	out[0] = '\0';
	for (size_t i = 0; i < keywords_count; i++) {
		if (keywords[i].shape != KEYWORD_VALUE || !name_of(keywords[i].path, candidate))
			continue;
		unsigned steps = keyword_distance(name, str_of(candidate));
		if (out[0] && steps >= least)
			continue;
		least = steps;
		(void)str_copy(str_of(candidate), out, 64);
	}
}

/* --- entries of a list where one may stand alone: the one without a name is what that one was ---
 */

static bool is_entries(const struct keyword *row)
{
	return row->shape == KEYWORD_GROUPS && row->takes_one;
}

/* The list that the file has at such a row; NULL: none. */
static struct yaml_node *list_at(struct yaml_node *root, const struct keyword *groups)
{
	struct yaml_node *at = yaml_tree_at(root, groups->path);

	return at && at->kind == YAML_TREE_LIST ? at : NULL;
}

static bool is_nameless(const struct yaml_node *entry)
{
	const struct yaml_node *own = yaml_tree_child(entry, STR("name"));

	return entry->kind == YAML_TREE_MAP && (own == NULL || own->is_null || own->text == NULL);
}

static struct yaml_node *nameless_entry(struct yaml_node *list)
{
	struct yaml_node *entry = list->first;

	while (entry && !is_nameless(entry))
		entry = entry->next;
	return entry;
}

/* Whether a variable is about that entry: "AUTH_OIDC_" and "PARTNER_" before "CLIENT_ID". A name is
 * the file's to say, for it says which entry this is. */
static const struct keyword *row_in_entry(
	const struct keyword *groups, const char *entry, struct str name)
{
	const struct keyword *row = NULL;
	char group[64], called[64];

	if (!name_of(groups->path, group) || !name_of(entry, called))
		return NULL;
	char *before = mem_printf("%s_%s_", group, called);
	if (str_starts(name, str_of(before))) {
		struct str key = str_from(name, strlen(before));
		char *alone = mem_printf("%s_%.*s", group, (int)key.len, key.at);
		row = row_of(str_of(alone));
		free(alone);
	}
	free(before);
	return row && strcmp(keyword_leaf(row->path), "name") != 0 ? row : NULL;
}

static struct place place_in_list(
	struct yaml_node *list, const struct keyword *groups, struct str name)
{
	for (struct yaml_node *entry = list->first; entry; entry = entry->next) {
		const struct yaml_node *own = yaml_tree_child(entry, STR("name"));
		const struct keyword *row =
			own && own->text ? row_in_entry(groups, own->text, name) : NULL;
		if (row)
			return (struct place){row, entry, row->path + strlen(groups->path) + 1};
	}
	return (struct place){.row = NULL};
}

static bool is_below(const struct keyword *row, const struct keyword *groups)
{
	size_t len = strlen(groups->path);

	return strncmp(row->path, groups->path, len) == 0 && row->path[len] == '.';
}

/* `map` NULL beside a row: it is no entry's that the file has. */
static struct place place_of(struct yaml_node *root, struct str name)
{
	struct place place = {row_of(name), root, NULL};

	place.path = place.row ? place.row->path : NULL;
	for (size_t i = 0; i < keywords_count; i++) {
		const struct keyword *groups = &keywords[i];
		struct yaml_node *list = is_entries(groups) ? list_at(root, groups) : NULL;

		if (list == NULL)
			continue;
		if (place.row == NULL)
			return place_in_list(list, groups, name);
		if (!is_below(place.row, groups))
			continue;
		bool is_name = strcmp(keyword_leaf(place.path), "name") == 0;
		place.map = is_name ? NULL : nameless_entry(list);
		place.path += strlen(groups->path) + 1;
	}
	return place;
}

/* The scalar at a place that the file has already, or NULL. */
static const struct yaml_node *given(const struct place *place)
{
	const struct yaml_node *node = yaml_tree_at(place->map, place->path);

	return node && !node->is_null ? node : NULL;
}

/* A variable wins over the file; but which of two secrets is meant, nobody should have to guess. */
static int put_variable(
	const struct place *place, const char *name, const char *value, struct err *err)
{
	if (place->map == NULL)
		return err_set(err,
			"%s: the file has a list there, of which this is no entry's key: expected "
			"the entry's name in the variable's, as in " PREFIX
			"AUTH_OIDC_PARTNER_ISSUER",
			name);
	const struct yaml_node *there = given(place);

	if (there && values_file_is_secret(place->row->type))
		return err_set(err, "%s: key \"%s\": given twice, also at line %u of the file",
			name, place->row->path, there->line);
	yaml_tree_put(place->map, place->path, value, name);
	return 0;
}

/* "AUTH_OIDC_CLIENT_SECRET", where only the name of a file with the secret may stand. */
static bool is_secret_itself(struct yaml_node *root, struct str name)
{
	char *file = mem_printf("%.*s_FILE", (int)name.len, name.at);
	struct place place = place_of(root, str_of(file));

	free(file);
	return place.row != NULL;
}

static int apply(struct yaml_node *root, struct str name, const char *value, struct err *err)
{
	struct place place = place_of(root, name);
	char nearest[64];

	if (place.row) {
		char *origin = mem_printf(PREFIX "%.*s", (int)name.len, name.at);
		int rc = put_variable(&place, origin, value, err);
		free(origin);
		return rc;
	}
	if (is_service_link(name, str_of(value)))
		return 0;
	if (name.len > 80)
		name.len = 80;
	if (is_secret_itself(root, name))
		return err_set(err,
			PREFIX "%.*s: secrets are read from files: use " PREFIX "%.*s_FILE",
			(int)name.len, name.at, (int)name.len, name.at);
	nearest_name(name, nearest);
	return err_set(err, PREFIX "%.*s: unknown key, did you mean " PREFIX "%s?", (int)name.len,
		name.at, nearest);
}

int load_env(struct yaml_node *root, char *const *variables, struct err *err)
{
	for (; *variables; variables++) {
		struct str rest = str_of(*variables), name;

		if (!str_starts(rest, STR(PREFIX)) || !str_next(&rest, '=', &name) ||
			rest.at == NULL)
			continue;
		if (apply(root, str_from(name, strlen(PREFIX)), rest.at, err) == -1)
			return -1;
	}
	return 0;
}
