#include "proxy/pages/admin/page_sessions.h"

#include "auth/store/store.h"
#include "base/clock.h"
#include "base/text/json_value.h"
#include "proxy/pages/page_parts.h"

enum { ROW_MAX = 24 * 1024 }; /* every text at its longest, each byte escaped */

/* --- addresses and forms --- */

/* The inside of an href: the list of this person's ("": everybody's), from `cursor` on ("": from
 * the newest). */
static void write_address(struct sbuf *out, const struct page_view *view, const char *user,
	const char *issuer, const char *cursor)
{
	const struct {
		const char *name, *text;
	} parameters[] = {{"user", user}, {"issuer", issuer}, {"cursor", cursor}};
	const char *sign = "?";

	part_path(out, view->base);
	sbuf_puts(out, "/sessions");
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
		if (parameters[i].text[0] == '\0')
			continue;
		sbuf_printf(out, "%s%s=", sign, parameters[i].name);
		sbuf_urlencode(out, str_of(parameters[i].text));
		sign = "&amp;";
	}
}

static void write_filter(
	struct sbuf *out, const struct page_view *view, const struct page_sessions *list)
{
	sbuf_puts(out, "<form class=\"filter\" role=\"search\" method=\"get\" action=\"");
	part_path(out, view->base);
	sbuf_printf(out,
		"/sessions\"><label for=\"user\">Person</label><input id=\"user\" name=\"user\" "
		"maxlength=\"%d\" autocomplete=\"off\" spellcheck=\"false\" "
		"autocapitalize=\"none\" placeholder=\"ID at the identity provider\" value=\"",
		STORE_SUBJECT_CHARS);
	sbuf_html(out, str_of(list->user));
	sbuf_puts(out, "\"><button class=\"quiet\">Show</button>");
	if (list->user[0]) {
		sbuf_puts(out, "<a class=\"soft\" href=\"");
		write_address(out, view, "", "", "");
		sbuf_puts(out, "\">Everybody\xe2\x80\x99s</a>");
	}
	sbuf_puts(out, "</form>\n");
}

static void write_hidden(struct sbuf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	sbuf_printf(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
	sbuf_html(out, str_of(value));
	sbuf_puts(out, "\">");
}

/* The question before: what goes with it stands there. */
static void write_end_all(
	struct sbuf *out, const struct page_view *view, const struct page_sessions *list)
{
	if (list->user[0] == '\0' || json_array_size(list->sessions) == 0)
		return;
	sbuf_puts(out, "<details class=\"panel new\"><summary>End all sessions of ");
	part_name(out, list->user);
	sbuf_puts(out, "\xe2\x80\xa6</summary>\n<form class=\"sheet\" method=\"post\" action=\"");
	part_path(out, view->base);
	sbuf_puts(out, "/sessions/end\">");
	part_form_token(out, view);
	write_hidden(out, "user", list->user);
	write_hidden(out, "issuer", list->issuer);
	sbuf_puts(out,
		"<p>The person is signed out of the gateway everywhere within a second. Tokens "
		"that the person made end, too, unless <code>tokens.follow_sessions</code> is "
		"false. The person can sign in again while the identity provider allows "
		"it.</p>\n<button class=\"danger\">End all sessions</button></form></details>\n");
}

/* --- rows --- */

static void write_end(struct sbuf *out, const struct page_view *view, const json_t *session)
{
	sbuf_puts(out, "<td class=\"does\"><form method=\"post\" action=\"");
	part_path(out, view->base);
	sbuf_puts(out, "/sessions/");
	part_path(out, json_value_string(session, "id"));
	sbuf_puts(out, "/end\">");
	part_form_token(out, view);
	sbuf_puts(out, "<button class=\"quiet\">End<span class=\"vh\"> the session of ");
	part_text(out, json_value_string(session, "user"), PART_CLIP);
	sbuf_puts(out, "</span></button></form></td>");
}

static void write_person(struct sbuf *out, const struct page_view *view, const json_t *session)
{
	const char *user = json_value_string(session, "user"),
		   *name = json_value_string(session, "name");

	sbuf_puts(out, "<th scope=\"row\" class=\"what\">");
	if (user[0]) {
		sbuf_puts(out, "<a href=\"");
		write_address(out, view, user, json_value_string(session, "issuer"), "");
		sbuf_puts(out, "\">");
		part_name(out, name[0] ? name : user);
		sbuf_puts(out, "</a><span class=\"id\">");
		part_text(out, user, PART_CLIP);
		sbuf_puts(out, "</span>");
	} else {
		sbuf_puts(out, "<span class=\"none\">sealed with an old key</span>");
	}
	sbuf_puts(out, "</th>");
}

static void write_when(struct sbuf *out, const char *label, const json_t *session, const char *name)
{
	sbuf_printf(out, "<td data-label=\"%s\">", label);
	part_time(out, clock_parse(json_value_member(session, name)));
	sbuf_puts(out, "</td>");
}

static void write_row(struct sbuf *out, const struct page_view *view, const json_t *session)
{
	static const struct {
		const char *via, *words;
	} ways[] = {{"oidc", "identity provider"}, {"token", "token"}, {"link", "one-time link"}};
	const char *via = json_value_string(session, "via");

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		if (strcmp(via, ways[i].via) == 0)
			via = ways[i].words;
	}
	sbuf_puts(out, "<tr>");
	write_person(out, view, session);
	sbuf_puts(out, "<td data-label=\"Role\">");
	part_text(out, json_value_string(session, "role"), PART_CLIP);
	sbuf_puts(out, "</td><td data-label=\"Signed in by\">");
	part_text(out, via, PART_CLIP);
	sbuf_puts(out, "<span class=\"id\">");
	part_text(out, json_value_string(session, "issuer"), PART_CLIP);
	sbuf_puts(out, "</span></td><td data-label=\"From\">");
	part_name(out, json_value_string(session, "client"));
	sbuf_puts(out, "</td>");
	write_when(out, "Since", session, "created_at");
	write_when(out, "Last seen", session, "last_seen_at");
	write_when(out, "Ends", session, "expires_at");
	write_end(out, view, session);
	sbuf_puts(out, "</tr>\n");
}

static void write_table(
	struct sbuf *out, const struct page_view *view, const struct page_sessions *list)
{
	sbuf_puts(out,
		"<table class=\"tokens signed-in\"><caption class=\"vh\">Sessions, newest first; "
		"times are UTC</caption>\n<thead><tr><th scope=\"col\">Person</th>"
		"<th scope=\"col\">Role</th><th scope=\"col\">Signed in by</th>"
		"<th scope=\"col\">From</th><th scope=\"col\">Since</th>"
		"<th scope=\"col\">Last seen</th><th scope=\"col\">Ends</th>"
		"<th scope=\"col\"><span class=\"vh\">End</span></th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < json_array_size(list->sessions) && part_has_room(out, ROW_MAX); i++)
		write_row(out, view, json_array_get(list->sessions, i));
	sbuf_puts(out, "</tbody></table>\n");
}

static void write_pager(
	struct sbuf *out, const struct page_view *view, const struct page_sessions *list)
{
	if (!list->is_later && list->next[0] == '\0')
		return;
	sbuf_puts(out, "<nav class=\"pager\" aria-label=\"Pages\"><span></span>"
		       "<span class=\"turn\">");
	if (list->is_later) {
		sbuf_puts(out, "<a href=\"");
		write_address(out, view, list->user, list->issuer, "");
		sbuf_puts(out, "\">Newest</a>");
	}
	if (list->next[0]) {
		sbuf_puts(out, "<a rel=\"next\" href=\"");
		write_address(out, view, list->user, list->issuer, list->next);
		sbuf_puts(out, "\">Older</a>");
	}
	sbuf_puts(out, "</span></nav>\n");
}

void page_sessions(struct sbuf *out, const struct page_view *view, const struct page_sessions *list)
{
	part_open(out, view, &(struct part_frame){.title = "Sessions"});
	sbuf_puts(out, "<div class=\"head\"><h1>Sessions</h1></div>\n");
	if (list->done) {
		sbuf_puts(out, "<p class=\"notice good\" role=\"status\">");
		part_text(out, list->done, 256);
		sbuf_puts(out, "</p>\n");
	}
	write_filter(out, view, list);
	write_end_all(out, view, list);
	sbuf_puts(out, "<section class=\"panel\" aria-label=\"Sessions\">\n");
	if (json_array_size(list->sessions) > 0)
		write_table(out, view, list);
	else
		sbuf_printf(out, "<p class=\"empty first\">%s</p>\n",
			list->is_later	? "There are no older sessions."
			: list->user[0] ? "This person is not signed in."
					: "Nobody is signed in.");
	write_pager(out, view, list);
	sbuf_puts(out, "</section>\n");
	part_close(out, view);
}
