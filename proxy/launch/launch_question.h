/*
 * proxy/launch/launch_question.h - what a request wants of launches, on its way to the keeper and
 * back: the same for both listeners and for pages.
 *
 * It travels by inboxes: the asker's thread has it, then the keeper, then the asker's thread again,
 * which owns it. A thread that ends before it has come back is noted in `home`, by the keeper's own
 * thread.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_LAUNCH_QUESTION_H
#define SPARKGATE_PROXY_LAUNCH_LAUNCH_QUESTION_H

#include "auth/policy/identity.h"
#include "base/inbox.h"
#include "proxy/http/fault.h"
#include "proxy/launch/target/launch_target.h"

#include <sys/queue.h>

enum launch_wish {
	LAUNCH_ASK_PROFILES,
	LAUNCH_ASK_CREATE,
	LAUNCH_ASK_JUDGE, /* whether that would be done; it is not */
	LAUNCH_ASK_LIST,
	LAUNCH_ASK_SHOW,
	LAUNCH_ASK_KILL,
	LAUNCH_ASK_RESTART,
	LAUNCH_ASK_LOG,
	LAUNCH_ASK_EVENTS,
};

enum { LAUNCH_KEY = 256, LAUNCH_STREAM = 16, LAUNCH_CONTAINER = 128 }; /* with their NUL */

struct launch_question {
	struct task task;   /* first */
	struct inbox *home; /* borrowed; NULL: nobody waits for it any more */
	enum launch_wish wish;
	struct identity *who; /* its own */
	char id[STORE_LAUNCH_ID];
	json_t *body;	      /* of a creation or its judgement; or NULL */
	json_t *file;	      /* base64 of the file that travels with it; or NULL */
	char key[LAUNCH_KEY]; /* Idempotency-Key; "": none */
	bool is_of_all;	      /* of a list: others' too, as far as they may see them */
	unsigned states;      /* of a list: bits; 0: all */
	char before[STORE_LAUNCH_ID];
	size_t limit;
	char container[LAUNCH_CONTAINER], stream[LAUNCH_STREAM], since[LAUNCH_TIME];
	bool follows;			 /* of a log */
	char client[46], request_id[17]; /* for the audit line */
	bool is_with_target;		 /* the keeper's: a target answers first */

	/* the answer */
	enum fault fault; /* FAULT_NONE: done */
	char reason[512]; /* of a fault, for people; "": its own sentence */
	bool is_new;	  /* of a creation: made now, and not by an earlier one with the key */
	json_t *json;	  /* or NULL */
	struct launch_log log;

	void (*done)(struct launch_question *question); /* on the asker's thread, which takes it */
	void *arg;					/* the asker's */
	LIST_ENTRY(launch_question) asked;		/* of the asker's thread */
};
LIST_HEAD(launch_question_list, launch_question);

/* Gives; copies `who`. */
struct launch_question *launch_question_new(enum launch_wish wish, const struct identity *who,
	void (*done)(struct launch_question *question), void *arg);
void launch_question_free(struct launch_question *question);
/* Takes an answered one to its home; the keeper's thread. */
void launch_question_give_back(struct launch_question *question);
/* Of a thread that ends: nobody waits for these any more. The keeper's thread. */
void launch_questions_leave(struct launch_question_list *questions);

#endif
