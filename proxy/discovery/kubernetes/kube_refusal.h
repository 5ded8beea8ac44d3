/* proxy/discovery/kubernetes/kube_refusal.h - what a refusal of the API server means, by its
 * status. */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_REFUSAL_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_REFUSAL_H

struct fetch_result;
struct kube_kind;

/* What a cluster lacks that answers so: "not allowed", "not there". NULL: it is a failure. */
const char *kube_refusal_lack(int status, const struct kube_kind *kind);
/* For the log. Gives. */
char *kube_refusal_why(const struct fetch_result *result, const struct kube_kind *kind);

#endif
