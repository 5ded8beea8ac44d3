/*
 * auth/store/store_launch.h - an application that was launched through the gateway, as the stores
 * keep it: whose it is, what was asked for, how far it is.
 *
 * What is looked for stands in fields; the rest, the request and the progress, is one JSON text
 * that proxy/launch/ reads and writes. Ids begin with their time, so that ids are in the order of
 * launches. Ended ones are forgotten after STORE_LAUNCH_KEPT_S, and of one person beyond the last
 * STORE_LAUNCHES_ENDED. Pure.
 */
#ifndef SPARKGATE_AUTH_STORE_STORE_LAUNCH_H
#define SPARKGATE_AUTH_STORE_STORE_LAUNCH_H

#include "auth/store/store_sizes.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/digest.h"

enum {
	STORE_LAUNCH_ID = 32 + 1, /* hexadecimal digits: its time, and chance */
	STORE_LAUNCH_CLUSTER = 192,
	STORE_LAUNCH_PROFILE = 64,
	STORE_LAUNCH_NAME = 256,
	STORE_LAUNCH_APP = 128,
	STORE_LAUNCH_USER = 256,
	STORE_LAUNCHES_LIVE = 5000, /* that have not ended, of everybody */
	STORE_LAUNCHES_ENDED = 500, /* of one person */
	STORE_LAUNCH_KEPT_S = 30 * 24 * 3600,
	STORE_LAUNCH_LOOK = 2000, /* records, by one list */
};

enum launch_state {
	LAUNCH_QUEUED,	 /* waits until fewer of its person's run */
	LAUNCH_STARTING, /* is to be submitted, or was; no driver runs yet */
	LAUNCH_RUNNING,
	LAUNCH_FINISHED, /* this and what follows is the end */
	LAUNCH_FAILED,
	LAUNCH_KILLED,
	LAUNCH_STATES,
};
const char *launch_state_name(enum launch_state state); /* "queued", "starting", ... */
/* False: no state is called so. */
MUST_CHECK bool launch_state_parse(struct str name, enum launch_state *out);
static inline bool launch_state_is_live(enum launch_state state)
{
	return state < LAUNCH_FINISHED;
}
/* Bits, 1u << state, for queries. */
enum { LAUNCH_LIVE = 1 << LAUNCH_QUEUED | 1 << LAUNCH_STARTING | 1 << LAUNCH_RUNNING };

struct store_launch {
	char id[STORE_LAUNCH_ID];
	unsigned char person[DIGEST_LEN];      /* of issuer and subject */
	unsigned char quota[DIGEST_LEN];       /* of person, cluster and profile */
	unsigned char idempotency[DIGEST_LEN]; /* of person and key; all zero: none */
	unsigned char request[DIGEST_LEN];     /* of what was asked for */
	char issuer[STORE_ISSUER], subject[STORE_SUBJECT];
	char person_name[STORE_SUBJECT];
	char user[STORE_LAUNCH_USER]; /* what Spark calls the person */
	char cluster[STORE_LAUNCH_CLUSTER], profile[STORE_LAUNCH_PROFILE];
	char name[STORE_LAUNCH_NAME];  /* of the application */
	char app_id[STORE_LAUNCH_APP]; /* ""; not known yet */
	enum launch_state state;
	int64_t version;			  /* 1 when added, one more with every change */
	int64_t created_at, updated_at, ended_at; /* wall seconds; ended_at 0: it has not */
	struct store_bytes json;		  /* at most STORE_SEALED bytes */
};
void store_launch_clear(struct store_launch *launch); /* frees the JSON text */
/* An id for a launch of this time, unlike any other. */
void store_launch_new_id(int64_t wall_ms, char out[static STORE_LAUNCH_ID]);
bool store_launch_is_id(struct str text);

struct store_launch_limits { /* of one person and profile */
	unsigned running;    /* that are starting or running */
	unsigned queue;	     /* that wait beside them */
};

enum store_added {
	STORE_ADD_FAILED = -1,
	STORE_ADDED,
	STORE_ADDED_BEFORE, /* the same request with this key is there */
	STORE_ADDED_OTHER,  /* another request with this key is there */
	STORE_ADD_FULL,
};

struct store_launch_query {	      /* newest first */
	const unsigned char *person;  /* NULL: everybody's */
	unsigned states;	      /* bits, 1u << state; 0: all of them */
	char before[STORE_LAUNCH_ID]; /* the last one seen; "": from the newest */
	size_t limit;		      /* at most STORE_PAGE */
};
/* What it is given is borrowed; it must not call the store. */
typedef void store_on_launch(void *arg, const struct store_launch *launch);

/* Whether it fits the query's states. */
bool store_launch_is_wanted(
	const struct store_launch_query *query, const struct store_launch *launch);

#endif
