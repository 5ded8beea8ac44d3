#include "auth/audit/audit_json.h"

#include "base/clock.h"
#include "base/text/json_value.h"

#include <stdio.h>

/* Members as the lines of the log call them, in the order of the columns. */
static const char *const members[] = {"time", "user", "user_name", "action", "decision", "reason",
	"stated_reason", "cluster", "app_id", "app_name", "subject", "token_id", "session_id",
	"client", "request_id", "auth", "method", "path", "status", "details", "id"};

static bool is_member(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		if (strcmp(members[i], name) == 0)
			return true;
	}
	return false;
}

/* --- JSON --- */

/* Numbers of a line are texts here, but for the status. */
static json_t *text_of_value(const json_t *value)
{
	char digits[32];

	if (json_is_string(value))
		return json_string(json_string_value(value));
	if (!json_is_number(value))
		return json_null();
	snprintf(digits, sizeof digits, "%.15g", json_number_value(value));
	return json_string(digits);
}

static void set_time(json_t *event, int64_t wall_ms)
{
	char time[32];

	clock_format(wall_ms, time);
	json_object_set_new(event, "time", json_string(time));
}

/* Takes what the line said. */
static json_t *sort_members(const char *id, json_t *said)
{
	json_t *event = json_object(), *details = json_object(), *value;
	const char *name;

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		json_object_set_new(event, members[i], json_null());
	json_object_foreach(said, name, value)
	{
		bool is_status = strcmp(name, "status") == 0 && json_is_integer(value);
		json_object_set_new(is_member(name) ? event : details, name,
			is_status ? json_incref(value) : text_of_value(value));
	}
	set_time(event, store_audit_time(id));
	json_object_set_new(event, "id", json_string(id));
	json_object_set_new(event, "details", details);
	json_decref(said);
	return event;
}

json_t *audit_json(const struct store_audit *event)
{
	json_t *said = json_loads(event->fields, 0, NULL);

	if (json_is_object(said))
		return sort_members(event->id, said);
	json_decref(said);
	return NULL;
}

/* --- CSV --- */

/* What spreadsheets calculate, full-width signs too (OWASP: CSV injection). */
static bool is_formula(const char *text)
{
	static const char *const wide[] = {
		"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

	for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
		if (strncmp(text, wide[i], 3) == 0)
			return true;
	}
	return text[0] && strchr("=+-@\t\r\n", text[0]);
}

static void add_text(struct sbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"')
			sbuf_putc(out, '"');
		sbuf_putc(out, *text);
	}
}

static void add_cell(struct sbuf *out, const json_t *value)
{
	const char *text = json_string_value(value);

	sbuf_putc(out, '"');
	if (json_is_integer(value))
		sbuf_printf(out, "%lld", (long long)json_integer_value(value));
	if (text && is_formula(text))
		sbuf_putc(out, '\'');
	if (text)
		add_text(out, text);
	sbuf_putc(out, '"');
}

/* "job_id: 3; sessions: 2": a name of ours comes first, so it is no formula. */
static void add_details(struct sbuf *out, json_t *details)
{
	const char *name, *before = "";
	json_t *value;

	sbuf_putc(out, '"');
	json_object_foreach(details, name, value)
	{
		sbuf_puts(out, before);
		add_text(out, name);
		sbuf_puts(out, ": ");
		add_text(out, json_string_value(value) ? json_string_value(value) : "");
		before = "; ";
	}
	sbuf_putc(out, '"');
}

void audit_csv_head(struct sbuf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		sbuf_printf(out, "%s%s", i ? "," : "", members[i]);
	sbuf_puts(out, "\r\n");
}

void audit_csv_row(struct sbuf *out, const json_t *event)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		json_t *value = json_object_get(event, members[i]);
		if (i > 0)
			sbuf_putc(out, ',');
		if (json_is_object(value))
			add_details(out, value);
		else
			add_cell(out, value);
	}
	sbuf_puts(out, "\r\n");
}
