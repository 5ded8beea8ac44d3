/*
 * proxy/launch/rest/rest_errand.h - one thing that is asked of a standalone cluster for an order:
 * several requests, one after the other, and one answer. Keeper thread.
 *
 *   rest_errand.c   its life, and how it asks
 *   rest_master.c   which master is alive, and what it lists
 *   rest_submit.c   an order is submitted, looked for, ended
 *   rest_status.c   how it is, and which application it is
 *   rest_target.c   the table of functions; the driver's log
 *   rest_executor.c an executor's log: at which worker it is
 */
#ifndef SPARKGATE_PROXY_LAUNCH_REST_REST_ERRAND_H
#define SPARKGATE_PROXY_LAUNCH_REST_REST_ERRAND_H

#include "auth/policy/policy.h"
#include "base/net/fetch.h"
#include "base/sbuf.h"
#include "proxy/launch/rest/rest_json.h"

#include <sys/queue.h>

struct mount;
struct ui_tokens;

struct rest_target {
	struct launch_target target; /* first */
	struct launch_world world;
	struct conf *conf; /* a reference */
	const struct conf_cluster *cluster;
	struct ui_tokens *tokens;
	LIST_HEAD(, errand) errands;
};

struct errand {
	LIST_ENTRY(errand) among;
	struct rest_target *at;
	const struct launch_order *order;
	launch_done *done;
	void *arg;
	struct fetch *fetch;
	void (*then)(struct errand *errand, const struct fetch_result *result);
	void (*with_master)(struct errand *errand); /* when one that is alive has said its lists */
	size_t server;				    /* which REST server, which master */
	struct sockaddr_storage address;	    /* the only one that is asked; or AF_UNSPEC */
	json_t *master;				    /* what the one that is alive said; or NULL */
	json_t *list;				    /* of master: what is looked through */
	size_t item;
	bool has_gap;		     /* something could not be looked at */
	struct launch_answer answer; /* of a status, while its application is looked for */
	char handle[LAUNCH_HANDLE], place[LAUNCH_HANDLE], app_id[STORE_LAUNCH_APP];
	char reason[LAUNCH_REASON];
	char saying[LAUNCH_REASON]; /* of the REST server that was asked last */
	/* rest_executor.c */
	launch_on_log *on_log;
	void *log_arg;
	uint64_t executor;
	char stream[16];
};

struct errand *errand_new(
	struct rest_target *at, const struct launch_order *order, launch_done *done, void *arg);
void errand_free(struct errand *errand);				    /* nobody is answered */
void errand_end(struct errand *errand, const struct launch_answer *answer); /* and frees it */
/* The same with an outcome alone and a sentence. */
void errand_say(struct errand *errand, enum launch_outcome outcome, const char *fmt, ...)
	PRINTF(3, 4);

/* Asks; `post` NULL: GET. Signed as a UI of this kind is. */
void errand_ask(struct errand *errand, const char *url, enum ui_kind kind, const char *post,
	void (*then)(struct errand *errand, const struct fetch_result *result));
/* The same of a UI that discovery has verified, at its address alone. */
void errand_ask_mount(struct errand *errand, const struct mount *mount, const char *path,
	void (*then)(struct errand *errand, const struct fetch_result *result));
/* "http://host:6066" and a path, of the REST server whose turn it is. False: that was the last. */
MUST_CHECK bool errand_rest_url(struct errand *errand, const char *path, char *out, size_t size);

/* rest_master.c: `then` runs with errand->master set; if none is alive it ends as NOT_NOW, of an
 * order that is in doubt as UNSURE. */
void errand_find_master(struct errand *errand, void (*then)(struct errand *errand));
const char *errand_spark_url(const struct errand *errand);

/* rest_submit.c, rest_status.c */
void rest_submit(struct launch_target *target, const struct launch_order *order, launch_done *done,
	void *arg);
void rest_find(struct launch_target *target, const struct launch_order *order, launch_done *done,
	void *arg);
void rest_kill(struct launch_target *target, const struct launch_order *order, launch_done *done,
	void *arg);
void rest_status(struct launch_target *target, const struct launch_order *order, launch_done *done,
	void *arg);
/* A live UI of the cluster; NULL: it is not known, or not verified. */
const struct mount *rest_mount(const struct rest_target *at, const char *id);
/* The same of a worker: what a worker is told is told to no driver that is called as one (S158). */
const struct mount *rest_worker(const struct rest_target *at, const char *id);
/* Adds a worker's or the driver's query: "/log/?driverId=..&logType=stderr". */
void rest_add_log_path(struct sbuf *out, const char *handle, const char *stream);
/* Where a worker has it: an address each for the streams that are wanted. */
void rest_fill_log(struct rest_target *at, const struct mount *worker, const char *stream,
	char *(*url)(const struct mount *worker, const void *of, const char *stream),
	const void *of, struct launch_log *log);
/* False: it names no executor, and nobody is answered. */
MUST_CHECK bool rest_executor_log(struct rest_target *at, const struct launch_order *order,
	const struct launch_log_wish *wish, launch_on_log *done, void *arg);
struct rest_target *rest_target_of(struct launch_target *target);

#endif
