#include "proxy/launch/artifacts/s3.h"

#include "proxy/launch/artifacts/aws_chunks.h"

#include <stdio.h>

enum {
	URL_MAX = 8 * 1024,
	ANSWER_MAX = 64 * 1024,
	LISTING_MAX = 4 * 1024 * 1024,
	TIMEOUT_MS = 20 * 1000,
};

/* What is to be taken for the digest of no content. */
static const char *const empty[] = {
	"x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	NULL};

static const struct url *storage_of(const struct s3_call *call)
{
	return &call->cluster->launch.artifacts.s3;
}

/* "/apps/pre/fix": without the slashes around. */
static struct str path_of(const struct url *s3)
{
	struct str path = str_from(str_of(s3->path), 1);

	while (path.len > 0 && path.at[path.len - 1] == '/')
		path.len--;
	return path;
}

void s3_add_prefix(const struct conf_cluster *cluster, struct sbuf *out)
{
	struct str path = path_of(&cluster->launch.artifacts.s3);
	ptrdiff_t slash = str_find_byte(path, '/');

	if (slash == -1)
		return;
	sbuf_add_str(out, str_from(path, (size_t)slash + 1));
	sbuf_putc(out, '/');
}

static void add_bucket(struct sbuf *out, const struct url *s3)
{
	struct str path = path_of(s3), bucket = path;
	char origin[288];

	(void)str_next(&path, '/', &bucket);
	url_origin(s3, origin);
	sbuf_printf(out, "%s/%.*s", origin, (int)bucket.len, bucket.at);
}

/* A key's bytes but for the slashes between its parts are encoded as S3 wants it signed. */
static void add_key(struct sbuf *out, struct str key)
{
	struct str part;

	while (str_next(&key, '/', &part)) {
		sbuf_putc(out, '/');
		sbuf_urlencode(out, part);
	}
}

static struct fetch *ask(struct fetcher *fetcher, const struct s3_call *call, struct sbuf *url,
	struct fetch_request *request)
{
	const struct conf_launch *launch = &call->cluster->launch;
	const struct fetch_signing signing = {launch->artifacts.region,
		launch->artifacts.access_key.value, launch->artifacts.secret_key.value};

	request->url = url->at;
	request->headers = request->headers ? request->headers : empty;
	request->signing = &signing;
	request->ca_file = launch->artifacts.ca_file;
	request->timeout_ms = request->put ? 0 : TIMEOUT_MS;
	request->done = call->done;
	request->arg = call->arg;
	struct fetch *fetch = fetch_start(fetcher, request);
	sbuf_clear(url);
	return fetch;
}

struct fetch *s3_list(
	struct fetcher *fetcher, const struct s3_call *call, const char *prefix, unsigned max)
{
	struct sbuf url, whole;

	sbuf_init(&url, URL_MAX);
	sbuf_init(&whole, URL_MAX);
	s3_add_prefix(call->cluster, &whole);
	sbuf_puts(&whole, prefix);
	add_bucket(&url, storage_of(call));
	/* In the order of their names, as they are signed. */
	sbuf_printf(&url, "?delimiter=%%2F&list-type=2&max-keys=%u&prefix=", max);
	sbuf_urlencode(&url, sbuf_str(&whole));
	sbuf_clear(&whole);
	return ask(fetcher, call, &url, &(struct fetch_request){.max_bytes = LISTING_MAX});
}

static void add_object(struct sbuf *url, const struct s3_call *call, const char *key)
{
	struct sbuf whole;

	sbuf_init(url, URL_MAX);
	sbuf_init(&whole, URL_MAX);
	s3_add_prefix(call->cluster, &whole);
	sbuf_puts(&whole, key);
	add_bucket(url, storage_of(call));
	add_key(url, sbuf_str(&whole));
	sbuf_clear(&whole);
}

struct fetch *s3_put(struct fetcher *fetcher, const struct s3_call *call, const char *key,
	uint64_t length, size_t (*read)(char *room, size_t size, void *arg))
{
	const struct fetch_source source = {.length = aws_chunks_length(length), .read = read};
	char decoded[64];
	const char *const headers[] = {"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER",
		"x-amz-trailer: x-amz-checksum-crc32c", "Content-Encoding: aws-chunked", decoded,
		NULL};
	struct sbuf url;

	snprintf(decoded, sizeof decoded, "x-amz-decoded-content-length: %llu",
		(unsigned long long)length);
	add_object(&url, call, key);
	return ask(fetcher, call, &url,
		&(struct fetch_request){
			.put = &source, .headers = headers, .max_bytes = ANSWER_MAX});
}

struct fetch *s3_delete(struct fetcher *fetcher, const struct s3_call *call, const char *key)
{
	struct sbuf url;

	add_object(&url, call, key);
	return ask(fetcher, call, &url,
		&(struct fetch_request){.method = "DELETE", .max_bytes = ANSWER_MAX});
}

/* --- what it says --- */

static enum s3_outcome outcome_of(int status)
{
	if (status == 200 || status == 204)
		return S3_DONE;
	if (status == 401 || status == 403 || status == 404)
		return S3_REFUSED;
	return status == 0 || status == 429 || status >= 500 ? S3_DOWN : S3_ODD;
}

enum s3_outcome s3_read(const struct fetch_result *result, struct s3_reason *reason)
{
	char code[S3_CODE_SIZE];

	if (result->status == 0) {
		snprintf(reason->text, sizeof reason->text, "%s", result->error);
		return S3_DOWN;
	}
	s3_error_code(result->body, code);
	snprintf(reason->text, sizeof reason->text, "%s (%d)", code[0] ? code : "no reason",
		result->status);
	return outcome_of(result->status);
}
