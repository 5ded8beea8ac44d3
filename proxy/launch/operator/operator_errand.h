/*
 * proxy/launch/operator/operator_errand.h - one question to a target on its way to its one answer,
 * which comes from the event loop, and never once the target is closed.
 *
 * The target owns it until then. The keeper's thread.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_ERRAND_H
#define SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_ERRAND_H

#include "proxy/discovery/kubernetes/kube_access.h"
#include "proxy/discovery/kubernetes/kube_json.h"
#include "proxy/launch/target/launch_target.h"

#include <sys/queue.h>

struct fetch;
struct operator_call;
struct operator_target;

enum { ERRAND_PODS = 300, ERRAND_EVENTS = 200, ERRAND_UID = 64 };

struct errand_pod {
	char uid[ERRAND_UID];
	char about[24]; /* "driver", "executor-3" */
};

struct operator_errand {
	struct operator_target *target;
	LIST_ENTRY(operator_errand) link;
	struct event *soon;
	struct operator_call *call; /* under way; NULL */
	struct fetch *fetch;	    /* the same */
	launch_done *done;	    /* one of these two */
	launch_on_log *on_log;
	void *arg;
	struct launch_answer answer;
	char reason[LAUNCH_REASON], handle[LAUNCH_HANDLE], app_id[STORE_LAUNCH_APP];
	struct launch_log log;
	/* Of lists that are asked for. */
	struct kube_access access;
	struct kube_list list;
	bool is_list, is_broken;
	void (*on_item)(struct operator_errand *errand, struct str item);
	void (*then)(struct operator_errand *errand, const char *more);
	/* operator_logs.c, operator_events.c */
	char name[KUBE_NAMESPACE_MAX]; /* of its resource */
	char driver_uid[ERRAND_UID], executor[16], since[LAUNCH_TIME];
	char id[STORE_LAUNCH_ID];
	struct errand_pod *pods;
	size_t pods_count;
	unsigned pages;
};
LIST_HEAD(operator_errand_list, operator_errand);

/* With the answer SAID, and nothing in it. */
struct operator_errand *operator_errand_new(struct operator_target *target,
	const struct launch_order *order, launch_done *done, launch_on_log *on_log, void *arg);
/* Answers now, and frees: from the event loop only. */
void operator_errand_end(struct operator_errand *errand);
void operator_errand_end_soon(struct operator_errand *errand);
void operator_errand_say(
	struct operator_errand *errand, enum launch_outcome outcome, const char *reason);
void operator_errand_free(struct operator_errand *errand); /* nobody is answered */

/* False: what opens the API server cannot be read; the answer says so. */
MUST_CHECK bool operator_errand_open(struct operator_errand *errand);
/* A list of the API server, page by page; `then` with what the next page is asked for with ("": it
 * was the last). A list that could not be had is an empty one, and the answer's reason. */
void operator_errand_list(struct operator_errand *errand, const char *path,
	void (*on_item)(struct operator_errand *errand, struct str item),
	void (*then)(struct operator_errand *errand, const char *more));

#endif
