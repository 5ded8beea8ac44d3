#include "proxy/page_parts.h"

#include "base/clock.h"
#include "base/version.h"

#include <stdio.h>
#include <string.h>

const char page_csp[] = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
			"frame-ancestors 'none'; base-uri 'none'";

void part_text(struct sbuf *out, const char *text)
{
	sbuf_html(out, str_of(text));
}

void part_clipped(struct sbuf *out, const char *text, size_t max)
{
	size_t len = strlen(text), cut = len;

	if (len > max) {
		cut = max;
		while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
			cut--; /* not inside a UTF-8 sequence */
	}
	sbuf_html(out, (struct str){text, cut});
	if (cut < len)
		sbuf_puts(out, "…");
}

void part_link(struct sbuf *out, const char *path, const char *suffix, const char *text, size_t max)
{
	sbuf_puts(out, "<a href=\"");
	part_text(out, path);
	part_text(out, suffix);
	sbuf_puts(out, "\">");
	part_clipped(out, text, max);
	sbuf_puts(out, "</a>");
}

void part_memory(struct sbuf *out, uint64_t mb)
{
	if (mb < 1024)
		sbuf_printf(out, "%llu MiB", (unsigned long long)mb);
	else if (mb < 1024 * 1024)
		sbuf_printf(out, "%.1f GiB", (double)mb / 1024);
	else
		sbuf_printf(out, "%.1f TiB", (double)mb / 1024 / 1024);
}

void part_duration(struct sbuf *out, int64_t ms)
{
	long long s = (long long)(ms < 0 ? 0 : ms) / 1000;

	if (s < 60)
		sbuf_printf(out, "%lld s", s);
	else if (s < 3600)
		sbuf_printf(out, "%lld min", s / 60);
	else if (s < 86400)
		sbuf_printf(out, "%lld h %lld min", s / 3600, s / 60 % 60);
	else
		sbuf_printf(out, "%lld d %lld h", s / 86400, s / 3600 % 24);
}

void part_time(struct sbuf *out, int64_t wall_ms)
{
	char text[32];

	if (wall_ms <= 0) {
		sbuf_puts(out, "–");
		return;
	}
	clock_format(wall_ms, text); /* 2026-01-31T12:00:00.123Z */
	sbuf_printf(out, "<time datetime=\"%s\">%.10s %.5s</time>", text, text, text + 11);
}

void part_usage(struct sbuf *out, const char *label, double used, double total, const char *words)
{
	double share = total > 0 ? used / total : 0;

	if (share > 1)
		share = 1;
	sbuf_printf(out,
		"<div class=\"usage\"><dt>%s</dt><dd>%s<svg class=\"bar\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" "
		"aria-hidden=\"true\"><rect class=\"bar-all\" width=\"100\" height=\"4\"/><rect class=\"bar-used\" "
		"width=\"%.1f\" height=\"4\"/></svg></dd></div>",
		label, words, share * 100);
}

static void add_search(struct sbuf *out, const struct page_view *view, const char *search)
{
	sbuf_puts(out, "<form class=\"search\" role=\"search\" action=\"");
	part_text(out, view->base);
	sbuf_puts(out, "/\"><input type=\"search\" name=\"q\" value=\"");
	part_text(out, search);
	sbuf_puts(out, "\" placeholder=\"Find an application\" aria-label=\"Find an application by name, id or user\" "
		       "maxlength=\"200\"></form>");
}

static void add_viewer(struct sbuf *out, const struct page_view *view)
{
	if (view->who == NULL)
		return;
	sbuf_puts(out, "<form class=\"viewer\" method=\"post\" action=\"");
	part_text(out, view->base);
	sbuf_puts(out, "/_gate/logout\"><span title=\"Signed in as\">");
	part_clipped(out, view->who->name && view->who->name[0] ? view->who->name : view->who->subject, 40);
	sbuf_printf(out, " <small>%s</small></span><button>Sign out</button></form>", role_name(view->who->role));
}

void part_begin(struct sbuf *out, const struct page_view *view, const char *title, const char *search)
{
	sbuf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
	part_clipped(out, title, 120);
	sbuf_puts(out, " · sparkgate</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
		       "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" href=\"");
	part_text(out, view->base);
	sbuf_puts(out, "/_gate/static/gateway.css\"><link rel=\"icon\" type=\"image/svg+xml\" href=\"");
	part_text(out, view->base);
	sbuf_puts(out, "/_gate/static/favicon.svg\"></head>\n<body><header><a class=\"brand\" href=\"");
	part_text(out, view->base);
	sbuf_puts(out, "/\"><img src=\"");
	part_text(out, view->base);
	sbuf_puts(out, "/_gate/static/favicon.svg\" alt=\"\" width=\"26\" height=\"26\">sparkgate</a>");
	if (search)
		add_search(out, view, search);
	add_viewer(out, view);
	sbuf_puts(out, "</header>\n<main>\n");
}

void part_end(struct sbuf *out, const struct page_view *view)
{
	sbuf_puts(out, "</main>\n<footer>sparkgate " SPARKGATE_VERSION " · times are UTC");
	if (view->request_id)
		sbuf_printf(out, " · request <code>%s</code>", view->request_id);
	sbuf_puts(out, "</footer></body></html>\n");
}
