/*
 * auth/session/stale_cookie.h - a session's cookies that are over, ended wherever a browser may
 * hold them (S81).
 *
 * Pure. A browser tells neither the path nor the domain of a cookie that it sends. So each that
 * fits is named: paths from the root down to the pages in question, no Domain, the host and the
 * domains above it. Over https there is nothing to do: a __Host- cookie has one place only.
 */
#ifndef SPARKGATE_AUTH_SESSION_STALE_COOKIE_H
#define SPARKGATE_AUTH_SESSION_STALE_COOKIE_H

#include "auth/session/session.h"
#include "base/sbuf.h"

enum { STALE_PATHS = 12 };

/* Field lines into `out`. `pages` are two paths: of the request, and where it leads. `has_own`: the
 * place of our own cookie too, which a sign-in in another tab may be about to fill. */
void stale_cookie_end(const struct conf *conf, enum auth_site site, const struct str pages[2],
	bool has_own, struct sbuf *out);

#endif
