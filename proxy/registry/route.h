/*
 * proxy/registry/route.h - from a checked path to what it names. Pure.
 *
 * Matching is by whole segments on the very bytes that are forwarded (S6); nothing in a request can
 * name a host or port.
 */
#ifndef SPARKGATE_PROXY_REGISTRY_ROUTE_H
#define SPARKGATE_PROXY_REGISTRY_ROUTE_H

#include "base/str.h"
#include "proxy/registry/registry.h"

enum route_kind {
	ROUTE_NONE,  /* nothing is there */
	ROUTE_SLASH, /* the same with a slash at the end */
	ROUTE_HOME,
	ROUTE_CLUSTER,
	ROUTE_MOUNT,	/* a UI: mount and rest */
	ROUTE_APP,	/* a permalink: name */
	ROUTE_APP_KILL, /* ends an application: name is its id */
	ROUTE_APP_LOGS, /* of its driver's pod and its executors': the same */
	ROUTE_APP_EVENTS,
	ROUTE_OUTSIDE,	/* none of our paths: an ingress asks for it (ext_auth.h) */
	ROUTE_LOGIN,	/* from here on: each looks itself at who it is */
	ROUTE_CALLBACK, /* the provider sends the browser back */
	ROUTE_LOGOUT,
	ROUTE_STATIC, /* rest: the file */
	ROUTE_JWKS,
	ROUTE_HAND_OVER, /* on ours: a browser asks for what takes its session to one of those: */
	ROUTE_ENTER,	 /* on an application's own host: a session is brought here */
	ROUTE_OAUTH_TOKEN,
	ROUTE_OAUTH_REVOKE,
	ROUTE_OAUTH_INTROSPECT,
	ROUTE_OAUTH_DEVICE,
	ROUTE_OAUTH_METADATA,
	ROUTE_CLIENT, /* the Python client: rest as of ROUTE_STATIC */
	ROUTE_WHOAMI,
	ROUTE_API, /* launches, for programs (endpoint_api.c) */
};

struct route {
	enum route_kind kind;
	/* Borrows from the snapshot, as the rest. Of ROUTE_NONE: whose ids hold none of this name.
	 */
	const struct cluster_info *cluster;
	const struct mount *mount;
	struct str rest; /* path below the mount, starts with '/' but for ROUTE_SLASH. Of ROUTE_APP:
			    what follows an id in a mount's place; at == NULL: a permalink */
	struct str name; /* of an application: id or name, still percent-encoded */
};

/* `reg` may be NULL: then only the gateway's own paths exist. */
struct route route_match(const struct registry *reg, const char *base, struct str path);
/* The same on the host name of `app` (NULL: of none that is known): its UI, the way in, what pages
 * of ours load, and to sign in; nothing else is there. */
struct route route_match_app(
	const struct registry *reg, const char *base, struct str path, const struct mount *app);
/* True when no path of the gateway's own is at or below it, and none of a cluster of the
 * configuration. */
bool route_is_outside(const struct registry *reg, const char *base, struct str path);
/* In a mount's place: perhaps a history server has it, and our list of it does not. */
bool route_may_be_older(const struct cluster_info *cluster, struct str id);
/* True for the paths that are served to anybody. */
bool route_is_public(const struct route *route);

#endif
