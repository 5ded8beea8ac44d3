/* proxy/discovery/kubernetes/kube_right.h - rights that the gateway's account may lack: what is
 * lost by each, and which manifest gives it. */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_RIGHT_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_RIGHT_H

#include "base/str.h"

enum kube_right {
	KUBE_RIGHT_DRIVERS,
	KUBE_RIGHT_KUBEFLOW,
	KUBE_RIGHT_APACHE,
	KUBE_RIGHT_SCHEDULES,
	KUBE_RIGHT_CONNECTS,
	KUBE_RIGHT_CLUSTERS,
	KUBE_RIGHT_MASTERS,
	KUBE_RIGHT_SERVICES,
	KUBE_RIGHT_PODS, /* for logs and events */
	KUBE_RIGHT_LOGS,
	KUBE_RIGHT_EVENTS,
	KUBE_RIGHTS,
};

#define KUBE_LOG_RIGHT "the verb get of pods/log" /* that a log takes, for people */

struct kube_right_row {
	const char *needs;   /* verbs and resource, as a role has them */
	const char *without; /* a sentence, but for its stop */
	const char *see;     /* what in this repository gives it */
};
extern const struct kube_right_row kube_rights[KUBE_RIGHTS];

/* "the gateway's role needs ...; without it ...; ... gives it". Gives. */
char *kube_right_words(enum kube_right right);

/* --- what the account may do, by the API server's own word --- */

#define KUBE_REVIEWS "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

struct kube_review {
	const char *namespace;				   /* "*": all of them */
	const char *verb, *group, *resource, *subresource; /* group "": the core's */
};
/* What is posted to KUBE_REVIEWS. Gives. */
char *kube_review_text(const struct kube_review *review);
/* Of its answer: 1 it may, 0 it may not, -1 it is not said. */
int kube_review_read(struct str answer);

#endif
