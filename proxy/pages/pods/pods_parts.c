#include "proxy/pages/pods/pods_parts.h"

#include "proxy/pages/page_parts.h"

enum { PROBLEM_SHOWN = 512 };

void pods_href(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	const char *leaf)
{
	sbuf_html(out, (struct str){view->base, part_base_path(view)});
	part_permalink(out, about->cluster->path, about->app->id);
	sbuf_puts(out, leaf);
}

static void write_tab(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	const char *leaf, const char *word, bool is_here)
{
	sbuf_puts(out, "<a href=\"");
	pods_href(out, view, about, leaf);
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

void pods_close(struct sbuf *out, const struct page_view *view)
{
	part_close(out, view);
}

/* --- a log --- */

/* Bytes of an escape sequence of a terminal (ECMA-48 §5.4); 0: there is none. */
static size_t escape_len(struct str text)
{
	size_t len = 2;

	if (text.len < 2 || text.at[0] != '\x1b' || text.at[1] != '[')
		return 0;
	while (len < text.len && (text.at[len] < 0x40 || text.at[len] > 0x7e))
		len++;
	return len < text.len ? len + 1 : len;
}

static bool is_shown(struct str text, size_t len)
{
	unsigned char c = (unsigned char)text.at[0];

	return len > 1 || c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f);
}

void pods_log(struct sbuf *out, struct str text)
{
	while (text.len > 0) {
		size_t escape = escape_len(text), len = str_utf8_len(text);

		if (escape) {
			text = str_from(text, escape);
			continue;
		}
		if (len && is_shown(text, len))
			sbuf_html(out, (struct str){text.at, len});
		else if (text.at[0] != '\r' && text.at[0] != '\x1b')
			sbuf_puts(out, "\xef\xbf\xbd");
		text = str_from(text, len ? len : 1);
	}
}
