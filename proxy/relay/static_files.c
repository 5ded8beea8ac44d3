/*
 * proxy/relay/static_files.c - Spark's own files (T50): answered from the server thread's cache, or
 * fetched into it and answered then.
 *
 * It stands where relaying begins: who asks has been let in, as for everything else. What the
 * cache is filled with is asked for by a request of our own, in which nothing but the path is the
 * client's. What turns out not to be such a file is relayed as if there were no cache.
 */
#include "proxy/relay/relay.h"

#include "base/clock.h"
#include "proxy/guard/guard.h"
#include "proxy/http/accept_encoding.h"
#include "proxy/relay/relay_headers.h"
#include "proxy/relay/static_cache.h"
#include "proxy/relay/static_wait.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum { READ_OUT = 64 * 1024 };

/* Seconds. An application's and a worker's id name a process, which is one version all its
 * life; a master and a history server may be another one tomorrow, at the same address. */
static const struct life {
	int kept_s;    /* here */
	int max_age_s; /* by browsers, before they ask again; 0: not a UI of Spark's */
} lives[] = {[UI_MASTER] = {60, 60},
	[UI_HISTORY] = {60, 60},
	[UI_WORKER] = {3600, 3600},
	[UI_DRIVER] = {3600, 3600},
	[UI_OTHER] = {0, 0}};

struct static_files_fill {
	struct static_key key;
	struct static_fetch fetch;	 /* who waits for it */
	enum content_coding_kind coding; /* wanted; kept only if it pays */
	bool unfit;			 /* what comes is thrown away */
	struct sbuf fields;		 /* of the UI's answer, for all */
	char modified[64];		 /* its Last-Modified */
	struct sbuf content;		 /* as it is served without a coding */
	struct digest_run *digest;	 /* of `content` */
	struct evbuffer *packed;	 /* NULL: it is not packed, or was before */
};

static int64_t now_s(void)
{
	return clock_mono_ms() / 1000;
}

static int64_t end_of_life(const struct exchange *x)
{
	return now_s() + lives[x->route.mount->kind].kept_s;
}

/* --- answers --- */

/* RFC 9110 §13.1.2: weak comparison, and every list but an absurd one has short tags. */
static bool is_etag_named(struct str list, struct str etag)
{
	struct str tag;

	while (str_next(&list, ',', &tag)) {
		tag = str_trim(tag);
		if (str_starts(tag, STR("W/")))
			tag = str_from(tag, 2);
		if (str_eq(tag, etag) || str_eq(tag, STR("*")))
			return true;
	}
	return false;
}

static bool is_unchanged(const struct front_request *req, const struct static_file *file)
{
	struct str tags = guard_single_field(req, FIELD_IF_NONE_MATCH);
	struct str since = guard_single_field(req, FIELD_IF_MODIFIED_SINCE);

	if (tags.at)
		return is_etag_named(tags, file->etag);
	/* The very date that was given out; another one says little about which file is meant. */
	return since.at && file->last_modified.len && str_eq(since, file->last_modified);
}

static void answer_with_file(struct exchange *x, const struct static_file *file)
{
	struct front_request *req = x->web.req;
	struct sbuf *fields = &x->thread->head;
	struct evbuffer *content = x->thread->filters[0];
	bool unchanged = is_unchanged(req, file);
	bool no_content = unchanged || str_eq(req->method, STR("HEAD"));

	exchange_move(x, EXCHANGE_ANSWERING);
	sbuf_reset(fields);
	sbuf_add_str(fields, file->validators);
	if (!unchanged)
		sbuf_add_str(fields, file->fields);
	relay_headers_add_date(fields);
	x->status = unchanged ? 304 : 200;
	x->bytes = no_content ? 0 : file->content.len;
	front_reply_head(
		req, x->status, fields, unchanged ? -1 : (int64_t)file->content.len, no_content);
	if (!no_content) {
		static_cache_send(file, content);
		front_reply_body(req, content);
	}
	exchange_finish(x, FAULT_NONE);
	front_reply_end(req);
}

/* --- filling --- */

static struct static_files_fill *fill_new(
	struct server_thread *thread, const struct static_key *key, enum content_coding_kind coding)
{
	struct static_files_fill *fill = mem_alloc(1, sizeof *fill);

	fill->key.len = key->len;
	memcpy(fill->key.at, key->at, key->len);
	fill->coding = coding;
	sbuf_init(&fill->fields, STATIC_FIELDS_MAX / 2);
	sbuf_init(&fill->content, static_cache_file_max(thread->statics));
	fill->digest = digest_run_new();
	static_fetch_begin(&fill->fetch, thread->fetches, &fill->key);
	return fill;
}

void static_files_fill_free(struct static_files_fill *fill)
{
	if (fill == NULL)
		return;
	static_fetch_end(&fill->fetch);
	sbuf_clear(&fill->fields);
	sbuf_clear(&fill->content);
	if (fill->packed)
		evbuffer_free(fill->packed);
	digest_run_free(fill->digest);
	free(fill);
}

/* Not such a file: it is asked for again, as the client asked. */
static void relay_instead(struct exchange *x)
{
	relay_stop(x);
	static_cache_refuse(x->thread->statics, &x->fill->key, end_of_life(x));
	static_files_fill_free(x->fill);
	x->fill = NULL;
	rewriter_free(x->rewriter);
	x->rewriter = NULL;
	x->cache = CACHE_PASS;
	relay_ask(x);
}

static bool has_kept_type(const struct h1_response *head)
{
	static const char *const types[] = {"text/css", "text/javascript", "application/javascript",
		"application/x-javascript", "application/font-woff", "application/font-woff2",
		"application/vnd.ms-fontobject"};
	struct str rest = h1_field(head, FIELD_CONTENT_TYPE), type = {"", 0};

	str_next(&rest, ';', &type);
	type = str_trim(type);
	if (str_starts_nocase(type, STR("image/")) || str_starts_nocase(type, STR("font/")))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (str_eq_nocase(type, str_of(types[i])))
			return true;
	}
	return false;
}

/* By the coding we choose ourselves. By the program's name Spark 3.5 says as well: Jetty 9 packs
 * nothing for one browser of 2001. */
static bool varies_by_more(struct str names)
{
	struct str name;

	while (str_next(&names, ',', &name)) {
		name = str_trim(name);
		if (!str_eq_nocase(name, STR("accept-encoding")) &&
			!str_eq_nocase(name, STR("user-agent")))
			return true;
	}
	return false;
}

/* What would make it somebody's own, or good for this once. */
static bool has_strings(const struct h1_response *head)
{
	for (size_t i = 0; i < head->fields_count; i++) {
		struct str name = head->fields[i].name, value = head->fields[i].value;
		if (str_eq_nocase(name, STR("set-cookie")) ||
			str_eq_nocase(name, STR("content-range")) ||
			(str_eq_nocase(name, STR("content-encoding")) &&
				!str_eq_nocase(value, STR("identity"))) ||
			(str_eq_nocase(name, STR("vary")) && varies_by_more(value)))
			return true;
	}
	return false;
}

static bool may_be_kept(const struct exchange *x, const struct h1_response *head)
{
	bool ends = head->framing == H1_LENGTH || head->framing == H1_CHUNKED;

	return head->status == 200 && ends && has_kept_type(head) && !has_strings(head) &&
	       (head->framing != H1_LENGTH || head->length <= x->fill->content.max);
}

static void fill_on_head(void *arg, const struct h1_response *head)
{
	struct exchange *x = arg;
	struct static_files_fill *fill = x->fill;
	struct relay_headers_plan plan = {.content_encoding = "", .kept = true};

	x->head_us = clock_mono_us();
	enum rewrite_kind kind =
		rewrite_kind_of(h1_field(head, FIELD_CONTENT_TYPE), x->route.rest, false);
	plan.rewritten = kind != REWRITE_NOTHING;
	relay_headers_to_client(&fill->fields, head, &x->rewrite_context, &plan);
	fill->unfit = !may_be_kept(x, head) || fill->fields.overflow;
	/* To wait for the end of a little costs less than another connection. */
	if (fill->unfit && head->framing == H1_LENGTH && head->length <= READ_OUT)
		return;
	if (fill->unfit)
		relay_instead(x);
	else if (plan.rewritten)
		x->rewriter = rewriter_new(&x->rewrite_context, kind);
	else if (!str_copy(h1_field(head, FIELD_LAST_MODIFIED), fill->modified,
			 sizeof fill->modified))
		fill->modified[0] = '\0';
}

/* All of `content`, a part at a time as it comes: others wait meanwhile. False: it is too much. */
static bool take_into_fill(struct static_files_fill *fill, struct evbuffer *content)
{
	size_t len = evbuffer_get_length(content);

	if (len > 0) {
		const unsigned char *bytes = evbuffer_pullup(content, -1);
		sbuf_add(&fill->content, bytes, len);
		digest_run_add(fill->digest, bytes, len);
	}
	evbuffer_drain(content, len);
	return !fill->content.overflow;
}

static bool feed_fill(struct exchange *x, struct evbuffer *bytes, bool last)
{
	struct evbuffer *mended = x->thread->filters[0];

	if (x->rewriter == NULL)
		return take_into_fill(x->fill, bytes);
	rewriter_feed(x->rewriter, bytes, mended, last);
	return take_into_fill(x->fill, mended);
}

static void fill_on_body(void *arg, struct evbuffer *bytes)
{
	struct exchange *x = arg;

	if (x->fill->unfit)
		evbuffer_drain(bytes, evbuffer_get_length(bytes));
	else if (!feed_fill(x, bytes, false))
		relay_instead(x);
}

static void write_file_fields(const struct exchange *x, struct static_file *file, const char *etag,
	enum content_coding_kind coding, struct sbuf *validators, struct sbuf *fields)
{
	const struct static_files_fill *fill = x->fill;

	sbuf_printf(validators,
		"ETag: %s\r\nCache-Control: private, max-age=%d\r\nVary: Accept-Encoding\r\n", etag,
		lives[x->route.mount->kind].max_age_s);
	sbuf_add_str(fields, sbuf_str(&fill->fields));
	if (fill->modified[0])
		sbuf_printf(fields, "Last-Modified: %s\r\n", fill->modified);
	if (coding != CODING_IDENTITY)
		sbuf_printf(fields, "Content-Encoding: %s\r\n", content_coding_name(coding));
	file->validators = sbuf_str(validators);
	file->fields = sbuf_str(fields);
	file->etag = str_of(etag);
	file->last_modified = str_of(fill->modified);
}

/*
 * Packs the content, unless another file of the cache had the same one: a hundred drivers of one
 * version cost one packing. Only if that saves an eighth: unpacking costs the browser, too.
 * `digest`: of the content, then of the representation.
 */
static bool pack_fill(struct static_cache *cache, struct static_files_fill *fill,
	unsigned char digest[static DIGEST_LEN], struct str *content)
{
	unsigned char of_both[2 * DIGEST_LEN], packed_digest[DIGEST_LEN];
	const size_t len = fill->content.len;

	if (fill->coding == CODING_IDENTITY)
		return false;
	memcpy(of_both, digest, DIGEST_LEN);
	digest_sha256(str_of(content_coding_name(fill->coding)), of_both + DIGEST_LEN);
	digest_sha256((struct str){(char *)of_both, sizeof of_both}, packed_digest);
	if (!static_cache_content(cache, packed_digest, content)) {
		fill->packed = evbuffer_new();
		content_coding_pack(fill->coding, sbuf_str(&fill->content), fill->packed);
		content->len = evbuffer_get_length(fill->packed);
		if (content->len >= len - len / 8)
			return false;
		content->at = (char *)evbuffer_pullup(fill->packed, -1);
	}
	memcpy(digest, packed_digest, DIGEST_LEN);
	return true;
}

static const struct static_file *keep_file(struct exchange *x)
{
	struct static_files_fill *fill = x->fill;
	unsigned char digest[DIGEST_LEN];
	char etag[STATIC_ETAG_MAX];
	struct static_file file;
	struct sbuf validators, fields;

	digest_run_end(fill->digest, digest);
	bool packed = pack_fill(x->thread->statics, fill, digest, &file.content);
	if (!packed)
		file.content = sbuf_str(&fill->content);
	static_etag_write(etag, digest);
	sbuf_init(&validators, STATIC_FIELDS_MAX / 4);
	sbuf_init(&fields, STATIC_FIELDS_MAX / 4 * 3);
	write_file_fields(
		x, &file, etag, packed ? fill->coding : CODING_IDENTITY, &validators, &fields);
	const struct static_file *kept =
		static_cache_put(x->thread->statics, &fill->key, &file, digest, end_of_life(x));
	sbuf_clear(&validators);
	sbuf_clear(&fields);
	return kept;
}

static void fill_on_end(void *arg)
{
	struct exchange *x = arg;

	x->call = NULL;
	if (!x->fill->unfit && feed_fill(x, x->thread->nothing, true))
		answer_with_file(x, keep_file(x));
	else
		relay_instead(x);
}

static void fill_on_fault(void *arg, enum fault fault)
{
	relay_on_fault(arg, fault);
}

static const struct upstream_handler handler = {
	fill_on_head, fill_on_body, fill_on_end, fill_on_fault, NULL};

static void fetch_file(
	struct exchange *x, const struct static_key *key, enum content_coding_kind coding)
{
	/* S0: nothing of this client decides what all are given. */
	const struct front_request ours = {.method = STR("GET")};
	struct upstream_request req = {.idempotent = true};
	struct server_thread *thread = x->thread;

	x->fill = fill_new(thread, key, coding);
	x->cache = CACHE_FILL;
	relay_fill_context(x);
	sbuf_reset(&thread->head);
	relay_headers_to_upstream(&thread->head, &ours, x->route.mount,
		&(struct relay_headers_ask){.rest = x->route.rest, .token = relay_token(x)});
	relay_call(x, EXCHANGE_FETCHING, &req, &handler);
}

/* --- which requests --- */

/* A whole file of Spark's own directory. What lies below a master's /proxy/ is an application's,
 * and has another beginning (T3). Templates are mended as pages are. */
static bool is_static(const struct exchange *x)
{
	bool is_read =
		str_eq(x->web.req->method, STR("GET")) || str_eq(x->web.req->method, STR("HEAD"));

	return lives[x->route.mount->kind].max_age_s && is_read && x->web.target.query.at == NULL &&
	       str_starts(x->route.rest, STR("/static/")) &&
	       !str_ends(x->route.rest, STR(".html")) && x->web.req->content_length == 0;
}

struct wishes {
	bool part;  /* or none of it, on a condition that the UI has to judge */
	bool fresh; /* RFC 9111 §5.2.1.4: reloaded by force */
};

static struct wishes wishes_of(const struct front_request *req)
{
	struct wishes wishes = {false, false};

	for (size_t i = 0; i < req->fields_count; i++) {
		struct str name = req->fields[i].name;
		wishes.part |= str_eq_nocase(name, STR("range")) ||
			       str_eq_nocase(name, STR("if-match")) ||
			       str_eq_nocase(name, STR("if-unmodified-since"));
		if (str_eq_nocase(name, STR("cache-control")))
			wishes.fresh |= str_find(req->fields[i].value, STR("no-cache")) != -1;
	}
	return wishes;
}

/* Another request fetches the file, and this one has not waited for it before. */
static bool wait_for_file(struct exchange *x, const struct static_key *key)
{
	if (x->wait)
		return false;
	x->wait = static_wait_new(x->thread->fetches, key, x);
	return x->wait != NULL;
}

bool static_files_serve(struct exchange *x)
{
	const struct static_file *file;
	struct static_key key;

	if (x->thread->statics == NULL || !is_static(x))
		return false;
	enum content_coding_kind coding =
		accept_encoding_best(x->web.req->fields, x->web.req->fields_count);
	struct wishes wishes = wishes_of(x->web.req);
	if (wishes.part || !static_key_write(&key, x->route.mount, x->route.cluster->spark_version,
				   x->route.rest, coding))
		return false;
	enum static_found found = static_cache_find(x->thread->statics, &key, now_s(), &file);
	if (found == STATIC_REFUSED) {
		x->cache = CACHE_PASS;
	} else if (found == STATIC_HIT && !wishes.fresh) {
		x->cache = CACHE_HIT;
		answer_with_file(x, file);
		return true;
	} else if (str_eq(x->web.req->method, STR("GET"))) {
		if (!wishes.fresh && wait_for_file(x, &key))
			exchange_move(x, EXCHANGE_FETCHING);
		else
			fetch_file(x, &key, coding);
		return true;
	}
	return false;
}
