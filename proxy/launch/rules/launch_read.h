/*
 * proxy/launch/rules/launch_read.h - the form of a launch's JSON: which members there are, and what
 * each may be. Whether somebody may have it is judged later. Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_RULES_LAUNCH_READ_H
#define SPARKGATE_PROXY_LAUNCH_RULES_LAUNCH_READ_H

#include "base/err.h"
#include "proxy/launch/target/launch_order.h"

#include <jansson.h>

struct launch_asked { /* borrows from the JSON; NULL and 0: not asked for */
	const char *cluster, *profile, *name, *resource, *artifact, *file, *main_class, *image;
	json_t *arguments, *environment, *conf; /* of texts */
	struct conf_process driver, executor;	/* memory in MiB */
	unsigned executors;
};

/* -1 and which member is wrong. */
MUST_CHECK int launch_read(json_t *body, struct launch_asked *out, struct err *err);

#endif
