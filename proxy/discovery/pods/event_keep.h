/*
 * proxy/discovery/pods/event_keep.h - reads what Kubernetes tells of a driver's pod and of its
 * executors when the driver has ended, to be kept: Kubernetes forgets it after an hour, and nobody
 * knows which pods were its executors once they are gone.
 *
 * Executors are those that were seen (known_executors.h), and that are there when the driver ends
 * (S160). A few at once, the others wait,
 * with room for each namespace (S145). One for each cluster; the keeper's thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_EVENT_KEEP_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_EVENT_KEEP_H

#include <stddef.h>

struct cluster;
struct event_keep;
struct kube_pod;

enum { EVENT_KEEP_TEXT = 48 * 1024 }; /* bytes of JSON, of an application */

/* `done` takes `events`, JSON for incidents_add_kept(). It is not called where none could be read.
 */
struct event_keep *event_keep_new(struct cluster *c,
	void (*done)(const char *app_id, const char *uid, char *events, void *arg), void *arg);
void event_keep_free(struct event_keep *k); /* what is under way ends; NULL is fine */
/* Reads those of the application whose driver's pod this is, or drops them if there is no room. */
void event_keep_begin(struct event_keep *k, const char *app_id, const struct kube_pod *pod);

#endif
