/*
 * base/net/tls_context.h - what all our TLS clients have in common: whom they trust, and that a
 * certificate is for the name that was asked for. Any thread.
 */
#ifndef SPARKGATE_BASE_NET_TLS_CONTEXT_H
#define SPARKGATE_BASE_NET_TLS_CONTEXT_H

#include <stdbool.h>

struct ssl_st;
struct ssl_ctx_st;
struct stat;

/* Gives a client's context, TLS 1.2 or newer, that verifies by `ca_file` (PEM; NULL: the system's
 * authorities). NULL when that cannot be read. */
struct ssl_ctx_st *tls_client_context(const char *ca_file);
/* The certificate must be for `host`, a name (then sent as SNI) or an address. */
void tls_client_expect(struct ssl_st *ssl, const char *host);
/* Whether a file that is read again when it changes is still the same. */
bool tls_is_same_file(const struct stat *a, const struct stat *b);
/* For SSL_CTX_set_default_passwd_cb(): a key under a passphrase is refused, not asked for on the
 * terminal. */
int tls_refuse_passphrase(char *buf, int size, int rwflag, void *arg);

#endif
