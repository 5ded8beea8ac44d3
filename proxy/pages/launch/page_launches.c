/* proxy/pages/launch/page_launches.c - the applications that one has launched. */
#include "proxy/pages/launch/page_launch.h"

#include "proxy/pages/launch/launch_parts.h"

enum { ROW_MAX = 16 * 1024 };

static void write_what(struct sbuf *out, const struct page_view *view, const json_t *launch)
{
	sbuf_puts(out, "<th scope=\"row\" class=\"what\"><a href=\"");
	launch_href(out, view, launch, "");
	sbuf_puts(out, "\">");
	part_name(out, json_value_string(launch, "name"));
	sbuf_puts(out, "</a><span class=\"id\">");
	part_text(out, json_value_string(launch, "application_id"), PART_CLIP);
	sbuf_puts(out, "</span></th>");
}

static void write_does(struct sbuf *out, const struct page_view *view, const json_t *launch)
{
	sbuf_puts(out, "<td class=\"does\"><a class=\"button quiet\" href=\"");
	launch_href(out, view, launch, "/logs?container=driver");
	sbuf_puts(out, "\">Log<span class=\"vh\"> of ");
	part_text(out, json_value_string(launch, "name"), PART_CLIP);
	sbuf_puts(out, "</span></a>");
	if (launch_is_live(launch))
		launch_kill_link(out, view, launch);
	else
		launch_button(out, view, launch, "/restart", "Launch again");
	sbuf_puts(out, "</td>");
}

static void write_row(struct sbuf *out, const struct page_view *view, const json_t *launch)
{
	sbuf_puts(out, "<tr>");
	write_what(out, view, launch);
	sbuf_puts(out, "<td data-label=\"State\" class=\"state\">");
	launch_state(out, launch);
	sbuf_puts(out, "</td><td data-label=\"Cluster\">");
	part_name(out, json_value_string(launch, "cluster"));
	sbuf_puts(out, "<span class=\"id\">");
	part_text(out, json_value_string(launch, "profile"), PART_CLIP);
	sbuf_puts(out, "</span></td><td data-label=\"Person\">");
	part_name(out, json_value_string(launch, "user"));
	sbuf_puts(out, "</td><td data-label=\"Launched\">");
	launch_time(out, launch, "created_at");
	sbuf_puts(out, "</td>");
	write_does(out, view, launch);
	sbuf_puts(out, "</tr>\n");
}

static void write_table(
	struct sbuf *out, const struct page_view *view, const struct page_launches *list)
{
	sbuf_puts(out,
		"<table class=\"tokens launches\"><caption class=\"vh\">Applications, newest "
		"first; times are UTC</caption>\n<thead><tr><th scope=\"col\">Application</th>"
		"<th scope=\"col\">State</th><th scope=\"col\">Cluster and profile</th>"
		"<th scope=\"col\">Person</th><th scope=\"col\">Launched</th>"
		"<th scope=\"col\"><span class=\"vh\">Change</span></th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < json_array_size(list->launches) && part_has_room(out, ROW_MAX); i++)
		write_row(out, view, json_array_get(list->launches, i));
	sbuf_puts(out, "</tbody></table>\n");
}

static void write_pager(
	struct sbuf *out, const struct page_view *view, const struct page_launches *list)
{
	if (!list->is_later && list->next[0] == '\0')
		return;
	sbuf_puts(out, "<nav class=\"pager\" aria-label=\"Pages\"><span></span>"
		       "<span class=\"turn\">");
	if (list->is_later) {
		sbuf_puts(out, "<a href=\"");
		part_path(out, view->base);
		sbuf_puts(out, "/applications\">Newest</a>");
	}
	if (list->next[0]) {
		sbuf_puts(out, "<a rel=\"next\" href=\"");
		part_path(out, view->base);
		sbuf_puts(out, "/applications?cursor=");
		sbuf_urlencode(out, str_of(list->next));
		sbuf_puts(out, "\">Older</a>");
	}
	sbuf_puts(out, "</span></nav>\n");
}

void page_launches(struct sbuf *out, const struct page_view *view, const struct page_launches *list)
{
	part_open(out, view, &(struct part_frame){.title = "Applications"});
	sbuf_puts(out, "<div class=\"head\"><h1>Applications</h1>");
	if (list->has_profiles) {
		sbuf_puts(out, "<a class=\"button\" href=\"");
		part_path(out, view->base);
		sbuf_puts(out, "/applications/new\">Launch an application</a>");
	}
	sbuf_puts(out, "</div>\n");
	if (!list->has_profiles)
		launch_notice(out, "warn",
			"No profile is for you, so you cannot launch anything here. An "
			"administrator assigns profiles by roles.");
	sbuf_puts(out, "<section class=\"panel\" aria-label=\"Applications\">\n");
	if (json_array_size(list->launches) > 0)
		write_table(out, view, list);
	else
		sbuf_printf(out, "<p class=\"empty first\">%s</p>\n",
			list->is_later ? "There are no older ones."
				       : "Nothing has been launched yet.");
	write_pager(out, view, list);
	sbuf_puts(out, "</section>\n");
	part_close(out, view);
}
