/*
 * proxy/relay/relay.h - asks the mount's upstream and passes its answer on.
 *
 *   relay_call.c    the call: begun, stopped, failed
 *   tunnel.c        what becomes of it when both sides agree on a WebSocket
 *   relay.c         the answer on its way to the client
 *   static_files.c  Spark's own files, answered from the cache or fetched into it
 */
#ifndef SPARKGATE_PROXY_RELAY_RELAY_H
#define SPARKGATE_PROXY_RELAY_RELAY_H

#include "proxy/request/exchange.h"

/* relay_call.c */
/* Sends server thread->head to the mount, with the rest of `req`. */
void relay_call(struct exchange *x, enum exchange_state state, struct upstream_request *req,
	const struct upstream_handler *handler);
void relay_stop(struct exchange *x); /* nothing more of it is wanted */
/* Ends the exchange in the middle, so that nobody takes what was sent for complete. */
void relay_cut(struct exchange *x, enum fault fault);
void relay_on_fault(struct exchange *x, enum fault fault); /* it did not work */
void relay_fill_context(struct exchange *x);		   /* what links are mended by */
struct str relay_token(const struct exchange *x); /* what its UI is shown; at == NULL: nothing */

/* relay.c */
void relay_ask(struct exchange *x); /* with the content that content_take() has */
void relay_on_drained(struct exchange *x);
/* The front's: content that is streamed, and content that can't be had. */
void relay_on_piece(struct exchange *x, struct evbuffer *bytes, bool is_last);
void relay_on_content_fault(struct exchange *x, enum fault fault);
void relay_forget(struct exchange *x); /* of exchange_new() */

/* static_files.c: answers with a file of the cache, or fetches it first. False: it is for
 * relay_ask(). */
bool static_files_serve(struct exchange *x);
void static_files_fill_free(struct static_files_fill *fill); /* NULL is fine */

#endif
