/*
 * proxy/front_tls.h - the certificate that clients see, and TLS on their connections.
 *
 * Certificate and key are read again when one of the files has changed; a pair that does not fit
 * together, or a key that everybody may read, changes nothing. TLS 1.2 and newer. Any thread,
 * unless it says otherwise.
 */
#ifndef SPARKGATE_PROXY_FRONT_TLS_H
#define SPARKGATE_PROXY_FRONT_TLS_H

#include "base/err.h"

#include <stdbool.h>

struct bufferevent;
struct event_base;
struct front_tls;

/* NULL with `err` when the files are no good. Gives. */
MUST_CHECK struct front_tls *front_tls_new(
	const char *certificate, const char *key, struct err *err);
void front_tls_free(struct front_tls *tls); /* NULL is fine; no connection is accepted any more */
/* Reads the files again, these from now on, if they have changed; logs what came of it. One thread.
 */
void front_tls_refresh(struct front_tls *tls, const char *certificate, const char *key);
/* For a connection that evhttp is about to accept: as bufferevent_socket_new(base, -1, 0). It
 * closes its descriptor itself. */
struct bufferevent *front_tls_accept(struct front_tls *tls, struct event_base *base);
/* These three are for that connection's thread. */
bool front_tls_is_shaken(struct bufferevent *bev); /* the handshake is over */
void front_tls_say_end(struct bufferevent *bev);   /* nothing more comes from us */
/* After a failure: when plain http was spoken, says so in plain http. */
void front_tls_mend(struct bufferevent *bev);

#endif
