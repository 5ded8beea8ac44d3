/*
 * auth/token/token_follow.h - a person's own tokens end with what let that person in
 * (tokens.follow_sessions).
 *
 * Own are those that a person made for nobody else: made by the subject they are for. What an
 * administrator hands out and what is for a "client:" stay, for no person's session stands behind
 * them. When: the provider says that the person has signed out there (S28), an administrator ends
 * all of the person's sessions, or the provider gives the person less than the token opens.
 */
#ifndef SPARKGATE_AUTH_TOKEN_TOKEN_FOLLOW_H
#define SPARKGATE_AUTH_TOKEN_TOKEN_FOLLOW_H

#include "auth/token/token_desk.h"

struct grants;

/* Revokes own tokens of `subject` that open more than `left` (NULL: nothing is left) holds, if
 * tokens.follow_sessions says so. `by` is who does it, in the audit. Gives how many, or -1: the
 * store failed.
 */
int token_follow(const struct token_desk *desk, const char *subject, const struct grants *left,
	const char *by);

#endif
