/*
 * tests/support/fake_tls.h - a small HTTPS server on a thread of its own, whose certificate an
 * authority of its own has signed.
 *
 * Answers "hello" to every request, and keeps connections.
 */
#ifndef SPARKGATE_TESTS_FAKE_TLS_H
#define SPARKGATE_TESTS_FAKE_TLS_H

struct fake_tls;

/* Listens on 127.0.0.1 with a certificate for the DNS name or the address `host`, and writes its
 * authority's certificate to `ca_file`. Gives. */
struct fake_tls *fake_tls_start(const char *host, const char *ca_file);
void fake_tls_stop(struct fake_tls *fake);
unsigned fake_tls_port(const struct fake_tls *fake);
unsigned fake_tls_requests(const struct fake_tls *fake);    /* answered so far */
unsigned fake_tls_connections(const struct fake_tls *fake); /* accepted so far */
unsigned fake_tls_resumed(const struct fake_tls *fake);	    /* of them: sessions taken up again */
/* From here on answers have so many bytes instead of "hello"; `cut`: of which the last one is
 * missing, and the connection ends without TLS's own end. */
void fake_tls_set_content(struct fake_tls *fake, unsigned len, int cut);

#endif
