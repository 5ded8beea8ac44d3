/* proxy/discovery/merge_pods.h - driver pods become applications: what their labels claim, and
 * where they are. */
#ifndef SPARKGATE_PROXY_DISCOVERY_MERGE_PODS_H
#define SPARKGATE_PROXY_DISCOVERY_MERGE_PODS_H

#include <stddef.h>

struct kube_pod;
struct kube_watch;
struct kube_kind;

extern const struct kube_kind merge_pods_kind;

struct app;
struct app_info;
struct cluster;

/* Pods that name ports of UIs, before any application is there: adds a row for each. */
void merge_pods_waiting_rows(const struct cluster *c, struct app_info *rows, size_t *count);
/* The row of an application that such a pod has: links to the pod lead to it. */
void merge_pods_show(const struct app *a, struct app_info *row);

void merge_pod(struct kube_watch *w, const struct kube_pod *pod);
void merge_pod_gone(struct kube_watch *w, const struct kube_pod *pod);
void merge_pods_end(struct kube_watch *w); /* the listing is complete: what it lacked is gone */
void merge_no_pods(struct kube_watch *w);  /* nothing is watched any more */

#endif
