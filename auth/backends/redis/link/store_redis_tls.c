/* hiredis speaks TLS from 1.0 on, in a library beside it; the Makefile looks for that one. */
#include "auth/backends/redis/link/store_redis_servers.h"

#ifdef HAVE_HIREDIS_SSL

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct redis_tls {
	SSL_CTX *context;
};

int redis_tls_new(const struct conf *conf, struct redis_tls **out, struct err *err)
{
	const char *ca_file = conf->redis.ca_file;

	*out = NULL;
	if (!conf->redis.tls)
		return 0;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (context == NULL)
		abort();
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if ((ca_file ? SSL_CTX_load_verify_locations(context, ca_file, NULL)
		     : SSL_CTX_set_default_verify_paths(context)) != 1) {
		SSL_CTX_free(context);
		return err_set(err, "cannot read the certificates in %s",
			ca_file ? ca_file : "the system's store");
	}
	*out = mem_alloc(1, sizeof **out);
	(*out)->context = context;
	return 0;
}

void redis_tls_free(struct redis_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

/* hiredis's own way verifies the chain but no name: so this makes the SSL. */
static SSL *new_session(struct redis_tls *tls, const struct redis_address *address)
{
	SSL *ssl = SSL_new(tls->context);

	if (ssl == NULL)
		abort();
	if (strcmp(address->name, address->host) == 0) {
		if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address->host) != 1)
			abort(); /* numeric: getnameinfo() wrote it */
	} else {
		SSL_set1_host(ssl, address->name);
		SSL_set_tlsext_host_name(ssl, address->name);
	}
	SSL_set_connect_state(ssl);
	return ssl;
}

int redis_tls_start(
	struct redis_tls *tls, struct redisContext *context, const struct redis_address *address)
{
	if (tls == NULL)
		return 0;
	SSL *ssl = new_session(tls, address);

	if (redisInitiateSSL(context, ssl) == REDIS_OK)
		return 0;
	SSL_free(ssl); /* taken only when that succeeds */
	return -1;
}

#else

int redis_tls_new(const struct conf *conf, struct redis_tls **out, struct err *err)
{
	*out = NULL;
	if (!conf->redis.tls)
		return 0;
	return err_set(err, "rediss: this build's hiredis has no TLS (hiredis_ssl, 1.0 or newer): "
			    "use a Unix socket, or redis: to a TLS terminator on this machine");
}

void redis_tls_free(struct redis_tls *tls)
{
	(void)tls;
}

int redis_tls_start(
	struct redis_tls *tls, struct redisContext *context, const struct redis_address *address)
{
	(void)tls;
	(void)context;
	(void)address;
	return 0;
}

#endif
