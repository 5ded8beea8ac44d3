/*
 * proxy/relay/tunnel.h - a WebSocket: once both sides agreed, bytes go both ways unread (S3, S11).
 *
 * Each direction holds at most FRONT_QUEUE_HIGH and a read; then its source is not read. The
 * credentials that opened it are asked about again a few times a second, and it ends with them.
 * What the page says counts as a use of the session, like a request; nothing else does.
 */
#ifndef SPARKGATE_PROXY_RELAY_TUNNEL_H
#define SPARKGATE_PROXY_RELAY_TUNNEL_H

#include "proxy/request/exchange.h"

/* The connections of one server thread's tunnels to their UIs. */
struct upstream *tunnel_wire_new(struct event_base *base, const struct conf *conf);

/* The UI answered 101: passes it on and lets bytes through, or ends the exchange. */
void tunnel_begin(struct exchange *x, const struct h1_response *head);
void tunnel_on_bytes(struct exchange *x, struct evbuffer *bytes); /* from the client; moved out */
void tunnel_on_sent(struct exchange *x);   /* the UI has taken what was queued */
void tunnel_forget(struct tunnel *tunnel); /* its exchange is over; NULL is fine */
/* Ends those whose session or token is no longer good. */
void tunnel_check_all(struct server_thread *thread);

#endif
