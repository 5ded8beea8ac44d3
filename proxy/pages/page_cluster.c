#include "proxy/pages/page_cluster.h"

#include "proxy/pages/page_parts.h"

#include <stdio.h>

enum { MASTERS_SHOWN = 20, UIS_SHOWN = 100, UI_ROOM = 8192 };

size_t page_cluster_running(const struct cluster_info *cluster)
{
	size_t n = 0;

	while (n < cluster->apps_count && cluster->apps[n].running)
		n++;
	return n;
}

size_t page_cluster_idle(const struct cluster_info *cluster)
{
	size_t running = page_cluster_running(cluster), n = 0;

	while (running + n < cluster->apps_count && cluster->apps[running + n].is_idle)
		n++;
	return n;
}

/* --- is it alive? --- */

struct health {
	enum part_tone tone;
	const char *word;
	const char *notice; /* a sentence when a person should know, or NULL */
};

static const struct master_info *active_master(const struct cluster_info *cluster)
{
	for (size_t i = 0; i < cluster->masters_count; i++) {
		if (cluster->masters[i].active)
			return &cluster->masters[i];
	}
	return NULL;
}

bool page_cluster_is_known(const struct cluster_info *cluster)
{
	return cluster->polled && (!cluster->has_masters || active_master(cluster));
}

static bool any_master_answers(const struct cluster_info *cluster)
{
	for (size_t i = 0; i < cluster->masters_count; i++) {
		if (strcmp(cluster->masters[i].status, "UNREACHABLE") != 0)
			return true;
	}
	return false;
}

/* While no master answers, the resource says why; NULL: it says nothing that is known. */
static const struct health *health_by_resource(const struct cluster_info *cluster)
{
	static const struct {
		const char *state;
		struct health health;
	} rows[] = {
		{"Submitted", {TONE_BUSY, "Starting", "Its master has not started yet."}},
		{"RunningHealthy",
			{TONE_BUSY, "Starting", "Its master does not answer the gateway yet."}},
		{"SchedulingFailure",
			{TONE_BAD, "Not scheduled",
				"Kubernetes cannot schedule this cluster (SchedulingFailure)."}},
		{"Failed", {TONE_BAD, "Failed", "The operator says that this cluster failed."}},
		{"ResourceReleased",
			{TONE_IDLE, "Released",
				"The operator has released this cluster\xe2\x80\x99s resources."}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].state, cluster->resource_state) == 0)
			return &rows[i].health;
	}
	return NULL;
}

static struct health health_of(const struct cluster_info *cluster)
{
	const struct master_info *master = active_master(cluster);
	const struct health *resource = master ? NULL : health_by_resource(cluster);

	if (resource)
		return *resource;
	if (!cluster->polled)
		return (struct health){TONE_BUSY, "Looking",
			"The gateway is still connecting to this cluster. Reload in a few "
			"seconds."};
	if (cluster->has_masters && master && strcmp(master->status, "ALIVE") == 0)
		return (struct health){TONE_OK, "Alive", NULL};
	/* The one that was active last stays so while it is silent. */
	if (cluster->has_masters && master && strcmp(master->status, "UNREACHABLE") != 0)
		return (struct health){
			TONE_BUSY, "Recovering", "The master is recovering its state."};
	if (cluster->has_masters && any_master_answers(cluster))
		return (struct health){
			TONE_WARN, "Standby", "All masters are standby. None is active."};
	if (cluster->has_masters)
		return (struct health){TONE_BAD, "Unreachable",
			"No master answers. This page shows the last known state."};
	if (cluster->has_kubernetes)
		return cluster->kubernetes_up ? (struct health){TONE_OK, "Kubernetes", NULL}
					      : (struct health){TONE_BAD, "Unreachable", NULL};
	if (cluster->has_history)
		return cluster->history_up ? (struct health){TONE_OK, "History", NULL}
					   : (struct health){TONE_BAD, "Unreachable", NULL};
	return (struct health){TONE_IDLE, "UIs only", NULL};
}

static void write_notice(struct sbuf *out, enum part_tone tone, const char *sentence)
{
	sbuf_printf(out, "<p class=\"notice %s\">%s</p>\n",
		tone == TONE_BAD    ? "bad"
		: tone == TONE_WARN ? "warn"
				    : "busy",
		sentence);
}

void page_cluster_notices(struct sbuf *out, const struct cluster_info *cluster)
{
	struct health health = health_of(cluster);

	if (health.notice)
		write_notice(out, health.tone, health.notice);
	if (cluster->polled && cluster->has_kubernetes && !cluster->kubernetes_up)
		write_notice(out, TONE_BAD,
			"The Kubernetes API server does not answer, or does not let the gateway "
			"list pods. This page shows the last known state of them.");
	if (cluster->polled && cluster->has_history && !cluster->history_up)
		write_notice(out, TONE_WARN,
			"The history server does not answer: finished applications may be missing, "
			"and their "
			"pages cannot be opened.");
}

/* --- the head --- */

static void write_ui(struct sbuf *out, const struct mount *m, const char *label)
{
	bool is_up;

	if (m == NULL)
		return;
	is_up = m->state == MOUNT_UP;
	if (is_up) {
		sbuf_puts(out, "<a class=\"ui\" href=\"");
		part_path(out, m->path);
		sbuf_puts(out, "/\">");
	} else {
		sbuf_puts(out, "<span class=\"ui off\">");
	}
	part_text(out, label, PART_CLIP);
	if (!is_up) {
		sbuf_puts(out, " <small>");
		part_text(out, m->why[0] ? m->why : "not reachable", 120);
		sbuf_puts(out, "</small>");
	}
	sbuf_puts(out, is_up ? "</a>" : "</span>");
}

static void write_uis(struct sbuf *out, const struct cluster_info *cluster)
{
	if (cluster->master == NULL && cluster->history == NULL && cluster->uis_count == 0)
		return;
	sbuf_puts(out, "<nav class=\"uis\" aria-label=\"UIs of ");
	part_text(out, cluster->name, PART_CLIP);
	sbuf_puts(out, "\">");
	write_ui(out, cluster->master, "Master");
	for (size_t i = 0; i < cluster->histories_count; i++) {
		char label[32];
		snprintf(label, sizeof label, i ? "History %zu" : "History", i + 1);
		write_ui(out, cluster->histories[i], label);
	}
	for (size_t i = 0; i < cluster->uis_count && i < UIS_SHOWN && part_has_room(out, UI_ROOM);
		i++)
		write_ui(out, cluster->uis[i], cluster->uis[i]->id);
	sbuf_puts(out, "</nav>");
}

static void write_resource(struct sbuf *out, const struct cluster_info *cluster)
{
	if (cluster->namespace == NULL || cluster->namespace[0] == '\0')
		return;
	sbuf_puts(out, "<span class=\"version\">SparkCluster in ");
	part_text(out, cluster->namespace, PART_CLIP);
	if (cluster->resource_state[0]) {
		sbuf_puts(out, ": ");
		part_text(out, cluster->resource_state, PART_CLIP);
	}
	sbuf_puts(out, "</span>");
}

void page_cluster_head(
	struct sbuf *out, const struct cluster_info *cluster, int level, bool is_link)
{
	struct health health = health_of(cluster);

	sbuf_printf(out, "<div class=\"head\"><div class=\"title\"><h%d>", level);
	if (is_link) {
		sbuf_puts(out, "<a href=\"");
		part_path(out, cluster->path);
		sbuf_puts(out, "/\">");
	}
	part_text(out, cluster->name, PART_CLIP);
	sbuf_printf(out, "%s</h%d>", is_link ? "</a>" : "", level);
	part_pill(out, health.tone, health.word);
	if (cluster->spark_version[0]) {
		sbuf_puts(out, "<span class=\"version\">Spark ");
		part_text(out, cluster->spark_version, 32);
		sbuf_puts(out, "</span>");
	}
	write_resource(out, cluster);
	sbuf_puts(out, "</div>");
	write_uis(out, cluster);
	sbuf_puts(out, "</div>\n");
}

void page_cluster_masters(struct sbuf *out, const struct cluster_info *cluster)
{
	if (cluster->masters_count == 0 || (cluster->masters_count == 1 && active_master(cluster)))
		return;
	sbuf_puts(out, "<ul class=\"masters\" aria-label=\"Masters\">");
	for (size_t i = 0; i < cluster->masters_count && i < MASTERS_SHOWN; i++) {
		sbuf_puts(out, "<li><span class=\"id\">");
		part_text(out, cluster->masters[i].url, PART_CLIP);
		sbuf_puts(out, "</span>");
		part_state(out, cluster->masters[i].status);
		sbuf_puts(out, "</li>");
	}
	if (cluster->masters_count > MASTERS_SHOWN)
		sbuf_printf(out, "<li>and %zu more</li>", cluster->masters_count - MASTERS_SHOWN);
	sbuf_puts(out, "</ul>\n");
}

/* --- figures --- */

static size_t alive_workers(const struct cluster_info *cluster)
{
	size_t n = 0;

	for (size_t i = 0; i < cluster->workers_count; i++)
		n += strcmp(cluster->workers[i].state, "ALIVE") == 0;
	return n;
}

static void write_two(struct sbuf *out, const char *name, size_t big, const char *word,
	size_t small, const char *small_word)
{
	sbuf_printf(out, "<div><dt>%s</dt><dd><b>", name);
	part_count(out, big);
	sbuf_printf(out, "</b> %s", word);
	if (small) {
		sbuf_puts(out, "<span class=\"also\">");
		part_count(out, small);
		sbuf_printf(out, " %s</span>", small_word);
	}
	sbuf_puts(out, "</dd></div>");
}

static void write_use(struct sbuf *out, const char *name, void (*write)(struct sbuf *, uint64_t),
	uint64_t used, uint64_t total)
{
	char label[64];

	snprintf(label, sizeof label, "%s used", name);
	sbuf_printf(out, "<div><dt>%s</dt><dd><b>", name);
	write(out, used);
	sbuf_puts(out, "</b> of ");
	write(out, total);
	part_meter(out, label, used, total);
	sbuf_puts(out, "</dd></div>");
}

void page_cluster_figures(struct sbuf *out, const struct cluster_info *cluster)
{
	size_t running = page_cluster_running(cluster), idle = page_cluster_idle(cluster);
	size_t alive = alive_workers(cluster);
	bool has_workers = cluster->has_masters && (cluster->polled || cluster->workers_count);

	if (!has_workers && !cluster->has_history && !cluster->has_kubernetes &&
		cluster->apps_count == 0)
		return;
	sbuf_puts(out, "<dl class=\"figures\">");
	write_two(out, "Applications", running, "running", cluster->apps_count - running - idle,
		"finished");
	if (cluster->cores || cluster->memory_mb) {
		write_use(out, "Cores", part_count, cluster->cores_used, cluster->cores);
		write_use(out, "Memory", part_memory, cluster->memory_used_mb, cluster->memory_mb);
	}
	if (has_workers)
		write_two(out, "Workers", alive, "alive", cluster->workers_count - alive,
			"not alive");
	sbuf_puts(out, "</dl>\n");
}
