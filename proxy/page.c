#include "proxy/page_parts.h"

void page_login(struct sbuf *out, const struct page_view *view, struct str next, const char *problem)
{
	part_begin(out, view, "Sign in", NULL);
	sbuf_puts(out, "<section class=\"card narrow\"><h1>Sign in</h1>");
	if (problem) {
		sbuf_puts(out, "<p class=\"problem\" role=\"alert\">");
		part_text(out, problem);
		sbuf_puts(out, "</p>");
	}
	sbuf_puts(out, "<form method=\"post\" action=\"");
	part_text(out, view->base);
	sbuf_puts(out, "/_gate/login\"><input type=\"hidden\" name=\"next\" value=\"");
	sbuf_html(out, next);
	sbuf_puts(out,
		"\"><label for=\"token\">Access token</label><input id=\"token\" name=\"token\" type=\"password\" required autofocus "
		"autocomplete=\"off\" spellcheck=\"false\" maxlength=\"8192\"><button class=\"primary\">Sign in</button></form>"
		"<p class=\"hint\">No token? An administrator makes one with <code>sparkgate token create</code>. At its first "
		"start the gateway prints a sign-in link for the administrator that works once.</p></section>");
	part_end(out, view);
}

void page_logout(struct sbuf *out, const struct page_view *view)
{
	part_begin(out, view, "Sign out", NULL);
	sbuf_puts(out, "<section class=\"card narrow\"><h1>Sign out</h1><p>This ends your session in this browser.</p>"
		       "<form method=\"post\" action=\"");
	part_text(out, view->base);
	sbuf_puts(out, "/_gate/logout\"><button class=\"primary\">Sign out</button></form></section>");
	part_end(out, view);
}

void page_signed_out(struct sbuf *out, const struct page_view *view)
{
	part_begin(out, view, "Signed out", NULL);
	sbuf_puts(out, "<section class=\"card narrow\"><h1>You are signed out</h1><p>The session in this browser has ended.</p>"
		       "<p><a class=\"button\" href=\"");
	part_text(out, view->base);
	sbuf_puts(out, "/_gate/login\">Sign in again</a></p></section>");
	part_end(out, view);
}

static void add_home_link(struct sbuf *out, const struct page_view *view)
{
	sbuf_puts(out, "<p><a class=\"button\" href=\"");
	part_text(out, view->base);
	sbuf_puts(out, view->who ? "/\">All clusters</a></p>" : "/_gate/login\">Sign in</a></p>");
}

void page_fault(struct sbuf *out, const struct page_view *view, enum fault fault, const char *detail)
{
	const struct fault_row *row = fault_row(fault);

	part_begin(out, view, row->sentence, NULL);
	sbuf_printf(out, "<section class=\"card narrow\"><p class=\"status\">%d</p><h1>%s</h1>", row->status, row->sentence);
	if (detail) {
		sbuf_puts(out, "<p>");
		part_clipped(out, detail, 400);
		sbuf_puts(out, "</p>");
	}
	if (fault == FAULT_NO_ROLE || fault == FAULT_FORBIDDEN)
		sbuf_puts(out, "<p>Ask the administrator of this gateway for the role that allows it.</p>");
	add_home_link(out, view);
	sbuf_puts(out, "</section>");
	part_end(out, view);
}

static const char *gone_headline(const struct mount *mount)
{
	static const char *const lines[][2] = {
		[MOUNT_UP] = {"This application does not answer", "This worker does not answer"},
		[MOUNT_UNVERIFIED] = {"This application is not ready yet", "This worker is not ready yet"},
		[MOUNT_REFUSED] = {"This application's address is not allowed", "This worker's address is not allowed"},
		[MOUNT_GONE] = {"This application is not running any more", "This worker is gone"},
	};
	bool other = mount->kind != UI_DRIVER && mount->kind != UI_WORKER;

	return other ? "This page cannot be reached" : lines[mount->state][mount->kind == UI_WORKER];
}

void page_gone(struct sbuf *out, const struct page_view *view, const struct registry *reg, const struct mount *mount)
{
	const struct cluster_info *cluster = registry_cluster(reg, str_of(mount->cluster));

	part_begin(out, view, gone_headline(mount), "");
	sbuf_printf(out, "<section class=\"card narrow\"><h1>%s</h1><p><code>", gone_headline(mount));
	part_clipped(out, mount->id, 200);
	sbuf_puts(out, "</code> of cluster ");
	part_text(out, mount->cluster);
	sbuf_puts(out, ".</p>");
	if (mount->why[0]) {
		sbuf_puts(out, "<p>");
		part_clipped(out, mount->why, 400);
		sbuf_puts(out, "</p>");
	}
	sbuf_puts(out, "<p class=\"actions\">");
	if (cluster && mount->kind == UI_DRIVER && !mount->is_driver_log) {
		sbuf_puts(out, "<a class=\"button primary\" href=\"");
		part_text(out, cluster->path);
		sbuf_puts(out, "/apps/");
		sbuf_urlencode(out, str_of(mount->id));
		sbuf_puts(out, "\">Its history</a> ");
	}
	if (cluster && cluster->history) {
		sbuf_puts(out, "<a class=\"button\" href=\"");
		part_text(out, cluster->history->path);
		sbuf_puts(out, "/\">History server</a> ");
	}
	sbuf_puts(out, "<a class=\"button\" href=\"");
	part_text(out, cluster ? cluster->path : view->base);
	sbuf_puts(out, "/\">The cluster</a></p></section>");
	part_end(out, view);
}

void page_not_ready(struct sbuf *out, const struct page_view *view, const struct app_info *app)
{
	part_begin(out, view, "Its history is not ready yet", "");
	sbuf_puts(out, "<section class=\"card narrow\"><h1>");
	sbuf_puts(out, app->running ? "The application is starting" : "Finished; its history is not ready yet");
	sbuf_puts(out, "</h1><p>");
	part_clipped(out, app->name, 200);
	sbuf_puts(out, " <code>");
	part_clipped(out, app->id, 200);
	sbuf_puts(out, "</code></p><p>");
	sbuf_puts(out, app->running ? "Its page opens as soon as it answers."
				    : "The history server reads the event log a little after the end. This page tries again "
				      "by itself every few seconds.");
	sbuf_puts(out, "</p>");
	add_home_link(out, view);
	sbuf_puts(out, "</section>");
	part_end(out, view);
}
