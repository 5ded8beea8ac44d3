/*
 * auth/token/token_grant.h - what somebody may ask who shows a token of ours: the next ones for it
 * (RFC 6749 §6), its end (RFC 7009), what it is (RFC 7662). Blocks on the store; one thread.
 *
 * A one-time secret that is shown twice has been copied: its whole family ends (RFC 9700 §4.14,
 * S36).
 */
#ifndef SPARKGATE_AUTH_TOKEN_TOKEN_GRANT_H
#define SPARKGATE_AUTH_TOKEN_TOKEN_GRANT_H

#include "auth/token/token_desk.h"
#include "auth/session/token_secret.h"

#include <jansson.h>

/* The next tokens for a refresh or a registration token. TOKEN_DONE gives the answer of RFC 6749
 * §5.1 in `*json`; TOKEN_INVALID: invalid_grant. */
enum token_outcome token_grant_next(const struct token_desk *desk, enum token_secret_kind kind,
	struct str secret, json_t **json);
/* Gives the answer of RFC 6749 §5.1 with tokens that were made now. */
json_t *token_grant_answer(const struct store_token *record, const struct token_secrets *secrets);
/* TOKEN_DONE also for what is none of ours (RFC 7009 §2.2); TOKEN_CONFLICT: the last
 * administrator's, and not `force`. */
enum token_outcome token_grant_revoke(
	const struct token_desk *desk, struct str token, bool force, struct err *err);
/* Gives in `*json` what the caller may know of it: an administrator everything, others of what is
 * their own; of everything else only that it is not active (S38). */
enum token_outcome token_grant_introspect(const struct token_desk *desk,
	const struct identity *caller, struct str token, json_t **json);

#endif
