/*
 * proxy/upstream/upstream_tls.h - TLS on a connection to a UI: handshake, reading and writing on
 * the connection's own descriptor, which never block.
 *
 * Who is there is checked against the cluster's authorities and by name or address (RFC 9110
 * §4.3.4, RFC 9525); TLS 1.2 and newer; a session is taken up again where the server gives one. One
 * thread, as the pool.
 */
#ifndef SPARKGATE_PROXY_UPSTREAM_UPSTREAM_TLS_H
#define SPARKGATE_PROXY_UPSTREAM_UPSTREAM_TLS_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct iovec;
struct ssl_session_st;
struct upstream_tls;   /* of one connection */
struct upstream_trust; /* the authorities of one file */

/* The one of `ca_file` (NULL: the system's authorities) in the list `*all`; borrows. */
struct upstream_trust *upstream_trust_find(struct upstream_trust **all, const char *ca_file);
void upstream_trust_free_all(struct upstream_trust *all);

struct upstream_peer { /* who is to be there; of one address */
	struct upstream_trust *trust;
	struct ssl_session_st *session; /* of the last connection, or NULL */
	unsigned verified_by;		/* the generation of the trust that verified it */
	char host[256];			/* a name, or a numeric address without brackets */
};
void upstream_peer_clear(struct upstream_peer *peer);

enum upstream_tls_step { TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_FAILED };

/* Borrows `peer`, which outlives it, and `fd`. NULL when the authorities cannot be read: the file
 * is looked at again when it has changed. Gives. */
struct upstream_tls *upstream_tls_new(struct upstream_peer *peer, int fd, struct err *err);
/* FAILED: `err` says why, with "certificate" in it if that was the reason. */
enum upstream_tls_step upstream_tls_handshake(struct upstream_tls *tls, struct err *err);
bool upstream_tls_is_refused(const struct upstream_tls *tls); /* the certificate it was */
/* As readv(2) and sendmsg(2) on a non-blocking socket. 0 is TLS's own end of data: a connection
 * that is only cut is ECONNRESET, so that half an answer is never taken for a whole one. */
ssize_t upstream_tls_read(struct upstream_tls *tls, const struct iovec *pieces, int count);
ssize_t upstream_tls_write(struct upstream_tls *tls, const struct iovec *pieces, size_t count);
/* There may be bytes, or the end, that the descriptor will not tell of. */
bool upstream_tls_has_more(const struct upstream_tls *tls);
bool upstream_tls_is_quiet(struct upstream_tls *tls); /* open, and nothing to read */
void upstream_tls_shut(struct upstream_tls *tls);     /* says goodbye; before the close */
void upstream_tls_free(struct upstream_tls *tls);     /* NULL is fine */

#endif
