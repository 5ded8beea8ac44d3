#include "proxy/pages/launch/launch_parts.h"

#include "base/clock.h"

void launch_href(
	struct sbuf *out, const struct page_view *view, const json_t *launch, const char *below)
{
	part_path(out, view->base);
	sbuf_puts(out, "/applications/");
	sbuf_urlencode(out, str_of(json_value_string(launch, "id")));
	sbuf_puts(out, below);
}

static const struct {
	const char *state;
	enum part_tone tone;
	bool is_live;
} states[] = {{"queued", TONE_WARN, true}, {"starting", TONE_BUSY, true},
	{"running", TONE_OK, true}, {"finished", TONE_IDLE, false}, {"failed", TONE_BAD, false},
	{"killed", TONE_IDLE, false}};

static size_t state_of(const json_t *launch)
{
	const char *state = json_value_string(launch, "state");
	size_t i = 0;

	while (i < ARRAY_LEN(states) && strcmp(states[i].state, state) != 0)
		i++;
	return i;
}

void launch_state(struct sbuf *out, const json_t *launch)
{
	size_t i = state_of(launch);

	if (i < ARRAY_LEN(states))
		part_pill(out, states[i].tone, states[i].state);
	else
		part_text(out, json_value_string(launch, "state"), PART_CLIP);
}

bool launch_is_live(const json_t *launch)
{
	size_t i = state_of(launch);

	return i < ARRAY_LEN(states) && states[i].is_live;
}

void launch_button(struct sbuf *out, const struct page_view *view, const json_t *launch,
	const char *below, const char *word)
{
	sbuf_puts(out, "<form method=\"post\" action=\"");
	launch_href(out, view, launch, below);
	sbuf_puts(out, "\">");
	part_form_token(out, view);
	sbuf_printf(out, "<button class=\"quiet\">%s<span class=\"vh\"> ", word);
	part_text(out, json_value_string(launch, "name"), PART_CLIP);
	sbuf_puts(out, "</span></button></form>");
}

void launch_kill_link(struct sbuf *out, const struct page_view *view, const json_t *launch)
{
	sbuf_puts(out, "<a class=\"button danger\" href=\"");
	launch_href(out, view, launch, "/kill");
	sbuf_puts(out, "\">Kill<span class=\"vh\"> ");
	part_text(out, json_value_string(launch, "name"), PART_CLIP);
	sbuf_puts(out, "</span></a>");
}

void launch_time(struct sbuf *out, const json_t *json, const char *name)
{
	struct str text = json_value_member(json, name);

	if (text.len > 0)
		part_time(out, clock_parse(text));
}

void launch_open(struct sbuf *out, const struct page_view *view, const char *title,
	const char *crumb, const char *words)
{
	part_open(out, view, &(struct part_frame){.title = title});
	sbuf_puts(out, "<p class=\"crumb\"><a href=\"");
	part_path(out, view->base);
	sbuf_puts(out, crumb);
	sbuf_printf(out, "\">%s</a></p>\n", words);
}

void launch_notice(struct sbuf *out, const char *tone, const char *text)
{
	if (text == NULL)
		return;
	sbuf_printf(out, "<p class=\"notice %s\" role=\"%s\">", tone,
		strcmp(tone, "bad") == 0 ? "alert" : "status");
	part_text(out, text, 1024);
	sbuf_puts(out, "</p>\n");
}
