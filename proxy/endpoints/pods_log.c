/* proxy/endpoints/pods_log.c - a log as text while it comes, or its last lines for a page. */
#include "proxy/endpoints/pods_state.h"

#include "proxy/web/web_fault.h"

#include <event2/buffer.h>

enum {
	TAIL_TIMEOUT_MS = 10 * 1000,
	STREAM_TIMEOUT_MS = 10 * 60 * 1000,
	FOLLOW_TIMEOUT_MS = 60 * 60 * 1000,
	WINDOW = 128 * 1024, /* that is on its way from the API server */
};

/* --- last lines --- */

static size_t on_tail_part(struct str part, void *arg)
{
	pods_add_tail(arg, part);
	return part.len;
}

static void on_tail_done(const struct fetch_result *result, void *arg)
{
	struct endpoint_pods *p = arg;

	p->fetch = NULL;
	p->has_failed = false;
	if (result->status != 200)
		pods_trouble(p, result, KUBE_RIGHT_LOGS);
	p->has_log = !p->has_failed || p->log.len > 0;
	pods_begin_tail_at_line(p);
	if (!p->has_log)
		pods_take_kept(p, false);
	p->then_log(p);
}

static void ask_log(struct endpoint_pods *p, const struct kube_log_wish *wish,
	const struct fetch_request *request)
{
	struct sbuf path;

	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_log(&path, wish);
	p->fetch = kube_ask(p->x->thread->kube, &p->told->answer.access, path.at, request);
	sbuf_clear(&path);
}

static struct kube_log_wish wish_of(const struct endpoint_pods *p, unsigned tail)
{
	return (struct kube_log_wish){.namespace = p->target.namespace,
		.pod = p->target.name,
		.container = p->container,
		.tail_lines = tail};
}

void pods_read_tail(struct endpoint_pods *p, void (*then)(struct endpoint_pods *p))
{
	unsigned lines = p->asked.tail ? (unsigned)p->asked.tail : PODS_TAIL_LINES;
	struct kube_log_wish wish = wish_of(p, lines);

	p->then_log = then;
	ask_log(p, &wish,
		&(struct fetch_request){.timeout_ms = TAIL_TIMEOUT_MS,
			.max_bytes = WINDOW,
			.waits = true,
			.on_part = on_tail_part,
			.done = on_tail_done,
			.arg = p});
}

/* --- all of it, as text --- */

static void begin_text(struct endpoint_pods *p)
{
	if (p->is_begun)
		return;
	p->is_begun = true;
	web_reply_begin(&p->x->web,
		&(struct web_reply){
			.status = 200, .type = "text/plain; charset=utf-8", .fields = PODS_VARY});
}

static void end_text(struct endpoint_pods *p, enum fault fault)
{
	struct exchange *x = p->x;
	struct front_request *req = x->web.req;

	x->web.site->on_end(&x->web, fault); /* frees p */
	if (fault == FAULT_NONE)
		front_reply_end(req);
	else
		front_reply_cut(req);
}

/* Gives what is queued for the client. */
static size_t pass_on(struct endpoint_pods *p, struct str bytes)
{
	struct evbuffer *out = evbuffer_new();

	begin_text(p);
	evbuffer_add(out, bytes.at, bytes.len);
	p->x->bytes += bytes.len;
	size_t queued = front_reply_body(p->x->web.req, out);
	evbuffer_free(out);
	p->is_full = queued > FRONT_QUEUE_HIGH;
	return queued;
}

static size_t on_log_part(struct str part, void *arg)
{
	struct endpoint_pods *p = arg;

	if (p->is_full || p->held_looks)
		return 0;
	pass_on(p, part);
	return part.len;
}

void pods_go_on(struct endpoint_pods *p)
{
	p->is_full = false;
	if (p->fetch && p->is_begun && p->held_looks == 0)
		fetch_go_on(p->fetch);
}

/* Nothing of it has gone out. */
static void refuse_text(struct endpoint_pods *p, const struct fetch_result *result)
{
	enum fault fault = result->status == 404 ? FAULT_GONE
			   : result->status	 ? FAULT_KUBERNETES
						 : FAULT_UPSTREAM_CONNECT;

	pods_trouble(p, result, KUBE_RIGHT_LOGS);
	web_fault(&p->x->web, fault, p->problems[p->problems_count - 1]);
}

static void on_log_done(const struct fetch_result *result, void *arg)
{
	struct endpoint_pods *p = arg;

	p->fetch = NULL;
	if (p->held_looks) {
		end_text(p, FAULT_FORBIDDEN);
	} else if (result->status == 200) {
		pass_on(p, result->body);
		end_text(p, FAULT_NONE);
	} else if (p->is_begun) {
		end_text(p, FAULT_UPSTREAM_DIED);
	} else if (result->status == 404 && pods_kept(p) && pods_kept(p)->log) {
		pods_send_kept(p);
	} else {
		refuse_text(p, result);
	}
}

static void on_follow_end(struct exchange *x, enum fault fault)
{
	if (x->pods->is_begun)
		end_text(x->pods, fault);
	else
		web_fault(&x->web, fault, NULL);
}

void pods_stream_log(struct endpoint_pods *p, enum fault (*look)(struct exchange *x))
{
	struct kube_log_wish wish = wish_of(p, (unsigned)p->asked.tail);
	bool follows = p->asked.follows;

	if (str_eq(p->x->web.req->method, STR("HEAD"))) {
		begin_text(p);
		end_text(p, FAULT_NONE);
		return;
	}
	wish.follow = follows;
	if (follows)
		p->follow = pods_follow_new(p->x, look, on_follow_end);
	ask_log(p, &wish,
		&(struct fetch_request){
			.timeout_ms = follows ? FOLLOW_TIMEOUT_MS : STREAM_TIMEOUT_MS,
			.max_bytes = WINDOW,
			.waits = true,
			.on_part = on_log_part,
			.done = on_log_done,
			.arg = p});
}
