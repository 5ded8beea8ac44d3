/* conf/load/env.h - SPARKGATE_* variables, put into the tree of keys. */
#ifndef SPARKGATE_CONF_LOAD_ENV_H
#define SPARKGATE_CONF_LOAD_ENV_H

#include "base/err.h"

struct yaml_node;

/* Adds those of `environ` to the tree. */
MUST_CHECK int load_env(struct yaml_node *root, char *const *environ, struct err *err);

#endif
