#include "proxy/pages/page_table.h"

#include "proxy/pages/page_parts.h"
#include "proxy/registry/topic.h"

static void write_why(struct sbuf *out, const struct mount *m)
{
	bool refused = m->state == MOUNT_REFUSED;

	sbuf_printf(out, "<span class=\"note%s\">%s: ", refused ? " refused" : "",
		refused ? "UI not reachable" : "No UI yet");
	part_text(out, m->why[0] ? m->why : "it has not answered", 200);
	sbuf_puts(out, ".</span>");
}

/* --- applications --- */

void page_table_open(const struct page_table *t, const char *caption)
{
	sbuf_printf(t->out,
		"<table class=\"apps%s\"><caption class=\"vh\">%s</caption><thead><tr>"
		"<th scope=\"col\">Application</th>%s<th scope=\"col\">User</th>"
		"<th scope=\"col\">Started <span class=\"unit\">UTC</span></th>"
		"<th scope=\"col\" class=\"num\">Duration</th><th scope=\"col\" "
		"class=\"num\">Cores</th>"
		"<th scope=\"col\">State</th></tr></thead>\n<tbody>\n",
		t->with_cluster ? " wide" : "", caption,
		t->with_cluster ? "<th scope=\"col\">Cluster</th>" : "");
}

void page_table_close(const struct page_table *t)
{
	sbuf_puts(t->out, "</tbody></table>\n");
}

static bool is_live(const struct app_info *app)
{
	return app->running && app->mount && app->mount->state == MOUNT_UP;
}

/* Its permanent link says something, though nothing of Spark's is there. */
static bool has_word(const struct app_info *app)
{
	return app->is_planned || app->is_idle;
}

/* Its permalink says why there is no UI. */
static bool says_why(const struct app_info *app)
{
	return has_word(app) || (app->mount && app->mount->lack);
}

/* Running: its live UI, when there is one to go to. Over: the permalink, which leads to history or
 * says how it ended. */
static bool write_app_href(
	struct sbuf *out, const struct cluster_info *cluster, const struct app_info *app)
{
	if (!is_live(app) && !says_why(app) && app->running)
		return false;
	sbuf_puts(out, "<a href=\"");
	if (is_live(app)) {
		part_path(out, app->mount->path);
		sbuf_putc(out, '/');
	} else {
		part_permalink(out, cluster->path, app->id);
	}
	sbuf_puts(out, "\">");
	return true;
}

/* Why an application has no link. */
static void write_app_note(
	struct sbuf *out, const struct cluster_info *cluster, const struct app_info *app)
{
	const struct mount *m = app->mount;

	if (is_live(app) || has_word(app) || (!app->running && cluster->has_history))
		return;
	if (!app->running)
		sbuf_puts(out, "<span class=\"note\">This cluster has no history server.</span>");
	else if (m == NULL || m->state == MOUNT_GONE)
		sbuf_puts(out, "<span class=\"note\">Its UI is not known yet.</span>");
	else
		write_why(out, m);
}

static void write_app_reason(struct sbuf *out, const struct app_info *app)
{
	if (app->reason == NULL || app->reason[0] == '\0')
		return;
	sbuf_printf(out, "<span class=\"note%s\">", app->exit_code ? " refused" : "");
	part_reason(out, app->reason);
	sbuf_puts(out, "</span>");
}

static void write_app_id(struct sbuf *out, const struct app_info *app)
{
	sbuf_puts(out, "<span class=\"id\">");
	if (app->is_planned) {
		sbuf_printf(out, "%s ", app->resource_kind);
		part_text(out, app->namespace, PART_CLIP);
		sbuf_putc(out, '/');
		part_text(out, app->name, PART_CLIP);
	} else {
		part_text(out, app_info_spark_id(app), PART_CLIP);
	}
	sbuf_puts(out, "</span>");
}

static void write_app(
	struct sbuf *out, const struct cluster_info *cluster, const struct app_info *app)
{
	bool has_link;

	sbuf_puts(out, "<th scope=\"row\" class=\"what\">");
	has_link = write_app_href(out, cluster, app);
	part_name(out, app->name[0] ? app->name : app_info_spark_id(app));
	sbuf_puts(out, has_link ? "</a>" : "");
	write_app_id(out, app);
	if (app->server && app->server[0])
		sbuf_printf(out, "<span class=\"note\">%s</span>", app->server); /* ours */
	if (cluster->has_log_sources && app->log_source[0]) {
		sbuf_puts(out, "<span class=\"note\">Log in ");
		part_text(out, app->log_source, PART_CLIP);
		sbuf_puts(out, "</span>");
	}
	write_app_note(out, cluster, app);
	write_app_reason(out, app);
	sbuf_puts(out, "</th>");
}

static int64_t duration_of(const struct app_info *app, int64_t now_ms)
{
	if (app->duration_ms >= 0 && !app->running)
		return app->duration_ms;
	return app->running && app->started_ms > 0 && now_ms >= app->started_ms
		       ? now_ms - app->started_ms
		       : -1;
}

/* Spark has a way to end it, and the viewer may: a link to the question. */
static bool may_be_killed(
	const struct page_table *t, const struct cluster_info *cluster, const struct app_info *app)
{
	struct access_app facts = topic_app(cluster, app);

	return t->who && app->running && cluster->has_masters && cluster_info_ends(cluster, app) &&
	       topic_is_id(str_of(app->id)) && access_to_app(t->who, &facts) & 1u << ACTION_KILL;
}

struct row_link {
	const char *css, *below, *word;
};

static void write_row_link(const struct page_table *t, const struct cluster_info *cluster,
	const struct app_info *app, const struct row_link *link)
{
	sbuf_printf(t->out, " <a class=\"%s\" href=\"", link->css);
	part_permalink(t->out, cluster->path, app->id);
	sbuf_printf(t->out, "%s\">%s<span class=\"vh\"> ", link->below, link->word);
	part_text(t->out, app->id, PART_CLIP);
	sbuf_puts(t->out, "</span></a>");
}

static void write_row_links(
	const struct page_table *t, const struct cluster_info *cluster, const struct app_info *app)
{
	if (may_be_killed(t, cluster, app))
		write_row_link(t, cluster, app, &(struct row_link){"kill", "/kill", "Kill"});
	/* Of one that runs, too: what its UI cannot say. */
	if (topic_shows_pods(cluster, app, t->who))
		write_row_link(t, cluster, app, &(struct row_link){"to-logs", "/logs", "Logs"});
}

void page_table_row(
	const struct page_table *t, const struct cluster_info *cluster, const struct app_info *app)
{
	struct sbuf *out = t->out;

	sbuf_puts(out, "<tr>");
	write_app(out, cluster, app);
	if (t->with_cluster) {
		sbuf_puts(out, "<td data-label=\"Cluster\"><a class=\"soft\" href=\"");
		part_path(out, cluster->path);
		sbuf_puts(out, "/\">");
		part_text(out, cluster->name, PART_CLIP);
		sbuf_puts(out, "</a></td>");
	}
	sbuf_puts(out, "<td data-label=\"User\">");
	part_name(out, app->user[0] ? app->user : "\xe2\x80\x93");
	sbuf_puts(out, "</td><td data-label=\"Started\">");
	part_time(out, app->started_ms);
	sbuf_puts(out, "</td><td data-label=\"Duration\" class=\"num\">");
	part_duration(out, duration_of(app, t->now_ms));
	sbuf_puts(out, "</td><td data-label=\"Cores\" class=\"num\">");
	if (app->cores)
		part_count(out, app->cores);
	else /* the history server does not say */
		sbuf_puts(out, "<span class=\"none\">\xe2\x80\x93</span>");
	sbuf_puts(out, "</td><td class=\"state\">");
	part_state(out, app->state);
	write_row_links(t, cluster, app);
	sbuf_puts(out, "</td></tr>\n");
}

/* --- workers --- */

static void write_worker_name(struct sbuf *out, const struct worker_info *w)
{
	const struct mount *m = w->mount;
	bool is_up = m && m->state == MOUNT_UP;

	sbuf_puts(out, "<th scope=\"row\" class=\"what\">");
	if (is_up) {
		sbuf_puts(out, "<a href=\"");
		part_path(out, m->path);
		sbuf_puts(out, "/\">");
	}
	part_name(out, w->host[0] ? w->host : w->id);
	sbuf_puts(out, is_up ? "</a>" : "");
	sbuf_puts(out, "<span class=\"id\">");
	part_text(out, w->id, PART_CLIP);
	sbuf_puts(out, "</span>");
	if (m && (m->state == MOUNT_REFUSED || m->state == MOUNT_UNVERIFIED))
		write_why(out, m);
	sbuf_puts(out, "</th>");
}

static void write_worker(struct sbuf *out, const struct worker_info *w)
{
	sbuf_puts(out, "<tr>");
	write_worker_name(out, w);
	sbuf_puts(out, "<td data-label=\"Cores\" class=\"use\">");
	part_count(out, w->cores_used);
	sbuf_puts(out, " <span class=\"of\">of ");
	part_count(out, w->cores);
	sbuf_puts(out, "</span>");
	part_meter(out, "Cores used", w->cores_used, w->cores);
	sbuf_puts(out, "</td><td data-label=\"Memory\" class=\"use\">");
	part_memory(out, w->memory_used_mb);
	sbuf_puts(out, " <span class=\"of\">of ");
	part_memory(out, w->memory_mb);
	sbuf_puts(out, "</span>");
	part_meter(out, "Memory used", w->memory_used_mb, w->memory_mb);
	sbuf_puts(out, "</td><td class=\"state\">");
	part_state(out, w->state);
	sbuf_puts(out, "</td></tr>\n");
}

void page_table_workers(
	struct sbuf *out, const struct cluster_info *cluster, size_t from, size_t count)
{
	sbuf_puts(out, "<table class=\"workers\"><caption class=\"vh\">Workers</caption><thead><tr>"
		       "<th scope=\"col\">Worker</th><th scope=\"col\">Cores used</th>"
		       "<th scope=\"col\">Memory used</th><th "
		       "scope=\"col\">State</th></tr></thead>\n<tbody>\n");
	for (size_t i = from; i < cluster->workers_count && i - from < count; i++)
		write_worker(out, &cluster->workers[i]);
	sbuf_puts(out, "</tbody></table>\n");
}

/* --- pages --- */

size_t page_table_pages(size_t total)
{
	return total ? (total + PAGE_ROWS - 1) / PAGE_ROWS : 1;
}

static void write_page_link(struct sbuf *out, const char *path, const struct page_query *query,
	size_t page, const char *words)
{
	if (page == query->page) {
		sbuf_printf(out, "<span class=\"off\">%s</span>", words);
		return;
	}
	sbuf_puts(out, "<a href=\"");
	page_query_href(out, path, query->q, query->state, page);
	sbuf_printf(out, "\">%s</a>", words);
}

void page_table_pager(
	struct sbuf *out, const char *path, const struct page_query *query, size_t total)
{
	size_t pages = page_table_pages(total), page = query->page;
	size_t last = page * PAGE_ROWS < total ? page * PAGE_ROWS : total;

	if (pages == 1)
		return;
	sbuf_puts(out, "<nav class=\"pager\" aria-label=\"Pages\"><span class=\"range\">");
	part_count(out, (page - 1) * PAGE_ROWS + 1);
	sbuf_puts(out, "\xe2\x80\x93");
	part_count(out, last);
	sbuf_puts(out, " of ");
	part_count(out, total);
	sbuf_puts(out, "</span><span class=\"turn\">");
	write_page_link(out, path, query, 1, "First");
	write_page_link(out, path, query, page > 1 ? page - 1 : 1, "Newer");
	write_page_link(out, path, query, page < pages ? page + 1 : pages, "Older");
	write_page_link(out, path, query, pages, "Last");
	sbuf_puts(out, "</span></nav>\n");
}
