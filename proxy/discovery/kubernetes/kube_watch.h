/*
 * proxy/discovery/kubernetes/kube_watch.h - the objects of one kind in one namespace, or in all:
 * listed once, page by page, then watched from where the list, or the watch before it, ended.
 * They are read while they arrive and not kept.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_WATCH_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_WATCH_H

#include "conf/conf.h"
#include "conf/load/kubeconfig.h"
#include "proxy/discovery/kubernetes/kube_json.h"
#include "proxy/discovery/kubernetes/kube_right.h"

struct cluster;
struct event;
struct fetch;
struct kube_watch;

/* What is watched, and who is told. Objects are borrowed; whoever is told may ask for a new list.
 */
struct kube_kind {
	const char *api;       /* "/api/v1" */
	const char *older_api; /* where that is not there; NULL: there is none */
	const char *plural;    /* "pods" */
	const char *words;     /* for the log: "SparkApplications (spark.apache.org/v1)" */
	enum kube_right right; /* that an account may lack */
	bool is_optional;      /* a cluster that lacks it, or an account that may not read it, is no
				  failure: it is said once, and asked from time to time */
	bool is_selected;      /* by the selector of the configuration */
	const char *selector;  /* ... or by this one; NULL: by none */
	void (*on_object)(struct kube_watch *w, const struct kube_object *object);
	void (*on_gone)(struct kube_watch *w, const struct kube_object *object);
	void (*on_listed)(struct kube_watch *w); /* the list was complete */
	void (*on_end)(struct kube_watch *w);	 /* nothing is watched any more */
};

struct kube_watch {
	struct cluster *cluster;
	const struct kube_kind *kind;
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
	bool is_refused;	   /* its account lacks the right */
	bool is_older, has_turned; /* the older version is asked for; it was tried, or the newer */
	bool has_recalled;	   /* what was kept of pods before this process began */
	const char *lack; /* of an optional kind, while it is not up: "not allowed", "not there" */
	char *why;	  /* it is not up, as logged last */
};

/* `namespace` NULL: that of the gateway's own access. */
struct kube_watch *kube_watch_new(struct cluster *c, const struct kube_kind *kind,
	const char *namespace, const struct conf_kubernetes *conf);
void kube_watch_free(struct kube_watch *w);
bool kube_watch_is(const struct kube_watch *w, const struct kube_kind *kind, const char *namespace,
	const struct conf_kubernetes *conf);
void kube_watch_relist(struct kube_watch *w); /* soon */
void kube_watch_retry(struct kube_watch *w);  /* now, what was lacking; others are let be */
/* The namespace as people know it: "*" is all; "its own" until that is known. */
const char *kube_watch_namespace(const struct kube_watch *w);
/* "starting", "ok" or "down"; of an optional kind also what it lacks. */
const char *kube_watch_state(const struct kube_watch *w);

#endif
