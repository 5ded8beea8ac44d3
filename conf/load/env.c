/* SPARKGATE_* variables, put into the tree of keys. */
#include "conf/load/env.h"

#include "conf/load/load_error.h"
#include "conf/load/yaml_tree.h"
#include "conf/values/keywords.h"
#include "conf/values/values_file.h"

#include <stdlib.h>

#define PREFIX "SPARKGATE_"

/* "server.limits.head" becomes "SERVER_LIMITS_HEAD". False for what lists hold: no name is clear.
 */
static bool name_of(const char *path, char out[static 64])
{
	size_t i = 0;

	for (; path[i] && i < 63; i++) {
		char c = path[i];
		if (c == '[')
			return false;
		out[i] = c == '.' ? '_' : c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
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

/* The scalar at a row's path that the file has already, or NULL. */
static const struct yaml_node *given(const struct yaml_node *root, const struct keyword *row)
{
	const struct yaml_node *node = yaml_tree_find(root, row->path);
	bool is_there = node->key && strcmp(node->key, keyword_leaf(row->path)) == 0;

	return is_there && !node->is_null ? node : NULL;
}

/* A variable wins over the file; but which of two secrets is meant, nobody should have to guess. */
static int put_variable(struct yaml_node *root, const struct keyword *row, const char *name,
	const char *value, struct err *err)
{
	const struct yaml_node *there = given(root, row);

	if (there && values_file_is_secret(row->type))
		return err_set(err, "%s: key \"%s\": given twice, also at line %u of the file",
			name, row->path, there->line);
	yaml_tree_put(root, row->path, value, name);
	if (yaml_tree_find(root, row->path)->kind == YAML_TREE_LIST)
		return err_set(err, "%s: the file has a list there: set the key in the file", name);
	return 0;
}

/* "AUTH_OIDC_CLIENT_SECRET", where only the name of a file with the secret may stand. */
static bool is_secret_itself(struct str name)
{
	char *file = mem_printf("%.*s_FILE", (int)name.len, name.at);
	const struct keyword *row = row_of(str_of(file));

	free(file);
	return row != NULL;
}

static int apply(struct yaml_node *root, struct str name, const char *value, struct err *err)
{
	const struct keyword *row = row_of(name);
	char nearest[64];

	if (row) {
		char *origin = mem_printf(PREFIX "%.*s", (int)name.len, name.at);
		int rc = put_variable(root, row, origin, value, err);
		free(origin);
		return rc;
	}
	if (is_service_link(name, str_of(value)))
		return 0;
	if (name.len > 80)
		name.len = 80;
	if (is_secret_itself(name))
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
