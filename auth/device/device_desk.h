/*
 * auth/device/device_desk.h - a program asks for tokens of a person, who allows it elsewhere,
 * signed in (RFC 8628).
 *
 * A stranger's question costs one row of the store, of which there is a bounded number (S138). It
 * becomes the person's own token (token_manager.h), no wider than was asked and shown (S135), when
 * the program comes for it: nothing that opens anything lies in the store before. Blocks on the
 * store; one thread.
 */
#ifndef SPARKGATE_AUTH_DEVICE_DEVICE_DESK_H
#define SPARKGATE_AUTH_DEVICE_DEVICE_DESK_H

#include "auth/device/device_code.h"
#include "auth/device/device_pace.h"
#include "auth/token/token_manager.h"

#include <jansson.h>

enum {
	DEVICE_LIFE_S = 600,
	DEVICE_ALLOWED_S = 120, /* in which an allowed program comes for its tokens */
};

struct throttle;

struct device_desk { /* all borrowed */
	const struct token_desk *tokens;
	struct throttle *guesses; /* of codes, by person (S136) */
	struct device_pace *pace;
};

enum device_outcome {
	DEVICE_DONE,
	DEVICE_INVALID,	  /* the reason says what */
	DEVICE_BAD_SCOPE, /* the same */
	DEVICE_PENDING,
	DEVICE_SLOW_DOWN,
	DEVICE_REFUSED, /* by the person; or they may not (the reason says why) */
	DEVICE_EXPIRED,
	DEVICE_UNKNOWN, /* no such code, or it is used up */
	DEVICE_MANY,	/* too many wait, or were guessed */
	DEVICE_UNAVAILABLE,
};
/* The word of RFC 6749 §5.2 and RFC 8628 §3.5; NULL for DEVICE_DONE. */
const char *device_error(enum device_outcome outcome);

/* --- the program --- */

struct device_asked { /* borrowed */
	struct str client_name, scope, token_type, from;
};
/* DEVICE_DONE gives the answer of RFC 8628 §3.2: a secret is in it. */
enum device_outcome device_begin(const struct device_desk *desk, const struct device_asked *asked,
	json_t **json, struct err *err);
/* DEVICE_DONE gives tokens, as token_grant_next() does. */
enum device_outcome device_poll(
	const struct device_desk *desk, struct str device_code, json_t **json, struct err *err);

/* --- the person --- */

struct device_question {
	struct store_device record;
	char user_code[USER_CODE];
	char client_name[STORE_CLIENT], scope[STORE_SCOPE], from[STORE_FROM];
	enum role role; /* asked for: user or admin */
};
/* What the code that they typed is of. */
enum device_outcome device_find(const struct device_desk *desk, const struct identity *who,
	struct str typed, struct device_question *out);
/* Allows what was found, or denies it. DEVICE_REFUSED, with a reason: they may not allow it. */
enum device_outcome device_decide(const struct device_desk *desk, const struct identity *who,
	struct device_question *question, bool is_allowed, struct err *err);

#endif
