/*
 * proxy/discovery/kubernetes/pod_life.h - what the status of a driver's pod says of its life: why
 * it waits, and how it ended.
 *
 * The words are the cluster's: its scheduler's, kubelet's and container runtime's. What a container
 * itself leaves as its last message may be the end of its log, which needs a right of its own, so
 * it is not among them. Pure.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_POD_LIFE_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_POD_LIFE_H

#include "base/mem.h"

#include <jansson.h>

#define POD_DRIVER_CONTAINER "spark-kubernetes-driver"

/* Of a pod's spec the driver among sidecars, whose name a pod template may have changed. NULL:
 * nothing tells. */
const json_t *pod_driver_container(const json_t *spec);
/* Of a pod's status what it says of the container of this name; NULL: nothing. */
const json_t *pod_container_status(const json_t *status, const char *name);

enum { POD_REASON_SIZE = 513 };

struct pod_life {
	char reason[POD_REASON_SIZE]; /* "OOMKilled, exit code 137", cut; "": there is no more to
					 say */
	bool is_killed;		      /* it ended because somebody deleted the pod */
	int exit_code;		      /* 0: it ended well, or has not */
};

void pod_life_read(const json_t *pod, struct pod_life *out);

#endif
