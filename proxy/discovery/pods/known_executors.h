/*
 * proxy/discovery/pods/known_executors.h - which pods are or were executors of a driver's pod, by
 * their uids: Spark deletes an executor that failed, and what Kubernetes told of it is asked for
 * later.
 *
 * They are watched where logs are kept (executor_keep.h). Of each pod no more than its uid is kept:
 * of a driver the newest KNOWN_EXECUTORS_EACH, of KNOWN_EXECUTORS_DRIVERS drivers, the oldest of
 * the namespace that has most go first (S145). Whose executor it is says its owner's uid, which who
 * makes a pod does not know of another's (S160). The keeper's thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_KNOWN_EXECUTORS_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_KNOWN_EXECUTORS_H

#include <stddef.h>

enum { KNOWN_EXECUTORS_EACH = 64, KNOWN_EXECUTORS_DRIVERS = 2000 };

struct cluster;
struct known_executors;

void known_executors_add(
	struct cluster *c, const char *namespace, const char *driver_uid, const char *uid);
/* How many are known of this driver in its namespace; their uids into `uids`, as borrowed texts. */
size_t known_executors_of(const struct cluster *c, const char *namespace, const char *driver_uid,
	const char *uids[static KNOWN_EXECUTORS_EACH]);
void known_executors_free(struct cluster *c);

#endif
