/*
 * conf/load/yaml_tree.h - a YAML document as a small tree in which every node knows where it
 * stands.
 *
 * A strict subset, so that a file means one thing only: one document, UTF-8, no anchors, aliases or
 * tags, no key twice in a map, at most 16 levels. Values that come from the environment or the
 * command line are put into the same tree, so that everything after it is written once.
 */
#ifndef SPARKGATE_CONF_LOAD_YAML_TREE_H
#define SPARKGATE_CONF_LOAD_YAML_TREE_H

#include "base/err.h"
#include "base/str.h"

enum yaml_kind { YAML_TREE_SCALAR, YAML_TREE_MAP, YAML_TREE_LIST };

struct yaml_node {
	enum yaml_kind kind;
	char *key;     /* in a map; NULL in a list and for the root */
	char *text;    /* of a scalar, never with a NUL inside; NULL for the others */
	bool is_null;  /* a plain scalar that is empty, "~" or "null" */
	char *origin;  /* "SPARKGATE_LOG_LEVEL", "--listen"; NULL: the file, at line and column */
	unsigned line; /* from 1; of the key for values in a map */
	unsigned column;
	struct yaml_node *first, *last; /* of a map's or list's children, in order */
	struct yaml_node *next;
};

/* Gives the root map (an empty one for an empty document), or NULL and `name:line:column: reason`.
 */
MUST_CHECK struct yaml_node *yaml_tree_parse(const char *name, struct str text, struct err *err);
/* Gives an empty map. */
struct yaml_node *yaml_tree_new(void);
void yaml_tree_free(struct yaml_node *root); /* NULL is fine */

/* Adds a child at the end; copies the strings. `key` is NULL in a list, `text` but for a scalar. */
struct yaml_node *yaml_tree_add(struct yaml_node *parent, enum yaml_kind kind, const char *key,
	const char *text, const char *origin);
/* Sets the scalar at a path like "server.limits.head", making the maps on the way. Does nothing
 * when something else than a map is on the way: reading the tree will say so. */
void yaml_tree_put(struct yaml_node *root, const char *path, const char *text, const char *origin);

/* Takes out the scalar, or the map or list, that the file has at this place, with all below it.
 * Borrows what it was in; NULL: there is none. */
const struct yaml_node *yaml_tree_remove(
	struct yaml_node *root, unsigned line, unsigned column, bool is_group);

/* NULL when there is none; `map` may be NULL. Borrows. */
const struct yaml_node *yaml_tree_child(const struct yaml_node *map, struct str key);
/* The same for a path through maps, "auth.oidc"; may be changed. */
struct yaml_node *yaml_tree_at(struct yaml_node *root, const char *path);
/* The node at "clusters[1].uis[0].name", or the deepest one there is on the way to it. Borrows. */
const struct yaml_node *yaml_tree_find(const struct yaml_node *root, const char *path);

#endif
