#include "proxy/exchange_int.h"

#include "base/clock.h"
#include "proxy/access_log.h"
#include "proxy/headers.h"

#include <event2/buffer.h>

enum {
	FIELDS_MAX = 80 * 1024, /* of a response, mended */
	GZIP_FROM = 1024,	/* bytes: less is not worth it */
};

static const char *find_authority(const void *arg, struct str authority)
{
	const struct exchange *x = arg;
	const struct mount *mount = registry_authority(x->registry, str_of(x->route.mount->cluster), authority);

	return mount ? mount->path : NULL;
}

static const char *find_id(const void *arg, struct str id)
{
	const struct exchange *x = arg;
	const struct mount *mount = registry_proxy(x->registry, str_of(x->route.mount->cluster), id);

	return mount ? mount->path : NULL;
}

static void fill_context(struct exchange *x)
{
	const struct mount *mount = x->route.mount;

	x->rewrite_context = (struct rewrite_context){.mount = mount->path, .cluster_root = x->route.cluster->path,
		.origin = x->conf->server.origin, .authority = mount->authority, .prefix = mount->prefix,
		.find_authority = find_authority, .find_id = find_id, .arg = x};
}

/* identity, gzip or deflate can be read; another coding passes as it is. */
static bool can_read(struct str encoding, enum coding_kind *kind)
{
	*kind = CODING_IDENTITY;
	if (encoding.len == 0 || str_eq_nocase(encoding, STR("identity")))
		return true;
	*kind = CODING_GUNZIP;
	return str_eq_nocase(encoding, STR("gzip")) || str_eq_nocase(encoding, STR("x-gzip"));
}

/* Sets up the filters and says in the plan what they change. */
static void plan_filters(struct exchange *x, const struct h1_response *head, struct headers_plan *plan)
{
	enum rewrite_kind kind = rewrite_kind_of(h1_field(head, "content-type"), x->route.rest);
	enum coding_kind coding;
	bool big = head->framing != H1_LENGTH || head->length >= GZIP_FROM;

	if (kind == REWRITE_NOTHING || head->status == 206 || !can_read(h1_field(head, "content-encoding"), &coding))
		return;
	plan->rewritten = true;
	plan->content_encoding = "";
	if (head->framing != H1_NO_CONTENT && big && headers_accept_gzip(x->req))
		plan->content_encoding = "gzip";
	if (head->framing == H1_NO_CONTENT)
		return;
	if (coding == CODING_GUNZIP)
		x->inflate = coding_new(CODING_GUNZIP);
	x->rewriter = rewriter_new(&x->rewrite_context, kind);
	if (plan->content_encoding[0])
		x->deflate = coding_new(CODING_GZIP);
	x->scratch[0] = evbuffer_new();
	x->scratch[1] = evbuffer_new();
}

/* What the answer announces: its own length, unless the filters change it. */
static int64_t announced_length(const struct exchange *x, const struct h1_response *head, bool rewritten)
{
	struct str field = h1_field(head, "content-length");
	uint64_t length;

	(void)x;
	if (rewritten || field.at == NULL || !str_to_u64(field, &length))
		return -1;
	return (int64_t)length;
}

static void on_head(void *arg, const struct h1_response *head)
{
	struct exchange *x = arg;
	struct headers_plan plan = {false, NULL};
	struct sbuf fields;

	x->head_us = clock_mono_us();
	plan_filters(x, head, &plan);
	sbuf_init(&fields, FIELDS_MAX);
	headers_to_client(&fields, head, &x->rewrite_context, &plan);
	if (fields.overflow) {
		upstream_cancel(x->call);
		exchange_fail(x, FAULT_UPSTREAM_PROTOCOL, NULL);
	} else {
		exchange_move(x, EXCHANGE_RELAYING);
		x->status = head->status;
		front_reply_head(x->req, head->status, &fields, announced_length(x, head, plan.rewritten),
			head->framing == H1_NO_CONTENT);
	}
	sbuf_clear(&fields);
}

/* Through the filters that are there. False: the content is corrupt. */
static bool filter(struct exchange *x, struct evbuffer *bytes, bool last, struct evbuffer **out)
{
	*out = bytes;
	if (x->inflate) {
		if (coding_feed(x->inflate, bytes, x->scratch[0], last) == -1)
			return false;
		bytes = x->scratch[0];
	}
	if (x->rewriter) {
		rewriter_feed(x->rewriter, bytes, x->scratch[1], last);
		*out = x->scratch[1];
	}
	if (x->deflate) {
		if (coding_feed(x->deflate, x->scratch[1], x->scratch[0], last) == -1)
			return false;
		*out = x->scratch[0];
	}
	return true;
}

static void cut(struct exchange *x, enum fault fault)
{
	struct front_request *req = x->req;

	access_log_keep(x);
	x->req = NULL;
	front_reply_cut(req); /* never a clean end: what came must not look whole */
	exchange_finish(x, fault);
}

/* False when the exchange is over. */
static bool pass(struct exchange *x, struct evbuffer *bytes, bool last)
{
	struct evbuffer *out;

	if (!filter(x, bytes, last, &out)) {
		if (!last)
			upstream_cancel(x->call);
		cut(x, FAULT_UPSTREAM_PROTOCOL);
		return false;
	}
	x->bytes += evbuffer_get_length(out);
	if (front_reply_body(x->req, out) > FRONT_QUEUE_HIGH && !last && !x->paused) {
		x->paused = true;
		upstream_pause(x->call);
	}
	return true;
}

static void on_body(void *arg, struct evbuffer *bytes)
{
	pass(arg, bytes, false);
}

static void on_end(void *arg)
{
	struct exchange *x = arg;
	struct evbuffer *none = x->rewriter ? evbuffer_new() : NULL;

	x->call = NULL;
	bool whole = !none || pass(x, none, true);
	if (none)
		evbuffer_free(none);
	if (!whole)
		return;
	struct front_request *req = x->req;
	access_log_keep(x);
	x->req = NULL;
	front_reply_end(req);
	exchange_finish(x, FAULT_NONE);
}

static void on_fault(void *arg, enum fault fault)
{
	struct exchange *x = arg;
	const struct worker_shared *shared = x->worker->shared;
	const struct mount *mount = x->route.mount;

	x->call = NULL;
	if (fault == FAULT_UPSTREAM_CONNECT && shared->suspect)
		shared->suspect(shared->suspect_arg, mount->cluster, mount->id);
	if (x->state == EXCHANGE_RELAYING)
		cut(x, fault);
	else if (fault == FAULT_UPSTREAM_CONNECT && (mount->kind == UI_DRIVER || mount->kind == UI_WORKER))
		gate_serve_gone(x);
	else
		exchange_fail(x, fault, NULL);
}

static const struct upstream_handler upstream_handler = {on_head, on_body, on_end, on_fault};

/* RFC 9110 §9.2.2; a kill by GET (T42) is not to be done twice. */
static bool is_idempotent(const struct exchange *x)
{
	return x->action != ACTION_KILL &&
	       (str_eq(x->req->method, STR("GET")) || str_eq(x->req->method, STR("HEAD")));
}

void relay_start(struct exchange *x)
{
	const struct mount *mount = x->route.mount;
	struct sbuf stripped;
	struct evbuffer *head = evbuffer_new();

	fill_context(x);
	sbuf_init(&stripped, x->target.query.len + 1);
	struct str query = x->target.query;
	if (query.at && headers_strip_do_as(query, &stripped))
		query = sbuf_str(&stripped);
	headers_to_upstream(head, x->req, mount, x->route.rest, query, evbuffer_get_length(x->req->body));
	struct upstream_request req = {.addr = (const struct sockaddr *)&mount->addr, .addr_len = mount->addr_len,
		.head = head, .body = x->req->body, .is_head = str_eq(x->req->method, STR("HEAD")),
		.idempotent = is_idempotent(x)};
	exchange_move(x, EXCHANGE_ASKING);
	x->asked_us = clock_mono_us();
	x->call = upstream_start(x->worker->upstream, &req, &upstream_handler, x);
	evbuffer_free(head);
	sbuf_clear(&stripped);
}

void relay_on_drained(struct exchange *x)
{
	if (!x->paused || x->call == NULL)
		return;
	x->paused = false;
	upstream_resume(x->call);
}

void relay_stop(struct exchange *x)
{
	if (x->call)
		upstream_cancel(x->call);
	x->call = NULL;
}
