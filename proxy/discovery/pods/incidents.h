/*
 * proxy/discovery/pods/incidents.h - events of Kubernetes about pods, newest first, no more than a
 * page shows: added while a list arrives, or from what was kept.
 *
 * Whose they are decides the pod's uid, which nobody chooses. Pure; it owns its events. One thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_INCIDENTS_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_INCIDENTS_H

#include "base/str.h"
#include "proxy/discovery/kubernetes/kube_status.h"

enum { INCIDENTS_MAX = 200 };

struct incident {
	json_t *json; /* what the rest borrows from */
	struct kube_incident it;
};

struct incidents { /* all zero: there are none */
	struct incident at[2 * INCIDENTS_MAX];
	size_t count;
	bool has_more; /* older ones were left out */
	bool is_cut;   /* of each no more than is kept */
};

/* An item of a list, if it is about a pod of `is_ours` and is not there yet. */
void incidents_add(struct incidents *all, struct str item,
	bool (*is_ours)(const char *uid, const void *arg), const void *arg);
/* Those of what incidents_text() gave that were not added before, perhaps as newer ones. */
void incidents_add_kept(struct incidents *all, struct str text);
void incidents_settle(struct incidents *all); /* newest first, at most INCIDENTS_MAX */
/* JSON of the newest, as many as have room in `max` bytes; gives. */
char *incidents_text(struct incidents *all, size_t max);
void incidents_clear(struct incidents *all);

#endif
