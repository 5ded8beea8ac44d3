/*
 * proxy/discovery/pods/keep_log.h - reads the log of a driver's container when it ends, before the
 * pod is deleted, and the events of its pods, and keeps them (kubernetes.keep_logs). Those of
 * executors: executor_keep.h.
 *
 * A pod that is being deleted is followed to its end; of one that ends by itself the log is read at
 * once. What was deleted before the API server could be asked has no log: that is said then. One
 * for each cluster; the keeper's thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_KEEP_LOG_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_KEEP_LOG_H

#include "proxy/discovery/kubernetes/kube_pod.h"

struct app;
struct cluster;
struct kept_end;

/* By the cluster's configuration: begins, goes on, or ends. */
void keep_log_use(struct cluster *c);
void keep_log_end(struct cluster *c);
/* Told of each state of the pod that was taken for the application, and of its end. */
void keep_log_of(struct app *a, const struct kube_pod *pod);
void keep_log_gone(struct app *a, const struct kube_pod *pod);
/* Gives what was kept of the application's pod, if anything: of the log the last `max` bytes;
 * events as JSON for incidents_add_kept(), unless `events` is NULL. */
void keep_log_answer(const struct app *a, size_t max, struct kept_end *kept, char **events);
/* Calls `each` with what was kept of every pod that a watch of `namespace` ("*": all) sees. */
void keep_log_each(struct cluster *c, const char *namespace,
	void (*each)(const struct kube_pod *pod, void *arg), void *arg);

#endif
