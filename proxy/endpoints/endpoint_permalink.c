/*
 * proxy/endpoints/endpoint_permalink.c - <cluster>/apps/<id or name>: a link that stays.
 *
 * It leads to the live UI while there is one, then to history: to the newest attempt, at the server
 * whose list knows most of it. Spark 4.2 and newer open an application by its id before they list
 * it (T60), so servers are asked for what no list has; else a page waits for the list.
 * What is older than our lists the servers are asked for as well (history_word.h).
 */
#include "proxy/endpoints/endpoint.h"

#include "base/clock.h"
#include "proxy/guard/app_key.h"
#include "proxy/guard/guard.h"
#include "proxy/http/form.h"
#include "proxy/registry/named_app.h"
#include "proxy/registry/topic.h"
#include "proxy/relay/history_word.h"
#include "proxy/relay/relay.h"
#include "proxy/relay/relay_headers.h"
#include "proxy/request/exchange_audit.h"

#include <stdlib.h>

struct endpoint_permalink {
	const struct app_info *app; /* of the exchange's registry */
	size_t next;		    /* history server to be asked */
};

void endpoint_permalink_free(struct endpoint_permalink *permalink)
{
	free(permalink);
}

/* --- where it leads --- */

static void lead_to_history(
	struct exchange *x, const struct mount *history, const struct app_info *app)
{
	struct sbuf path;

	sbuf_init(&path, WEB_FIELD_MAX);
	sbuf_puts(&path, history->path);
	app_info_write_below(&path, "/history/", app);
	endpoint_redirect(x, path.at, "/");
	sbuf_clear(&path);
}

static void show_not_ready(
	struct exchange *x, const struct app_info *app, const struct page_lines *lines)
{
	struct page_view view = public_view(&x->web);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_not_ready(&page, &view, x->route.cluster, app, lines);
	web_html(&x->web, 503, &page, "Refresh: 3\r\nRetry-After: 3\r\n", FAULT_NOT_READY);
	sbuf_clear(&page);
}

/* Reads what was kept, for those who may. */
static bool shows_lines(const struct exchange *x, const struct app_info *app)
{
	return !app->running && guard_is_navigation(x->web.req) &&
	       topic_shows_pods(x->route.cluster, app, x->web.who);
}

static void serve_not_ready(struct exchange *x, const struct app_info *app)
{
	if (shows_lines(x, app))
		endpoint_pods_last_lines(x, app, show_not_ready);
	else
		show_not_ready(x, app, NULL);
}

/* How long a history server may take until it lists what has ended. */
enum { HISTORY_WAIT_MS = 5 * 60 * 1000 };

/* Nothing will come of waiting. */
static bool is_over(const struct cluster_info *cluster, const struct app_info *app)
{
	return !app->running && (app->is_planned || !cluster->has_history ||
					clock_wall_ms() - app->ended_ms > HISTORY_WAIT_MS);
}

static void show_end(struct exchange *x, const struct app_info *app, const struct page_lines *lines)
{
	struct page_view view = public_view(&x->web);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_app_ended(&page, &view, x->route.cluster, app, lines);
	web_html(&x->web, 404, &page, NULL, FAULT_GONE);
	sbuf_clear(&page);
}

static void serve_ended(struct exchange *x, const struct app_info *app)
{
	if (!guard_is_navigation(x->web.req))
		web_fault(&x->web, FAULT_GONE, app->reason[0] ? app->reason : NULL);
	else if (shows_lines(x, app))
		endpoint_pods_last_lines(x, app, show_end);
	else
		show_end(x, app, NULL);
}

static void serve_without_history(struct exchange *x, const struct app_info *app)
{
	if (is_over(x->route.cluster, app))
		serve_ended(x, app);
	else
		serve_not_ready(x, app);
}

/* --- what no list has yet --- */

static void ask_next(struct exchange *x);

static void permalink_on_head(void *arg, const struct h1_response *head)
{
	struct exchange *x = arg;

	if (head->status != 200)
		return; /* the next one */
	relay_stop(x);
	lead_to_history(x, x->route.mount, x->permalink->app);
}

static void permalink_on_body(void *arg, struct evbuffer *bytes)
{
	(void)arg, (void)bytes; /* what an error says */
}

static void permalink_on_end(void *arg)
{
	struct exchange *x = arg;

	x->call = NULL;
	ask_next(x);
}

static void permalink_on_fault(void *arg, enum fault fault)
{
	(void)fault;
	permalink_on_end(arg);
}

static const struct upstream_handler handler = {
	permalink_on_head, permalink_on_body, permalink_on_end, permalink_on_fault, NULL};

/* Its jobs of no status: no more than whether it can be opened. Nothing in it is the client's. */
static void ask(struct exchange *x, const struct mount *history)
{
	const struct front_request ours = {.method = STR("GET")};
	struct sbuf path;

	x->route.mount = history;
	sbuf_init(&path, WEB_FIELD_MAX);
	sbuf_puts(&path, "/api/v1/applications/");
	sbuf_urlencode(&path, str_of(app_info_spark_id(x->permalink->app)));
	sbuf_puts(&path, "/jobs");
	sbuf_reset(&x->thread->head);
	relay_headers_to_upstream(&x->thread->head, &ours, history,
		&(struct relay_headers_ask){.rest = sbuf_str(&path),
			.query = STR("status=unknown"),
			.token = relay_token(x)});
	relay_call(x, EXCHANGE_FETCHING, &(struct upstream_request){.idempotent = true}, &handler);
	sbuf_clear(&path);
}

static void ask_next(struct exchange *x)
{
	const struct mount *history =
		cluster_info_next_history(x->route.cluster, &x->permalink->next);

	if (history)
		ask(x, history);
	else
		serve_without_history(x, x->permalink->app);
}

static void begin_asking(struct exchange *x, const struct app_info *app)
{
	x->permalink = mem_alloc(1, sizeof *x->permalink);
	x->permalink->app = app;
	ask_next(x);
}

/* --- the link --- */

/* T59: no address of Spark's names an id that has a slash, nor one of several runs of a name. */
static const char *why_not_in_history(const struct app_info *app)
{
	char key[APP_KEY_SIZE];

	app_key_of(str_of(app_info_spark_id(app)), key);
	if (strcmp(key, app->id) != 0)
		return "Another application has the same ID, and the history server keeps one of "
		       "them by it.";
	/* What guard lets nobody ask for. */
	if (strpbrk(app_info_spark_id(app), "/\\#"))
		return "Its ID has a character that no address of Spark\xe2\x80\x99s history "
		       "server "
		       "can have.";
	return NULL;
}

/* It has no UI, or one that nobody reaches, and its page says why. */
static void serve_lack(struct exchange *x, const struct app_info *app)
{
	x->route.mount = app->mount;
	respond_gone(x);
}

static void serve_waits(struct exchange *x, const struct app_info *app)
{
	struct page_view view = public_view(&x->web);
	struct sbuf page;

	sbuf_init(&page, PAGE_MAX);
	page_app_waits(&page, &view, x->route.cluster, app);
	web_html(&x->web, 503, &page,
		app->is_idle ? "Refresh: 30\r\nRetry-After: 30\r\n"
			     : "Refresh: 3\r\nRetry-After: 3\r\n",
		FAULT_NOT_READY);
	sbuf_clear(&page);
}

/* Of what is suspended the log of the run before may be there. */
static bool has_word_only(const struct app_info *app)
{
	return app->is_planned || (app->is_idle && !app->completed_in_history);
}

static void lead_on(struct exchange *x, const struct app_info *app)
{
	const struct mount *history = cluster_info_history(x->route.cluster, app);

	if (has_word_only(app) && (app->running || app->is_idle))
		serve_waits(x, app);
	else if (app->is_planned)
		serve_ended(x, app);
	else if (app->running && app->mount && app->mount->state == MOUNT_UP)
		endpoint_redirect(x, app->mount->path, "/");
	else if (!app->running && why_not_in_history(app))
		web_fault(&x->web, FAULT_NOT_FOUND, why_not_in_history(app));
	else if (history)
		lead_to_history(x, history, app);
	else if (app->running && app->mount && app->mount->lack)
		serve_lack(x, app);
	else if (app->running) /* its own page comes first */
		serve_not_ready(x, app);
	else
		begin_asking(x, app);
}

/* Older than what lists of ours keep. */
static bool lead_to_told(struct exchange *x)
{
	struct app_info app;

	if (x->told == NULL || access_to_app(x->web.who, x->told) == 0)
		return false;
	const struct mount *history = history_word_place(x, &app);
	lead_to_history(x, history, &app);
	return true;
}

static void serve_unknown(struct exchange *x, struct str name)
{
	const struct cluster_info *cluster = x->route.cluster;
	bool may_come = cluster->is_unread; /* it has not told its ids yet */

	if (lead_to_told(x) || history_word_ask(x, endpoint_serve_app))
		return;
	/* Below /proxy/ it answers as an id does that nobody knows (S44). */
	x->is_hidden =
		x->told || (name.at && registry_app(x->registry, str_of(cluster->name), name));
	web_fault(&x->web, may_come ? FAULT_NOT_READY : FAULT_NOT_FOUND,
		x->route.rest.at || may_come ? NULL : "No application has this ID or name.");
}

void endpoint_serve_app(struct exchange *x)
{
	const struct cluster_info *cluster = x->route.cluster;
	struct sbuf form, name;

	sbuf_init(&form, WEB_FIELD_MAX);
	sbuf_init(&name, WEB_FIELD_MAX);
	sbuf_puts(&form, "id=");
	sbuf_add_str(&form, x->route.name);
	bool decoded = form_get(sbuf_str(&form), "id", &name);
	const struct app_info *app =
		decoded ? named_app_find(x->web.who, x->registry, cluster, sbuf_str(&name)) : NULL;
	if (app)
		lead_on(x, app);
	else
		serve_unknown(x, decoded ? sbuf_str(&name) : (struct str){NULL, 0});
	sbuf_clear(&form);
	sbuf_clear(&name);
}

/* --- the log of one that runs --- */

bool endpoint_is_live_log(const struct exchange *x)
{
	return x->route.kind == ROUTE_MOUNT && x->route.mount->kind == UI_DRIVER &&
	       x->action == ACTION_DOWNLOAD && web_is_get(&x->web);
}

/* T62: the driver would answer 200 and a zip with nothing in it. No log is given here, so there is
 * no line about one. */
void endpoint_serve_live_log(struct exchange *x)
{
	const struct app_info *app =
		registry_app_near(x->route.cluster, str_of(x->route.mount->id));
	const struct mount *history = app ? cluster_info_history(x->route.cluster, app) : NULL;
	struct sbuf path;

	exchange_audit_drop(x);
	if (history == NULL) {
		web_fault(&x->web, FAULT_NOT_FOUND,
			"This application runs: Spark keeps its event log for the history server, "
			"which does not list it yet.");
		return;
	}
	sbuf_init(&path, WEB_FIELD_MAX);
	sbuf_puts(&path, history->path);
	app_info_write_below(&path, "/api/v1/applications/", app);
	sbuf_puts(&path, "/logs");
	web_redirect_to(&x->web, 302, x->app ? x->web.conf->server.origin : "", sbuf_str(&path),
		"Cache-Control: no-store\r\n");
	sbuf_clear(&path);
}
