/* TLS of a stream: who is trusted, who we are, and that the server is the one that was meant. */
#include "auth/backends/redis/link/store_redis_servers.h"

#include "base/net/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { CA, CERTIFICATE, KEY, FILES };

struct redis_tls {
	char *files[FILES]; /* NULL: not wanted; of the authorities then the system's */
	char *server_name;  /* NULL: that of the address */
	pthread_mutex_t lock;
	SSL_CTX *context;	    /* under the lock, as what follows */
	struct stat read_as[FILES]; /* when they were read */
};

static int stat_files(const struct redis_tls *tls, struct stat now[static FILES], struct err *err)
{
	for (int i = 0; i < FILES; i++) {
		now[i] = (struct stat){0};
		if (tls->files[i] && stat(tls->files[i], &now[i]) == -1)
			return err_set(err, "%s cannot be read", tls->files[i]);
	}
	if (now[KEY].st_mode & S_IROTH)
		return err_set(err, "%s can be read by everybody", tls->files[KEY]);
	return 0;
}

static bool use_certificate(SSL_CTX *context, const struct redis_tls *tls)
{
	SSL_CTX_set_default_passwd_cb(context, tls_refuse_passphrase);
	return SSL_CTX_use_certificate_chain_file(context, tls->files[CERTIFICATE]) == 1 &&
	       SSL_CTX_use_PrivateKey_file(context, tls->files[KEY], SSL_FILETYPE_PEM) == 1 &&
	       SSL_CTX_check_private_key(context) == 1;
}

static SSL_CTX *load_context(const struct redis_tls *tls, struct err *err)
{
	SSL_CTX *context = tls_client_context(tls->files[CA]);

	if (context == NULL) {
		err_set(err, "cannot read the certificates in %s",
			tls->files[CA] ? tls->files[CA] : "the system's store");
		return NULL;
	}
	if (tls->files[CERTIFICATE] == NULL || use_certificate(context, tls))
		return context;
	ERR_clear_error();
	err_set(err, "%s: the certificate cannot be used, or the key is not its own",
		tls->files[CERTIFICATE]);
	SSL_CTX_free(context);
	return NULL;
}

/* Files that are replaced count from the next connection on; what is broken changes nothing. */
static int refresh(struct redis_tls *tls, struct err *err)
{
	struct stat now[FILES];
	bool is_same = tls->context != NULL;

	if (stat_files(tls, now, err) == -1)
		return -1;
	for (int i = 0; i < FILES && is_same; i++)
		is_same = tls_is_same_file(&now[i], &tls->read_as[i]);
	if (is_same)
		return 0;
	SSL_CTX *context = load_context(tls, err);
	if (context == NULL)
		return -1;
	SSL_CTX_free(tls->context);
	tls->context = context;
	memcpy(tls->read_as, now, sizeof now);
	return 0;
}

int redis_tls_new(const struct conf *conf, struct redis_tls **out, struct err *err)
{
	struct redis_tls *tls;

	*out = NULL;
	if (!conf->redis.tls)
		return 0;
	tls = mem_alloc(1, sizeof *tls);
	pthread_mutex_init(&tls->lock, NULL);
	tls->files[CA] = mem_strdup(conf->redis.ca_file);
	tls->files[CERTIFICATE] = mem_strdup(conf->redis.client_certificate);
	tls->files[KEY] = mem_strdup(conf->redis.client_key);
	tls->server_name = mem_strdup(conf->redis.server_name);
	if (refresh(tls, err) == -1) {
		redis_tls_free(tls);
		return -1;
	}
	*out = tls;
	return 0;
}

void redis_tls_free(struct redis_tls *tls)
{
	if (tls == NULL)
		return;
	for (int i = 0; i < FILES; i++)
		free(tls->files[i]);
	free(tls->server_name);
	SSL_CTX_free(tls->context);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

/* --- one connection --- */

struct ssl_st *redis_tls_connect(struct redis_tls *tls, int fd, const struct redis_address *address)
{
	struct err err;

	pthread_mutex_lock(&tls->lock);
	(void)refresh(tls, &err);
	SSL *ssl = SSL_new(tls->context);
	pthread_mutex_unlock(&tls->lock);
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		abort();
	tls_client_expect(ssl, tls->server_name ? tls->server_name : address->name);
	SSL_set_connect_state(ssl);
	return ssl;
}

void redis_tls_end(struct ssl_st *ssl)
{
	SSL_free(ssl);
}

/* Never a text of the peer's. */
static int say_why(SSL *ssl, struct err *err)
{
	long verdict = SSL_get_verify_result(ssl);
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	if (verdict != X509_V_OK)
		return err_set(err, "its certificate is refused: %s",
			X509_verify_cert_error_string(verdict));
	return err_set(err, "TLS fails: %s", reason ? reason : "the server hung up");
}

int redis_tls_shake(struct ssl_st *ssl, bool *wants_out, struct err *err)
{
	ERR_clear_error();
	int result = SSL_do_handshake(ssl);

	if (result == 1)
		return 1;
	int error = SSL_get_error(ssl, result);
	*wants_out = error == SSL_ERROR_WANT_WRITE;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return 0;
	return say_why(ssl, err);
}

/* What a call that did not succeed says: as send(2) and recv(2), and a reason where there is one.
 */
static ssize_t judge(SSL *ssl, struct err *err)
{
	switch (SSL_get_error(ssl, 0)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		errno = ECONNRESET;
		return say_why(ssl, err);
	}
}

ssize_t redis_tls_write(struct ssl_st *ssl, const char *at, size_t len, struct err *err)
{
	size_t n;

	ERR_clear_error();
	return SSL_write_ex(ssl, at, len, &n) == 1 ? (ssize_t)n : judge(ssl, err);
}

ssize_t redis_tls_read(struct ssl_st *ssl, char *at, size_t len, struct err *err)
{
	size_t n;

	ERR_clear_error();
	return SSL_read_ex(ssl, at, len, &n) == 1 ? (ssize_t)n : judge(ssl, err);
}
