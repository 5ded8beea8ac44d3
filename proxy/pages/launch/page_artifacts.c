/* proxy/pages/launch/page_artifacts.c - a person's own files in a cluster's storage. */
#include "proxy/pages/launch/page_launch.h"

#include "proxy/pages/launch/launch_parts.h"

enum { ROW_MAX = 4096, MIB = 1024 * 1024 };

/* Whole mebibytes, at least one. */
static void write_size(struct sbuf *out, uint64_t bytes)
{
	if (bytes < MIB) {
		part_count(out, (bytes + 1023) / 1024);
		sbuf_puts(out, " KiB");
	} else {
		part_memory(out, bytes / MIB);
	}
}

static void write_row(struct sbuf *out, const struct page_view *view, const json_t *artifact)
{
	const char *name = json_value_string(artifact, "name");

	sbuf_puts(out, "<tr><th scope=\"row\" class=\"what\">");
	part_name(out, name);
	sbuf_puts(out, "</th><td data-label=\"Size\">");
	write_size(out, (uint64_t)json_integer_value(json_object_get(artifact, "size")));
	sbuf_puts(out, "</td><td data-label=\"Uploaded\">");
	launch_time(out, artifact, "modified");
	sbuf_puts(out, "</td><td class=\"does\"><a class=\"button quiet\" href=\"");
	part_path(out, view->base);
	sbuf_puts(out, "/applications/new?artifact=");
	sbuf_urlencode(out, str_of(name));
	sbuf_puts(out, "\">Launch<span class=\"vh\"> ");
	part_text(out, name, PART_CLIP);
	sbuf_puts(out, "</span></a></td></tr>\n");
}

static void write_table(
	struct sbuf *out, const struct page_view *view, const struct page_artifacts *list)
{
	sbuf_puts(out, "<table class=\"tokens\"><caption class=\"vh\">Your files; times are "
		       "UTC</caption>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">"
		       "Size</th><th scope=\"col\">Uploaded</th><th scope=\"col\"><span "
		       "class=\"vh\">Launch</span></th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < json_array_size(list->artifacts) && part_has_room(out, ROW_MAX); i++)
		write_row(out, view, json_array_get(list->artifacts, i));
	sbuf_puts(out, "</tbody></table>\n");
}

void page_artifacts(
	struct sbuf *out, const struct page_view *view, const struct page_artifacts *list)
{
	launch_open(out, view, "Your files", "/applications/new", "New application");
	sbuf_puts(out, "<div class=\"head\"><h1>Your files on ");
	part_text(out, list->cluster, PART_CLIP);
	sbuf_puts(out, "</h1></div>\n<section class=\"panel\" aria-label=\"Your files\">\n");
	if (json_array_size(list->artifacts) > 0)
		write_table(out, view, list);
	else
		sbuf_puts(out, "<p class=\"empty first\">You have uploaded nothing yet.</p>\n");
	sbuf_puts(out, "<p class=\"hint\">");
	write_size(out, list->used);
	sbuf_puts(out, " of ");
	write_size(out, list->quota);
	sbuf_puts(out,
		" are used. Upload by <code>sparkgate-client artifacts put FILE</code>, or by "
		"<code>PUT /api/v1/artifacts/NAME</code>.</p>\n</section>\n");
	part_close(out, view);
}
