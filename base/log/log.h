/*
 * base/log/log.h - one line on standard error, JSON or text, and to a sink beside.
 *
 * Thread-safe: a line is built by the caller and goes out whole, by a thread that may wait where
 * the caller never does (base/log/log_queue.h). Values a client chose are clipped to 128 bytes and
 * escaped (S40). Tokens, cookies, codes and states are never passed here.
 */
#ifndef SPARKGATE_BASE_LOG_LOG_H
#define SPARKGATE_BASE_LOG_LOG_H

#include "base/mem.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Lines below `level` are dropped. Any thread, any time. */
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);

/* LOG_AUTO: text where standard error is a terminal, else JSON. Any thread, any time; JSON until
 * then. */
enum log_format { LOG_AUTO, LOG_JSON, LOG_TEXT };
void log_set_format(enum log_format format);

/* A line with keys ts, level, event, msg. `event` is one fixed word, e.g. "discovery". Lower case,
 * no full stop. */
void log_line(enum log_level level, const char *event, const char *fmt, ...) PRINTF(3, 4);
#define log_err(event, ...)   log_line(LOG_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...)  log_line(LOG_WARN, event, __VA_ARGS__)
#define log_info(event, ...)  log_line(LOG_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_line(LOG_DEBUG, event, __VA_ARGS__)

/* One more key of a line; `value` is text unless `is_number`. Empty values are left out. */
struct log_field {
	const char *key;
	struct str value;
	bool is_number;
};
/* A line with keys ts, level, event, msg (when not NULL) and then `fields`. */
void log_fields(enum log_level level, const char *event, const char *msg,
	const struct log_field *fields, size_t count);

/* The same at LOG_INFO, of what comes twenty times with each page: no line for eyes. */
void log_routine(const char *event, const char *msg, const struct log_field *fields, size_t count);

/* An audit line: somebody did what must be known afterwards. Event "audit"; no level drops it. */
void log_audit(const char *msg, const struct log_field *fields, size_t count);

struct log_record { /* borrowed */
	enum log_level level;
	const char *event, *msg; /* msg: NULL for none */
	const struct log_field *fields;
	size_t count;
	int64_t wall_ms;
	bool is_routine; /* as of log_routine() */
};
/* Whoever else gets each line; on the thread that logs, so it must not block or log itself. */
typedef void log_sink(const struct log_record *record);
void log_set_sink(log_sink *sink); /* NULL: nobody. Any thread, any time. */
/* The same for audit lines alone, beside the other. */
void log_set_audit_sink(log_sink *sink);

/* Clips to 128 bytes, as every value a client chose must be. */
struct str log_clip(struct str s);

#endif
