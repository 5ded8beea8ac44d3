/*
 * proxy/launch/operator/operator_call.h - the gateway's own writes to an API server: a launch's
 * resource and its file are made, or deleted.
 *
 * Asked again, both do nothing a second time: the resource's name is the launch's own, and what has
 * that name is looked at before anything is done with it (S133). A call ends once, from the event
 * loop. The keeper's thread.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_CALL_H
#define SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_CALL_H

#include "proxy/launch/operator/spark_application.h"

struct event_base;
struct fetcher;
struct operator_call;

enum operator_end {
	OPERATOR_DONE,	  /* it is there, or it is gone */
	OPERATOR_INVALID, /* the API server, or a webhook of the operator, does not take it */
	OPERATOR_FULL,	  /* a quota of the namespace is used up */
	OPERATOR_TAKEN,	  /* something else has the name */
	OPERATOR_LACKS,	  /* a right, the operator's definitions or the namespace */
	OPERATOR_BUSY,	  /* not now: nothing was done */
	OPERATOR_SILENT,  /* nobody knows whether it was done */
};

struct operator_result { /* borrowed until `done` returns */
	enum operator_end end;
	const char *uid; /* of the resource; "" */
	char why[512];	 /* for people; "" when done */
};

struct operator_place { /* copied, but for base and fetcher, which outlive the call */
	struct event_base *base;
	struct fetcher *fetcher;
	const char *kubeconfig; /* NULL: that of every pod */
	const char *namespace;
	enum spark_operator kind;
};

typedef void (*operator_done)(const struct operator_result *result, void *arg);

/* Takes `resource`, which was made of the wish. */
struct operator_call *operator_submit(const struct operator_place *place,
	const struct spark_wish *wish, json_t *resource, operator_done done, void *arg);
/* Makes a ConfigMap of wish->file, whose content is `base64`; deletes that of the launch with this
 * id, whose resource has this name. Done also when it was there, or was not. */
struct operator_call *operator_carry(const struct operator_place *place,
	const struct spark_wish *wish, const char *base64, operator_done done, void *arg);
struct operator_call *operator_drop(const struct operator_place *place, const char *id,
	const char *name, operator_done done, void *arg);
/* Of the launch with this id, whose resource has this name. */
struct operator_call *operator_delete(const struct operator_place *place, const char *id,
	const char *name, operator_done done, void *arg);
/* Whether it is there: the result's uid says so. */
struct operator_call *operator_look(const struct operator_place *place, const char *id,
	const char *name, operator_done done, void *arg);
/* `done` will not be called. Not from within it. */
void operator_call_cancel(struct operator_call *call);

#endif
