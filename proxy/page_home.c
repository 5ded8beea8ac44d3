#include "proxy/page_parts.h"

#include "base/clock.h"
#include "proxy/form.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_ROWS = 50, SUMMARY_ROWS = 10, WORKER_ROWS = 200, NAME_MAX_SHOWN = 80 };
enum shown { SHOW_ALL, SHOW_RUNNING, SHOW_FINISHED };

struct home {
	struct sbuf *out;
	const struct page_view *view;
	struct sbuf search; /* decoded; empty: everything */
	enum shown shown;
	uint64_t page; /* from 1 */
	bool whole;    /* one cluster with all of it, not one of many */
	int64_t now;
};

static void read_query(struct home *home, struct str query)
{
	struct sbuf value;

	sbuf_init(&value, 32);
	sbuf_init(&home->search, 200);
	if (!form_get(query, "q", &home->search))
		sbuf_reset(&home->search);
	if (form_get(query, "state", &value))
		home->shown = str_eq(sbuf_str(&value), STR("running"))	  ? SHOW_RUNNING
			      : str_eq(sbuf_str(&value), STR("finished")) ? SHOW_FINISHED
									  : SHOW_ALL;
	if (!form_get(query, "page", &value) || !str_to_u64(sbuf_str(&value), &home->page) || home->page == 0 ||
		home->page > 1000000)
		home->page = 1;
	sbuf_clear(&value);
}

static bool contains_nocase(const char *text, struct str needle)
{
	for (; *text; text++) {
		if (str_starts_nocase(str_of(text), needle))
			return true;
	}
	return false;
}

static bool app_matches(const struct home *home, const struct app_info *app)
{
	struct str needle = sbuf_str(&home->search);

	return needle.len == 0 || contains_nocase(app->name, needle) || contains_nocase(app->id, needle) ||
	       contains_nocase(app->user, needle);
}

static void add_app_link(struct home *home, const struct cluster_info *cluster, const struct app_info *app)
{
	struct sbuf permalink;

	if (app->running && app->mount && app->mount->state == MOUNT_UP) {
		part_link(home->out, app->mount->path, "/", app->name, NAME_MAX_SHOWN);
		return;
	}
	sbuf_init(&permalink, 2048);
	sbuf_printf(&permalink, "%s/apps/", cluster->path);
	sbuf_urlencode(&permalink, str_of(app->id));
	part_link(home->out, sbuf_str(&permalink).at, "", app->name, NAME_MAX_SHOWN);
	sbuf_clear(&permalink);
}

static void add_why(struct home *home, const struct mount *mount)
{
	if (mount == NULL || mount->state == MOUNT_UP || mount->why[0] == '\0')
		return;
	sbuf_puts(home->out, "<small class=\"why\">");
	part_clipped(home->out, mount->why, 160);
	sbuf_puts(home->out, "</small>");
}

static const char *state_class(const char *state)
{
	static const struct { const char *state, *name; } classes[] = {{"ALIVE", "good"}, {"RUNNING", "good"},
		{"FINISHED", "calm"}, {"WAITING", "warn"}, {"STANDBY", "calm"}, {"RECOVERING", "warn"},
		{"DECOMMISSIONED", "calm"}};

	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		if (str_eq(str_of(state), str_of(classes[i].state)))
			return classes[i].name;
	}
	return "bad";
}

static void add_badge(struct sbuf *out, const char *state)
{
	sbuf_printf(out, "<span class=\"badge %s\">", state_class(state));
	part_clipped(out, state, 40);
	sbuf_puts(out, "</span>");
}

static void add_app_row(struct home *home, const struct cluster_info *cluster, const struct app_info *app)
{
	struct sbuf *out = home->out;

	sbuf_puts(out, "<tr><th scope=\"row\" data-label=\"Application\">");
	add_app_link(home, cluster, app);
	sbuf_puts(out, "<code>");
	part_clipped(out, app->id, 60);
	sbuf_puts(out, "</code>");
	add_why(home, app->running ? app->mount : NULL);
	sbuf_puts(out, "</th><td data-label=\"State\">");
	add_badge(out, app->state);
	sbuf_puts(out, "</td><td data-label=\"User\">");
	part_clipped(out, app->user, 40);
	sbuf_puts(out, "</td><td data-label=\"Started\">");
	part_time(out, app->started_ms);
	sbuf_puts(out, "</td><td data-label=\"Duration\">");
	if (app->duration_ms >= 0)
		part_duration(out, app->duration_ms);
	else if (app->running && app->started_ms > 0)
		part_duration(out, home->now - app->started_ms);
	else
		sbuf_puts(out, "–");
	if (app->cores > 0)
		sbuf_printf(out, "</td><td class=\"number\" data-label=\"Cores\">%u</td></tr>\n", app->cores);
	else
		sbuf_puts(out, "</td><td class=\"number\" data-label=\"Cores\">–</td></tr>\n");
}

static void add_page_link(struct home *home, const struct cluster_info *cluster, bool running, uint64_t page,
	const char *text)
{
	struct sbuf *out = home->out;

	sbuf_puts(out, "<a href=\"");
	part_text(out, cluster->path);
	sbuf_printf(out, "/?state=%s&amp;page=%llu", running ? "running" : "finished", (unsigned long long)page);
	if (home->search.len > 0) {
		sbuf_puts(out, "&amp;q=");
		sbuf_urlencode(out, sbuf_str(&home->search));
	}
	sbuf_printf(out, "\">%s</a> ", text);
}

/* Which rows of this table are on this page, and the way to the others. */
static void add_pager(struct home *home, const struct cluster_info *cluster, bool running, size_t rows, size_t total)
{
	uint64_t pages = (total + PAGE_ROWS - 1) / PAGE_ROWS, page = home->whole ? home->page : 1;

	if (total <= rows)
		return;
	sbuf_printf(home->out, "<nav class=\"pager\" aria-label=\"%s applications\">", running ? "Running" : "Finished");
	if (!home->whole) {
		char text[64];
		snprintf(text, sizeof text, "All %zu", total);
		add_page_link(home, cluster, running, 1, text);
	} else {
		if (page > 1)
			add_page_link(home, cluster, running, page - 1, "Newer");
		sbuf_printf(home->out, "<span>Page %llu of %llu</span> ", (unsigned long long)page, (unsigned long long)pages);
		if (page < pages)
			add_page_link(home, cluster, running, page + 1, "Older");
	}
	sbuf_puts(home->out, "</nav>");
}

static void add_table_head(struct sbuf *out, const char *caption, size_t total)
{
	sbuf_printf(out,
		"<div class=\"table\"><table><caption>%s <small>%zu</small></caption><thead><tr><th scope=\"col\">Application</th>"
		"<th scope=\"col\">State</th><th scope=\"col\">User</th><th scope=\"col\">Started</th><th scope=\"col\">Duration</th>"
		"<th scope=\"col\" class=\"number\">Cores</th></tr></thead><tbody>\n", caption, total);
}

static size_t count_apps(const struct home *home, const struct cluster_info *cluster, bool running)
{
	size_t n = 0;

	for (size_t i = 0; i < cluster->apps_count; i++)
		n += cluster->apps[i].running == running && app_matches(home, &cluster->apps[i]);
	return n;
}

static void add_apps(struct home *home, const struct cluster_info *cluster, bool running)
{
	size_t total = count_apps(home, cluster, running), rows = home->whole ? PAGE_ROWS : SUMMARY_ROWS;
	size_t first = home->whole && home->shown != SHOW_ALL ? (size_t)(home->page - 1) * PAGE_ROWS : 0, seen = 0;

	if (total == 0) {
		sbuf_printf(home->out, "<p class=\"empty\">%s</p>",
			home->search.len ? "No application matches the search."
			: running	 ? "No applications are running."
					 : "No finished applications yet.");
		return;
	}
	add_table_head(home->out, running ? "Running applications" : "Finished applications", total);
	for (size_t i = 0; i < cluster->apps_count && seen < first + rows; i++) {
		const struct app_info *app = &cluster->apps[i];
		if (app->running != running || !app_matches(home, app))
			continue;
		if (seen++ >= first)
			add_app_row(home, cluster, app);
	}
	sbuf_puts(home->out, "</tbody></table></div>");
	add_pager(home, cluster, running, rows, total);
}

static void add_worker_row(struct home *home, const struct worker_info *worker)
{
	struct sbuf *out = home->out;

	sbuf_puts(out, "<tr><th scope=\"row\" data-label=\"Worker\">");
	if (worker->mount && worker->mount->state == MOUNT_UP)
		part_link(out, worker->mount->path, "/", worker->id, NAME_MAX_SHOWN);
	else
		part_clipped(out, worker->id, NAME_MAX_SHOWN);
	add_why(home, worker->mount);
	sbuf_puts(out, "</th><td data-label=\"State\">");
	add_badge(out, worker->state);
	sbuf_puts(out, "</td><td data-label=\"Host\">");
	part_clipped(out, worker->host, 80);
	sbuf_printf(out, "</td><td class=\"number\" data-label=\"Cores\">%u of %u</td><td class=\"number\" data-label=\"Memory\">",
		worker->cores_used, worker->cores);
	part_memory(out, worker->memory_used_mb);
	sbuf_puts(out, " of ");
	part_memory(out, worker->memory_mb);
	sbuf_puts(out, "</td></tr>\n");
}

static void add_workers(struct home *home, const struct cluster_info *cluster)
{
	struct sbuf *out = home->out;
	size_t shown = cluster->workers_count < WORKER_ROWS ? cluster->workers_count : WORKER_ROWS;

	if (!cluster->has_masters)
		return;
	sbuf_printf(out, "<details%s><summary>Workers <small>%zu</small></summary><div class=\"table\"><table><thead><tr>"
			 "<th scope=\"col\">Worker</th><th scope=\"col\">State</th><th scope=\"col\">Host</th>"
			 "<th scope=\"col\" class=\"number\">Cores used</th><th scope=\"col\" class=\"number\">Memory used</th></tr>"
			 "</thead><tbody>\n",
		home->whole && cluster->workers_count <= 20 ? " open" : "", cluster->workers_count);
	for (size_t i = 0; i < shown; i++)
		add_worker_row(home, &cluster->workers[i]);
	sbuf_puts(out, "</tbody></table></div>");
	if (shown < cluster->workers_count && cluster->master) {
		sbuf_printf(out, "<p class=\"hint\">%zu more are on ", cluster->workers_count - shown);
		part_link(out, cluster->master->path, "/", "the master's page", 40);
		sbuf_puts(out, ".</p>");
	}
	sbuf_puts(out, "</details>");
}

static void add_masters(struct home *home, const struct cluster_info *cluster)
{
	sbuf_puts(home->out, "<ul class=\"masters\">");
	for (size_t i = 0; i < cluster->masters_count; i++) {
		sbuf_puts(home->out, "<li>");
		add_badge(home->out, cluster->masters[i].status);
		sbuf_puts(home->out, " <span class=\"url\">");
		part_clipped(home->out, cluster->masters[i].url, 80);
		sbuf_puts(home->out, "</span></li>");
	}
	sbuf_puts(home->out, "</ul>");
}

static void add_ui_link(struct home *home, const struct mount *mount, const char *text)
{
	if (mount == NULL)
		return;
	sbuf_puts(home->out, "<a class=\"button\" href=\"");
	part_text(home->out, mount->path);
	sbuf_puts(home->out, "/\">");
	part_clipped(home->out, text, 40);
	sbuf_puts(home->out, "</a>");
}

static void add_head(struct home *home, const struct cluster_info *cluster)
{
	sbuf_puts(home->out, "<div class=\"head\"><h2>");
	part_link(home->out, cluster->path, "/", cluster->name, 63);
	if (cluster->spark_version[0]) {
		sbuf_puts(home->out, " <small>Spark ");
		part_clipped(home->out, cluster->spark_version, 20);
		sbuf_puts(home->out, "</small>");
	}
	sbuf_puts(home->out, "</h2><nav class=\"uis\" aria-label=\"Pages of this cluster\">");
	add_ui_link(home, cluster->master, "Master");
	add_ui_link(home, cluster->history, "History server");
	for (size_t i = 0; i < cluster->uis_count; i++)
		add_ui_link(home, cluster->uis[i], cluster->uis[i]->id);
	sbuf_puts(home->out, "</nav></div>");
	if (!cluster->polled)
		sbuf_puts(home->out, "<p class=\"hint\">The gateway has only just begun to look at this cluster; reload in a moment.</p>");
	if (cluster->has_history && !cluster->history_up && cluster->polled)
		sbuf_puts(home->out, "<p class=\"problem\">The history server does not answer.</p>");
}

static void add_resources(struct home *home, const struct cluster_info *cluster)
{
	struct sbuf words;

	sbuf_init(&words, 200);
	sbuf_puts(home->out, "<dl class=\"resources\">");
	sbuf_printf(&words, "%u of %u", cluster->cores_used, cluster->cores);
	part_usage(home->out, "Cores in use", cluster->cores_used, cluster->cores, sbuf_str(&words).at);
	sbuf_reset(&words);
	part_memory(&words, cluster->memory_used_mb);
	sbuf_puts(&words, " of ");
	part_memory(&words, cluster->memory_mb);
	part_usage(home->out, "Memory in use", (double)cluster->memory_used_mb, (double)cluster->memory_mb, sbuf_str(&words).at);
	sbuf_printf(home->out, "<div class=\"usage\"><dt>Workers</dt><dd>%zu</dd></div></dl>", cluster->workers_count);
	sbuf_clear(&words);
}

static void add_cluster(struct home *home, const struct cluster_info *cluster)
{
	sbuf_puts(home->out, "<section class=\"card cluster\">");
	add_head(home, cluster);
	if (cluster->has_masters) {
		add_masters(home, cluster);
		add_resources(home, cluster);
	}
	if (cluster->has_masters || cluster->has_history) {
		if (home->shown != SHOW_FINISHED)
			add_apps(home, cluster, true);
		if (home->shown != SHOW_RUNNING)
			add_apps(home, cluster, false);
	}
	if (home->search.len == 0 && home->shown == SHOW_ALL)
		add_workers(home, cluster);
	sbuf_puts(home->out, "</section>\n");
}

void page_home(struct sbuf *out, const struct page_view *view, const struct registry *reg,
	const struct cluster_info *cluster, struct str query)
{
	struct home home = {.out = out, .view = view, .now = clock_wall_ms(),
		.whole = cluster != NULL || registry_clusters(reg) == 1};

	read_query(&home, query);
	part_begin(out, view, cluster ? cluster->name : "Clusters", sbuf_str(&home.search).at);
	sbuf_puts(out, "<h1 class=\"quiet\">");
	part_text(out, cluster ? cluster->name : "Clusters");
	sbuf_puts(out, "</h1>");
	for (size_t i = 0; i < registry_clusters(reg); i++) {
		const struct cluster_info *each = registry_cluster_at(reg, i);
		if (cluster == NULL || each == cluster)
			add_cluster(&home, each);
	}
	part_end(out, view);
	sbuf_clear(&home.search);
}
