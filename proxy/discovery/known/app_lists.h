/*
 * proxy/discovery/known/app_lists.h - the lists that applications of a cluster were made with
 * (spark_acls.h), kept once for all that have the same.
 *
 * Bounded in applications and in bytes: the oldest that have ended lose theirs first. Keeper
 * thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_APP_LISTS_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_APP_LISTS_H

#include "auth/policy/access.h"
#include "base/mem.h"

struct app;
struct cluster;
struct fetch;

/* Somebody is being asked for an application's lists. */
struct lists_read {
	struct cluster *cluster;
	struct app *app; /* NULL: in vain by now */
	struct fetch *fetch;
	bool is_history;
};

enum {
	LISTS_APPS_MAX = 10000,		   /* with lists, of a cluster */
	LISTS_TEXT_MAX = 8 * 1024,	   /* of one application */
	LISTS_BYTES_MAX = 8 * 1024 * 1024, /* of a cluster, each list once */
};

/* Keeps them, unless it has some. False: they are too long, or there is no room (yet). */
MUST_CHECK bool app_lists_keep(struct app *a, const struct access_lists *lists);
/* It has none, and who is reading some for it reads them in vain. */
void app_lists_forget(struct app *a);
/* NULL: not known. Borrowed until the next call above; the same pointer where texts are the same.
 */
const struct access_lists *app_lists_of(const struct app *a);

#endif
