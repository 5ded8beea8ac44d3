/*
 * proxy/discovery/kubernetes/kube_watch.h - the driver pods of one namespace, or of all: listed
 * once, page by page, then watched from where the list, or the watch before it, ended.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_WATCH_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_WATCH_H

#include "conf/conf.h"
#include "conf/load/kubeconfig.h"
#include "proxy/discovery/kubernetes/kube_json.h"

struct cluster;
struct event;
struct fetch;
struct kube_watch;

struct kube_watch_handler { /* told of each pod, all of them borrowed; it may ask for a new list */
	void (*on_pod)(struct kube_watch *w, const struct kube_pod *pod);
	void (*on_gone)(struct kube_watch *w, const struct kube_pod *pod);
	void (*on_listed)(struct kube_watch *w); /* the list was complete */
	void (*on_end)(struct kube_watch *w);	 /* nothing is watched any more */
};

struct kube_watch {
	struct cluster *cluster;
	const struct kube_watch_handler *handler;
	char *namespace;			/* "*": all; NULL: that of our own access */
	char *selector, *kubeconfig;		/* as configured */
	char own_namespace[KUBE_NAMESPACE_MAX]; /* of the last access */
	struct event *timer;			/* the next try */
	struct fetch *fetch;
	int64_t began_ms; /* of the fetch */
	struct kube_list list;
	bool is_broken;			/* the list under way is none */
	uint64_t listings;		/* begun so far */
	char more[KUBE_CONTINUE_MAX];	/* the next page of the list; "": the first */
	char version[KUBE_VERSION_MAX]; /* what is known; "": list anew */
	size_t scanned;			/* bytes of the line that comes in */
	bool is_skipping;		/* ... which is too long */
	unsigned tries;			/* since something good came */
	bool tried, up, was_up;
	char *why; /* it is not up, as logged last */
};

/* `namespace` NULL: that of the gateway's own access. */
struct kube_watch *kube_watch_new(struct cluster *c, const char *namespace,
	const struct conf_kubernetes *conf, const struct kube_watch_handler *handler);
void kube_watch_free(struct kube_watch *w);
bool kube_watch_is(
	const struct kube_watch *w, const char *namespace, const struct conf_kubernetes *conf);
void kube_watch_relist(struct kube_watch *w); /* soon */
/* The namespace as people know it: "*" is all; "its own" until that is known. */
const char *kube_watch_namespace(const struct kube_watch *w);
const char *kube_watch_state(const struct kube_watch *w);

#endif
