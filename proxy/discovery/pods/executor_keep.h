/*
 * proxy/discovery/pods/executor_keep.h - watches executors' pods, and reads the log of each when it
 * ends, to be kept beside its driver's: Spark deletes an executor that failed after a second.
 *
 * Those that failed have turns of their own, and others wait longer: when an application ends, all
 * its executors do. Whose executor it is says its owner's uid, in the same namespace (S160, S161).
 * Of an application no more are read or wait than are kept (S162). One for each cluster; the
 * keeper's thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_EXECUTOR_KEEP_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_EXECUTOR_KEEP_H

#include "proxy/discovery/kubernetes/kube_watch.h"

struct app;
struct executor_keep;
struct log_shelf;
struct pod_question;

extern const struct kube_kind executor_keep_kind;

struct executor_keep *executor_keep_new(struct cluster *c, struct log_shelf *shelf); /* borrows */
void executor_keep_free(struct executor_keep *k); /* what is under way ends; NULL is fine */
/* What was kept of the application's executors, and the log of the one that is asked for. */
void executor_keep_answer(const struct app *a, struct pod_question *question);

#endif
