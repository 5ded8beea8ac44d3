/* proxy/pages/page_kill.c - before an application is ended, and after. */
#include "proxy/pages/page_card.h"
#include "proxy/pages/page_parts.h"

static void write_which(struct sbuf *out, const struct page_kill *about)
{
	sbuf_puts(out, "<p class=\"which\"><b>");
	part_name(out, about->app->name[0] ? about->app->name : app_info_spark_id(about->app));
	sbuf_puts(out, "</b> <span class=\"id\">");
	part_text(out, app_info_spark_id(about->app), PART_CLIP);
	sbuf_puts(out, "</span> in ");
	part_text(out, about->cluster->name, PART_CLIP);
	if (about->app->user[0]) {
		sbuf_puts(out, ", of ");
		part_name(out, about->app->user);
	}
	sbuf_puts(out, "</p>\n");
}

static void write_href(struct sbuf *out, const struct page_view *view, const char *path)
{
	sbuf_html(out, (struct str){view->base, part_base_path(view)});
	part_path(out, path);
}

static void write_way_back(
	struct sbuf *out, const struct page_view *view, const struct page_kill *about)
{
	sbuf_puts(out, "<a class=\"button quiet\" href=\"");
	write_href(out, view, about->cluster->path);
	sbuf_puts(out, "/\">The cluster</a>");
}

void page_kill_question(
	struct sbuf *out, const struct page_view *view, const struct page_kill *about)
{
	card_open(out, view, "Kill this application?", NULL);
	write_which(out, about);
	card_text(out, "Spark ends it at once. What it has not written yet is lost.");
	if (about->problem)
		sbuf_printf(out, "<p class=\"notice bad\" role=\"alert\" id=\"problem\">%s</p>\n",
			about->problem);
	sbuf_puts(out, "<form class=\"sign-in\" method=\"post\" action=\"");
	part_app_href(out, view, about->cluster->path, about->app->id, "/kill");
	sbuf_printf(out,
		"\">\n<label for=\"reason\">Reason, for the audit log (optional)</label>\n"
		"<input id=\"reason\" name=\"reason\" maxlength=\"%d\" autocomplete=\"off\"%s>\n"
		"<button class=\"danger\">Kill the application</button></form>\n"
		"<div class=\"actions\">",
		PAGE_KILL_REASON,
		about->problem ? " aria-invalid=\"true\" aria-describedby=\"problem\"" : "");
	write_way_back(out, view, about);
	sbuf_puts(out, "</div>\n");
	card_close(out, view);
}

void page_kill_told(struct sbuf *out, const struct page_view *view, const struct page_kill *about,
	enum page_killed end)
{
	static const struct {
		const char *title, *sentence;
	} words[] = {
		[KILLED] = {"The application is killed",
			"The master has ended it. Its history stays."},
		[KILL_NOT_RUNNING] = {"The application is not running",
			"It has ended already. Nothing was done."},
		[KILL_ON_KUBERNETES] = {"Spark cannot end this application from here",
			"It runs on Kubernetes, where Spark has no way to end an application. "
			"Delete its driver's pod instead."},
		[KILL_ANOTHER] = {"Spark would end another application",
			"A later one runs under the same ID, and Spark ends that one. Nothing was "
			"done."},
		[KILL_NO_MASTER] = {"The master cannot be asked",
			"The gateway reaches no master of this cluster. Nothing was done."},
		[KILL_REFUSED] = {"The master refused", "It does not let anybody end applications "
							"here. Nothing was done."},
		[KILL_WITHOUT_EFFECT] = {"The application is still running",
			"The master took the request and did not end it. Its configuration may "
			"forbid that (spark.ui.killEnabled, or its ACLs)."},
		[KILL_UNCERTAIN] = {"The application may still be running",
			"The master took the request, and then did not say what runs. Look at the "
			"cluster's page."},
	};

	card_open(out, view, words[end].title, NULL);
	write_which(out, about);
	card_text(out, words[end].sentence);
	sbuf_puts(out, "<div class=\"actions\">");
	write_way_back(out, view, about);
	sbuf_puts(out, "</div>\n");
	card_request_id(out, view);
	card_close(out, view);
}
