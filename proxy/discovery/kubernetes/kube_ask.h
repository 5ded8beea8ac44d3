/*
 * proxy/discovery/kubernetes/kube_ask.h - questions to an API server about one pod and what belongs
 * to it: their paths, and how they are asked.
 *
 * Names come from what is known, never out of a request unchecked: kube_is_name() and
 * kube_is_label() say what may stand in a path and in a selector. Pure, but for kube_ask().
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_ASK_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_ASK_H

#include "base/net/fetch.h"
#include "base/sbuf.h"

struct kube_access;

enum { KUBE_PATH_MAX = 4096, KUBE_NAME_MAX = 254 /* with its NUL */ };

bool kube_is_name(struct str name);   /* of a pod or a container: a name of DNS (RFC 1123) */
bool kube_is_label(struct str value); /* that a label can have */

/* Paths below the server's URL, into `out`, which has room for KUBE_PATH_MAX. */
void kube_path_of_pod(struct sbuf *out, const char *namespace, const char *pod);
void kube_path_of_executors(
	struct sbuf *out, const char *namespace, const char *app_id, unsigned limit);
struct kube_log_wish {
	const char *namespace, *pod, *container; /* container "": the only one */
	unsigned tail_lines;			 /* 0: all of it */
	bool follow;
};
void kube_path_of_log(struct sbuf *out, const struct kube_log_wish *wish);
/* Of the pod with this uid; of all pods of the namespace if it is NULL. */
void kube_path_of_events(struct sbuf *out, const char *namespace, const char *uid, unsigned limit);
/* Of one object, by its kind and name. */
void kube_path_of_events_about(struct sbuf *out, const char *namespace, const char *kind,
	const char *name, unsigned limit);
void kube_path_add_name(struct sbuf *out, const char *pod); /* of these only this one */
void kube_path_add_continue(struct sbuf *out, const char *more);

/* Of a namespace: what there is of a kind, below "/api/v1" and the like; of these only `name`, by a
 * list of one: `get` is a right of its own; one of them. */
void kube_path_of_kind(
	struct sbuf *out, const char *api, const char *namespace, const char *plural);
void kube_path_of_named(struct sbuf *out, const char *api, const char *namespace,
	const char *plural, const char *name);
void kube_path_of_one(struct sbuf *out, const char *api, const char *namespace, const char *plural,
	const char *name);

/* GET of `path`; of `request` the rest is the caller's. */
struct fetch *kube_ask(struct fetcher *fetcher, const struct kube_access *access, const char *path,
	const struct fetch_request *request);
/* The same, for objects alone. */
struct fetch *kube_ask_objects(struct fetcher *fetcher, const struct kube_access *access,
	const char *path, const struct fetch_request *request);
/* Writes: `method` with an object of JSON as its content. Each needs a verb of its own. */
struct fetch *kube_change(struct fetcher *fetcher, const struct kube_access *access,
	const char *method, const char *path, const struct fetch_request *request);

#endif
