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
/* From the UI: as they come, before they are passed on; and afterwards, when the tunnel may end. */
void tunnel_on_answer(struct exchange *x, struct evbuffer *bytes);
void tunnel_on_passed(struct exchange *x);
void tunnel_on_sent(struct exchange *x);   /* the UI has taken what was queued */
void tunnel_forget(struct tunnel *tunnel); /* its exchange is over; NULL is fine */
/* The process ends, and each tunnel's client is told by a close frame with this code, as soon as
 * the UI's frame that is under way is whole. */
void tunnel_leave_all(struct server_thread *thread, unsigned code);
/* Ends those whose session or token is no longer good. */
void tunnel_check_all(struct server_thread *thread);

#endif
