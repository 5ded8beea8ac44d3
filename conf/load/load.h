/* conf/load/load.h - a tree of keys read into a configuration, row by row of the keyword table. */
#ifndef SPARKGATE_CONF_LOAD_LOAD_H
#define SPARKGATE_CONF_LOAD_LOAD_H

#include "base/err.h"
#include "base/str.h"
#include "conf/conf.h"

struct yaml_node;

/* Gives the conf of a tree, checked; takes the tree. `file` is NULL without one. No other file is
 * opened: secrets have no value. */
MUST_CHECK struct conf *load_tree(const char *file, struct yaml_node *root, struct err *err);
/* The same with systemd credentials, secrets read, and other files seen to be readable. */
MUST_CHECK struct conf *load_tree_and_files(
	const char *file, struct yaml_node *root, struct err *err);
/* Frees what a list of groups of a conf has ("auth.oidc"), which is empty then. */
void load_forget_groups(struct conf *conf, const char *path);
/* All that is wrong with a file, for --check: what is wrong is left out, and the rest is read
 * again. Tells each mistake, MISTAKES_MAX at most. NULL if there is one, else gives the conf. */
enum { MISTAKES_MAX = 32 };
MUST_CHECK struct conf *load_mistakes(const char *file, conf_warning *tell, void *arg);
/* Gives the conf of a file's text with no look at the environment; for tests and fuzzing. */
MUST_CHECK struct conf *load_text(const char *name, struct str text, struct err *err);

#endif
