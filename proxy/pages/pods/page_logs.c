/* proxy/pages/pods/page_logs.c - how containers ended, and the last lines of one. */
#include "proxy/pages/pods/page_pods.h"

#include "base/clock.h"
#include "proxy/pages/page_parts.h"
#include "proxy/pages/pods/pods_parts.h"

enum { MESSAGE_SHOWN = 4096, ROW_MAX = 16 * 1024 };

/* --- containers --- */

static enum part_tone tone_of(const struct kube_container *c)
{
	if (strcmp(c->state, "running") == 0)
		return TONE_OK;
	if (strcmp(c->state, "waiting") == 0)
		return TONE_BUSY;
	if (strcmp(c->state, "terminated") == 0)
		return c->exit_code == 0 ? TONE_IDLE : TONE_BAD;
	return TONE_IDLE;
}

static void write_end(struct sbuf *out, const struct kube_container *c)
{
	sbuf_puts(out, "<td data-label=\"State\" class=\"state\">");
	part_pill(out, tone_of(c), c->state[0] ? c->state : "unknown");
	sbuf_puts(out, "</td><td data-label=\"Reason\">");
	if (strcmp(c->state, "terminated") == 0)
		sbuf_printf(out, "exit code %lld ", (long long)c->exit_code);
	part_text(out, c->reason, PART_CLIP);
	if (c->restarts > 0)
		sbuf_printf(
			out, "<span class=\"note\">restarts: %lld</span>", (long long)c->restarts);
	sbuf_puts(out, "</td>");
}

static void write_times(struct sbuf *out, const struct kube_container *c)
{
	int64_t end = c->ended_ms ? c->ended_ms : clock_wall_ms();

	sbuf_puts(out, "<td data-label=\"Started\">");
	if (c->started_ms)
		part_time(out, c->started_ms);
	sbuf_puts(out, "</td><td data-label=\"Duration\" class=\"num\">");
	if (c->started_ms)
		part_duration(out, end > c->started_ms ? end - c->started_ms : 0);
	sbuf_puts(out, "</td>");
}

static void write_links(struct sbuf *out, const struct page_view *view,
	const struct page_pods *about, const char *pod, const char *container)
{
	static const struct {
		const char *word, *more;
	} ways[] = {{"Last lines", ""}, {"Whole log as text", "&amp;format=text"}};

	sbuf_puts(out, "<td data-label=\"Log\">");
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		sbuf_puts(out, i ? " \xc2\xb7 <a href=\"" : "<a href=\"");
		part_app_href(out, view, about->cluster->path, about->app->id, "/logs?pod=");
		sbuf_urlencode(out, str_of(pod));
		sbuf_puts(out, "&amp;container=");
		sbuf_urlencode(out, str_of(container));
		sbuf_printf(out, "%s\">%s</a>", ways[i].more, ways[i].word);
	}
	sbuf_puts(out, "</td>");
}

static void write_container(struct sbuf *out, const struct page_view *view,
	const struct page_pods *about, const struct kube_status *pod,
	const struct kube_container *c)
{
	sbuf_puts(out, "<tr><th scope=\"row\" class=\"what\">");
	part_name(out, pod->name);
	sbuf_puts(out, "<span class=\"id\">");
	part_text(out, c->name, PART_CLIP);
	if (pod->node[0]) {
		sbuf_puts(out, " on ");
		part_text(out, pod->node, PART_CLIP);
	}
	sbuf_puts(out, "</span></th>");
	write_end(out, c);
	write_times(out, c);
	write_links(out, view, about, pod->name, c->name);
	sbuf_puts(out, "</tr>\n");
}

static void write_pod(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	const struct kube_status *pod)
{
	for (size_t i = 0; i < pod->containers_count && part_has_room(out, ROW_MAX); i++)
		write_container(out, view, about, pod, &pod->containers[i]);
}

static void open_table(struct sbuf *out, const char *title)
{
	sbuf_printf(out,
		"<section class=\"panel\"><h2>%s</h2>\n<table class=\"containers\"><thead><tr>"
		"<th scope=\"col\">Pod and container</th><th scope=\"col\">State</th>"
		"<th scope=\"col\">Reason</th><th scope=\"col\">Started (UTC)</th>"
		"<th scope=\"col\" class=\"num\">Duration</th><th scope=\"col\">Log</th>"
		"</tr></thead><tbody>\n",
		title);
}

/* What a pod says of itself, and its containers of their ends. */
static void write_messages(struct sbuf *out, const struct kube_status *pod)
{
	if (pod->reason[0] || pod->message[0]) {
		sbuf_puts(out, "<p class=\"notice bad\">");
		part_text(out, pod->reason, PART_CLIP);
		sbuf_puts(out, pod->message[0] ? ": " : "");
		part_text(out, pod->message, MESSAGE_SHOWN);
		sbuf_puts(out, "</p>\n");
	}
	for (size_t i = 0; i < pod->containers_count; i++) {
		if (pod->containers[i].message[0] == '\0')
			continue;
		part_log_box(out, str_of(pod->containers[i].message), false);
		sbuf_putc(out, '\n');
	}
}

static void write_driver(
	struct sbuf *out, const struct page_view *view, const struct page_pods *about)
{
	if (about->driver == NULL) {
		sbuf_puts(out, "<p class=\"empty boxed\">The driver\xe2\x80\x99s pod was <bdi>");
		part_text(out, about->driver_name, PART_CLIP);
		sbuf_puts(out, "</bdi>.</p>\n");
		return;
	}
	open_table(out, "Driver");
	write_pod(out, view, about, about->driver);
	sbuf_puts(out, "</tbody></table></section>\n");
	write_messages(out, about->driver);
}

static void write_executors(
	struct sbuf *out, const struct page_view *view, const struct page_pods *about)
{
	struct err err = {""};

	if (about->executors_count == 0)
		return;
	open_table(out, "Executors");
	for (size_t i = 0; i < about->executors_count; i++) {
		struct kube_status pod;
		if (kube_status_read(about->executors[i], &pod, &err) == 0)
			write_pod(out, view, about, &pod);
	}
	sbuf_puts(out, "</tbody></table>\n");
	if (about->has_more_executors)
		sbuf_puts(out, "<p class=\"empty\">There are more executors than these.</p>\n");
	sbuf_puts(out, "</section>\n");
}

/* --- the log --- */

static void write_log(struct sbuf *out, const struct page_log *log)
{
	sbuf_puts(out, "<section class=\"panel\"><h2>");
	sbuf_puts(out, log->is_kept ? "Kept log of " : log->is_cut ? "Last lines of " : "Log of ");
	part_name(out, log->pod);
	if (log->container[0]) {
		sbuf_puts(out, ", ");
		part_name(out, log->container);
	}
	sbuf_puts(out, "</h2>\n");
	if (log->text.len == 0) {
		sbuf_puts(out, "<p class=\"empty\">It is empty.</p></section>\n");
		return;
	}
	part_log_box(out, log->text, log->is_cut);
	sbuf_puts(out, "</section>\n");
}

void page_logs(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	const struct page_log *log)
{
	pods_open(out, view, about, false);
	write_driver(out, view, about);
	if (log)
		write_log(out, log);
	write_executors(out, view, about);
	part_close(out, view);
}
