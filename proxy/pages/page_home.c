/*
 * proxy/pages/page_home.c - the home page: every cluster at a glance, one cluster in full, or a
 * list that somebody searched for.
 *
 * What a page costs: counting walks all applications once, writing touches only those shown.
 */
#include "proxy/pages/page.h"

#include "base/clock.h"
#include "proxy/pages/page_cluster.h"
#include "proxy/pages/page_parts.h"
#include "proxy/pages/page_query.h"
#include "proxy/pages/page_table.h"
#include "proxy/registry/visible_clusters.h"

enum {
	HOME_APPS = 10,	   /* of each cluster, where there are several */
	HOME_APPS_FEW = 3, /* where there are many */
	MANY_CLUSTERS = 12,
	OVERVIEW_WORKERS = 12,	   /* on a cluster's page, before "all workers" */
	CLUSTER_ROOM = 256 * 1024, /* one cluster at a glance takes less */
};

/* Which clusters a page is about. */
struct extent {
	const struct visible_clusters *seen;
	const struct cluster_info *only; /* NULL: all */
	const char *path;		 /* of the page, no slash at its end */
	const struct page_query *query;
	int64_t now_ms;
	const struct identity *who;
};

static size_t extent_count(const struct extent *s)
{
	return s->only ? 1 : visible_clusters_count(s->seen);
}

static const struct cluster_info *extent_at(const struct extent *s, size_t i)
{
	return s->only ? s->only : visible_clusters_at(s->seen, i);
}

struct totals {
	size_t running, finished, idle;
};

/* How many applications have what was searched for, whatever state was asked for. */
static struct totals count_matches(const struct extent *s)
{
	struct page_query any = *s->query;
	struct totals n = {0, 0, 0};

	any.state = STATE_ANY;
	for (size_t c = 0; c < extent_count(s); c++) {
		const struct cluster_info *cluster = extent_at(s, c);
		for (size_t i = 0; i < cluster->apps_count; i++) {
			const struct app_info *app = &cluster->apps[i];
			if (page_query_selects(&any, app))
				*(app->running	       ? &n.running
					: app->is_idle ? &n.idle
						       : &n.finished) += 1;
		}
	}
	return n;
}

/* --- tabs --- */

struct tab {
	enum page_state state;
	const char *label;
	bool has_count;
	size_t count;
};

static void write_tabs(
	struct sbuf *out, const struct extent *s, const struct tab *tabs, size_t count)
{
	sbuf_puts(out, "<nav class=\"tabs\" aria-label=\"Views\">");
	for (size_t i = 0; i < count; i++) {
		sbuf_puts(out, "<a href=\"");
		page_query_href(out, s->path, s->query->q, tabs[i].state, 1);
		sbuf_printf(out, "\"%s>%s",
			tabs[i].state == s->query->state ? " aria-current=\"page\"" : "",
			tabs[i].label);
		if (tabs[i].has_count) {
			sbuf_puts(out, " <span class=\"count\">");
			part_count(out, tabs[i].count);
			sbuf_puts(out, "</span>");
		}
		sbuf_puts(out, "</a>");
	}
	sbuf_puts(out, "</nav>\n");
}

static void write_list_tabs(struct sbuf *out, const struct extent *s, struct totals n)
{
	const struct tab tabs[] = {
		{STATE_ANY, s->query->q[0] ? "All" : "Overview", s->query->q[0],
			n.running + n.finished + n.idle},
		{STATE_RUNNING, "Running", true, n.running},
		{STATE_FINISHED, "Finished", true, n.finished},
		{STATE_WORKERS, "Workers", true, s->only ? s->only->workers_count : 0},
	};
	bool has_workers = s->only && s->only->has_masters && s->query->q[0] == '\0';

	write_tabs(out, s, tabs, has_workers ? 4 : 3);
}

/* --- a list of applications --- */

static void write_list(struct sbuf *out, const struct extent *s)
{
	struct page_table t = {out, extent_count(s) > 1, s->now_ms, s->who};
	size_t skip = (s->query->page - 1) * PAGE_ROWS, left = PAGE_ROWS;

	page_table_open(&t, "Applications");
	for (size_t c = 0; c < extent_count(s) && left; c++) {
		const struct cluster_info *cluster = extent_at(s, c);
		for (size_t i = 0; i < cluster->apps_count && left; i++) {
			if (!page_query_selects(s->query, &cluster->apps[i]))
				continue;
			if (skip) {
				skip--;
				continue;
			}
			page_table_row(&t, cluster, &cluster->apps[i]);
			left--;
		}
	}
	page_table_close(&t);
}

static void write_empty_list(struct sbuf *out, const struct extent *s)
{
	static const char *const whose[] = {
		[STATE_ANY] = "No application",
		[STATE_RUNNING] = "No running application",
		[STATE_FINISHED] = "No finished application",
	};

	sbuf_puts(out, "<p class=\"empty\">");
	if (s->query->q[0]) {
		sbuf_printf(out, "%s has \xe2\x80\x9c<bdi>", whose[s->query->state]);
		part_text(out, s->query->q, PART_CLIP);
		sbuf_puts(out, "</bdi>\xe2\x80\x9d in its name, id or user.");
	} else {
		sbuf_puts(out, s->query->state == STATE_RUNNING
				       ? "No applications are running."
				       : "No applications have finished yet.");
	}
	sbuf_puts(out, "</p>\n");
}

static void write_list_heading(struct sbuf *out, const struct extent *s)
{
	if (s->only && s->query->q[0] == '\0') {
		page_cluster_head(out, s->only, 1, false);
		page_cluster_notices(out, s->only);
		return;
	}
	sbuf_puts(out, "<div class=\"head\"><div class=\"title\"><h1>");
	if (s->query->q[0]) {
		sbuf_puts(out, "Search: <bdi>");
		part_text(out, s->query->q, PART_CLIP);
		sbuf_puts(out, "</bdi>");
	} else {
		sbuf_puts(out, s->query->state == STATE_RUNNING ? "Running applications"
								: "Finished applications");
	}
	sbuf_puts(out, "</h1>");
	if (s->only && visible_clusters_count(s->seen) > 1) {
		sbuf_puts(out, "<span class=\"version\">in ");
		part_text(out, s->only->name, PART_CLIP);
		sbuf_puts(out, "</span>");
	}
	sbuf_puts(out, "</div></div>\n");
}

static size_t selected(const struct totals *n, enum page_state state)
{
	return (state != STATE_FINISHED ? n->running : 0) +
	       (state != STATE_RUNNING ? n->finished : 0) + (state == STATE_ANY ? n->idle : 0);
}

static void write_list_page(struct sbuf *out, const struct extent *s)
{
	struct totals n = count_matches(s);
	struct page_query query = *s->query;
	struct extent shown = *s;
	size_t total = selected(&n, query.state), pages = page_table_pages(total);

	query.page = query.page < pages ? query.page : pages;
	shown.query = &query;
	write_list_heading(out, &shown);
	write_list_tabs(out, &shown, n);
	sbuf_puts(out, "<section class=\"panel\" aria-label=\"Applications\">\n");
	if (total)
		write_list(out, &shown);
	else
		write_empty_list(out, &shown);
	page_table_pager(out, shown.path, &query, total);
	sbuf_puts(out, "</section>\n");
}

/* --- one cluster --- */

static void write_section_title(struct sbuf *out, const char *id, const char *words, size_t count)
{
	sbuf_printf(out,
		"<section class=\"panel\" aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s <span "
		"class=\"count\">",
		id, id, words);
	part_count(out, count);
	sbuf_puts(out, "</span></h2>\n");
}

static void write_more(
	struct sbuf *out, const char *path, enum page_state state, size_t count, const char *words)
{
	sbuf_puts(out, "<p class=\"more\"><a href=\"");
	page_query_href(out, path, "", state, 1);
	sbuf_puts(out, "\">All ");
	part_count(out, count);
	sbuf_printf(out, " %s</a></p>\n", words);
}

static void write_rows(
	struct sbuf *out, const struct extent *s, const char *caption, size_t from, size_t count)
{
	struct page_table t = {out, false, s->now_ms, s->who};

	page_table_open(&t, caption);
	for (size_t i = from; i < from + count; i++)
		page_table_row(&t, s->only, &s->only->apps[i]);
	page_table_close(&t);
}

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

/* What an empty section says: that there is nothing, or that nobody could tell. */
static void write_none(struct sbuf *out, const struct cluster_info *cluster, const char *sentence)
{
	if (!page_cluster_is_known(cluster))
		sentence = cluster->polled ? "Unknown, because no master answers."
					   : "Nothing is known yet.";
	sbuf_printf(out, "<p class=\"empty\">%s</p>\n", sentence);
}

static void write_running(struct sbuf *out, const struct extent *s, size_t running)
{
	write_section_title(out, "running", "Running applications", running);
	if (running == 0)
		write_none(out, s->only, "No applications are running.");
	else
		write_rows(out, s, "Running applications", 0, at_most(running, PAGE_ROWS));
	if (running > PAGE_ROWS)
		write_more(out, s->only->path, STATE_RUNNING, running, "running applications");
	sbuf_puts(out, "</section>\n");
}

static void write_idle(struct sbuf *out, const struct extent *s, const struct totals *n)
{
	if (n->idle == 0)
		return;
	write_section_title(out, "idle", "Suspended and scheduled applications", n->idle);
	write_rows(out, s, "Suspended and scheduled applications", n->running,
		at_most(n->idle, PAGE_ROWS));
	sbuf_puts(out, "</section>\n");
}

static void write_workers(struct sbuf *out, const struct extent *s)
{
	size_t count = s->only->workers_count;

	if (!s->only->has_masters)
		return;
	write_section_title(out, "workers", "Workers", count);
	if (count == 0)
		write_none(out, s->only, "No workers have registered with the master.");
	else
		page_table_workers(out, s->only, 0, OVERVIEW_WORKERS);
	if (count > OVERVIEW_WORKERS)
		write_more(out, s->only->path, STATE_WORKERS, count, "workers");
	sbuf_puts(out, "</section>\n");
}

static void write_finished(struct sbuf *out, const struct extent *s, const struct totals *n)
{
	size_t finished = n->finished;
	struct page_query query = {.state = STATE_FINISHED, .page = 1};

	write_section_title(out, "finished", "Finished applications", finished);
	if (finished == 0)
		sbuf_puts(out, "<p class=\"empty\">No applications have finished yet.</p>\n");
	else
		write_rows(out, s, "Finished applications", n->running + n->idle,
			at_most(finished, PAGE_ROWS));
	page_table_pager(out, s->only->path, &query, finished);
	sbuf_puts(out, "</section>\n");
}

static struct totals totals_of(const struct cluster_info *cluster)
{
	size_t running = page_cluster_running(cluster), idle = page_cluster_idle(cluster);

	return (struct totals){running, cluster->apps_count - running - idle, idle};
}

static void write_cluster_page(struct sbuf *out, const struct extent *s)
{
	struct totals n = totals_of(s->only);

	page_cluster_head(out, s->only, 1, false);
	page_cluster_notices(out, s->only);
	page_cluster_masters(out, s->only);
	if (!s->only->has_masters && !s->only->has_history && !s->only->has_kubernetes &&
		s->only->apps_count == 0) {
		sbuf_puts(out, "<p class=\"empty boxed\">This cluster has no master and no history "
			       "server: only "
			       "the UIs above.</p>\n");
		return;
	}
	page_cluster_figures(out, s->only);
	write_list_tabs(out, s, n);
	write_running(out, s, n.running);
	write_idle(out, s, &n);
	write_workers(out, s);
	write_finished(out, s, &n);
}

static void write_workers_page(struct sbuf *out, const struct extent *s)
{
	const struct cluster_info *cluster = s->only;
	size_t pages = page_table_pages(cluster->workers_count);
	struct page_query query = *s->query;
	struct extent shown = *s;

	query.page = at_most(query.page, pages);
	shown.query = &query;
	page_cluster_head(out, cluster, 1, false);
	page_cluster_notices(out, cluster);
	write_list_tabs(out, &shown, totals_of(cluster));
	sbuf_puts(out, "<section class=\"panel\" aria-label=\"Workers\">\n");
	if (cluster->workers_count)
		page_table_workers(out, cluster, (query.page - 1) * PAGE_ROWS, PAGE_ROWS);
	else
		write_none(out, cluster, "No workers have registered with the master.");
	page_table_pager(out, shown.path, &query, cluster->workers_count);
	sbuf_puts(out, "</section>\n");
}

/* --- every cluster --- */

static void write_glance(
	struct sbuf *out, const struct extent *all, const struct cluster_info *cluster)
{
	struct extent s = *all;
	size_t shown = extent_count(all) > MANY_CLUSTERS ? HOME_APPS_FEW : HOME_APPS;

	s.only = cluster;
	sbuf_puts(out, "<section class=\"panel glance\">\n");
	page_cluster_head(out, cluster, 2, true);
	page_cluster_notices(out, cluster);
	page_cluster_figures(out, cluster);
	if (cluster->apps_count)
		write_rows(out, &s, "Running and recent applications", 0,
			at_most(cluster->apps_count, shown));
	else if (cluster->polled &&
		 (cluster->has_masters || cluster->has_history || cluster->has_kubernetes))
		sbuf_puts(out, "<p class=\"empty\">No applications are running, and none have "
			       "finished yet.</p>\n");
	if (cluster->apps_count > shown) {
		sbuf_puts(out, "<p class=\"more\"><a href=\"");
		part_path(out, cluster->path);
		sbuf_puts(out, "/\">All ");
		part_count(out, cluster->apps_count);
		sbuf_puts(out, " applications</a></p>\n");
	}
	sbuf_puts(out, "</section>\n");
}

static void write_every_cluster(struct sbuf *out, const struct extent *s)
{
	size_t count = extent_count(s), c;
	struct totals n = count_matches(s);

	sbuf_puts(out, "<div class=\"head\"><div class=\"title\"><h1>Clusters</h1></div></div>\n");
	if (count == 0)
		sbuf_puts(out, "<p class=\"empty boxed\">No cluster is configured.</p>\n");
	else
		write_list_tabs(out, s, n);
	for (c = 0; c < count && part_has_room(out, CLUSTER_ROOM); c++)
		write_glance(out, s, extent_at(s, c));
	if (c < count)
		sbuf_printf(out,
			"<p class=\"empty boxed\">%zu more clusters do not fit on one page.</p>\n",
			count - c);
}

/* --- which of them --- */

/* A page number alone is a page of what is over: the rest is on the first page anyhow. */
static void settle(struct page_query *query, bool is_cluster)
{
	if (query->state == STATE_WORKERS && (query->q[0] || !is_cluster))
		query->state = STATE_ANY;
	if (query->state == STATE_ANY && query->q[0] == '\0' && query->page > 1)
		query->state = STATE_FINISHED;
}

static void write_crumb(struct sbuf *out, const struct page_view *view, const struct extent *s)
{
	if (s->only == NULL || visible_clusters_count(s->seen) < 2)
		return;
	sbuf_puts(out, "<nav class=\"crumb\" aria-label=\"Breadcrumb\"><a href=\"");
	sbuf_html(out, str_of(view->base));
	sbuf_puts(out, "/\">All clusters</a></nav>\n");
}

/* As the viewer sees it; NULL: all clusters. */
static const struct cluster_info *find_seen(
	const struct visible_clusters *seen, const struct cluster_info *cluster)
{
	for (size_t i = 0; cluster && i < visible_clusters_count(seen); i++) {
		if (strcmp(visible_clusters_at(seen, i)->name, cluster->name) == 0)
			return visible_clusters_at(seen, i);
	}
	return cluster == NULL && visible_clusters_count(seen) == 1 ? visible_clusters_at(seen, 0)
								    : NULL;
}

void page_home(struct sbuf *out, const struct page_view *view, const struct registry *reg,
	const struct cluster_info *cluster, struct str raw)
{
	struct page_query query;
	struct visible_clusters *seen = visible_clusters_new(reg, view->conf, view->who);
	const struct cluster_info *only = find_seen(seen, cluster);
	struct extent s = {
		seen, only, only ? only->path : view->base, &query, clock_wall_ms(), view->who};

	page_query_parse(&query, raw);
	settle(&query, s.only != NULL);
	part_open(out, view,
		&(struct part_frame){.title = query.q[0] ? "Search"
					      : s.only	 ? s.only->name
							 : "Clusters",
			.q = query.q});
	write_crumb(out, view, &s);
	if (query.state == STATE_WORKERS)
		write_workers_page(out, &s);
	else if (query.q[0] || query.state != STATE_ANY)
		write_list_page(out, &s);
	else if (s.only)
		write_cluster_page(out, &s);
	else
		write_every_cluster(out, &s);
	part_close(out, view);
	visible_clusters_free(seen);
}
