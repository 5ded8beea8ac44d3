/*
 * proxy/discovery/found/found_watch.h - what is watched for clusters that are found: SparkCluster
 * resources, the pods of masters and of history servers, and services of history servers.
 *
 * Pods are watched and not services of masters: a pod's address needs no resolver, which may
 * remember for half a minute that there is no such name yet; and a service of the operator's
 * selects by labels, as any pod of the namespace may have them.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_FOUND_FOUND_WATCH_H
#define SPARKGATE_PROXY_DISCOVERY_FOUND_FOUND_WATCH_H

#include "proxy/discovery/kubernetes/kube_watch.h"

enum { FOUND_KINDS = 3 };
/* A cluster may lack each, and an account may not read it: it is said once, and the rest works. */
extern const struct kube_kind *const found_kinds[FOUND_KINDS];

#endif
