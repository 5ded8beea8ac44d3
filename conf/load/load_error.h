/*
 * conf/load/load_error.h - what is wrong with a configuration, and where it was written: a line of
 * the file, a variable of the environment or an option.
 */
#ifndef SPARKGATE_CONF_LOAD_LOAD_ERROR_H
#define SPARKGATE_CONF_LOAD_LOAD_ERROR_H

#include "base/err.h"

#include <stdbool.h>

struct conf;
struct yaml_node;

struct loader {		  /* a conf being filled from a tree */
	const char *name; /* of the file, for messages */
	const struct yaml_node *root;
	struct conf *conf; /* NULL while the tree is being made */
	struct err *err;
	/* Where the mistake stands, written by load_fail(); NULL: nobody asks. */
	struct load_mistake *mistake;
};

struct load_mistake { /* a place of the file; line 0: elsewhere, or nowhere */
	unsigned line, column;
	bool is_group; /* a map or a list: what is wrong may be that something is missing */
	unsigned in_line, in_column; /* of the group that it was taken out of */
};

/* Writes `where: key "path": message`; `node` (or NULL: the root) says where. Always -1. */
int load_fail(const struct loader *l, const struct yaml_node *node, const char *path,
	const char *fmt, ...) PRINTF(4, 5);
/* Writes `where: key "path": got "...", expected ...` for a scalar. Secrets are not shown. Always
 * -1. */
int load_fail_value(const struct loader *l, const struct yaml_node *node, const char *path,
	const char *expected);
/* The same for the node at a path such as "clusters[1].name", wherever it was written. Always -1.
 */
int load_fail_at(const struct loader *l, const char *expected, const char *path_fmt, ...)
	PRINTF(3, 4);

#endif
