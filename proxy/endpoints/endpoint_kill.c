/*
 * proxy/endpoints/endpoint_kill.c - <cluster>/apps/<id>/kill: an application is ended by who may,
 * through the endpoint that Spark's own page uses.
 *
 * GET asks, POST does it. Three questions to the master, one after the other:
 *   GET  /             4.3's csrfToken, which its forms carry (T43); older ones have none
 *   POST app/kill/     ends it before it answers, and answers the same if it may not
 *   GET  app/?appId=   what became of it
 * No retry: what was asked once is not asked twice.
 */
#include "proxy/endpoints/endpoint.h"

#include "proxy/guard/guard.h"
#include "proxy/registry/topic.h"
#include "proxy/relay/relay.h"
#include "proxy/relay/relay_headers.h"
#include "proxy/request/exchange_audit.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum {
	WINDOW_MAX =
		128 * 1024, /* of an answer that is looked through: a piece and what precedes */
	WINDOW_KEPT = 512,  /* bytes before a piece in which something may have begun */
	VALUE_SIZE = 256,
	REASON_SIZE = 4 * PAGE_KILL_REASON + 1, /* bytes of UTF-8 */
};

enum step { STEP_TOKEN, STEP_KILL, STEP_LOOK };

struct endpoint_kill {
	const struct app_info *app; /* of the exchange's registry */
	enum step step;
	int status;		/* of the answer that comes */
	struct sbuf window;	/* its content, as far as it is looked at */
	char token[VALUE_SIZE]; /* "": none was found */
	char state[VALUE_SIZE]; /* as the master calls it */
	bool is_unknown;	/* the master says so */
};

static const char token_mark[] = "name=\"csrfToken\" value=\"";
static const char state_mark[] = "<strong>State:</strong>";
static const char unknown_mark[] = "No running application with ID";

void endpoint_kill_free(struct endpoint_kill *kill)
{
	if (kill == NULL)
		return;
	sbuf_clear(&kill->window);
	explicit_bzero(kill, sizeof *kill);
	free(kill);
}

/* --- pages --- */

static void answer(struct exchange *x, const struct app_info *app, enum page_killed end)
{
	static const struct {
		int status;
		enum fault fault;
	} rows[] = {[KILLED] = {200, FAULT_NONE},
		[KILL_NOT_RUNNING] = {409, FAULT_CONFLICT},
		[KILL_ON_KUBERNETES] = {409, FAULT_CONFLICT},
		[KILL_ANOTHER] = {409, FAULT_CONFLICT},
		[KILL_NO_MASTER] = {503, FAULT_UPSTREAM_CONNECT},
		[KILL_REFUSED] = {502, FAULT_UPSTREAM_PROTOCOL},
		[KILL_WITHOUT_EFFECT] = {409, FAULT_CONFLICT},
		[KILL_UNCERTAIN] = {502, FAULT_UPSTREAM_PROTOCOL}};
	struct page_view view = public_view(&x->web);
	struct page_kill about = {x->route.cluster, app, NULL};
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_kill_told(&page, &view, &about, end);
	web_html(&x->web, rows[end].status, &page, NULL, rows[end].fault);
	sbuf_clear(&page);
}

static void ask(struct exchange *x, const struct app_info *app, const char *problem)
{
	struct page_view view = public_view(&x->web);
	struct page_kill about = {x->route.cluster, app, problem};
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_kill_question(&page, &view, &about);
	web_html(&x->web, problem ? 400 : 200, &page, NULL,
		problem ? FAULT_BAD_REQUEST : FAULT_NONE);
	sbuf_clear(&page);
}

/* --- the master's answers --- */

/* What follows `mark` up to `end`, without spaces around it. False: it is not there yet. */
static bool find_value(const struct sbuf *window, const char *mark, char end, char out[VALUE_SIZE])
{
	struct str text = sbuf_str(window);
	ptrdiff_t at = str_find(text, str_of(mark)), len;

	if (at == -1)
		return false;
	text = str_from(text, (size_t)at + strlen(mark));
	len = str_find_byte(text, end);
	return len != -1 && str_copy(str_trim((struct str){text.at, (size_t)len}), out, VALUE_SIZE);
}

static void look_through(struct endpoint_kill *kill)
{
	if (kill->step == STEP_TOKEN && kill->token[0] == '\0')
		(void)find_value(&kill->window, token_mark, '"', kill->token);
	if (kill->step == STEP_LOOK && kill->state[0] == '\0')
		(void)find_value(&kill->window, state_mark, '<', kill->state);
	if (kill->step == STEP_LOOK &&
		str_find(sbuf_str(&kill->window), str_of(unknown_mark)) != -1)
		kill->is_unknown = true;
}

static void kill_on_head(void *arg, const struct h1_response *head)
{
	struct exchange *x = arg;

	x->kill->status = head->status;
	sbuf_reset(&x->kill->window);
}

static void kill_on_body(void *arg, struct evbuffer *bytes)
{
	struct exchange *x = arg;
	struct endpoint_kill *kill = x->kill;
	size_t len = evbuffer_get_length(bytes), old = kill->window.len;

	if (old > WINDOW_KEPT) {
		char kept[WINDOW_KEPT];
		memcpy(kept, kill->window.at + old - WINDOW_KEPT, WINDOW_KEPT);
		sbuf_reset(&kill->window);
		sbuf_add(&kill->window, kept, WINDOW_KEPT);
	}
	sbuf_add(&kill->window, evbuffer_pullup(bytes, -1), len);
	evbuffer_drain(bytes, len);
	look_through(kill);
}

static enum page_killed found_end(const struct endpoint_kill *kill)
{
	bool is_running =
		strcmp(kill->state, "RUNNING") == 0 || strcmp(kill->state, "WAITING") == 0;

	if (kill->status != 200 || (kill->state[0] == '\0' && !kill->is_unknown))
		return KILL_UNCERTAIN;
	return is_running ? KILL_WITHOUT_EFFECT : KILLED;
}

static void ask_master(struct exchange *x);

static void kill_on_end(void *arg)
{
	struct exchange *x = arg;
	struct endpoint_kill *kill = x->kill;

	x->call = NULL;
	if (kill->step == STEP_LOOK) {
		answer(x, kill->app, found_end(kill));
	} else if (kill->status >= 400) {
		answer(x, kill->app, KILL_REFUSED);
	} else {
		kill->step++;
		ask_master(x);
	}
}

static void kill_on_fault(void *arg, enum fault fault)
{
	struct exchange *x = arg;

	(void)fault;
	x->call = NULL;
	answer(x, x->kill->app, x->kill->step == STEP_TOKEN ? KILL_NO_MASTER : KILL_UNCERTAIN);
}

static const struct upstream_handler handler = {
	kill_on_head, kill_on_body, kill_on_end, kill_on_fault, NULL};

/* --- the master's questions --- */

static void write_form(struct sbuf *out, const struct endpoint_kill *kill)
{
	sbuf_puts(out, "id=");
	sbuf_urlencode(out, str_of(app_info_spark_id(kill->app)));
	sbuf_puts(out, "&terminate=true");
	if (kill->token[0]) {
		sbuf_puts(out, "&csrfToken=");
		sbuf_urlencode(out, str_of(kill->token));
	}
}

/* Nothing in them is the client's: the id is the registry's. */
static void ask_master(struct exchange *x)
{
	static const char *const paths[] = {
		[STEP_TOKEN] = "/", [STEP_KILL] = "/app/kill/", [STEP_LOOK] = "/app/"};
	struct endpoint_kill *kill = x->kill;
	bool is_post = kill->step == STEP_KILL;
	const struct h1_field type =
		h1_field_of(STR("Content-Type"), STR("application/x-www-form-urlencoded"));
	const struct front_request ours = {.method = is_post ? STR("POST") : STR("GET"),
		.fields = &type,
		.fields_count = is_post};
	struct evbuffer *body = evbuffer_new();
	struct sbuf form, query;

	sbuf_init_secret(&form, 8192);
	sbuf_init(&query, 8192);
	if (is_post)
		write_form(&form, kill);
	if (kill->step == STEP_LOOK) {
		sbuf_puts(&query, "appId=");
		sbuf_urlencode(&query, str_of(app_info_spark_id(kill->app)));
	}
	evbuffer_add(body, form.at, form.len);
	sbuf_reset(&x->thread->head);
	relay_headers_to_upstream(&x->thread->head, &ours, x->route.mount,
		&(struct relay_headers_ask){.rest = str_of(paths[kill->step]),
			.query = query.len ? sbuf_str(&query) : (struct str){NULL, 0},
			.token = relay_token(x),
			.content_length = (int64_t)form.len});
	relay_call(x, EXCHANGE_FETCHING,
		&(struct upstream_request){.body = body, .idempotent = !is_post}, &handler);
	evbuffer_free(body);
	sbuf_clear(&form);
	sbuf_clear(&query);
}

static void begin_kill(struct exchange *x, const struct app_info *app)
{
	x->kill = mem_alloc(1, sizeof *x->kill);
	x->kill->app = app;
	sbuf_init_secret(&x->kill->window, WINDOW_MAX);
	x->route.mount = x->route.cluster->master;
	ask_master(x);
}

/* --- ours --- */

/* KILLED: it can be asked for. */
static enum page_killed obstacle_of(const struct exchange *x, const struct app_info *app)
{
	const struct mount *master = x->route.cluster->master;

	if (!app->running)
		return KILL_NOT_RUNNING;
	if (!cluster_info_ends(x->route.cluster, app))
		return KILL_ON_KUBERNETES;
	if (app->has_later)
		return KILL_ANOTHER;
	return master && master->state == MOUNT_UP ? KILLED : KILL_NO_MASTER;
}

static const struct app_info *find_app(const struct exchange *x)
{
	const struct app_info *app =
		registry_app(x->registry, str_of(x->route.cluster->name), x->route.name);

	return app && str_eq(str_of(app->id), x->route.name) ? app : NULL;
}

static bool may_kill(const struct exchange *x, const struct app_info *app)
{
	struct access_app facts = topic_app(x->route.cluster, app);

	return access_to_app(x->web.who, &facts) & 1u << ACTION_KILL;
}

static void do_it(struct web_call *call)
{
	struct exchange *x = exchange_of(call);
	const struct app_info *app = find_app(x);
	char reason[REASON_SIZE];

	if (!web_has_form(call) || !web_field(call, "reason", reason, sizeof reason) ||
		str_span_printable(str_of(reason)) != strlen(reason) ||
		str_count_chars(str_of(reason)) > PAGE_KILL_REASON) {
		ask(x, app, "The reason is too long, or has characters that are no text.");
		return;
	}
	exchange_audit_reason(x, str_of(reason));
	begin_kill(x, app);
}

static void judge_again(struct web_call *call)
{
	struct exchange *x = exchange_of(call);
	bool is_told = call->auth_status == AUTH_OK || call->auth_status == AUTH_ABSENT;
	enum fault fault = is_told ? exchange_judge(x) : web_fault_of(call->auth_status);

	if (fault == FAULT_NONE)
		do_it(call);
	else
		web_fault(call, fault, NULL);
}

static void on_form(struct web_call *call)
{
	web_still_known(call, do_it, judge_again);
}

void endpoint_serve_kill(struct exchange *x)
{
	const struct app_info *app = find_app(x);
	bool is_post = str_eq(x->web.req->method, STR("POST"));

	if (app == NULL)
		web_fault(&x->web, FAULT_NOT_FOUND, NULL);
	else if (!may_kill(x, app))
		web_fault(
			&x->web, FAULT_FORBIDDEN, "You may see this application, and not kill it.");
	else if (!is_post && !web_is_get(&x->web))
		web_fault(&x->web, FAULT_METHOD, NULL);
	else if (obstacle_of(x, app) != KILLED)
		answer(x, app, obstacle_of(x, app));
	else if (is_post)
		web_hold(&x->web, x->web.site->form_max, x->web.memory, on_form);
	else
		ask(x, app, NULL);
}
