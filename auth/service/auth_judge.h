/*
 * auth/service/auth_judge.h - a question: one credential, judged again whenever what it lacked has
 * come.
 *
 * A judge answers from what is at hand and waits for nothing: AUTH_LATER, and question->need says
 * what it lacks.
 */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_JUDGE_H
#define SPARKGATE_AUTH_SERVICE_AUTH_JUDGE_H

#include "auth/service/auth_int.h"
#include "auth/session/cookie.h"
#include "auth/session/session.h"

enum need {
	NEED_SESSION,	    /* the record of a session, from the store */
	NEED_RECORD,	    /* the record of a token of ours */
	NEED_KEYS,	    /* newer keys of an issuer */
	NEED_REFRESH,	    /* the provider's word on a session whose token has run out */
	NEED_INTROSPECTION, /* an issuer's word on an opaque token */
	NEEDS,
};

struct lookup { /* what the store said to this question */
	bool is_done;
	enum store_answer answer;
};

/* The sessions that a browser's cookies of one name may be: each is tried (S81). */
struct session_ids {
	struct str at[COOKIES_TRIED];
	size_t count, tried;
};

struct question {
	struct str token;				 /* at == NULL: a session is judged */
	struct session_ids named;			 /* what cookies say */
	struct str id;					 /* of the session: one of these */
	char app_ids[COOKIES_TRIED][SESSION_ID_LEN + 1]; /* what they borrow from on an
							    application's host */
	unsigned char key[DIGEST_LEN]; /* of the session; or of the token, to the cache */
	struct identity *found;	       /* whose session is alive, while others are tried; owned */
	struct str client;
	bool is_quiet;
	/* AUTH_LATER: */
	enum need need;
	const char *issuer;	 /* NEED_KEYS: borrows from the rules */
	char token_id[STORE_ID]; /* NEED_RECORD */
	/* so far: */
	struct lookup session, record;
	bool keys_asked, refresh_asked, introspected;
	bool keys_fetched; /* newer ones than when it was asked: what they lack does not exist */
	char *standing;	   /* of the token's record, once it was read; owned */
	enum auth_status refused; /* by the refresh or the introspection; AUTH_OK: not */
	const char *why;
};

/* --- a bearer token (auth_bearer.c) --- */

struct auth_result auth_bearer_judge(
	struct auth *auth, const struct auth_rules *rules, struct question *question);
/* Whether this token of ours is on record and active. AUTH_OK without an identity, or why not. */
struct auth_result auth_bearer_check_record(struct auth *auth, struct question *question,
	const char *token_id, int64_t now, enum role *role);

/* --- a session (auth_session.c) --- */

struct auth_result auth_session_judge(
	struct auth *auth, const struct auth_rules *rules, struct question *question);
/* The sessions these cookies may name; they borrow from them. */
struct session_ids auth_session_ids(const struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count);
/* The question is about the next one that may be a session at all. False: there is none. */
MUST_CHECK bool auth_session_next(struct auth *auth, struct question *question);
/* The session these cookies name, of several the one that is known to be alive; `*id` borrows from
 * them. False when they name none. */
bool auth_session_named(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str *id,
	unsigned char key[static DIGEST_LEN]);

#endif
