/*
 * proxy/discovery/pods/log_read.h - one log that is read to be kept: of the pod with this uid.
 *
 * An API server gives logs by pods' names, and another pod may take a name that is free. So it is
 * asked which pod has the name: before a log that had to wait for its turn, and after each. A log
 * that may be another pod's is not kept (S146). Owned by a log_queue; the keeper's thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_LOG_READ_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_LOG_READ_H

#include "base/sbuf.h"
#include "proxy/discovery/kubernetes/kube_json.h"
#include "proxy/discovery/kubernetes/kube_pod.h"

#include <sys/queue.h>

struct cluster;
struct fetch;
struct log_shelf;

extern const char log_read_too_late[]; /* a sentence: the pod was gone */

struct log_read {
	struct cluster *cluster;
	/* `problem`: why there is no log, or not all of it; "". It frees what it is told of. */
	void (*done)(struct log_read *r, const char *problem);
	char *app_id, *namespace, *pod, *uid, *container;
	char *driver; /* of an executor's pod the uid of its driver's; NULL: it is that */
	char *state;  /* JSON: its last */
	char *events; /* JSON; NULL: none were read so far */
	bool follows;
	bool has_waited;
	struct fetch *fetch; /* NULL: it waits for its turn */
	struct sbuf text;    /* at most LOG_SHELF_TEXT once it is done */
	/* Which pod has the name, while that is asked: */
	struct kube_list list;
	bool is_list, is_broken, is_ours, is_anothers;
	void (*then)(struct log_read *r, bool is_answered);
	const char *problem; /* of the log itself, meanwhile */
	TAILQ_ENTRY(log_read) link;
};
TAILQ_HEAD(log_read_list, log_read);

struct log_read *log_read_new(struct cluster *c, const char *app_id, const struct kube_pod *pod,
	void (*done)(struct log_read *r, const char *problem));
void log_read_free(struct log_read *r); /* in no list any more */
void log_read_start(struct log_read *r);
/* JSON of what its containers say; gives. */
char *log_read_state_of(const struct kube_pod *pod);
/* Puts what was read onto the shelf, with `problem` as `done` has it; says so if it cannot. */
void log_read_keep(const struct log_read *r, struct log_shelf *shelf, const char *problem);
void log_read_take_state(struct log_read *r, const struct kube_pod *pod);

#endif
