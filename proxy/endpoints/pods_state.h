/*
 * proxy/endpoints/pods_state.h - a request for logs or events on its way, as its steps share it.
 *
 *   endpoint_pods.c  who asks for what; the keeper's answer; which way it goes on
 *   pods_keeper.c    questions to the keeper, and who may read what it says
 *   pods_ask.c       questions to the API server, and what it could not give
 *   pods_kept.c      what was kept of driver and executors that are gone
 *   pods_log.c       a log as text while it comes, or its last lines
 *   pods_events.c    events, newest first
 *
 * One question at a time, on the server thread; each step is given what comes after it.
 */
#ifndef SPARKGATE_PROXY_ENDPOINTS_PODS_STATE_H
#define SPARKGATE_PROXY_ENDPOINTS_PODS_STATE_H

#include "base/net/fetch.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_json.h"
#include "proxy/discovery/kubernetes/kube_status.h"
#include "proxy/discovery/pods/incidents.h"
#include "proxy/discovery/pods/pod_question.h"
#include "proxy/endpoints/pods_follow.h"
#include "proxy/pages/pods/page_pods.h"
#include "proxy/request/exchange.h"

enum {
	PODS_EXECUTORS = 300,  /* that are listed */
	PODS_TAIL_LINES = 200, /* of a page, if none are asked for */
	PODS_TAIL_MAX = 10000,
	PODS_TAIL_BYTES = 64 * 1024,
	PODS_KEPT_BYTES = 1024 * 1024,
	PODS_END_BYTES = 4 * 1024, /* of what was kept, on the permalink's page */
	PODS_PROBLEMS = 4,
};

#define PODS_VARY "Vary: Accept\r\n"

struct pods_asked {
	char pod[KUBE_NAME_MAX], container[KUBE_NAME_MAX]; /* "": the driver's */
	uint64_t tail;					   /* lines; 0: not said */
	bool follows;					   /* until its container ends */
	bool wants_page, is_text;			   /* of events JSON, if no page */
};

struct endpoint_pods {
	struct exchange *x;
	LIST_ENTRY(endpoint_pods) link; /* of the thread's */
	const struct app_info *app;	/* of the exchange's registry */
	struct pods_asked asked;
	struct pod_question *question; /* with the keeper; NULL: it is back */
	struct pod_question *told;     /* ... as this */
	/* The permalink asks, and for no more than what was kept; else NULL. */
	void (*then_end)(
		struct exchange *x, const struct app_info *app, const struct page_lines *lines);
	struct fetch *fetch;
	struct pods_follow *follow;				 /* NULL: none is followed */
	void (*then)(struct endpoint_pods *p, const char *more); /* after a list */
	void (*then_log)(struct endpoint_pods *p);		 /* after last lines */
	void (*on_item)(struct endpoint_pods *p, struct str item);
	enum kube_right need; /* the right that the list under way takes */
	struct kube_list list;
	bool is_list, is_broken;
	bool has_failed; /* the last question was not answered */
	json_t *driver;	 /* its pod, as the API server or what was kept tells */
	/* Those that are there, and behind them those that only were kept. */
	json_t *executors[PODS_EXECUTORS + SHELF_EXECUTORS_EACH];
	size_t executors_count, executors_there;
	bool has_more_executors;
	struct kube_status target; /* whose log it is; of driver or one of the executors */
	bool is_gone;		   /* ... which is not there any more */
	char container[KUBE_NAME_MAX];
	struct sbuf log; /* last lines */
	bool log_is_cut, has_log, is_kept;
	bool is_begun;	     /* the head is with the client */
	bool is_full;	     /* it is to take what was sent first */
	unsigned held_looks; /* nothing goes on for so long: it is not settled whose it is */
	struct incidents events;
	unsigned events_pages;
	char *problems[PODS_PROBLEMS];
	size_t problems_count;
};

void pods_free(struct endpoint_pods *p); /* NULL is fine */
/* For pages. */
struct page_pods pods_about(const struct endpoint_pods *p, const struct kube_status *driver);
/* To p->log, which has the last that a page shows; at the end it begins with a line. */
void pods_add_tail(struct endpoint_pods *p, struct str bytes);
void pods_begin_tail_at_line(struct endpoint_pods *p);

/* --- pods_keeper.c --- */

void pods_ask_keeper(
	struct endpoint_pods *p, size_t log_max, void (*done)(struct pod_question *question));
enum pods_verdict { /* the strictest last */
	PODS_OPEN,
	PODS_NOT_SETTLED, /* another application in the pod is so new that nobody knows whose */
	PODS_CLOSED,
	PODS_NOT_THERE,
};
enum pods_verdict pods_judge(const struct endpoint_pods *p, const struct pod_answer *told);
/* Of a log that is followed: with the newest registry and configuration; applications that have
 * come into the pod are asked about, and judged later (S147). */
enum fault pods_look_again(struct exchange *x);

/* --- pods_ask.c --- */

/* What could not be had; takes. */
void pods_problem(struct endpoint_pods *p, char *sentence);
/* The same, from what the API server answered. `need`: the right that it takes. */
void pods_trouble(struct endpoint_pods *p, const struct fetch_result *result, enum kube_right need);
/* Calls on_item for each item, then `then` with what the next page is asked for with ("": there is
 * none). With has_failed set, and a problem, if that did not work. */
void pods_ask_list(struct endpoint_pods *p, const char *path, enum kube_right need,
	void (*on_item)(struct endpoint_pods *p, struct str item),
	void (*then)(struct endpoint_pods *p, const char *more));

/* --- pods_kept.c --- */

/* What was kept of the target's container, or of the driver's where there is no target; NULL: that
 * is not kept. Borrowed. */
const struct kept_end *pods_kept(const struct endpoint_pods *p);
/* Adds the executors that were kept, and are not among those that are there. */
void pods_add_kept_executors(struct endpoint_pods *p);
/* What was kept, as text; ends the exchange. */
void pods_send_kept(struct endpoint_pods *p);
/* Last lines of what was kept, if anything, into p->log; `says_why`: and a problem where there is
 * none, or not all of it. */
void pods_take_kept(struct endpoint_pods *p, bool says_why);

/* --- pods_log.c --- */

/* Streams the log of target and container to the client, and ends the exchange. One that is
 * followed ends when `look`, every second, does not say FAULT_NONE. */
void pods_stream_log(struct endpoint_pods *p, enum fault (*look)(struct exchange *x));
void pods_go_on(struct endpoint_pods *p);
/* Reads its last lines into p->log. */
void pods_read_tail(struct endpoint_pods *p, void (*then)(struct endpoint_pods *p));

/* --- pods_events.c --- */

/* Of the driver and the executors that are there or were seen, with those that were kept; answers,
 * and ends the exchange. */
void pods_serve_events(struct endpoint_pods *p);

#endif
