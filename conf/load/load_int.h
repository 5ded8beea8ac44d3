/*
 * conf/load/load_int.h - what the parts of loading share: a conf being filled from a tree.
 *
 * load.c fills the fields row by row, env.c adds SPARKGATE_* variables to the tree, flags.c makes a
 * tree out of the command line, check.c judges what one row cannot see, secrets.c reads the files
 * that are named.
 */
#ifndef SPARKGATE_CONF_LOAD_LOAD_INT_H
#define SPARKGATE_CONF_LOAD_LOAD_INT_H

#include "conf/conf.h"
#include "conf/load/yaml_tree.h"

struct loader {
	const char *name; /* of the file, for messages */
	const struct yaml_node *root;
	struct conf *conf; /* NULL while the tree is being made */
	struct err *err;
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

/* Merges SPARKGATE_* variables of `environ` into the tree. */
MUST_CHECK int load_env(struct yaml_node *root, char *const *environ, struct err *err);
/* Gives the conf of a tree, checked; takes the tree. `file` is NULL without one. No other file is
 * opened: secrets have no value. */
MUST_CHECK struct conf *load_tree(const char *file, struct yaml_node *root, struct err *err);
/* The same with systemd credentials, secrets read, and other files seen to be readable. */
MUST_CHECK struct conf *load_tree_and_files(
	const char *file, struct yaml_node *root, struct err *err);
/* Gives the conf of a file's text with no look at the environment; for tests and fuzzing. */
MUST_CHECK struct conf *load_text(const char *name, struct str text, struct err *err);
/* Derives what is not written (public URLs, folders) and refuses what does not go together. */
MUST_CHECK int check_conf(const struct loader *l);

/* Names the systemd credentials in `folder` (NULL: none) as the files of the secrets they hold. */
MUST_CHECK int secrets_find_credentials(const struct loader *l, const char *folder);
/* Reads the secrets; other files must be readable. */
MUST_CHECK int secrets_read(const struct loader *l);

#endif
