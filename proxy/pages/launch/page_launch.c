/* proxy/pages/launch/page_launch.c - one launched application, and its log. */
#include "proxy/pages/launch/page_launch.h"

#include "proxy/pages/launch/launch_parts.h"
#include "proxy/pages/page_card.h"

enum { FACT_MAX = 512, EVENT_ROW = 8 * 1024 };

static void open_page(
	struct sbuf *out, const struct page_view *view, const json_t *launch, const char *before)
{
	launch_open(
		out, view, json_value_string(launch, "name"), "/applications", "All applications");
	sbuf_printf(out, "<div class=\"head\"><div class=\"title\"><h1>%s", before);
	part_name(out, json_value_string(launch, "name"));
	sbuf_puts(out, "</h1>");
	launch_state(out, launch);
	sbuf_puts(out, "</div>");
}

/* --- where it is seen --- */

static void write_links(struct sbuf *out, const struct page_view *view, const json_t *launch)
{
	static const struct {
		const char *name, *words;
	} ways[] = {{"ui", "Spark UI"}, {"permalink", "Permanent link"}};
	const json_t *links = json_object_get(launch, "links");

	sbuf_puts(out, "<div class=\"uis\">");
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		if (json_value_string(links, ways[i].name)[0] == '\0')
			continue;
		sbuf_puts(out, "<a class=\"ui\" href=\"");
		sbuf_html(out, str_of(json_value_string(links, ways[i].name)));
		sbuf_printf(out, "\">%s</a>", ways[i].words);
	}
	sbuf_puts(out, "<a class=\"ui\" href=\"");
	launch_href(out, view, launch, "/logs?container=driver");
	sbuf_puts(out, "\">Log</a></div></div>\n");
}

/* --- what is on record --- */

static void write_fact(struct sbuf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	sbuf_printf(out, "<dt>%s</dt><dd><bdi>", name);
	part_text(out, value, FACT_MAX);
	sbuf_puts(out, "</bdi></dd>\n");
}

static void write_number(struct sbuf *out, const char *name, const json_t *value)
{
	if (json_is_integer(value))
		sbuf_printf(out, "<dt>%s</dt><dd>%lld</dd>\n", name,
			(long long)json_integer_value(value));
}

static void write_when(struct sbuf *out, const char *words, const json_t *launch, const char *name)
{
	if (json_value_string(launch, name)[0] == '\0')
		return;
	sbuf_printf(out, "<dt>%s</dt><dd>", words);
	launch_time(out, launch, name);
	sbuf_puts(out, " UTC</dd>\n");
}

static void write_process(struct sbuf *out, const char *words, const json_t *process)
{
	long long cores = json_integer_value(json_object_get(process, "cores"));

	if (!json_is_object(process))
		return;
	sbuf_printf(out, "<dt>%s</dt><dd>%lld %s, ", words, cores, cores == 1 ? "core" : "cores");
	part_text(out, json_value_string(process, "memory"), PART_CLIP);
	sbuf_puts(out, "</dd>\n");
}

static void write_list(struct sbuf *out, const char *words, const json_t *list)
{
	if (json_array_size(list) == 0)
		return;
	sbuf_printf(out, "<dt>%s</dt><dd>", words);
	for (size_t i = 0; i < json_array_size(list) && part_has_room(out, EVENT_ROW); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		sbuf_puts(out, i ? " <code>" : "<code>");
		part_text(out, text ? text : "", FACT_MAX);
		sbuf_puts(out, "</code>");
	}
	sbuf_puts(out, "</dd>\n");
}

static void write_pairs(struct sbuf *out, const char *words, json_t *pairs)
{
	const char *key;
	json_t *value;

	if (json_object_size(pairs) == 0)
		return;
	sbuf_printf(out, "<dt>%s</dt><dd>", words);
	json_object_foreach(pairs, key, value)
	{
		if (!part_has_room(out, EVENT_ROW))
			break;
		sbuf_puts(out, "<code>");
		part_text(out, key, FACT_MAX);
		sbuf_putc(out, '=');
		part_text(out, json_string_value(value) ? json_string_value(value) : "", FACT_MAX);
		sbuf_puts(out, "</code> ");
	}
	sbuf_puts(out, "</dd>\n");
}

/* What was asked for, and what became of it within the profile. */
static void write_request(struct sbuf *out, const json_t *launch)
{
	const json_t *asked = json_object_get(launch, "request"),
		     *sizes = json_object_get(launch, "sizes");

	write_fact(out, "Artifact", json_value_string(asked, "artifact"));
	write_fact(out, "Program", json_value_string(launch, "resource"));
	write_fact(out, "Main class", json_value_string(asked, "main_class"));
	write_list(out, "Arguments", json_object_get(asked, "arguments"));
	write_process(out, "Driver", json_object_get(sizes, "driver"));
	write_process(out, "Each executor", json_object_get(sizes, "executor"));
	write_number(out, "Executors", json_object_get(sizes, "executors"));
	write_pairs(out, "Environment", json_object_get(asked, "environment"));
	write_pairs(out, "Configuration", json_object_get(asked, "conf"));
}

static void write_facts(struct sbuf *out, const json_t *launch)
{
	sbuf_puts(out, "<dl class=\"facts\">\n");
	write_fact(out, "Reason", json_value_string(launch, "reason"));
	write_number(out, "Exit code", json_object_get(launch, "exit_code"));
	write_number(out, "Attempts", json_object_get(launch, "attempts"));
	write_fact(out, "Application", json_value_string(launch, "application_id"));
	write_fact(out, "Cluster", json_value_string(launch, "cluster"));
	write_fact(out, "Profile", json_value_string(launch, "profile"));
	write_fact(out, "Runs as", json_value_string(launch, "user"));
	write_when(out, "Launched", launch, "created_at");
	write_when(out, "Ended", launch, "ended_at");
	write_request(out, launch);
	write_fact(out, "Id", json_value_string(launch, "id"));
	sbuf_puts(out, "</dl>\n");
}

/* --- changes --- */

static void write_changes(struct sbuf *out, const struct page_view *view, const json_t *launch)
{
	sbuf_puts(out, "<div class=\"actions\">");
	if (launch_is_live(launch))
		launch_kill_link(out, view, launch);
	else
		launch_button(out, view, launch, "/restart", "Launch again");
	sbuf_puts(out, "<a class=\"button quiet\" href=\"");
	part_path(out, view->base);
	sbuf_puts(out, "/applications/new?from=");
	sbuf_urlencode(out, str_of(json_value_string(launch, "id")));
	sbuf_puts(out, "\">Launch again with changes</a></div>\n");
}

/* --- events --- */

static void write_event(struct sbuf *out, const json_t *event)
{
	sbuf_puts(out, "<tr><td data-label=\"Time\">");
	launch_time(out, event, "at");
	sbuf_puts(out, "</td><td data-label=\"About\">");
	part_text(out, json_value_string(event, "about"), PART_CLIP);
	sbuf_puts(out, "</td><td data-label=\"What\"><bdi>");
	part_text(out, json_value_string(event, "text"), FACT_MAX);
	sbuf_puts(out, "</bdi></td></tr>\n");
}

static void write_events(struct sbuf *out, const json_t *events)
{
	if (events == NULL)
		return;
	sbuf_puts(out, "<section class=\"panel\"><h2>Events</h2>\n");
	if (json_array_size(events) == 0)
		sbuf_puts(out, "<p class=\"empty\">There are none.</p>\n");
	else
		sbuf_puts(out, "<table class=\"launch-events\"><thead><tr><th scope=\"col\">Time "
			       "(UTC)</th><th scope=\"col\">About</th><th scope=\"col\">What</th>"
			       "</tr></thead><tbody>\n");
	for (size_t i = 0; i < json_array_size(events) && part_has_room(out, EVENT_ROW); i++)
		write_event(out, json_array_get(events, i));
	sbuf_puts(out, json_array_size(events) ? "</tbody></table></section>\n" : "</section>\n");
}

void page_launch(struct sbuf *out, const struct page_view *view, const struct page_launch *it)
{
	open_page(out, view, it->launch, "");
	write_links(out, view, it->launch);
	launch_notice(out, "done", it->done);
	launch_notice(out, "bad", it->problem);
	sbuf_puts(out, "<section class=\"panel sheet\">\n");
	write_facts(out, it->launch);
	write_changes(out, view, it->launch);
	sbuf_puts(out, "</section>\n");
	write_events(out, it->events);
	part_close(out, view);
}

/* --- the question before it is ended --- */

void page_launch_kill(struct sbuf *out, const struct page_view *view, const json_t *launch)
{
	card_open(out, view, "Kill this application?", NULL);
	sbuf_puts(out, "<p class=\"which\"><b>");
	part_name(out, json_value_string(launch, "name"));
	sbuf_puts(out, "</b> <span class=\"id\">");
	part_text(out, json_value_string(launch, "application_id"), PART_CLIP);
	sbuf_puts(out, "</span> in ");
	part_text(out, json_value_string(launch, "cluster"), PART_CLIP);
	sbuf_puts(out, ", of ");
	part_name(out, json_value_string(launch, "user"));
	sbuf_puts(out, "</p>\n");
	card_text(out, launch_is_live(launch)
			       ? "Spark ends it at once. What it has not written yet is lost."
			       : "It has ended already.");
	if (launch_is_live(launch)) {
		sbuf_puts(out, "<form class=\"sign-in\" method=\"post\" action=\"");
		launch_href(out, view, launch, "/kill");
		sbuf_puts(out, "\">\n");
		part_form_token(out, view);
		sbuf_puts(out, "<button class=\"danger\">Kill the application</button></form>\n");
	}
	sbuf_puts(out, "<div class=\"actions\"><a class=\"button quiet\" href=\"");
	launch_href(out, view, launch, "");
	sbuf_puts(out, "\">Back to it</a></div>\n");
	card_close(out, view);
}

/* --- its log --- */

static void write_container_form(
	struct sbuf *out, const struct page_view *view, const struct page_launch_log *log)
{
	sbuf_puts(out, "<form class=\"filter\" method=\"get\" action=\"");
	launch_href(out, view, log->launch, "/logs");
	sbuf_puts(out, "\"><label for=\"container\">Of</label><input id=\"container\" "
		       "name=\"container\" maxlength=\"40\" autocomplete=\"off\" "
		       "spellcheck=\"false\" placeholder=\"driver or executor-0\" value=\"");
	sbuf_html(out, str_of(log->container));
	sbuf_puts(out, "\"><button class=\"quiet\">Show</button></form>\n");
}

/* follow-log.js takes the address from here, and shows its button. */
static void write_log(
	struct sbuf *out, const struct page_view *view, const struct page_launch_log *log)
{
	bool is_live = launch_is_live(log->launch);

	sbuf_puts(out, "<p><a href=\"");
	launch_href(out, view, log->launch, "/logs/text?container=");
	sbuf_urlencode(out, str_of(log->container));
	sbuf_puts(out, "\">The log as text</a> <button type=\"button\" class=\"quiet copy\" "
		       "id=\"follow\" hidden data-from=\"");
	launch_href(out, view, log->launch, "/logs/text?container=");
	sbuf_urlencode(out, str_of(log->container));
	sbuf_printf(out,
		"%s\">Show</button> <span id=\"following\" role=\"status\"></span></p>\n"
		"<pre class=\"log\" id=\"log\" tabindex=\"0\" hidden></pre>\n",
		is_live ? "&amp;follow=true" : "");
	part_script(out, view, PAGE_STATIC_FOLLOW_LOG);
}

void page_launch_log(
	struct sbuf *out, const struct page_view *view, const struct page_launch_log *log)
{
	open_page(out, view, log->launch, "Log of ");
	sbuf_puts(out, "<div class=\"uis\"><a class=\"ui\" href=\"");
	launch_href(out, view, log->launch, "");
	sbuf_puts(out, "\">State and events</a></div></div>\n");
	write_container_form(out, view, log);
	write_log(out, view, log);
	part_close(out, view);
}
