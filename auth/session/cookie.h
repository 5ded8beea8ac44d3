/*
 * auth/session/cookie.h - our cookie among those a browser sent, read strictly (RFC 6265 §4.2.1,
 * S25).
 *
 * Pure. A name that appears twice may be tossed in by a sibling host or an upstream, and nothing
 * tells which one is ours: it counts as absent.
 */
#ifndef SPARKGATE_AUTH_SESSION_COOKIE_H
#define SPARKGATE_AUTH_SESSION_COOKIE_H

#include "base/mem.h"
#include "base/str.h"

/* The value of the only cookie called `name` (byte-exact) in all Cookie fields together; `*value`
 * borrows from a field. False when it is absent, empty, or there more than once. */
MUST_CHECK bool cookie_find(
	const struct str *fields, size_t count, struct str name, struct str *value);

#endif
