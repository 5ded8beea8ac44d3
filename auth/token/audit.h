/*
 * auth/token/audit.h - audit lines (event "audit") of what is done to tokens and sessions, by the
 * API, the pages, the token endpoint and the command line alike.
 *
 * Keys: `user` who did it ("cli:<account>" on the command line), `user_name` what people call them,
 * `decision` what. Never a secret.
 */
#ifndef SPARKGATE_AUTH_TOKEN_AUDIT_H
#define SPARKGATE_AUTH_TOKEN_AUDIT_H

#include "auth/store/store.h"

/* `what` is one word: "create", "revoke", "refresh", ... `name` may be empty. */
void audit_token(
	const char *user, struct str name, const char *what, const struct store_token *token);

/* Somebody lets a program have tokens of theirs, or does not: `what` is "allow" or "deny". */
void audit_device(const struct identity *who, const char *what, const char *client_name,
	const char *asked_from);

/* A sign-in link was made for an administrator. */
void audit_link(const char *user);

/* From where the next lines of this thread come: a request's client and id, which are borrowed
 * until audit_come_from(NULL, NULL). */
void audit_come_from(const char *client, const char *request_id);

struct audit_sessions {
	const char *id, *subject, *issuer; /* which were meant; all NULL: everybody's */
	const char *user_name;		   /* of who did it, for people; or NULL */
	int ended;			   /* -1: the store failed on the way */
};
/* One line for an order to end sessions, however many there were. */
void audit_sessions(const char *user, const struct audit_sessions *what);

#endif
