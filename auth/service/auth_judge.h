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
/* The session these cookies name; `*id` borrows from them. False when they name none. */
bool auth_session_named(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str *id,
	unsigned char key[static DIGEST_LEN]);

#endif
