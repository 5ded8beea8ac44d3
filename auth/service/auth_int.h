/*
 * auth/service/auth_int.h - shared by the parts of the service behind auth/service/auth.h:
 *
 *   auth_service.c  the process's half: store, keys, the provider, the keeper's clock
 *   auth.c          a server thread's half: the question, and what it takes to answer it
 *   auth_bearer.c   a bearer token judged
 *   auth_session.c  a session cookie judged
 *   auth_store_view.c   a server thread's view of the store's records
 *   auth_pending.c     who waits for what: questions and answers that come later
 *   auth_keeper.c      work for the keeper, and its way back
 *   auth_session_open.c     a session opened, by a link or a token
 *   auth_login.c    a session opened by the OpenID provider
 *   auth_session_refresh.c  the provider asked again for a session, by one gateway at a time
 *   auth_session_end.c      sessions ended
 *   auth_app.c      a session taken to the host name of one application
 *   auth_token.c    tokens of ours renewed, revoked and explained to who shows them
 *
 * What the keeper and the server threads share: the counters of struct auth_service, which are
 * atomic, and struct auth_rules, a snapshot. All else travels through inboxes.
 */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_INT_H
#define SPARKGATE_AUTH_SERVICE_AUTH_INT_H

#include "auth/service/auth.h"
#include "auth/issuers/introspect.h"
#include "auth/issuers/jwks_fetch.h"
#include "auth/keys/keyring.h"
#include "auth/oidc/login_cookie.h"
#include "auth/oidc/oidc.h"
#include "auth/cache/record_cache.h"
#include "auth/cache/digest_cache.h"
#include "auth/session/session.h"
#include "auth/session/session_data.h"
#include "auth/token/token_desk.h"
#include "auth/store/store.h"
#include "auth/oidc/throttle.h"
#include "auth/cache/token_cache.h"
#include "base/share.h"

#include <stdatomic.h>
#include <sys/queue.h>

enum { AUTH_WAITING_MAX = 4096, AUTH_TOUCHES_MAX = 1024, AUTH_REASONS_MAX = 64 };
enum {
	AUTH_FRESH_MS = 5000,	   /* how long a record of a shared store is not read again */
	AUTH_GO_ON_MS = 30 * 1000, /* how long it goes on while the store is silent (S33) */
	AUTH_INTROSPECTED_S = 30,  /* how long an issuer's word on an opaque token is taken */
	AUTH_REASON = 160,
};

/* --- the process (auth_service.c) --- */

struct auth_rules { /* an immutable snapshot: by what tokens and sessions are judged */
	struct conf *conf;
	struct keyset *keys;
	struct keyring *ring;
	struct oidc_provider *provider; /* NULL: none, or not known yet */
	uint64_t generation;
	char issuer[STORE_ISSUER]; /* of our own tokens */
};

struct refresh;
TAILQ_HEAD(refresh_list, refresh);

struct auth_service {
	atomic_int refs; /* of auth_service_free() and of every request under way */
	bool closed;	 /* keeper thread, as the rest up to the atomics */
	struct event_base *base;
	struct inbox *keeper;
	struct store *store; /* the writing connection */
	struct signer *signer;
	struct jwks_fetch *jwks;
	struct oidc *oidc;
	struct introspector *introspector;
	struct throttle *codes; /* of the provider, that are being exchanged */
	struct refresh_list refreshes;
	unsigned char holder[DIGEST_LEN]; /* this process, to the store's leases */
	struct conf *conf;
	struct keyset *keys;
	struct keyring *ring;
	struct oidc_provider *provider;
	uint64_t rules_generation;
	char issuer[STORE_ISSUER];
	struct token_desk tokens; /* auth_service_tokens() brings it up to date */
	struct share_slot *rules; /* of struct auth_rules */
	struct event *tick;
	unsigned ticks;
	bool is_purging;   /* more is left than a tick had time for */
	int64_t polled_ms; /* monotonic */
	uint64_t counted;  /* the generation at which sessions and tokens were counted */
	struct store_touch *touches;
	size_t touches_count;

	atomic_bool ready;
	atomic_int provider_state; /* enum auth_provider */
	/* Moves when records may have changed, so that what is cached is read again. */
	atomic_uint_fast64_t generation;
	/* The generation of the last thing taken away: what was read before must not be gone on
	 * with, should the store fall silent now (S33). */
	atomic_uint_fast64_t taken_away;
	atomic_uint_fast64_t store_errors, jwks_ok, jwks_failed, refreshes_ok, refreshes_failed;
	atomic_uint sessions, tokens_user, tokens_admin;
};

struct auth_service *auth_service_ref(struct auth_service *service);
void auth_service_unref(struct auth_service *service);
/* Keeper thread, after a commit that took something away. */
void auth_service_note_end(struct auth_service *service);
/* Keeper thread: looks for other processes' writes if that is due. However long the queue of
 * requests is, a revocation must not wait for its end. */
void auth_service_poll(struct auth_service *service);
void auth_service_flush(struct auth_service *service); /* keeper thread: saves touches */
/* Counts a failure of the store; gives `answer`. */
enum store_answer auth_service_count(struct auth_service *service, enum store_answer answer);

/* --- one server thread (auth.c) --- */

struct return_address; /* how answers find back to a server thread, or find it gone */
struct auth_pending;
TAILQ_HEAD(auth_pending_list, auth_pending);

struct auth {
	struct auth_service *service;
	struct event_base *base;
	enum auth_site site;
	struct return_address *address;
	struct share_reader *rules;
	struct store_reader *reader; /* NULL until it could be opened */
	struct token_cache *tokens;
	struct digest_cache *ids; /* of sessions, with their keys */
	struct record_cache *sessions, *records;
	struct auth_pending_list pending;
	size_t pending_count;
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

/* A text that lives as long as the server thread: caches and log lines keep reasons, an error's own
 * text dies with it. `otherwise` when there are too many different ones. */
const char *auth_keep_reason(struct auth *auth, const char *text, const char *otherwise);

/* --- a question: one credential, judged again whenever what it lacked has come --- */

enum need {
	NEED_SESSION,	    /* the record of a session, from the store */
	NEED_RECORD,	    /* the record of a token of ours */
	NEED_KEYS,	    /* newer keys of an issuer */
	NEED_REFRESH,	    /* the provider's word on a session whose token has run out */
	NEED_INTROSPECTION, /* an issuer's word on an opaque token */
	NEEDS,
};

struct memo { /* what the store said to this question */
	bool known;
	enum store_answer answer;
};

struct question {
	struct str token;		 /* at == NULL: a session is judged */
	struct str id;			 /* of the session: the cookie's value */
	char app_id[SESSION_ID_LEN + 1]; /* what it borrows from on an application's host */
	unsigned char key[DIGEST_LEN];	 /* of the session; or of the token, to the cache */
	struct str client;
	bool is_quiet;
	/* AUTH_LATER: */
	enum need need;
	const char *issuer;	 /* NEED_KEYS: borrows from the rules */
	char token_id[STORE_ID]; /* NEED_RECORD */
	/* so far: */
	struct memo session, record;
	bool keys_asked, refresh_asked, introspected;
	enum auth_status refused; /* by the refresh or the introspection; AUTH_OK: not */
	const char *why;
};

/* AUTH_LATER: question->need says what it lacks. */
struct auth_result auth_bearer_judge(
	struct auth *auth, const struct auth_rules *rules, struct question *question);
/* Whether this token of ours is on record and active. AUTH_OK without an identity, or why not. */
struct auth_result auth_bearer_check_record(struct auth *auth, struct question *question,
	const char *token_id, int64_t now, enum role *role);
struct auth_result auth_session_judge(
	struct auth *auth, const struct auth_rules *rules, struct question *question);
/* The session these cookies name; `*id` borrows from them. False when they name none. */
bool auth_session_named(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str *id,
	unsigned char key[static DIGEST_LEN]);

/* The same by the cookie of an application's host, in question->id and key (auth_app.c). */
bool auth_app_named(
	const struct auth_rules *rules, const struct auth_request *req, struct question *question);

/* --- a server thread's view of the store's records (auth_store_view.c) --- */

/* This thread's way to the store, opened at once, so that a shared one is connected by the time of
 * the first question, and again after it could not be. Borrows; NULL: not to be had now. */
struct store_reader *auth_store_view_reader(struct auth *auth);

enum record {
	RECORD_FOUND,
	RECORD_NONE,
	RECORD_SILENT, /* the store does not answer, and nothing recent enough is at hand */
	RECORD_LATER,  /* the question needs it first */
};
/* `*out` is borrowed until the next call. */
enum record auth_store_view_session(
	struct auth *auth, struct question *question, int64_t now, struct record_cache_entry **out);
enum record auth_store_view_token(struct auth *auth, struct question *question,
	const char *token_id, int64_t now, struct record_cache_entry **out);
/* Asks the store; auth_pending_resume() when it has answered. */
void auth_store_view_ask_session(struct auth_pending *pending);
void auth_store_view_ask_token(struct auth_pending *pending);
/* Forgets what is known of the session, so that it is read again. */
void auth_store_view_forget_session(struct auth *auth, struct question *question);
/* Notes a use; tells the keeper when the store's knowledge is older than `interval` seconds. */
void auth_store_view_touch(struct auth *auth, struct record_cache_entry *entry,
	struct store_touch *touch, int64_t interval);

/* --- who waits (auth_pending.c) --- */

struct auth_pending {
	TAILQ_ENTRY(auth_pending) link;
	struct auth *auth;
	struct question question; /* its texts are the call's own: */
	char *token;
	char id[SESSION_ID_LEN + 1];
	char client[STORE_FROM];
	char issuer[STORE_ISSUER];
	uint64_t generation; /* of the store when it was asked */
	unsigned turns;
	bool is_running, is_waiting;
	/* The question is answered. Takes result.who; answers the call sooner or later. */
	void (*judged)(struct auth_pending *pending, struct auth_result result);

	auth_done *on_auth; /* one of these two */
	sign_in_done *on_sign_in;
	void *arg;
	struct sign_in_result signing; /* what is known of it already: cookies, return path */
	char old_id[SESSION_ID_LEN + 1];
	bool has_old; /* a session that the same browser has */
	unsigned char old_key[DIGEST_LEN];
	char app_label[64]; /* auth_app.c: the host that is entered, and its code */
	bool has_app_cookie, is_app_browser;
	unsigned char app_once[DIGEST_LEN];
	int64_t app_code_ends_at;
};

/* Gives a call on the server thread's list. */
struct auth_pending *auth_pending_new(struct auth *auth, void *arg);
/* Copies the question's texts. */
void auth_pending_keep(struct auth_pending *pending, const struct question *question);
/* Judges until there is an answer or something is to be waited for (AUTH_LATER, and judged() will
 * be called). Otherwise judged() is not called: the caller has the answer. */
struct auth_result auth_pending_run(struct auth_pending *pending);
void auth_pending_resume(struct auth_pending *pending); /* what it waited for has come */
/* Frees without a word. */
void auth_pending_free(struct auth_pending *pending);
/* Tells the waiting one and frees the call; `call->signing` goes with it. Takes result.who. */
void auth_pending_answer(struct auth_pending *pending, struct auth_result result);
/* Same, from the event loop: for functions that must not call back at once. */
void auth_pending_answer_later(struct auth_pending *pending, struct auth_result result);
/* Answers AUTH_UNAVAILABLE to all that wait. */
void auth_pending_answer_all(struct auth *auth);

/* --- work for the keeper (auth_keeper.c) --- */

struct keeper_request { /* travels to the keeper and back */
	struct task task;
	struct auth_service *service;		      /* a reference */
	struct return_address *address;		      /* a reference */
	struct auth_pending *pending;		      /* the server thread's; not for the keeper */
	void (*work)(struct keeper_request *request); /* keeper; ends in auth_keeper_return() */
	void (*done)(struct auth_pending *pending,
		struct keeper_request *request); /* server thread, unless it is gone by then */
	TAILQ_ENTRY(keeper_request) link;	 /* of those that wait for one refresh */
	/* in */
	enum auth_site site;
	char issuer[STORE_ISSUER];
	char *token;		     /* secret: a token or a code */
	char id[SESSION_ID_LEN + 1]; /* secret: of the session that is opened, asked for or ended */
	unsigned char key[DIGEST_LEN];
	char client[STORE_FROM]; /* the address of who signs in */
	struct login_cookie login;
	struct store_opening opening;
	enum sign_out_scope scope;
	struct jwks_waiter waiter;
	bool was_asked; /* the provider, for newer keys */
	int question;	/* auth_token_question.kind */
	bool is_forced;
	/* out */
	bool is_put_off; /* nothing was written or asked */
	enum store_answer answer;
	enum auth_status status;
	struct identity *who; /* the receiver's; of an introspection, in: who asks */
	char *location, *json;
	char reason[AUTH_REASON];
	int64_t until; /* wall seconds */
};

struct return_address *auth_keeper_port_new(struct auth *auth, struct inbox *reply);
/* No answer will reach the server thread any more. */
void auth_keeper_port_close(struct return_address *address);

struct keeper_request *auth_keeper_new(struct auth_pending *pending);
void auth_keeper_send(struct keeper_request *request);	 /* to the keeper */
void auth_keeper_return(struct keeper_request *request); /* from the keeper to the server thread */
void auth_keeper_say(struct keeper_request *request, enum auth_status status, const char *reason);
/* Fetches the keys of call->issuer again, then resumes the call. */
void auth_keeper_ask_keys(struct auth_pending *pending);
void auth_keeper_ask_introspection(struct auth_pending *pending);

/* --- sessions opened, kept and ended --- */

/* Makes a session with a new id (S22), sealed, in request->opening and request->id; request->who is
 * its person. Any thread. -1: too long to be kept. */
MUST_CHECK int auth_open_prepare(struct keeper_request *request, const struct conf *conf,
	const struct keyring *ring, const struct session_data *data, int64_t credential_ends);
/* Stores it; the keeper's half, ends in auth_keeper_return(). */
void auth_open_store(struct keeper_request *request);
/* The server thread's half: cookie, person, answer. */
void auth_open_done(struct auth_pending *pending, struct keeper_request *request);
/* A call for a sign-in: notes the session that the browser has now. */
struct auth_pending *auth_open_call(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str client, sign_in_done *done, void *arg);

void auth_refresh_ask(struct auth_pending *pending); /* resumes it when the provider has spoken */
void auth_refresh_close(struct auth_service *service);

#endif
