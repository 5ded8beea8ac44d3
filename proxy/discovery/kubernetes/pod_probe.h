/*
 * proxy/discovery/kubernetes/pod_probe.h - pods that say at which ports UIs of Spark may be, and no
 * application's id: each port is asked, again and again, which application is there.
 *
 * An application is there from the answer that names it until another one is named, or until two
 * questions in a row got no answer. Ports of a range behind one where nothing is are asked seldom.
 * Bounded: so many pods of a cluster, so many questions at once and in a second. Owned by its
 * cluster; made with the first such pod.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_POD_PROBE_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_POD_PROBE_H

#include "proxy/discovery/kubernetes/kube_pod.h"

struct cluster;
struct kube_watch;
struct pod_probes;

/* Told of one application of a pod, as if it were a pod of its own. Must not call back. */
struct pod_probe_handler {
	void (*on_app)(struct kube_watch *w, const struct kube_pod *pod);
	/* `how`: in words, fixed text; NULL: its pod is gone. */
	void (*on_app_gone)(struct kube_watch *w, const struct kube_pod *pod, const char *how);
};

enum { POD_PROBES_MAX = 2000 };

struct pod_probes *pod_probes_new(struct cluster *c, const struct pod_probe_handler *handler);
void pod_probes_free(struct pod_probes *probes); /* NULL is fine */
/* Pods of this namespace. */
uint64_t pod_probes_of(const struct pod_probes *probes, const char *namespace);
/* A pod that has `uis`, as it is now: its applications are told of again. */
void pod_probes_put(struct pod_probes *probes, struct kube_watch *w, const struct kube_pod *pod);
/* Calls `each` with those at whose ports no application was yet, until one is. */
void pod_probes_waiting(const struct pod_probes *probes,
	void (*each)(const struct kube_pod *pod, const char *key, void *arg), void *arg);
/* What permanent links call the pod until it has an application, and after; NULL: nothing. Borrows.
 */
const char *pod_probes_key(const struct pod_probes *probes, const char *uid);
uint64_t pod_probes_count(const struct pod_probes *probes);
/* It is gone. Who was told of its applications knows that by its uid. */
void pod_probes_drop(struct pod_probes *probes, const struct kube_watch *w, const char *uid);
/* So are those of `w` that this listing lacked; 0: all. */
void pod_probes_sweep(struct pod_probes *probes, const struct kube_watch *w, uint64_t listing);

#endif
