/* proxy/relay/relay.c - a UI's answer on its way to the client: head, content through its filters,
 * end. */
#include "proxy/relay/relay.h"

#include "base/clock.h"
#include "proxy/guard/do_as.h"
#include "proxy/guard/guard.h"
#include "proxy/guard/person_field.h"
#include "proxy/pages/page.h"
#include "proxy/relay/preload.h"
#include "proxy/relay/relay_filters.h"
#include "proxy/relay/relay_headers.h"
#include "proxy/relay/tunnel.h"
#include "proxy/request/exchange_audit.h"
#include "proxy/request/respond.h"

#include <event2/buffer.h>

enum {
	FIELDS_MAX = 80 * 1024, /* of a response, mended */
	REST_MAX = 4 * 1024,	/* bytes that an application's own id may add to a path */
};

/* What the answer announces: its own length, unless the filters change it. */
static int64_t announced_length(const struct h1_response *head, bool rewritten)
{
	struct str field = h1_field(head, FIELD_CONTENT_LENGTH);
	uint64_t length;

	if (rewritten || field.at == NULL || !str_to_u64(field, &length))
		return -1;
	return (int64_t)length;
}

/* Only where somebody looks at the page now. */
static void say_what_is_asked_next(
	const struct exchange *x, const struct h1_response *head, struct sbuf *fields)
{
	const struct front_request *req = x->web.req;
	struct preload_page page = {x->route.mount, x->route.cluster->spark_version, x->route.rest,
		x->web.target.query};

	if (head->status == 200 && guard_is_navigation(req) && !guard_is_ahead(req) &&
		str_starts_nocase(h1_field(head, FIELD_CONTENT_TYPE), STR("text/html")))
		preload_write(fields, &page);
}

static void relay_on_head(void *arg, const struct h1_response *head)
{
	struct exchange *x = arg;
	struct relay_headers_plan plan = {.rewritten = false};
	struct sbuf fields;

	x->head_us = clock_mono_us();
	if (x->is_websocket && head->status == 101) {
		tunnel_begin(x, head);
		return;
	}
	if (!relay_filters_plan(x, head, &plan)) {
		relay_stop(x);
		x->is_hidden = true;
		web_fault(&x->web, FAULT_NOT_FOUND, NULL);
		return;
	}
	sbuf_init(&fields, FIELDS_MAX);
	relay_headers_to_client(&fields, head, &x->rewrite_context, &plan);
	say_what_is_asked_next(x, head, &fields);
	if (fields.overflow) {
		relay_stop(x);
		web_fault(&x->web, FAULT_UPSTREAM_PROTOCOL, NULL);
	} else {
		exchange_move(x, EXCHANGE_RELAYING);
		x->status = head->status;
		front_reply_head(x->web.req, head->status, &fields,
			announced_length(head, plan.rewritten), head->framing == H1_NO_CONTENT);
	}
	sbuf_clear(&fields);
}

static void finish_relay(struct exchange *x)
{
	struct front_request *req = x->web.req;

	exchange_finish(x, FAULT_NONE);
	front_reply_end(req);
}

/* Passes on what has come, as much as the client takes for now; a little that unpacks to a lot
 * waits packed. Ends the exchange when all is passed on and the upstream is done: then false. */
static bool pump_content(struct exchange *x, struct evbuffer *in)
{
	struct evbuffer *out;
	size_t queued;
	int more;

	do {
		more = relay_filters_step(x, in, &out);
		if (more == -1) {
			relay_cut(x, FAULT_UPSTREAM_PROTOCOL);
			return false;
		}
		x->bytes += evbuffer_get_length(out);
		queued = front_reply_body(x->web.req, out);
	} while (more && queued <= FRONT_QUEUE_HIGH);
	x->backlog = more;
	if (x->ended && !more) {
		finish_relay(x);
		return false;
	}
	if (x->call && queued > FRONT_QUEUE_HIGH && !x->paused)
		upstream_pause(x->call);
	x->paused = queued > FRONT_QUEUE_HIGH;
	return true;
}

static void relay_on_body(void *arg, struct evbuffer *bytes)
{
	struct exchange *x = arg;

	exchange_audit_answer(x, bytes);
	if (x->tunnel) {
		tunnel_on_answer(x, bytes);
		if (pump_content(x, bytes))
			tunnel_on_passed(x);
		return;
	}
	if (x->unpacker == NULL) {
		pump_content(x, bytes);
		return;
	}
	evbuffer_add_buffer(x->packed, bytes);
	if (!x->backlog)
		pump_content(x, x->packed);
}

static void relay_on_end(void *arg)
{
	struct exchange *x = arg;

	x->call = NULL;
	x->ended = true;
	if (x->rewriter == NULL)
		finish_relay(x);
	else if (x->unpacker == NULL)
		pump_content(x, x->thread->nothing);
	else if (!x->backlog)
		pump_content(x, x->packed);
}

static void relay_on_call_fault(void *arg, enum fault fault)
{
	relay_on_fault(arg, fault);
}

static void relay_on_sent(void *arg)
{
	struct exchange *x = arg;

	if (x->streams)
		front_content_want(x->web.req, true);
	else
		tunnel_on_sent(x);
}

static const struct upstream_handler upstream_handler = {
	relay_on_head, relay_on_body, relay_on_end, relay_on_call_fault, relay_on_sent};

/* RFC 9110 §9.2.2; a kill by GET (T42) is not to be done twice. */
static bool is_idempotent(const struct exchange *x)
{
	return x->action != ACTION_KILL && !x->streams &&
	       (str_eq(x->web.req->method, STR("GET")) || str_eq(x->web.req->method, STR("HEAD")));
}

/* S70: the UI's own field, and who the access log says it was. */
static bool fill_person(const struct exchange *x, struct relay_headers_ask *ask)
{
	ask->person_fields = &x->web.conf->identity_headers;
	if (x->ui == NULL || x->ui->identity_header == NULL)
		return true;
	ask->person_field = str_of(x->ui->identity_header);
	ask->person = str_of(x->web.who->subject);
	return person_field_is_fit(ask->person);
}

/* To the upstream call that has begun. */
static void pass_content(struct exchange *x, struct evbuffer *bytes, bool is_last)
{
	if (upstream_send(x->call, bytes) > UPSTREAM_QUEUE_HIGH)
		front_content_want(x->web.req, false);
	if (is_last)
		upstream_send_end(x->call);
}

/* Spark's scripts ask a driver's API for what stands in the address, and we have put the key of its
 * application there (T22, T59). */
static struct str rest_for_driver(const struct exchange *x, struct sbuf *out)
{
	static const struct str api = {"/api/v1/applications/", 21};
	const struct mount *mount = x->route.mount;
	struct str rest = x->route.rest, id = str_of(mount->id), tail;
	const struct app_info *app = mount->kind == UI_DRIVER && str_starts(rest, api)
					     ? registry_app_near(x->route.cluster, id)
					     : NULL;

	if (app == NULL || app->spark_id[0] == '\0')
		return rest;
	tail = str_from(rest, api.len);
	if (!str_starts(tail, id) || (tail.len > id.len && tail.at[id.len] != '/'))
		return rest;
	sbuf_add_str(out, api);
	sbuf_urlencode(out, str_of(app->spark_id));
	sbuf_add_str(out, str_from(tail, id.len));
	return sbuf_str(out);
}

void relay_ask(struct exchange *x)
{
	const struct mount *mount = x->route.mount;
	struct sbuf rest, stripped, unlimited, *head = &x->thread->head;

	relay_fill_context(x);
	sbuf_reset(head);
	sbuf_init(&stripped, x->web.target.query.len + 1);
	struct str query = x->web.target.query;
	if (query.at && do_as_strip(query, &stripped))
		query = sbuf_str(&stripped);
	sbuf_init(&unlimited, query.len + 16);
	bool is_list = relay_filters_is_list(x);
	if (is_list)
		query = relay_filters_query(x, query, &unlimited);
	struct evbuffer *body = x->gathered && !x->streams ? x->gathered : x->web.req->body;
	int64_t held = (int64_t)evbuffer_get_length(body);
	sbuf_init(&rest, REST_MAX + x->route.rest.len);
	struct relay_headers_ask ask = {.rest = rest_for_driver(x, &rest),
		.query = query,
		.token = relay_token(x),
		.content_length = x->streams ? x->web.req->content_length : held,
		.origin = x->web.origin,
		.is_list = is_list,
		.is_websocket = x->is_websocket};
	bool is_told = fill_person(x, &ask);
	relay_headers_to_upstream(head, x->web.req, mount, &ask);
	struct upstream_request req = {.body = body,
		.streams = x->streams,
		.is_chunked = x->streams && x->web.req->content_length == -1,
		.is_head = str_eq(x->web.req->method, STR("HEAD")),
		.idempotent = is_idempotent(x),
		.is_upgrade = x->is_websocket};
	bool fits = is_told && !head->overflow;
	if (fits)
		relay_call(x, EXCHANGE_ASKING, &req, &upstream_handler);
	sbuf_clear(&rest);
	sbuf_clear(&stripped);
	sbuf_clear(&unlimited);
	if (!is_told)
		web_fault(&x->web, FAULT_FORBIDDEN, "Your name can't be passed on to this UI.");
	else if (!fits)
		web_fault(&x->web, FAULT_HEAD_TOO_LARGE, NULL);
	else if (x->streams && x->gathered) /* its beginning */
		pass_content(x, x->gathered, false);
}

void relay_on_drained(struct exchange *x)
{
	x->paused = false;
	if (x->backlog && !pump_content(x, x->packed))
		return;
	if (!x->paused && x->call)
		upstream_resume(x->call);
}

void relay_on_piece(struct exchange *x, struct evbuffer *bytes, bool is_last)
{
	if (x->call) /* else its answer is complete */
		pass_content(x, bytes, is_last);
}

void relay_on_content_fault(struct exchange *x, enum fault fault)
{
	if (x->state == EXCHANGE_RELAYING) {
		relay_cut(x, fault);
		return;
	}
	relay_stop(x);
	web_fault(&x->web, fault, NULL);
}

void relay_forget(struct exchange *x)
{
	tunnel_forget(x->tunnel);
	relay_filters_free(x);
}
