#include "base/net/fetch_options.h"

#include "base/mem.h"
#include "base/net/fetch.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>

enum {
	UPLOAD_AT_ONCE = 512 * 1024,
	IDLE_SECONDS = 20,
	CONNECT_TIMEOUT_MS = 5000,
	KEEPALIVE_SECONDS = 10
};

void fetch_options_limit(void *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_PROXY, "");
	SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	/* One framing to reason about, and a connection per exchange for the filter to judge. */
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_USERAGENT, "sparkgate");
	SET(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS); /* below Jetty's 30 s */
	/* Every new connection looks at every kept name, addresses too: with 10,000 workers that is
	 * half of all the work. */
	SET(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
}

static struct curl_blob blob_of(const char *text, unsigned flags)
{
	union {
		const char *borrowed;
		void *data;
	} it = {text};

	return (struct curl_blob){.data = it.data, .len = strlen(text), .flags = flags};
}

char *fetch_options_identify(void *easy, const struct fetch_request *req)
{
	if (req->certificate_file && req->key_file) {
		SET(easy, CURLOPT_SSLCERT, req->certificate_file);
		SET(easy, CURLOPT_SSLKEY, req->key_file);
	}
	if (req->certificate == NULL || req->key == NULL)
		return NULL;
	char *copy = mem_strdup(req->key); /* curl keeps none */
	struct curl_blob certificate = blob_of(req->certificate, CURL_BLOB_COPY);
	struct curl_blob key = blob_of(copy, CURL_BLOB_NOCOPY);
	SET(easy, CURLOPT_SSLCERT_BLOB, &certificate);
	SET(easy, CURLOPT_SSLKEY_BLOB, &key);
	return copy;
}

/* libcurl keeps connections of different authorities and certificates apart. */
void fetch_options_trust(void *easy, const struct fetch_request *req)
{
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(easy, CURLOPT_SSL_VERIFYHOST, req->takes_any_name ? 0L : 2L);
	if (req->ca_file == NULL && req->ca == NULL)
		return;
	if (req->ca) {
		struct curl_blob ca = blob_of(req->ca, CURL_BLOB_COPY);
		SET(easy, CURLOPT_CAINFO_BLOB, &ca);
	} else {
		SET(easy, CURLOPT_CAINFO, req->ca_file);
	}
	/* Or the system's folder of authorities would be trusted, too. */
	SET(easy, CURLOPT_CAPATH, NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A file that is replaced (Kubernetes) counts from the next connection on, not tomorrow. */
	SET(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
}

/* libcurl copies all of it, and what it lets go of is overwritten. */
static void sign(CURL *easy, const struct fetch_signing *signing)
{
	char provider[96];

	snprintf(provider, sizeof provider, "aws:amz:%s:s3", signing->region);
	SET(easy, CURLOPT_AWS_SIGV4, provider);
	SET(easy, CURLOPT_USERNAME, signing->key_id);
	SET(easy, CURLOPT_PASSWORD, signing->secret);
}

void fetch_options_method(void *easy, const struct fetch_request *req)
{
	if (req->method)
		SET(easy, CURLOPT_CUSTOMREQUEST, req->method);
	if (req->put) {
		SET(easy, CURLOPT_UPLOAD, 1L);
		SET(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)req->put->length);
		SET(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_AT_ONCE);
	}
	if (req->signing)
		sign(easy, req->signing);
}

void fetch_options_connection(void *easy, const struct fetch_request *req)
{
	long timeout = (long)req->timeout_ms;

	if (req->on_part) { /* it may be silent for long: is anybody still there? */
		SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
		SET(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_SECONDS);
		SET(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_SECONDS / 3);
	}
	SET(easy, CURLOPT_FRESH_CONNECT, (long)req->is_unrepeatable);
	SET(easy, CURLOPT_FORBID_REUSE, (long)req->is_once);
	SET(easy, CURLOPT_TIMEOUT_MS, timeout);
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS,
		timeout < CONNECT_TIMEOUT_MS ? timeout : CONNECT_TIMEOUT_MS);
}
