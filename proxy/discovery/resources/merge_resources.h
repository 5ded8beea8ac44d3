/*
 * proxy/discovery/resources/merge_resources.h - resources of operators become rows: each stands for
 * itself until an application is known that it runs.
 *
 * Whose a resource is its namespace says, which is the cluster's word. Which application it runs
 * is a claim, as a pod's is: it holds only for an application of the same namespace.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_RESOURCES_MERGE_RESOURCES_H
#define SPARKGATE_PROXY_DISCOVERY_RESOURCES_MERGE_RESOURCES_H

#include "proxy/discovery/kubernetes/kube_resource.h"

struct app;
struct app_info;
struct cluster;
struct kube_kind;
struct known_resource;

extern const struct kube_kind *const merge_resources_kinds[RESOURCE_KINDS];

/* Before each snapshot, after whose applications are is settled: which resource each application
 * shows, and the other way round. `is_of`: the application is the namespace's. */
void merge_resources_link(
	struct cluster *c, bool (*is_of)(const struct app *a, const char *namespace));
/* The row of an application that a resource runs says what the resource knows better. */
void merge_resources_show(const struct app *a, struct app_info *row);
/* The row of a resource that runs none. */
struct app_info merge_resources_row(const struct known_resource *r);

#endif
