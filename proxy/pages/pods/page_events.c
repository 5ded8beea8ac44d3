/* proxy/pages/pods/page_events.c - what Kubernetes tells of an application's pods. */
#include "proxy/pages/pods/page_pods.h"

#include "proxy/pages/page_parts.h"
#include "proxy/pages/pods/pods_parts.h"

enum { MESSAGE_SHOWN = 1024, ROW_MAX = 16 * 1024 };

static void write_row(struct sbuf *out, const struct kube_incident *one)
{
	bool is_normal = strcmp(one->type, "Normal") == 0;

	sbuf_puts(out, "<tr><td data-label=\"Time\">");
	if (one->at_ms)
		part_time(out, one->at_ms);
	sbuf_puts(out, "</td><th scope=\"row\" class=\"what\"><bdi>");
	part_text(out, one->reason, PART_CLIP);
	sbuf_puts(out, "</bdi>");
	if (one->count > 1)
		sbuf_printf(out, "<span class=\"note\">%lld times</span>", (long long)one->count);
	sbuf_puts(out, "</th><td data-label=\"Type\" class=\"state\">");
	part_pill(out, is_normal ? TONE_IDLE : TONE_WARN, is_normal ? "Normal" : "Warning");
	sbuf_puts(out, "</td><td data-label=\"What\"><bdi>");
	part_text(out, one->message, MESSAGE_SHOWN);
	sbuf_puts(out, "</bdi></td><td data-label=\"Pod\">");
	part_name(out, one->pod);
	if (one->source[0]) {
		sbuf_puts(out, "<span class=\"note\">told by ");
		part_text(out, one->source, PART_CLIP);
		sbuf_puts(out, "</span>");
	}
	sbuf_puts(out, "</td></tr>\n");
}

void page_events(struct sbuf *out, const struct page_view *view, const struct page_pods *about,
	const struct page_incidents *list)
{
	pods_open(out, view, about, true);
	sbuf_puts(out, "<section class=\"panel\"><h2>Events</h2>\n");
	if (list->count == 0) {
		sbuf_puts(out, "<p class=\"empty\">Kubernetes tells of no event. It forgets each "
			       "after an hour, mostly.</p></section>\n");
		part_close(out, view);
		return;
	}
	sbuf_puts(out,
		"<table class=\"events\"><thead><tr><th scope=\"col\">Time (UTC)</th>"
		"<th scope=\"col\">Event</th><th scope=\"col\">Type</th>"
		"<th scope=\"col\">What</th><th scope=\"col\">Pod</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < list->count && part_has_room(out, ROW_MAX); i++)
		write_row(out, &list->at[i]);
	sbuf_puts(out, "</tbody></table>\n");
	if (list->has_more)
		sbuf_puts(out, "<p class=\"empty\">There are more events than these.</p>\n");
	sbuf_puts(out, "</section>\n");
	part_close(out, view);
}
