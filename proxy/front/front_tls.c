#include "proxy/front/front_tls.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "base/mem.h"
#include "base/net/tls_context.h"
#include "conf/conf.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

enum { DAY_S = 24 * 3600 };

struct front_tls {
	pthread_mutex_t lock; /* of context only; the rest is the keeper's */
	SSL_CTX *context;
	_Atomic bool offers_http2;		 /* any thread's */
	struct stat certificate, key, client_ca; /* when they were read; all zero: there is none */
};

/* RFC 9325 §4.2: forward secrecy and AEAD; TLS 1.3 has nothing else. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1"; /* the first is preferred */
	const struct front_tls *tls = arg;
	unsigned skip = atomic_load(&tls->offers_http2) ? 0 : 1 + ours[0];
	unsigned char *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, out_len, ours + skip, sizeof ours - 1 - skip, in,
		    in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_context(struct front_tls *tls)
{
	static const unsigned char id[] = "sparkgate";
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL || SSL_CTX_set_cipher_list(context, ciphers) != 1)
		abort();
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets only */
	SSL_CTX_set_num_tickets(context, 1);
	SSL_CTX_set_alpn_select_cb(context, on_alpn, tls);
	return context;
}

struct front_tls_files front_tls_files_of_server(const struct conf *conf)
{
	return (struct front_tls_files){conf->tls.certificate, conf->tls.key, NULL};
}

struct front_tls_files front_tls_files_of_admin(const struct conf *conf)
{
	return (struct front_tls_files){
		conf->admin_tls.certificate, conf->admin_tls.key, conf->admin_tls.client_ca};
}

static int stat_files(const struct front_tls_files *files, struct front_tls *now, struct err *err)
{
	if (stat(files->certificate, &now->certificate) == -1)
		return err_set(err, "%s cannot be read", files->certificate);
	if (stat(files->key, &now->key) == -1)
		return err_set(err, "%s cannot be read", files->key);
	if (now->key.st_mode & S_IROTH)
		return err_set(err, "%s can be read by everybody", files->key);
	if (files->client_ca && stat(files->client_ca, &now->client_ca) == -1)
		return err_set(err, "%s cannot be read", files->client_ca);
	return 0;
}

/* Of these authorities, and of no others. */
static int ask_for_clients(SSL_CTX *context, const char *client_ca, struct err *err)
{
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(client_ca);

	if (names == NULL || SSL_CTX_load_verify_locations(context, client_ca, NULL) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return err_set(err, "%s: there is no certificate of an authority in it", client_ca);
	}
	SSL_CTX_set_client_CA_list(context, names);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return 0;
}

static SSL_CTX *load_context(
	struct front_tls *tls, const struct front_tls_files *files, struct err *err)
{
	const char *certificate = files->certificate, *key = files->key;
	SSL_CTX *context = new_context(tls);
	const char *bad = NULL;

	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(context, tls_refuse_passphrase);
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		bad = "the certificate cannot be used";
	else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
		 SSL_CTX_check_private_key(context) != 1)
		bad = "the key cannot be used, or is not this certificate's";
	int result = bad ? err_set(err, "%s: %s", certificate, bad) : 0;
	if (result == 0 && files->client_ca)
		result = ask_for_clients(context, files->client_ca, err);
	ERR_clear_error();
	if (result == 0)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

struct front_tls *front_tls_new(const struct front_tls_files *files, struct err *err)
{
	struct front_tls *tls = mem_alloc(1, sizeof *tls);

	if (stat_files(files, tls, err) == 0)
		tls->context = load_context(tls, files, err);
	if (tls->context == NULL) {
		free(tls);
		return NULL;
	}
	pthread_mutex_init(&tls->lock, NULL);
	return tls;
}

void front_tls_free(struct front_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

void front_tls_offer_http2(struct front_tls *tls, bool offered)
{
	atomic_store(&tls->offers_http2, offered);
}

static void replace_context(struct front_tls *tls, SSL_CTX *context)
{
	pthread_mutex_lock(&tls->lock);
	SSL_CTX *old = tls->context;
	tls->context = context;
	pthread_mutex_unlock(&tls->lock);
	SSL_CTX_free(old); /* connections that have it keep it */
}

void front_tls_refresh(struct front_tls *tls, const struct front_tls_files *files)
{
	struct front_tls now = {.context = NULL};
	struct err err = {""};
	bool there = stat_files(files, &now, &err) == 0;

	if (tls_is_same_file(&now.certificate, &tls->certificate) &&
		tls_is_same_file(&now.key, &tls->key) &&
		tls_is_same_file(&now.client_ca, &tls->client_ca))
		return;
	SSL_CTX *context = there ? load_context(tls, files, &err) : NULL;
	tls->certificate = now.certificate; /* a bad pair is told of once */
	tls->key = now.key;
	tls->client_ca = now.client_ca;
	if (context)
		replace_context(tls, context);
	if (context)
		log_info("tls", "the certificate was read again");
	else
		log_err("tls", "the old certificate stays: %s", err.text);
}

int64_t front_tls_ends_at(struct front_tls *tls)
{
	struct tm end = {.tm_year = 0};

	pthread_mutex_lock(&tls->lock);
	const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
	bool is_known = certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1;
	pthread_mutex_unlock(&tls->lock);
	return is_known ? (int64_t)timegm(&end) : 0;
}

bool front_tls_ends_soon(struct front_tls *tls, int64_t now, char out[static 128])
{
	int64_t ends_at = front_tls_ends_at(tls), left = ends_at - now;
	char text[32];

	if (left > (int64_t)FRONT_TLS_SOON_DAYS * DAY_S)
		return false;
	clock_format(ends_at * 1000, text);
	if (left < 0)
		snprintf(out, 128, "the certificate ended on %.10s", text);
	else
		snprintf(out, 128, "the certificate ends on %.10s, in %lld days", text,
			(long long)(left / DAY_S));
	return true;
}

static SSL *new_ssl(struct front_tls *tls)
{
	pthread_mutex_lock(&tls->lock);
	SSL *ssl = SSL_new(tls->context);
	pthread_mutex_unlock(&tls->lock);
	if (ssl == NULL)
		abort();
	return ssl;
}

SSL *front_tls_accept(struct front_tls *tls, int fd)
{
	SSL *ssl = new_ssl(tls);

	if (SSL_set_fd(ssl, fd) != 1)
		abort();
	SSL_set_accept_state(ssl);
	return ssl;
}

void front_tls_free_connection(SSL *ssl)
{
	SSL_free(ssl);
}

bool front_tls_is_shaken(const SSL *ssl)
{
	return SSL_is_init_finished(ssl);
}

bool front_tls_speaks_http2(const SSL *ssl)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return len == 2 && memcmp(name, "h2", 2) == 0;
}

static void answer_plain_http(SSL *ssl)
{
	static const char answer[] =
		"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: 36\r\nConnection: close\r\n\r\nThis port speaks https and not "
		"http.";
	int fd = SSL_get_fd(ssl);
	char rest[4096];

	/* What is left unread would make the kernel cut the answer off. */
	while (recv(fd, rest, sizeof rest, MSG_DONTWAIT) == (ssize_t)sizeof rest)
		;
	(void)send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool is_plain_http(unsigned long code)
{
	return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
}

/* After SSL_read() or SSL_write() that did nothing. A connection that ends without a word of TLS
 * is one that has gone, too. */
static ssize_t judge_tls_result(SSL *ssl, int result)
{
	int why = SSL_get_error(ssl, result);

	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	if (is_plain_http(ERR_peek_error()))
		answer_plain_http(ssl);
	ERR_clear_error();
	return -1;
}

ssize_t front_tls_read(SSL *ssl, char *bytes, size_t room)
{
	size_t n;

	ERR_clear_error();
	return SSL_read_ex(ssl, bytes, room, &n) == 1 ? (ssize_t)n : judge_tls_result(ssl, 0);
}

bool front_tls_has_bytes(const SSL *ssl)
{
	return SSL_pending(ssl) > 0;
}

bool front_tls_wants_write(const SSL *ssl)
{
	return SSL_want_write(ssl);
}

ssize_t front_tls_write(SSL *ssl, struct evbuffer *bytes)
{
	size_t len = evbuffer_get_length(bytes), n;
	char record[SSL3_RT_MAX_PLAIN_LENGTH];
	struct evbuffer_iovec piece = {NULL, 0};

	if (len > SSL3_RT_MAX_PLAIN_LENGTH)
		len = SSL3_RT_MAX_PLAIN_LENGTH; /* one record: head and content go together */
	ERR_clear_error();
	evbuffer_peek(bytes, (ssize_t)len, NULL, &piece, 1);
	bool is_whole = piece.iov_len >= len;
	if (!is_whole) /* not evbuffer_pullup(): it leaves what was in pieces to be wiped (S69) */
		evbuffer_copyout(bytes, record, len);
	int is_written = SSL_write_ex(ssl, is_whole ? piece.iov_base : record, len, &n);
	if (!is_whole)
		explicit_bzero(record, len);
	if (is_written != 1)
		return judge_tls_result(ssl, 0);
	evbuffer_drain(bytes, n);
	return (ssize_t)n;
}

void front_tls_say_end(SSL *ssl)
{
	ERR_clear_error();
	if (SSL_is_init_finished(ssl))
		SSL_shutdown(ssl);
	ERR_clear_error();
}

struct bufferevent *front_tls_accept_bufferevent(struct front_tls *tls, struct event_base *base)
{
	struct bufferevent *bev = bufferevent_openssl_socket_new(
		base, -1, new_ssl(tls), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);

	if (bev == NULL)
		abort();
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

SSL *front_tls_of_bufferevent(struct bufferevent *bev)
{
	return bufferevent_openssl_get_ssl(bev);
}

void front_tls_mend_bufferevent(struct bufferevent *bev)
{
	if (is_plain_http(bufferevent_get_openssl_error(bev)))
		answer_plain_http(bufferevent_openssl_get_ssl(bev));
}
