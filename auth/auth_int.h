/*
 * auth/auth_int.h - shared by the parts of the service behind auth/auth.h:
 *
 *   auth_service.c  the process's half: store, key, issuers' keys, the keeper's clock
 *   auth.c          a worker's half: the question and its two kinds of credential
 *   auth_bearer.c   a bearer token judged
 *   auth_session.c  a session cookie judged
 *   auth_record.c   a worker's view of the store's records
 *   auth_call.c     answers that come later: to the keeper and back
 *   auth_sign_in.c  sessions opened and ended
 *
 * What the keeper and the workers share: the counters of struct auth_service, which are atomic, and
 * struct auth_rules, a snapshot. All else travels through inboxes.
 */
#ifndef SPARKGATE_AUTH_AUTH_INT_H
#define SPARKGATE_AUTH_AUTH_INT_H

#include "auth/auth.h"
#include "auth/jwks_fetch.h"
#include "auth/keyring.h"
#include "auth/recent.h"
#include "auth/session.h"
#include "auth/signer.h"
#include "auth/store.h"
#include "auth/token_cache.h"
#include "base/share.h"

#include <stdatomic.h>
#include <sys/queue.h>

enum { AUTH_WAITING_MAX = 1024, AUTH_TOUCHES_MAX = 1024, AUTH_REASONS_MAX = 64 };

/* --- the process (auth_service.c) --- */

struct auth_rules { /* an immutable snapshot: by what tokens and sessions are judged */
	struct conf *conf;
	struct keyset *keys;
	struct keyring *ring; /* opens and seals sessions */
	uint64_t generation;
	char issuer[STORE_ISSUER]; /* of our own tokens */
};

struct auth_service {
	atomic_int refs; /* of auth_service_free() and of every job under way */
	bool closed;	 /* keeper thread, as the rest up to the atomics */
	struct inbox *keeper;
	struct store *store; /* the writing connection */
	struct keyring *ring;
	struct signer *signer;
	struct jwks_fetch *jwks;
	struct conf *conf;
	struct keyset *keys;
	uint64_t rules_generation;
	char issuer[STORE_ISSUER];
	struct share_slot *rules; /* of struct auth_rules */
	struct event *tick;
	unsigned ticks;
	int64_t polled_ms; /* monotonic */
	uint64_t counted;  /* the generation at which sessions and tokens were counted */
	struct store_touch *touches;
	size_t touches_count;

	atomic_bool ready;
	/* Moves after every write that takes something away, so that what is cached is read again.
	 */
	atomic_uint_fast64_t generation;
	atomic_uint_fast64_t store_errors, jwks_ok, jwks_failed;
	atomic_uint sessions, tokens_user, tokens_admin;
};

struct auth_service *auth_service_ref(struct auth_service *service);
void auth_service_unref(struct auth_service *service);
void auth_service_note_change(struct auth_service *service); /* keeper thread, after a commit */
/* Keeper thread: looks for other processes' writes if that is due. However long the queue of jobs
 * is, a revocation must not wait for its end. */
void auth_service_poll(struct auth_service *service);
void auth_service_flush(struct auth_service *service); /* keeper thread: saves touches */

/* --- one worker (auth.c) --- */

struct port; /* how answers find back to a worker, or find it gone */
struct call;
TAILQ_HEAD(call_list, call);

struct auth {
	struct auth_service *service;
	struct port *port;
	struct share_reader *rules;
	struct store_reader *reader; /* this thread's; NULL until it could be opened */
	struct token_cache *tokens;
	struct recent *sessions, *records;
	struct call_list calls;
	size_t calls_count;
	char *reasons[AUTH_REASONS_MAX]; /* texts that outlive their error */
	size_t reasons_count;
};

static inline struct auth_result auth_refused(enum auth_status status, const char *reason)
{
	return (struct auth_result){status, NULL, reason};
}

/* Borrows the rules until the hold is dropped. */
static inline const struct auth_rules *auth_rules_get(struct auth *auth, struct share_hold **hold)
{
	*hold = share_get(auth->rules);
	return (*hold)->value;
}

/* --- a worker's view of the store's records (auth_record.c) --- */

struct session_name {  /* what a cookie says */
	struct str id; /* a secret, borrowed from the request; opens what the store has */
	unsigned char key[DIGEST_LEN]; /* names it there */
};

/* The record as of the store's present generation; `*out` is borrowed until the next call. */
enum store_answer auth_record_token(
	struct auth *auth, const char *id, int64_t now, struct recent_entry **out);
enum store_answer auth_record_session(struct auth *auth, const struct auth_rules *rules,
	const struct session_name *name, int64_t now, struct recent_entry **out);
/* Forgets what is cached and reads the session again. */
enum store_answer auth_record_session_again(struct auth *auth, const struct auth_rules *rules,
	const struct session_name *name, int64_t now, struct recent_entry **out);
/* Notes a use; tells the keeper when the store's knowledge is older than `interval` seconds. */
void auth_record_touch(
	struct auth *auth, struct recent_entry *entry, struct store_touch *touch, int64_t interval);

/* --- judging (auth_bearer.c, auth_session.c) --- */

/* AUTH_LATER, only where `refetch` is not NULL: newer keys of `*refetch` may decide (borrows from
 * rules). */
struct auth_result auth_bearer_judge(struct auth *auth, const struct auth_rules *rules,
	struct str token, struct str client, const char **refetch);
/* Whether this token of ours is on record and active. AUTH_OK without an identity, or why not. */
struct auth_result auth_bearer_check_record(
	struct auth *auth, const char *token_id, struct str client, int64_t now, enum role *role);
struct auth_result auth_session_judge(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str client);
/* The session these cookies name. False when they name none. */
bool auth_session_named(const struct auth_rules *rules, const struct str *cookies, size_t count,
	struct session_name *out);

/* --- answers that come later (auth_call.c) --- */

struct call { /* a worker's: who waits, and for what */
	TAILQ_ENTRY(call) link;
	struct auth *auth;
	auth_done *on_auth; /* one of these two */
	sign_in_done *on_sign_in;
	void *arg;
	char *token; /* a copy, while its issuer's keys are fetched */
	char client[STORE_FROM];
	char id[SESSION_ID_LEN + 1]; /* of the session being opened */
	bool has_old;
	unsigned char old_key[DIGEST_LEN];
	struct auth_result result; /* decided, or so if the job is done; not yet told */
};

struct job { /* travels to the keeper and back */
	struct task task;
	struct auth_service *service;			  /* a reference */
	struct port *port;				  /* a reference */
	struct call *call;				  /* the worker's; not for the keeper */
	void (*work)(struct job *job);			  /* keeper; ends in auth_job_return() */
	void (*done)(struct call *call, struct job *job); /* worker, unless it is gone by then */
	struct store_opening opening;
	enum store_answer answer;
	char issuer[STORE_ISSUER];
	struct jwks_waiter waiter;
};

struct port *auth_port_new(struct auth *auth, struct inbox *reply);
/* No answer will reach the worker any more. */
void auth_port_close(struct port *port);

/* Gives a call on the worker's list. */
struct call *auth_call_new(struct auth *auth, void *arg);
/* Tells the waiting one and frees the call. Takes result.who. `set_cookie` is taken; NULL: none. */
void auth_call_answer(struct call *call, struct auth_result result, char *set_cookie);
/* Same, from the event loop: for functions that must not call back at once. Takes result.who. */
void auth_call_answer_later(struct call *call, struct auth_result result);
/* Answers AUTH_UNAVAILABLE to all that wait. */
void auth_call_answer_all(struct auth *auth);

struct job *auth_job_new(struct call *call);
void auth_job_send(struct job *job);   /* to the keeper */
void auth_job_return(struct job *job); /* from the keeper to the worker */
/* Fetches the keys of `issuer` again, then `done`. */
void auth_job_refetch(
	struct call *call, const char *issuer, void (*done)(struct call *call, struct job *job));

#endif
