#include "proxy/pages/pods/pods_parts.h"

#include "proxy/pages/page_parts.h"

enum { PROBLEM_SHOWN = 512 };

static void write_tab(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	const char *leaf, const char *word, bool is_here)
{
	sbuf_puts(out, "<a href=\"");
	part_app_href(out, view, about->cluster->path, about->app->id, leaf);
	sbuf_printf(out, "\"%s>%s</a>\n", is_here ? " aria-current=\"page\"" : "", word);
}

static void write_crumb(
	struct sbuf *out, const struct page_view *view, const struct page_pods *about)
{
	sbuf_puts(out, "<p class=\"crumb\"><a href=\"");
	sbuf_html(out, (struct str){view->base, part_base_path(view)});
	part_path(out, about->cluster->path);
	sbuf_puts(out, "/\">");
	part_text(out, about->cluster->name, PART_CLIP);
	sbuf_puts(out, "</a></p>\n<div class=\"head\"><div class=\"title\"><h1>");
	part_name(out, about->app->name[0] ? about->app->name : app_info_spark_id(about->app));
	sbuf_puts(out, "</h1>");
	part_state(out, about->app->state);
	sbuf_puts(out, "<span class=\"id\">");
	part_text(out, app_info_spark_id(about->app), PART_CLIP);
	sbuf_puts(out, "</span></div></div>\n");
}

static void write_problems(struct sbuf *out, const struct page_pods *about)
{
	for (size_t i = 0; i < about->problems_count; i++) {
		sbuf_puts(out, "<p class=\"notice warn\">");
		part_text(out, about->problems[i], PROBLEM_SHOWN);
		sbuf_puts(out, "</p>\n");
	}
}

void pods_open(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	bool is_events)
{
	part_open(out, view, &(struct part_frame){is_events ? "Events" : "Logs", NULL, false});
	write_crumb(out, view, about);
	sbuf_puts(out, "<nav class=\"tabs\" aria-label=\"Of this application\">\n");
	write_tab(out, view, about, "/logs", "Logs", !is_events);
	write_tab(out, view, about, "/events", "Events", is_events);
	write_tab(out, view, about, "", "Web UI", false);
	sbuf_puts(out, "</nav>\n");
	write_problems(out, about);
}
