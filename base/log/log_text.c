#include "base/log/log_text.h"

#include "base/clock.h"
#include "base/text/term.h"

enum { TIME_AT = 11, TIME_LEN = 8, VALUE_CELLS = 300, MESSAGE_CELLS = 1000 };

static struct str field_of(const struct log_record *record, const char *key)
{
	for (size_t i = 0; i < record->count; i++) {
		if (strcmp(record->fields[i].key, key) == 0)
			return record->fields[i].value;
	}
	return STR("");
}

static void add_head(struct sbuf *out, const struct log_record *record)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	char now[32];

	clock_format(record->wall_ms, now);
	sbuf_printf(
		out, "%.*s %-5s %s:", TIME_LEN, now + TIME_AT, names[record->level], record->event);
}

static void add_word(struct sbuf *out, const char *before, struct str value, const char *after)
{
	if (value.len == 0)
		return;
	sbuf_puts(out, before);
	(void)term_add(out, value, VALUE_CELLS);
	sbuf_puts(out, after);
}

static void add_request(struct sbuf *out, const struct log_record *record)
{
	struct str reason = field_of(record, "reason");

	add_word(out, " ", field_of(record, "method"), "");
	add_word(out, " ", field_of(record, "path"), "");
	add_word(out, " -> ", field_of(record, "status"), "");
	if (!str_eq(reason, STR("ok")))
		add_word(out, " ", reason, "");
	add_word(out, " in ", field_of(record, "dur_ms"), " ms");
	add_word(out, " for ", field_of(record, "user"), "");
}

static bool is_request(const struct log_record *record)
{
	return strcmp(record->event, "access") == 0 && field_of(record, "path").len > 0;
}

void log_text_write(struct sbuf *out, const struct log_record *record)
{
	if (record->is_routine)
		return;
	add_head(out, record);
	if (is_request(record)) {
		add_request(out, record);
	} else {
		if (record->msg) {
			sbuf_putc(out, ' ');
			(void)term_add(out, str_of(record->msg), MESSAGE_CELLS);
		}
		for (size_t i = 0; i < record->count; i++) {
			char key[64];
			snprintf(key, sizeof key, " %.60s=", record->fields[i].key);
			add_word(out, key, record->fields[i].value, "");
		}
	}
	sbuf_putc(out, '\n');
}
