/*
 * proxy/front/front_tls.h - the certificate that clients see, and TLS on their connections.
 *
 * Certificate, key and authorities of clients are read again when one of the files has changed; a
 * pair that does not fit together, or a key that everybody may read, changes nothing. TLS 1.2 and
 * newer. Any thread, unless it says otherwise.
 */
#ifndef SPARKGATE_PROXY_FRONT_FRONT_TLS_H
#define SPARKGATE_PROXY_FRONT_FRONT_TLS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bufferevent;
struct evbuffer;
struct event_base;
struct ssl_st;
struct conf;
struct front_tls;

struct front_tls_files { /* borrowed */
	const char *certificate, *key;
	/* Who alone signs the certificates that clients must show; NULL: none is asked for. Who has
	 * none gets no connection: the handshake fails before anything is read as HTTP (S195). */
	const char *client_ca;
};
/* As configured; without a certificate the listener speaks http. Borrowed from `conf`. */
struct front_tls_files front_tls_files_of_server(const struct conf *conf);
struct front_tls_files front_tls_files_of_admin(const struct conf *conf);
/* NULL with `err` when the files are no good. Gives. */
MUST_CHECK struct front_tls *front_tls_new(const struct front_tls_files *files, struct err *err);
void front_tls_free(struct front_tls *tls); /* NULL is fine; no connection is accepted any more */
/* Whether HTTP/2 is agreed on with who offers it (ALPN), from the next handshake on; it is not
 * before. */
void front_tls_offer_http2(struct front_tls *tls, bool offered);
/* Reads the files again, these from now on, if they have changed; logs what came of it. One thread.
 */
void front_tls_refresh(struct front_tls *tls, const struct front_tls_files *files);
/* When the certificate in use ends: wall seconds. */
int64_t front_tls_ends_at(struct front_tls *tls);
/* Writes that it ends within FRONT_TLS_SOON_DAYS, or has ended; else false. */
enum { FRONT_TLS_SOON_DAYS = 30 };
bool front_tls_ends_soon(struct front_tls *tls, int64_t now, char out[static 128]);
/* --- one connection; of its own thread --- */
/* For a socket that was just accepted; borrows it. Gives. */
struct ssl_st *front_tls_accept(struct front_tls *tls, int fd);
void front_tls_free_connection(struct ssl_st *ssl);    /* NULL is fine */
bool front_tls_is_shaken(const struct ssl_st *ssl);    /* the handshake is over */
bool front_tls_speaks_http2(const struct ssl_st *ssl); /* it was agreed on */
/* Bytes, at most `room`; 0: none at the moment; -1: the client has gone, or speaks no TLS (who
 * speaks plain http is told so in plain http). Shakes hands first. */
MUST_CHECK ssize_t front_tls_read(struct ssl_st *ssl, char *bytes, size_t room);
/* Something is held that the socket does not tell of. */
bool front_tls_has_bytes(const struct ssl_st *ssl);
/* The handshake waits for a writable socket. */
bool front_tls_wants_write(const struct ssl_st *ssl);
/* Takes from the front of `bytes`; as front_tls_read(). */
MUST_CHECK ssize_t front_tls_write(struct ssl_st *ssl, struct evbuffer *bytes);
void front_tls_say_end(struct ssl_st *ssl); /* nothing more comes from us */
/* --- the same for evhttp, whose bufferevents read and shake hands themselves --- */
/* As bufferevent_socket_new(base, -1, 0); it closes its socket itself. Gives. */
struct bufferevent *front_tls_accept_bufferevent(struct front_tls *tls, struct event_base *base);
/* Borrows: front_tls_write() goes past the bufferevent, whose output stays empty. */
struct ssl_st *front_tls_of_bufferevent(struct bufferevent *bev);
/* Its handshake failed: who speaks plain http is told so in plain http. */
void front_tls_mend_bufferevent(struct bufferevent *bev);

#endif
