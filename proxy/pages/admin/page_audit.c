#include "proxy/pages/admin/page_audit.h"

#include "auth/audit/audit_json.h"
#include "auth/store/store.h"
#include "base/clock.h"
#include "base/text/json_value.h"
#include "proxy/pages/page_parts.h"

enum { ROW_MAX = 32 * 1024 }; /* every text at its longest, each byte escaped */

/* --- what is looked for --- */

/* A query string of ours inside an href. */
static void write_link(struct sbuf *out, const struct page_view *view, const char *query)
{
	part_path(out, view->base);
	sbuf_puts(out, "/audit");
	sbuf_html(out, str_of(query));
}

static void write_input(struct sbuf *out, const char *name, const char *label, const char *type,
	size_t max, const char *value)
{
	sbuf_printf(out,
		"<div class=\"field\"><label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" "
		"type=\"%s\" maxlength=\"%zu\" autocomplete=\"off\" spellcheck=\"false\" "
		"autocapitalize=\"none\" value=\"",
		name, label, name, name, type, max);
	sbuf_html(out, str_of(value));
	sbuf_puts(out, "\"></div>\n");
}

static void write_actions(struct sbuf *out, const char *chosen)
{
	static const char *const actions[] = {
		"kill", "submit", "download", "dump", "tokens", "sessions"};

	sbuf_puts(out, "<div class=\"field\"><label for=\"action\">Action</label>"
		       "<select id=\"action\" name=\"action\"><option value=\"\">any</option>");
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		sbuf_printf(out, "<option%s>%s</option>",
			strcmp(chosen, actions[i]) == 0 ? " selected" : "", actions[i]);
	sbuf_puts(out, "</select></div>\n");
}

static void write_filter(
	struct sbuf *out, const struct page_view *view, const struct page_audit *list)
{
	bool is_narrowed = list->user[0] || list->action[0] || list->application[0] ||
			   list->from[0] || list->until[0];

	sbuf_printf(out,
		"<details class=\"panel new\"%s><summary>Filter</summary>\n"
		"<form role=\"search\" method=\"get\" action=\"",
		is_narrowed || list->problem ? " open" : "");
	write_link(out, view, "");
	sbuf_puts(out, "\"><div class=\"fields\">\n");
	if (list->problem) {
		sbuf_puts(out, "<p class=\"notice bad\" role=\"alert\">");
		part_text(out, list->problem, 256);
		sbuf_puts(out, "</p>\n");
	}
	write_input(out, "user", "Person", "text", STORE_SUBJECT_CHARS, list->user);
	write_actions(out, list->action);
	write_input(
		out, "application", "Application, by ID or name", "text", 128, list->application);
	write_input(out, "from", "From (UTC)", "datetime-local", 32, list->from);
	write_input(out, "until", "Until (UTC)", "datetime-local", 32, list->until);
	sbuf_puts(out, "<div class=\"field whole\"><button>Show</button> ");
	if (is_narrowed) {
		sbuf_puts(out, "<a class=\"soft\" href=\"");
		write_link(out, view, "");
		sbuf_puts(out, "\">Everything</a>");
	}
	sbuf_puts(out, "</div></div></form></details>\n");
}

/* --- rows --- */

static void write_who(struct sbuf *out, const json_t *event)
{
	const char *user = json_value_string(event, "user"),
		   *name = json_value_string(event, "user_name");

	sbuf_puts(out, "<th scope=\"row\" class=\"what\">");
	if (user[0])
		part_name(out, name[0] ? name : user);
	else
		sbuf_puts(out, "<span class=\"none\">nobody</span>");
	if (name[0]) {
		sbuf_puts(out, "<span class=\"id\">");
		part_text(out, user, PART_CLIP);
		sbuf_puts(out, "</span>");
	}
	sbuf_puts(out, "</th>");
}

static void write_outcome(struct sbuf *out, const json_t *event)
{
	const char *decision = json_value_string(event, "decision"),
		   *reason = json_value_string(event, "reason");
	bool is_done = strcmp(decision, "deny") != 0 && strcmp(decision, "refuse") != 0;
	json_int_t status = json_integer_value(json_object_get(event, "status"));

	sbuf_puts(out, "<td data-label=\"Outcome\" class=\"state\">");
	part_pill(out, is_done ? TONE_IDLE : TONE_WARN, decision);
	if (status || reason[0]) {
		sbuf_puts(out, "<span class=\"note\">");
		if (status)
			sbuf_printf(out, "%lld ", (long long)status);
		part_text(out, reason, PART_CLIP);
		sbuf_puts(out, "</span>");
	}
	sbuf_puts(out, "</td>");
}

static void write_note(struct sbuf *out, const char *label, const char *text)
{
	if (text[0] == '\0')
		return;
	sbuf_printf(out, "<span class=\"note\">%s", label);
	part_text(out, text, 256);
	sbuf_puts(out, "</span>");
}

static void write_details(struct sbuf *out, json_t *details)
{
	const char *name;
	json_t *value;

	json_object_foreach(details, name, value)
	{
		sbuf_puts(out, "<span class=\"note\">");
		part_text(out, name, 32);
		sbuf_puts(out, " ");
		part_text(out, json_string_value(value) ? json_string_value(value) : "", 128);
		sbuf_puts(out, "</span>");
	}
}

/* What it was done to. */
static void write_about(struct sbuf *out, const json_t *event)
{
	const char *app = json_value_string(event, "app_id"),
		   *name = json_value_string(event, "app_name");

	sbuf_puts(out, "<td data-label=\"What\">");
	if (name[0] || app[0])
		part_name(out, name[0] ? name : app);
	if (name[0] && app[0]) {
		sbuf_puts(out, "<span class=\"id\">");
		part_text(out, app, PART_CLIP);
		sbuf_puts(out, "</span>");
	}
	write_note(out, "cluster ", json_value_string(event, "cluster"));
	write_note(out, "of ", json_value_string(event, "subject"));
	write_note(out, "token ", json_value_string(event, "token_id"));
	write_note(out, "session ", json_value_string(event, "session_id"));
	write_details(out, json_object_get(event, "details"));
	write_note(out, "because: ", json_value_string(event, "stated_reason"));
	sbuf_puts(out, "</td>");
}

static void write_row(struct sbuf *out, const json_t *event)
{
	sbuf_puts(out, "<tr>");
	write_who(out, event);
	sbuf_puts(out, "<td data-label=\"Action\">");
	part_text(out, json_value_string(event, "action"), 32);
	sbuf_puts(out, "</td>");
	write_outcome(out, event);
	write_about(out, event);
	sbuf_puts(out, "<td data-label=\"From\">");
	part_name(out, json_value_string(event, "client"));
	sbuf_puts(out, "<span class=\"id\">");
	part_text(out, json_value_string(event, "request_id"), 32);
	sbuf_puts(out, "</span></td><td data-label=\"When\">");
	part_time(out, clock_parse(json_value_member(event, "time")));
	sbuf_puts(out, "</td></tr>\n");
}

static void write_table(struct sbuf *out, const struct page_audit *list)
{
	sbuf_puts(out, "<table class=\"audit\"><caption class=\"vh\">Events, newest first; times "
		       "are UTC</caption>\n<thead><tr><th scope=\"col\">Who</th>"
		       "<th scope=\"col\">Action</th><th scope=\"col\">Outcome</th>"
		       "<th scope=\"col\">What</th><th scope=\"col\">From</th>"
		       "<th scope=\"col\">When</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < json_array_size(list->events) && part_has_room(out, ROW_MAX); i++)
		write_row(out, json_array_get(list->events, i));
	sbuf_puts(out, "</tbody></table>\n");
}

static void write_pager(
	struct sbuf *out, const struct page_view *view, const struct page_audit *list)
{
	sbuf_puts(out, "<nav class=\"pager\" aria-label=\"Pages\"><a class=\"soft\" href=\"");
	write_link(out, view, list->csv);
	sbuf_puts(out, "\">Download as CSV</a><span class=\"turn\">");
	if (list->is_later) {
		sbuf_puts(out, "<a href=\"");
		write_link(out, view, list->first);
		sbuf_puts(out, "\">Newest</a>");
	}
	if (list->next[0]) {
		sbuf_puts(out, "<a rel=\"next\" href=\"");
		write_link(out, view, list->next);
		sbuf_puts(out, "\">Older</a>");
	}
	sbuf_puts(out, "</span></nav>\n");
}

void page_audit(struct sbuf *out, const struct page_view *view, const struct page_audit *list)
{
	part_open(out, view, &(struct part_frame){.title = "Audit"});
	sbuf_puts(out, "<div class=\"head\"><h1>Audit</h1></div>\n");
	write_filter(out, view, list);
	sbuf_puts(out, "<section class=\"panel\" aria-label=\"Events\">\n");
	if (json_array_size(list->events) > 0)
		write_table(out, list);
	else
		sbuf_printf(out, "<p class=\"empty first\">%s</p>\n",
			list->next[0] ? "There is none among these events. Older ones follow."
				      : "There are no such events.");
	write_pager(out, view, list);
	sbuf_puts(out, "</section>\n");
	part_close(out, view);
}
