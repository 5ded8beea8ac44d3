/*
 * auth/session/cookie.h - our cookies among those a browser sent, read strictly (RFC 6265 §4.2.1,
 * S25).
 *
 * Pure. A browser may hold several of one name, under other paths or for a wider domain, and does
 * not say which one is ours. Equal ones are one; whoever asks tries the different ones.
 */
#ifndef SPARKGATE_AUTH_SESSION_COOKIE_H
#define SPARKGATE_AUTH_SESSION_COOKIE_H

#include "base/mem.h"
#include "base/str.h"

enum { COOKIES_TRIED = 4 }; /* of one name; what comes after them is not looked at */

/* The different values, not empty, of the cookies called `name` (byte-exact) in all Cookie fields
 * together, in the order they came; they borrow from the fields. Gives how many. */
size_t cookie_find(const struct str *fields, size_t count, struct str name,
	struct str values[static COOKIES_TRIED]);

/* --- one after the other --- */

struct cookie_walk { /* begins as {fields, count}; borrows them */
	const struct str *fields;
	size_t count;
	struct str rest; /* of the field before */
};
/* The next cookie that has a name, both parts without the blanks around. False: there is none. */
MUST_CHECK bool cookie_next(struct cookie_walk *walk, struct str *name, struct str *value);

#endif
