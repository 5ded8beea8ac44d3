/*
 * proxy/launch/target/launch_target.h - what starts applications on a cluster: one table of
 * functions per kind, a value per cluster.
 *
 * Keeper thread. Nothing blocks: each question is answered once, later, from the event loop,
 * unless the target is closed before. An order is borrowed until then. The target keeps nothing of
 * an order; what it needs to know again is in the order's handle and place. Whoever calls has it in
 * the store that the call begins, so every call may be the second one with the same order.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_TARGET_LAUNCH_TARGET_H
#define SPARKGATE_PROXY_LAUNCH_TARGET_LAUNCH_TARGET_H

#include "proxy/launch/target/launch_order.h"

#include <jansson.h>
#include <sys/socket.h>

struct discovery;
struct event_base;
struct fetcher;
struct registry;

enum launch_outcome {
	LAUNCH_SAID,	/* the rest of the answer counts */
	LAUNCH_REFUSED, /* it never will: `reason` */
	LAUNCH_NOT_NOW, /* nothing was done, for certain: ask again later; `reason` */
	LAUNCH_UNSURE,	/* it may have been done: find() before it is asked again; `reason` */
};

struct launch_answer { /* borrowed until `done` returns; texts are never NULL */
	enum launch_outcome outcome;
	/* of submit: handle. Of find: handle, or "": it did not arrive, for certain. Of status: all
	 * of these as far as they are known. Of kill: nothing. */
	enum launch_state state;
	const char *handle, *place, *app_id, *reason;
	bool has_exit_code;
	int exit_code;
	unsigned attempts;
	bool is_app_near; /* an application that may be its own is there, and not looked at yet */
	/* of events: an array of {"at": RFC 3339, "text": "...", "about": "driver"} */
	json_t *events;
};
typedef void launch_done(void *arg, const struct launch_answer *answer);

/* Where somebody's own thread reads a log. */
enum launch_log_kind {
	LAUNCH_LOG_NONE,  /* there is none (yet, or any more): `reason` */
	LAUNCH_LOG_PAGES, /* a worker's: `url` takes &offset= and &byteLength= (T26) */
	LAUNCH_LOG_BODY,  /* `url` gives all of it; with &follow=true until it ends */
	LAUNCH_LOG_TEXT,  /* `text` is all of it */
};
struct launch_log { /* owns what it points to; launch_log_clear() it */
	enum launch_log_kind kind;
	char *url, *second_url; /* with a query; second_url NULL: there is no other stream */
	char *authorization;	/* "Authorization: Bearer ..."; NULL: none. Secret */
	char *ca_file, *ca, *certificate, *key; /* as struct fetch_request has them */
	char *text;
	size_t text_len;
	bool is_running;		 /* more may come: worth following */
	struct sockaddr_storage address; /* nothing else is connected to; AF_UNSPEC: the operator
					    wrote the address */
	char reason[LAUNCH_REASON];
};
void launch_log_clear(struct launch_log *log);
/* The same host and port. */
bool launch_is_address(const struct sockaddr *a, const struct sockaddr_storage *b);
/* `log` is given: the receiver clears it. */
typedef void launch_on_log(void *arg, struct launch_log *log);

enum { LAUNCH_TIME = 21 }; /* "2026-01-31T12:00:00Z" and its NUL */

struct launch_log_wish {
	const char *container; /* "driver", or "executor-3" */
	const char *stream;    /* "stdout", "stderr"; "": both, where they are two */
	const char *since;     /* lines of no earlier time, "": all */
};

struct launch_world { /* borrowed; lives as long as the target */
	struct event_base *base;
	struct fetcher *fetcher;
	/* What is known of clusters now; borrowed until control returns to the loop. NULL: nothing
	 * yet. */
	const struct registry *(*registry)(void *arg);
	/* Whether a record has this handle already. */
	bool (*is_claimed)(void *arg, const char *cluster, const char *handle);
	void *arg;
	/* What the watches of Kubernetes know; NULL: there are none. */
	const struct discovery *discovery;
};

struct launch_target {
	const struct launch_target_ops *ops;
};

struct launch_target_ops {
	/* Shares `conf`, whose cluster it is. Gives; never NULL. */
	struct launch_target *(*open)(const struct launch_world *world, const struct conf *conf,
		const struct conf_cluster *cluster);
	void (*close)(struct launch_target *target); /* nobody is answered any more */
	/* Why it can start nothing now, as the last submission was told: a right is missing, for
	 * example. NULL: nothing is known. As a member NULL: never is. */
	const char *(*lacks)(const struct launch_target *target);
	/* Starts it. SAID: it is there, and `handle` is what it is called. */
	void (*submit)(struct launch_target *target, const struct launch_order *order,
		launch_done *done, void *arg);
	/* Whether an order that was submitted has arrived: its handle is not known. */
	void (*find)(struct launch_target *target, const struct launch_order *order,
		launch_done *done, void *arg);
	void (*status)(struct launch_target *target, const struct launch_order *order,
		launch_done *done, void *arg);
	/* SAID: it was told, or has ended; status() says when it is over. */
	void (*kill)(struct launch_target *target, const struct launch_order *order,
		launch_done *done, void *arg);
	/* Brings the order's file, which is `base64` (borrowed until then), where the application
	 * will read it; and takes it away, SAID also when it was not there. Both do no harm a
	 * second time. NULL: no file travels there. */
	void (*carry)(struct launch_target *target, const struct launch_order *order,
		const char *base64, launch_done *done, void *arg);
	void (*drop)(struct launch_target *target, const struct launch_order *order,
		launch_done *done, void *arg);
	/* May call `done` from within. */
	void (*logs)(struct launch_target *target, const struct launch_order *order,
		const struct launch_log_wish *wish, launch_on_log *done, void *arg);
	/* Those that the target itself knows. NULL: none. */
	void (*events)(struct launch_target *target, const struct launch_order *order,
		launch_done *done, void *arg);
};

/* A standalone master's REST submission server. */
extern const struct launch_target_ops launch_target_rest;
extern const struct launch_target_ops launch_target_operator;

#endif
