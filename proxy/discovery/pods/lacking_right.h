/* proxy/discovery/pods/lacking_right.h - what the API server of a cluster does not let the
 * gateway's account do: the log says it once. */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_LACKING_RIGHT_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_LACKING_RIGHT_H

#include "proxy/discovery/kubernetes/kube_right.h"

struct cluster;

void lacking_right_note(struct cluster *c, enum kube_right right);

#endif
