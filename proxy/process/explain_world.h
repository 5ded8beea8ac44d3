/*
 * proxy/process/explain_world.h - a request as the gateway would see it, out of a configuration and
 * a path alone: each master, history server and UI there, and the application that the path names.
 *
 * So the answer comes from the very functions that judge requests. No network.
 */
#ifndef SPARKGATE_PROXY_PROCESS_EXPLAIN_WORLD_H
#define SPARKGATE_PROXY_PROCESS_EXPLAIN_WORLD_H

#include "conf/conf.h"
#include "proxy/registry/topic.h"

struct explain_app { /* what is known of the application; NULL: nobody said */
	const char *user, *name, *namespace;
};

struct explain_world {
	char *base; /* of public_url */
	struct registry *registry;
	struct route route;
	struct topic topic;
	enum action action;
	unsigned actions;
};

/* `target` is path and query, as a browser sends them. */
void explain_world_init(struct explain_world *world, const struct conf *conf, const char *method,
	const char *target, const struct explain_app *app);
void explain_world_clear(struct explain_world *world);

#endif
