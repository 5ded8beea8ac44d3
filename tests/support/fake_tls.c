#include "tests/support/fake_tls.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 8 };

struct fake_tls {
	SSL_CTX *tls;
	pthread_t thread;
	int listener, stop[2];
	unsigned port;
	_Atomic unsigned requests, connections, resumed, content;
	_Atomic int cut;
	SSL *open[CONNECTIONS_MAX];
	size_t count;
};

/* --- certificates --- */

static void extend(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (extension == NULL || X509_add_ext(certificate, extension, -1) != 1)
		abort();
	X509_EXTENSION_free(extension);
}

static X509 *certificate_of(EVP_PKEY *key, long serial, const char *name)
{
	X509 *certificate = X509_new();

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
		(const unsigned char *)name, -1, -1, 0);
	return certificate;
}

static void sign(X509 *certificate, const X509 *authority, EVP_PKEY *key)
{
	X509_set_issuer_name(certificate, X509_get_subject_name(authority));
	if (X509_sign(certificate, key, EVP_sha256()) == 0)
		abort();
}

static void write_pem(const X509 *certificate, const char *path)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || PEM_write_X509(file, certificate) != 1 || fclose(file) != 0)
		abort();
}

static SSL_CTX *make_context(const char *host, const char *ca_file)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *authority = certificate_of(ca_key, 1, "an authority of its own");
	X509 *certificate = certificate_of(key, 2, "server");
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	unsigned char address[4];
	char *names =
		mem_printf("%s:%s", inet_pton(AF_INET, host, address) == 1 ? "IP" : "DNS", host);

	extend(authority, NID_basic_constraints, "critical,CA:TRUE");
	sign(authority, authority, ca_key);
	extend(certificate, NID_subject_alt_name, names);
	sign(certificate, authority, ca_key);
	write_pem(authority, ca_file);
	if (SSL_CTX_use_certificate(tls, certificate) != 1 || SSL_CTX_use_PrivateKey(tls, key) != 1)
		abort();
	free(names);
	X509_free(certificate);
	X509_free(authority);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	return tls;
}

/* --- connections; each waits for its bytes, for there is one client only --- */

static void connection_free(struct fake_tls *f, size_t i)
{
	close(SSL_get_fd(f->open[i]));
	SSL_free(f->open[i]);
	f->open[i] = f->open[--f->count];
}

static void connection_add(struct fake_tls *f)
{
	int fd = accept(f->listener, NULL, NULL);
	SSL *ssl = SSL_new(f->tls);

	if (fd == -1 || f->count == CONNECTIONS_MAX)
		abort();
	f->connections++;
	SSL_set_fd(ssl, fd);
	f->open[f->count++] = ssl;
	if (SSL_accept(ssl) != 1)
		connection_free(f, f->count - 1);
	else
		f->resumed += (unsigned)SSL_session_reused(ssl);
}

/* To a client that reads slowly, too: the descriptor blocks. */
static void answer(struct fake_tls *f, SSL *ssl)
{
	unsigned len = f->content;
	char *head = mem_printf("HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", len);
	char *content = mem_alloc(len, 1);

	memset(content, 'x', len);
	SSL_write(ssl, head, (int)strlen(head));
	SSL_write(ssl, content, (int)len - f->cut);
	free(content);
	free(head);
}

/* A whole request's head comes in one record. */
static void connection_serve(struct fake_tls *f, size_t i)
{
	static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
	char bytes[16384];

	if (SSL_read(f->open[i], bytes, sizeof bytes) <= 0) {
		connection_free(f, i);
		return;
	}
	f->requests++;
	if (f->content == 0)
		SSL_write(f->open[i], hello, (int)strlen(hello));
	else
		answer(f, f->open[i]);
	if (f->cut)
		connection_free(f, i);
}

static void *run(void *arg)
{
	struct fake_tls *f = arg;
	struct pollfd fds[CONNECTIONS_MAX + 2];

	for (;;) {
		size_t count = f->count;

		fds[0] = (struct pollfd){.fd = f->stop[0], .events = POLLIN};
		fds[1] = (struct pollfd){.fd = f->listener, .events = POLLIN};
		for (size_t i = 0; i < count; i++)
			fds[i + 2] =
				(struct pollfd){.fd = SSL_get_fd(f->open[i]), .events = POLLIN};
		poll(fds, count + 2, -1);
		if (fds[0].revents)
			break;
		/* Backwards, for freeing one moves the last into its place. */
		for (size_t i = count; i-- > 0;) {
			if (fds[i + 2].revents)
				connection_serve(f, i);
		}
		if (fds[1].revents)
			connection_add(f);
	}
	while (f->count)
		connection_free(f, 0);
	return NULL;
}

struct fake_tls *fake_tls_start(const char *host, const char *ca_file)
{
	struct fake_tls *f = mem_alloc(1, sizeof *f);
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof addr;

	/* A client that does not trust us leaves while we write. */
	signal(SIGPIPE, SIG_IGN);
	f->tls = make_context(host, ca_file);
	f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listener, (struct sockaddr *)&addr, sizeof addr) == -1 ||
		listen(f->listener, 16) == -1 ||
		getsockname(f->listener, (struct sockaddr *)&addr, &len) == -1 ||
		pipe(f->stop) == -1 || pthread_create(&f->thread, NULL, run, f) != 0)
		abort();
	f->port = ntohs(addr.sin_port);
	return f;
}

void fake_tls_stop(struct fake_tls *f)
{
	close(f->stop[1]);
	pthread_join(f->thread, NULL);
	close(f->stop[0]);
	close(f->listener);
	SSL_CTX_free(f->tls);
	free(f);
}

unsigned fake_tls_port(const struct fake_tls *f)
{
	return f->port;
}

unsigned fake_tls_requests(const struct fake_tls *f)
{
	return f->requests;
}

unsigned fake_tls_connections(const struct fake_tls *f)
{
	return f->connections;
}

unsigned fake_tls_resumed(const struct fake_tls *f)
{
	return f->resumed;
}

void fake_tls_set_content(struct fake_tls *f, unsigned len, int cut)
{
	f->cut = cut;
	f->content = len;
}
