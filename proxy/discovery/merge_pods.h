/* proxy/discovery/merge_pods.h - driver pods become applications: what their labels claim, and
 * where they are. */
#ifndef SPARKGATE_PROXY_DISCOVERY_MERGE_PODS_H
#define SPARKGATE_PROXY_DISCOVERY_MERGE_PODS_H

struct kube_pod;
struct kube_watch;
struct kube_kind;

extern const struct kube_kind merge_pods_kind;

void merge_pod(struct kube_watch *w, const struct kube_pod *pod);
void merge_pod_gone(struct kube_watch *w, const struct kube_pod *pod);
void merge_pods_end(struct kube_watch *w); /* the listing is complete: what it lacked is gone */
void merge_no_pods(struct kube_watch *w);  /* nothing is watched any more */

#endif
