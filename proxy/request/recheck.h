/*
 * proxy/request/recheck.h - whether who asked still may, of an answer that goes on for long (S37).
 *
 * The credentials are asked about again, with nothing remembered, and judged as at the beginning. A
 * connection to the store that is made anew is no reason to end it: nothing new is decided (S33).
 * One for an exchange, on its server thread; it may be freed while auth still owes an answer.
 */
#ifndef SPARKGATE_PROXY_REQUEST_RECHECK_H
#define SPARKGATE_PROXY_REQUEST_RECHECK_H

#include "proxy/request/exchange.h"

struct recheck;

/* `end` is called when they may not any more; it may free the recheck. Borrows x. */
struct recheck *recheck_new(struct exchange *x, void (*end)(struct exchange *x, enum fault fault));
bool recheck_is_under_way(const struct recheck *r);
/* `is_quiet`: that counts as no use of the session. Not while one is under way. */
void recheck_ask(struct recheck *r, bool is_quiet);
void recheck_free(struct recheck *r); /* NULL is fine */

#endif
