/* proxy/discovery/kubernetes/kube_refusal.h - what a refusal of the API server means, by its
 * status. */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_REFUSAL_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_REFUSAL_H

#include <stdbool.h>

struct kube_refusal {
	int status;
	bool is_of_optional; /* of a kind that a cluster may lack */
	const char *lack;    /* what that kind is; NULL: this is a failure */
	const char *why;
};

/* NULL: nothing is known of this status. */
const struct kube_refusal *kube_refusal_find(int status, bool is_optional);

#endif
