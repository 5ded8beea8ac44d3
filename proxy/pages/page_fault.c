/* proxy/pages/page_fault.c - the pages that say what went wrong: a fault, not there any more, not
 * ready yet. */
#include "proxy/pages/page.h"

#include "auth/policy/access.h"
#include "proxy/pages/page_card.h"
#include "proxy/pages/page_parts.h"
#include "proxy/registry/topic.h"

#include <stdlib.h>

/* --- faults --- */

static bool may_enter(const struct page_view *view)
{
	return view->who && view->who->role != ROLE_NONE;
}

enum way { WAY_HOME, WAY_SIGN_IN, WAY_AGAIN };

struct advice {
	enum way way;
	const char *hint; /* or NULL */
};

static struct advice advice_for(enum fault fault)
{
	static const struct advice rows[FAULT_COUNT] = {
		[FAULT_UNAUTHENTICATED] = {WAY_SIGN_IN, NULL},
		[FAULT_INVALID_TOKEN] = {WAY_SIGN_IN, "Sign in again with a new token."},
		[FAULT_TWO_CREDENTIALS] = {WAY_SIGN_IN, NULL},
		[FAULT_FORBIDDEN] = {WAY_HOME,
			"Ask an administrator of this gateway to do it. Nothing has been changed."},
		[FAULT_CROSS_ORIGIN] = {WAY_HOME, "Open the page in this gateway and use the "
						  "button there. Nothing has been changed."},
		[FAULT_NEVER] = {WAY_HOME, "Nothing has been changed."},
		[FAULT_AHEAD] = {WAY_AGAIN, "Nothing has been changed."},
		[FAULT_SCOPE] = {WAY_HOME,
			"You signed in with a token that is limited to a part of the gateway."},
		[FAULT_STORE_DOWN] = {WAY_AGAIN, "Try again in a few seconds."},
		[FAULT_GONE] = {WAY_HOME, NULL},
		[FAULT_STARTING] = {WAY_AGAIN, NULL},
		[FAULT_NOT_READY] = {WAY_AGAIN,
			"Its applications and workers appear as soon as it answers."},
		[FAULT_UPSTREAM_CONNECT] = {WAY_AGAIN,
			"It may be starting, overloaded or ending. Try again in a few seconds."},
		[FAULT_UPSTREAM_CERTIFICATE] = {WAY_HOME,
			"Tell an administrator: the gateway's log says what is wrong with it."},
		[FAULT_UPSTREAM_TLS] = {WAY_AGAIN, NULL},
		[FAULT_UPSTREAM_TIMEOUT] = {WAY_AGAIN,
			"It may be busy: large applications answer slowly. Try again."},
		[FAULT_UPSTREAM_PROTOCOL] = {WAY_AGAIN, NULL},
		[FAULT_KUBERNETES] = {WAY_AGAIN, NULL},
		[FAULT_UPSTREAM_DIED] = {WAY_AGAIN, NULL},
		[FAULT_BUSY] = {WAY_AGAIN, NULL},
	};

	return rows[fault];
}

static void write_ways(struct sbuf *out, const struct page_view *view, enum way way)
{
	sbuf_puts(out, "<div class=\"actions\">");
	if (way == WAY_AGAIN) /* the empty reference is this very address (RFC 3986 §4.4) */
		sbuf_puts(out, "<a class=\"button\" href=\"\">Try again</a>");
	if (way == WAY_SIGN_IN || !view->who)
		card_link(out, way == WAY_AGAIN ? "button quiet" : "button", view->base,
			"/_gate/login", "Sign in");
	if (may_enter(view))
		card_link(
			out, way == WAY_HOME ? "button" : "button quiet", view->base, "/", "Home");
	sbuf_puts(out, "</div>\n");
}

void page_fault(
	struct sbuf *out, const struct page_view *view, enum fault fault, const char *detail)
{
	struct advice advice = advice_for(fault);

	card_open_fault(out, view, fault);
	card_text(out, detail);
	if (advice.hint)
		sbuf_printf(out, "<p>%s</p>\n", advice.hint);
	write_ways(out, view, advice.way);
	card_request_id(out, view);
	card_close(out, view);
}

void page_other_host(
	struct sbuf *out, const struct page_view *view, const struct conf_listen *right)
{
	char *address = mem_printf("%s%s/", right->origin, right->base);

	card_open_fault(out, view, FAULT_BAD_HOST);
	sbuf_puts(out, "<p>This gateway is at ");
	sbuf_html(out, str_of(address));
	sbuf_puts(out, ".</p>\n<div class=\"actions\"><a class=\"button\" href=\"");
	sbuf_html(out, str_of(address));
	sbuf_puts(out, "\">Open it there</a></div>\n");
	card_request_id(out, view);
	card_close(out, view);
	free(address);
}

/* --- not there any more, or not yet --- */

static const char *gone_title(const struct mount *mount)
{
	static const char *const titles[][2] = {
		/* a worker's, master's or configured UI; an application's */
		[MOUNT_UP] = {"This page does not answer", "This application does not answer"},
		[MOUNT_UNVERIFIED] = {"This page is still being checked",
			"This application is still being checked"},
		[MOUNT_REFUSED] = {"This address is outside the allowed networks",
			"This application\xe2\x80\x99s address is outside the allowed networks"},
		[MOUNT_GONE] = {"This page no longer exists",
			"This application is not running any more"},
	};

	if (mount->lack == LACKS_START)
		return "This application is starting";
	if (mount->kind == UI_MASTER && mount->state == MOUNT_GONE)
		return "This cluster was deleted";
	if (mount->lack == LACKS_UI)
		return "This application has no web UI";
	if (mount->lack == LACKS_ADDRESS)
		return mount->kind == UI_DRIVER
			       ? "This application\xe2\x80\x99s host name has no address here"
			       : "This worker\xe2\x80\x99s host name has no address here";
	if (mount->kind == UI_WORKER && mount->state == MOUNT_GONE && !mount->is_driver_log)
		return "This worker is not running any more";
	return titles[mount->state][mount->kind == UI_DRIVER];
}

static void write_gone_reason(struct sbuf *out, const struct mount *mount)
{
	static const char *const reasons[] = {
		[MOUNT_UP] =
			"It may be starting, overloaded or ending. Try again in a few seconds.",
		[MOUNT_UNVERIFIED] = "The gateway first checks that this UI is the one it claims "
				     "to be. This page reloads by itself.",
		[MOUNT_REFUSED] =
			"The gateway connects only to addresses that its configuration allows for "
			"this cluster. Ask an administrator to check clusters[].networks.",
		[MOUNT_GONE] = "",
	};

	static const char *const lacks[] = {
		[LACKS_NOTHING] = "",
		[LACKS_START] = "Its web UI is not there yet. This page reloads by itself.",
		[LACKS_ADDRESS] =
			("Spark has told a name that the gateway\xe2\x80\x99s machine cannot "
			 "resolve. Ask an administrator, or set SPARK_PUBLIC_DNS or "
			 "spark.driver.host to a name that resolves here."),
		[LACKS_UI] =
			("It was started with spark.ui.enabled=false. Its history shows what it "
			 "did, if it writes an event log."),
	};

	if (mount->lack) {
		sbuf_printf(out, "<p>%s</p>\n", lacks[mount->lack]);
		return;
	}
	if (mount->why[0] && mount->state != MOUNT_GONE) {
		sbuf_puts(out, "<p class=\"notice warn\">Reason: ");
		part_text(out, mount->why, 256);
		sbuf_puts(out, ".</p>\n");
	}
	if (reasons[mount->state][0])
		sbuf_printf(out, "<p>%s</p>\n", reasons[mount->state]);
}

static void write_reason(struct sbuf *out, const struct app_info *app)
{
	if (app->reason == NULL || app->reason[0] == '\0')
		return;
	sbuf_printf(out, "<p class=\"notice %s\">Reason: ", app->running ? "warn" : "bad");
	part_reason(out, app->reason);
	sbuf_puts(out, "</p>\n");
}

/* What it was, for whoever has kept a link. */
static void write_deleted(struct sbuf *out, const struct cluster_info *cluster)
{
	if (cluster == NULL || cluster->deleted_ms == 0)
		return;
	sbuf_puts(out, "<p>SparkCluster <b>");
	part_text(out, cluster->name, PART_CLIP);
	sbuf_puts(out, "</b> of the namespace ");
	part_text(out, cluster->namespace, PART_CLIP);
	sbuf_puts(out, " was deleted ");
	part_time(out, cluster->deleted_ms);
	sbuf_puts(out, ".");
	if (cluster->resource_state[0]) {
		sbuf_puts(out, " Its last state was ");
		part_text(out, cluster->resource_state, PART_CLIP);
		sbuf_puts(out, ".");
	}
	sbuf_puts(out, "</p>\n");
}

static void write_which(struct sbuf *out, const char *name, const char *id, const char *cluster)
{
	sbuf_puts(out, "<p class=\"which\">");
	if (name && name[0]) {
		sbuf_puts(out, "<b>");
		part_name(out, name);
		sbuf_puts(out, "</b> ");
	}
	sbuf_puts(out, "<span class=\"id\">");
	part_text(out, id, PART_CLIP);
	sbuf_puts(out, "</span>");
	if (cluster) {
		sbuf_puts(out, " in ");
		part_text(out, cluster, PART_CLIP);
	}
	sbuf_puts(out, "</p>\n");
}

/* Paths of clusters begin with the base's path; before it may stand our origin. */
static void write_link(
	struct sbuf *out, const struct page_view *view, const char *path, const char *words)
{
	sbuf_puts(out, "<a class=\"button quiet\" href=\"");
	sbuf_html(out, (struct str){view->base, part_base_path(view)});
	part_path(out, path);
	sbuf_printf(out, "/\">%s</a>", words);
}

static void write_way_to_history(struct sbuf *out, const struct page_view *view,
	const struct cluster_info *cluster, const struct mount *mount, const struct app_info *app)
{
	const struct access_cluster access = cluster_info_access(cluster);

	if (cluster->has_history && mount->kind == UI_DRIVER && app &&
		(!app->running || (mount->lack && app->in_history))) {
		sbuf_puts(out, "<a class=\"button\" href=\"");
		part_app_href(out, view, cluster->path, mount->id, "");
		sbuf_puts(out, "\">Its history</a>");
	}
	if (cluster->history && cluster->history->state == MOUNT_UP && mount->kind != UI_HISTORY &&
		view->who && access_to_lists(view->who, &access))
		write_link(out, view, cluster->history->path, "History server");
	if (cluster->deleted_ms == 0)
		write_link(out, view, cluster->path, "The cluster");
}

void page_gone(struct sbuf *out, const struct page_view *view, const struct registry *reg,
	const struct mount *mount)
{
	struct str name = str_of(mount->cluster);
	const struct cluster_info *cluster = reg ? registry_cluster(reg, name) : NULL;
	const struct app_info *app = cluster && mount->kind == UI_DRIVER
					     ? registry_app(reg, name, str_of(mount->id))
					     : NULL;
	bool is_known = app && strcmp(app->id, mount->id) == 0; /* and none of that name */

	card_open(out, view, gone_title(mount), NULL);
	write_which(out, is_known ? app->name : NULL, mount->id, mount->cluster);
	if (is_known)
		write_reason(out, app);
	write_gone_reason(out, mount);
	write_deleted(out, cluster);
	sbuf_puts(out, "<div class=\"actions\">");
	if (cluster)
		write_way_to_history(out, view, cluster, mount, is_known ? app : NULL);
	card_link(out, "button quiet", view->base, "/", "Home");
	sbuf_puts(out, "</div>\n");
	card_request_id(out, view);
	card_close(out, view);
}

void page_not_entered(
	struct sbuf *out, const struct page_view *view, const char *sentence, const char *path)
{
	card_open(out, view, "You cannot open the application with this link", NULL);
	sbuf_printf(out, "<p>%s</p>\n<div class=\"actions\">", sentence);
	if (path[0]) { /* encoded already: it is what a request named */
		sbuf_puts(out, "<a class=\"button\" href=\"");
		sbuf_html(out, (struct str){view->base, part_base_path(view)});
		sbuf_html(out, str_of(path));
		sbuf_puts(out, "\">Open the application</a>");
	}
	card_link(out, "button quiet", view->base, "/", "Home");
	sbuf_puts(out, "</div>\n");
	card_request_id(out, view);
	card_close(out, view);
}

/* --- an application that is not there any more, or not yet --- */

/* A resource's key is nobody's word for it. */
static void write_which_app(
	struct sbuf *out, const struct cluster_info *cluster, const struct app_info *app)
{
	char *id = app->is_planned ? mem_printf("%s %s/%s", app->resource_kind, app->namespace,
					     app->resource_name)
				   : mem_strdup(app_info_spark_id(app));

	write_which(out, app->name, id, cluster->name);
	free(id);
}

static const char *end_title(const struct app_info *app)
{
	static const struct {
		const char *state, *title;
	} rows[] = {{"FAILED", "This application failed"},
		{"KILLED", "This application was killed"},
		{"FINISHED", "This application has finished"},
		{"REFUSED", "This application could not be started"},
		{"DELETED", "This application was deleted"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(app->state, rows[i].state) == 0)
			return rows[i].title;
	}
	return "This application has ended";
}

static void write_end(struct sbuf *out, const struct app_info *app)
{
	if (app->ended_ms == 0)
		return;
	sbuf_puts(out, "<p>It ended at ");
	part_time(out, app->ended_ms);
	sbuf_puts(out, " UTC");
	if (app->duration_ms >= 0) {
		sbuf_puts(out, ", after ");
		part_duration(out, app->duration_ms);
	}
	sbuf_puts(out, ".</p>\n");
}

static const char *why_no_history(const struct cluster_info *cluster, const struct app_info *app)
{
	if (app->is_planned)
		return "Nothing is known that it ran, so there are no pages of Spark.";
	if (!cluster->has_history)
		return "This cluster has no history server, so its pages are gone.";
	if (!cluster->history_up)
		return "The history server does not answer. If it has the event log of this "
		       "application, this link leads there later.";
	return "The history server does not have it: perhaps it wrote no event log, or ended "
	       "before "
	       "it could.";
}

/* Its pods' log and events, for who may read them. */
static void write_ways_to_pods(struct sbuf *out, const struct page_view *view,
	const struct cluster_info *cluster, const struct app_info *app)
{
	static const struct {
		const char *css, *leaf, *word;
	} ways[] = {{"button", "/logs", "Logs"}, {"button quiet", "/events", "Events"}};

	if (!topic_shows_pods(cluster, app, view->who))
		return;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		sbuf_printf(out, "<a class=\"%s\" href=\"", ways[i].css);
		part_app_href(out, view, cluster->path, app->id, ways[i].leaf);
		sbuf_printf(out, "\">%s</a>", ways[i].word);
	}
}

static void write_lines(struct sbuf *out, const struct page_lines *lines)
{
	if (lines == NULL || lines->text.len == 0)
		return;
	sbuf_puts(out, "<h2>Last lines of its driver\xe2\x80\x99s log</h2>\n");
	part_log_box(out, lines->text, lines->is_cut);
	sbuf_putc(out, '\n');
}

void page_app_ended(struct sbuf *out, const struct page_view *view,
	const struct cluster_info *cluster, const struct app_info *app,
	const struct page_lines *lines)
{
	card_open(out, view, end_title(app), NULL);
	write_which_app(out, cluster, app);
	write_reason(out, app);
	write_end(out, app);
	sbuf_printf(out, "<p>%s</p>\n", why_no_history(cluster, app));
	write_lines(out, lines);
	sbuf_puts(out, "<div class=\"actions\">");
	write_ways_to_pods(out, view, cluster, app);
	write_link(out, view, cluster->path, "The cluster");
	card_link(out, "button quiet", view->base, "/", "Home");
	sbuf_puts(out, "</div>\n");
	card_request_id(out, view);
	card_close(out, view);
}

static const char *idle_title(const struct app_info *app)
{
	static const struct {
		const char *state, *title;
	} rows[] = {{"SUBMITTED", "This application was submitted"},
		{"PENDING", "This application is starting"},
		{"RETRYING", "This application is tried again"},
		{"RESTARTING", "This application is restarted"},
		{"RESUMING", "This application is resumed"},
		{"RUNNING", "This application runs, but its driver is not known"},
		{"SUSPENDED", "This application is suspended"},
		{"SCHEDULED", "This application is scheduled"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(app->state, rows[i].state) == 0)
			return rows[i].title;
	}
	return "This application waits";
}

static void write_since(struct sbuf *out, const struct app_info *app)
{
	if (app->started_ms == 0)
		return;
	sbuf_puts(out, app->is_planned ? "<p>It was created at " : "<p>It started at ");
	part_time(out, app->started_ms);
	sbuf_puts(out, " UTC.</p>\n");
}

void page_app_waits(struct sbuf *out, const struct page_view *view,
	const struct cluster_info *cluster, const struct app_info *app)
{
	card_open(out, view, idle_title(app), NULL);
	write_which_app(out, cluster, app);
	write_reason(out, app);
	write_since(out, app);
	sbuf_puts(out, "<p class=\"waiting\" role=\"status\">When its driver runs, this link leads "
		       "there. This page reloads by itself.</p>\n<div class=\"actions\">");
	write_link(out, view, cluster->path, "The cluster");
	card_link(out, "button quiet", view->base, "/", "Home");
	sbuf_puts(out, "</div>\n");
	card_request_id(out, view);
	card_close(out, view);
}

static const char *wait_title(const struct app_info *app)
{
	if (strcmp(app->state, "FAILED") == 0)
		return "Failed; its history is not ready yet";
	return strcmp(app->state, "KILLED") == 0 ? "Killed; its history is not ready yet"
						 : "Finished; its history is not ready yet";
}

void page_not_ready(struct sbuf *out, const struct page_view *view,
	const struct cluster_info *cluster, const struct app_info *app,
	const struct page_lines *lines)
{
	card_open(out, view,
		app->running ? "This application\xe2\x80\x99s page is not ready yet"
			     : wait_title(app),
		NULL);
	write_which(out, app->name, app->id, NULL);
	write_reason(out, app);
	write_end(out, app);
	sbuf_puts(out,
		app->running
			? "<p>It is running, but the gateway has not checked its page yet.</p>\n"
			: "<p>The history server reads the logs of finished applications every few "
			  "seconds. Large logs take longer.</p>\n");
	write_lines(out, lines);
	sbuf_puts(out, "<p class=\"waiting\" role=\"status\">This page reloads by itself every few "
		       "seconds.</p>\n"
		       "<div class=\"actions\"><a class=\"button\" href=\"\">Try again now</a>");
	write_ways_to_pods(out, view, cluster, app);
	card_link(out, "button quiet", view->base, "/", "Home");
	sbuf_puts(out, "</div>\n");
	card_request_id(out, view);
	card_close(out, view);
}
