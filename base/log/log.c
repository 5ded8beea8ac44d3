#include "base/log/log.h"

#include "base/clock.h"
#include "base/log/journal.h"
#include "base/log/log_queue.h"
#include "base/log/log_text.h"
#include "base/sbuf.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AUDIT "audit"

enum { CLIENT_VALUE_MAX = 128 };

static _Atomic int threshold = LOG_INFO;
static log_sink *_Atomic current_sink, *_Atomic audit_sink;

static _Atomic bool is_text;

void log_set_format(enum log_format format)
{
	bool wants_text = format == LOG_TEXT || (format == LOG_AUTO && isatty(STDERR_FILENO) == 1);

	atomic_store_explicit(&is_text, wants_text, memory_order_relaxed);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

bool log_is_on(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&threshold, memory_order_relaxed);
}

struct str log_clip(struct str s)
{
	return (struct str){s.at, s.len > CLIENT_VALUE_MAX ? CLIENT_VALUE_MAX : s.len};
}

void log_set_sink(log_sink *sink)
{
	atomic_store_explicit(&current_sink, sink, memory_order_release);
}

void log_set_audit_sink(log_sink *sink)
{
	atomic_store_explicit(&audit_sink, sink, memory_order_release);
}

static void add_head(struct sbuf *b, int64_t wall_ms, enum log_level level, const char *event)
{
	static const enum journal_priority priorities[] = {
		JOURNAL_DEBUG, JOURNAL_INFO, JOURNAL_WARNING, JOURNAL_ERR};
	static const char *const names[] = {"debug", "info", "warn", "error"};
	char now[32];
	bool is_audit = strcmp(event, AUDIT) == 0;

	sbuf_puts(b, journal_prefix(is_audit ? JOURNAL_NOTICE : priorities[level]));
	clock_format(wall_ms, now);
	sbuf_printf(
		b, "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", now, names[level], event);
}

static void add_field(struct sbuf *b, const struct log_field *field)
{
	if (field->value.len == 0)
		return;
	sbuf_printf(b, ",\"%s\":", field->key);
	if (field->is_number) {
		sbuf_add_str(b, field->value);
		return;
	}
	sbuf_putc(b, '"');
	sbuf_json(b, field->value);
	sbuf_putc(b, '"');
}

static void put_line(struct sbuf *b, const struct log_record *record, bool matters)
{
	sbuf_puts(b, "}\n");
	if (b->overflow) {
		sbuf_reset(b);
		add_head(b, record->wall_ms, LOG_WARN, "log");
		sbuf_puts(b, ",\"msg\":\"a line was too long and is lost\"}\n");
	}
	log_queue_put(sbuf_str(b), matters);
}

static void put_json(struct sbuf *b, const struct log_record *record, bool matters)
{
	add_head(b, record->wall_ms, record->level, record->event);
	add_field(b, &(struct log_field){"msg", str_of(record->msg), false});
	for (size_t i = 0; i < record->count; i++)
		add_field(b, &record->fields[i]);
	put_line(b, record, matters);
}

static void put_text(struct sbuf *b, const struct log_record *record, bool matters)
{
	log_text_write(b, record);
	if (b->len && !b->overflow)
		log_queue_put(sbuf_str(b), matters);
}

static void write_record(const struct log_record *record, bool matters)
{
	log_sink *sink = atomic_load_explicit(&current_sink, memory_order_acquire);
	struct sbuf b;

	sbuf_init(&b, LOG_LINE_MAX);
	if (atomic_load_explicit(&is_text, memory_order_relaxed))
		put_text(&b, record, matters);
	else
		put_json(&b, record, matters);
	sbuf_clear(&b);
	if (sink)
		sink(record);
}

void log_fields(enum log_level level, const char *event, const char *msg,
	const struct log_field *fields, size_t count)
{
	if (log_is_on(level))
		write_record(&(struct log_record){level, event, msg, fields, count, clock_wall_ms(),
				     false},
			level >= LOG_WARN);
}

void log_routine(const char *event, const char *msg, const struct log_field *fields, size_t count)
{
	if (log_is_on(LOG_INFO))
		write_record(&(struct log_record){LOG_INFO, event, msg, fields, count,
				     clock_wall_ms(), true},
			false);
}

void log_audit(const char *msg, const struct log_field *fields, size_t count)
{
	const struct log_record record = {
		LOG_INFO, AUDIT, msg, fields, count, clock_wall_ms(), false};
	log_sink *sink = atomic_load_explicit(&audit_sink, memory_order_acquire);

	write_record(&record, true);
	if (sink)
		sink(&record);
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	char msg[1024];
	va_list ap;

	if (!log_is_on(level))
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	log_fields(level, event, msg, NULL, 0);
}
