#include "proxy/upstream/upstream_tls.h"

#include "base/mem.h"
#include "base/net/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>

struct upstream_trust {
	struct upstream_trust *next;
	char *ca_file;
	SSL_CTX *context;    /* NULL: the file could not be read */
	struct stat read_as; /* of the file when it was read */
	unsigned generation;
};

struct upstream_tls {
	SSL *ssl;
	struct upstream_peer *peer;
	unsigned generation; /* of the trust */
	bool more, shaken, broken;
};

/* --- authorities --- */

struct upstream_trust *upstream_trust_find(struct upstream_trust **all, const char *ca_file)
{
	struct upstream_trust *trust;

	for (trust = *all; trust; trust = trust->next) {
		bool both = trust->ca_file && ca_file;
		if (both ? strcmp(trust->ca_file, ca_file) == 0 : trust->ca_file == ca_file)
			return trust;
	}
	trust = mem_alloc(1, sizeof *trust);
	trust->ca_file = ca_file ? mem_strdup(ca_file) : NULL;
	trust->next = *all;
	*all = trust;
	return trust;
}

void upstream_trust_free_all(struct upstream_trust *all)
{
	while (all) {
		struct upstream_trust *next = all->next;
		SSL_CTX_free(all->context);
		free(all->ca_file);
		free(all);
		all = next;
	}
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct upstream_tls *tls = SSL_get_app_data(ssl);

	SSL_SESSION_free(tls->peer->session);
	tls->peer->session = session;
	tls->peer->verified_by = tls->generation;
	return 1; /* it is ours now */
}

static SSL_CTX *new_context(const char *ca_file)
{
	SSL_CTX *context = tls_client_context(ca_file);

	if (context == NULL)
		return NULL;
	SSL_CTX_set_read_ahead(context, 1); /* else two system calls a record */
	SSL_CTX_set_default_read_buffer_len(context, 64 * 1024);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, on_session);
	return context;
}

/* A file that is replaced counts from the next connection on; one that is broken changes nothing.
 */
static void refresh(struct upstream_trust *trust)
{
	struct stat now = {0};

	if (trust->ca_file && stat(trust->ca_file, &now) == -1)
		return;
	if (trust->context && tls_is_same_file(&now, &trust->read_as))
		return;
	SSL_CTX *context = new_context(trust->ca_file);
	if (context == NULL)
		return;
	SSL_CTX_free(trust->context);
	trust->context = context;
	trust->read_as = now;
	trust->generation++;
}

/* --- a connection --- */

void upstream_peer_clear(struct upstream_peer *peer)
{
	SSL_SESSION_free(peer->session);
	peer->session = NULL;
}

/* A session says that its server was verified: by these authorities, or it is worth nothing. */
static void take_up_session(struct upstream_tls *tls)
{
	struct upstream_peer *peer = tls->peer;

	if (peer->session && peer->verified_by != tls->generation)
		upstream_peer_clear(peer);
	if (peer->session && SSL_SESSION_is_resumable(peer->session))
		SSL_set_session(tls->ssl, peer->session);
}

struct upstream_tls *upstream_tls_new(struct upstream_peer *peer, int fd, struct err *err)
{
	static const unsigned char http_1_1[] = "\x08http/1.1";

	refresh(peer->trust);
	if (peer->trust->context == NULL) {
		(void)err_set(err, "the certificates in %s cannot be read",
			peer->trust->ca_file ? peer->trust->ca_file : "the system's store");
		return NULL;
	}
	struct upstream_tls *tls = mem_alloc(1, sizeof *tls);
	*tls = (struct upstream_tls){.ssl = SSL_new(peer->trust->context),
		.peer = peer,
		.generation = peer->trust->generation};
	if (tls->ssl == NULL || SSL_set_fd(tls->ssl, fd) != 1)
		abort();
	SSL_set_app_data(tls->ssl, tls);
	SSL_set_alpn_protos(tls->ssl, http_1_1, sizeof http_1_1 - 1);
	tls_client_expect(tls->ssl, peer->host);
	take_up_session(tls);
	SSL_set_connect_state(tls->ssl);
	return tls;
}

static void say_why(struct upstream_tls *tls, struct err *err)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	if (upstream_tls_is_refused(tls))
		(void)err_set(err, "its certificate is refused: %s",
			X509_verify_cert_error_string(SSL_get_verify_result(tls->ssl)));
	else
		(void)err_set(err, "no TLS handshake: %s", reason ? reason : "it hung up");
}

enum upstream_tls_step upstream_tls_handshake(struct upstream_tls *tls, struct err *err)
{
	ERR_clear_error();
	int result = SSL_do_handshake(tls->ssl);

	if (result == 1) {
		tls->shaken = tls->more = true;
		return TLS_DONE;
	}
	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANTS_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANTS_WRITE;
	default:
		say_why(tls, err);
		tls->broken = true;
		upstream_peer_clear(tls->peer);
		ERR_clear_error();
		return TLS_FAILED;
	}
}

bool upstream_tls_is_refused(const struct upstream_tls *tls)
{
	return SSL_get_verify_result(tls->ssl) != X509_V_OK;
}

/* One record at most. As recv(2). */
static ssize_t read_record(struct upstream_tls *tls, void *at, size_t len)
{
	size_t n;

	if (tls->broken) {
		errno = ECONNRESET;
		return -1;
	}
	ERR_clear_error();
	if (SSL_read_ex(tls->ssl, at, len, &n) == 1)
		return (ssize_t)n;
	switch (SSL_get_error(tls->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		tls->more = false;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default: /* a write that reading wants cannot be waited for: nobody needs it (no
		    renegotiation) */
		tls->broken = true;
		errno = ECONNRESET;
		return -1;
	}
}

static ssize_t upstream_tls_fill(struct upstream_tls *tls, char *at, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read_record(tls, at + done, len - done);
		if (n <= 0)
			return done ? (ssize_t)done : n; /* the end will be met again */
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t upstream_tls_read(struct upstream_tls *tls, const struct iovec *pieces, int count)
{
	ssize_t done = 0;

	tls->more = true;
	for (int i = 0; i < count; i++) {
		ssize_t n = upstream_tls_fill(tls, pieces[i].iov_base, pieces[i].iov_len);
		if (n <= 0)
			return done ? done : n;
		done += n;
		if ((size_t)n < pieces[i].iov_len)
			break;
	}
	return done;
}

ssize_t upstream_tls_write(struct upstream_tls *tls, const struct iovec *pieces, size_t count)
{
	size_t i = 0, n;

	while (i < count && pieces[i].iov_len == 0)
		i++;
	if (i == count || tls->broken) {
		errno = EPIPE;
		return -1;
	}
	ERR_clear_error();
	if (SSL_write_ex(tls->ssl, pieces[i].iov_base, pieces[i].iov_len, &n) == 1)
		return (ssize_t)n;
	int error = SSL_get_error(tls->ssl, 0);
	errno = error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
	/* Not `broken`: the answer may be there all the same, and reading tells. */
	return -1;
}

bool upstream_tls_has_more(const struct upstream_tls *tls)
{
	return tls->more;
}

bool upstream_tls_is_quiet(struct upstream_tls *tls)
{
	char byte;

	return read_record(tls, &byte, 1) == -1 && errno == EAGAIN;
}

void upstream_tls_shut(struct upstream_tls *tls)
{
	if (tls->shaken && !tls->broken) {
		ERR_clear_error();
		SSL_shutdown(tls->ssl); /* else OpenSSL holds the session for bad, too */
		ERR_clear_error();
	}
}

void upstream_tls_free(struct upstream_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_free(tls->ssl);
	free(tls);
}
