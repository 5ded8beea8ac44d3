#include "auth/audit/audit_inbox.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "base/sbuf.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { BATCH = 64, MINUTE_MS = 60 * 1000, TOLD_MS = MINUTE_MS };

struct event {
	STAILQ_ENTRY(event) link;
	struct store_audit it;
	size_t size;  /* of its texts */
	char texts[]; /* the event's */
};
STAILQ_HEAD(events, event);

static struct {
	pthread_mutex_t lock;
	struct events events;
	size_t count, bytes;
	int64_t minute; /* the one in which strangers are counted */
	unsigned strangers;
	struct audit_inbox_counts lost, told;
	int64_t told_ms; /* monotonic; 0: never */
} box = {.lock = PTHREAD_MUTEX_INITIALIZER, .events = STAILQ_HEAD_INITIALIZER(box.events)};
static pthread_mutex_t saving = PTHREAD_MUTEX_INITIALIZER; /* one takes out at a time */

/* --- an event of a line --- */

/* Of a request's access line, what says nothing of what was done. */
static bool is_kept(const struct log_field *field)
{
	static const char *const left_out[] = {
		"bytes", "dur_ms", "host", "cache", "http", "action"};

	for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
		if (strcmp(field->key, left_out[i]) == 0)
			return false;
	}
	return field->value.len > 0;
}

static void write_fields(struct sbuf *out, const struct log_record *record)
{
	const struct log_field action = {"action", str_of(record->msg), false};

	sbuf_putc(out, '{');
	for (size_t i = 0; i <= record->count; i++) {
		const struct log_field *field = i ? &record->fields[i - 1] : &action;
		if (i > 0 && !is_kept(field))
			continue;
		sbuf_printf(out, "%s\"%s\":", i ? "," : "", field->key);
		sbuf_puts(out, field->is_number ? "" : "\"");
		if (field->is_number)
			sbuf_add_str(out, field->value);
		else
			sbuf_json(out, field->value);
		sbuf_puts(out, field->is_number ? "" : "\"");
	}
	sbuf_putc(out, '}');
}

static struct str value_of(const struct log_record *record, const char *key)
{
	for (size_t i = 0; i < record->count; i++) {
		if (strcmp(record->fields[i].key, key) == 0)
			return record->fields[i].value;
	}
	return STR("");
}

/* What is looked for is a text that people type: no controls. */
static char *put_text(char *at, struct str text, const char **out)
{
	*out = at;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		*at++ = (char)(c < 0x20 || c == 0x7f ? '?' : c);
	}
	*at++ = '\0';
	return at;
}

static struct event *event_of_line(const struct log_record *record, struct str fields)
{
	const struct str texts[] = {value_of(record, "user"), str_of(record->msg),
		value_of(record, "app_id"), value_of(record, "app_name"), fields};
	size_t size = 0;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		size += texts[i].len + 1;
	if (size + STORE_AUDIT_ID > STORE_AUDIT_BYTES)
		return NULL;
	struct event *event = mem_alloc(1, sizeof *event + size);
	const char **const to[] = {&event->it.user, &event->it.action, &event->it.app_id,
		&event->it.app_name, &event->it.fields};
	char *at = event->texts;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		at = put_text(at, texts[i], to[i]);
	event->size = size;
	store_audit_new_id(record->wall_ms, event->it.id);
	return event;
}

/* --- in --- */

/* Under the lock. */
static bool is_stranger_too_many(const struct event *event)
{
	int64_t minute = clock_mono_ms() / MINUTE_MS;

	if (event->it.user[0])
		return false;
	if (box.minute != minute) {
		box.minute = minute;
		box.strangers = 0;
	}
	return ++box.strangers > AUDIT_STRANGERS;
}

/* Takes the event, which is NULL when it was too large. */
static void put_event(struct event *event)
{
	pthread_mutex_lock(&box.lock);
	bool is_stranger = event && is_stranger_too_many(event);
	bool is_full = event == NULL || box.count >= AUDIT_INBOX_EVENTS ||
		       box.bytes + event->size > AUDIT_INBOX_BYTES;
	if (is_stranger) {
		box.lost.strangers++;
	} else if (is_full) {
		box.lost.full++;
	} else {
		STAILQ_INSERT_TAIL(&box.events, event, link);
		box.count++;
		box.bytes += event->size;
		event = NULL;
	}
	pthread_mutex_unlock(&box.lock);
	free(event);
}

static void on_audit_line(const struct log_record *record)
{
	struct sbuf fields;

	sbuf_init(&fields, STORE_AUDIT_FIELDS);
	write_fields(&fields, record);
	put_event(fields.overflow ? NULL : event_of_line(record, sbuf_str(&fields)));
	sbuf_clear(&fields);
}

void audit_inbox_open(void)
{
	log_set_audit_sink(on_audit_line);
}

struct audit_inbox_counts audit_inbox_lost(void)
{
	pthread_mutex_lock(&box.lock);
	struct audit_inbox_counts lost = box.lost;
	pthread_mutex_unlock(&box.lock);
	return lost;
}

/* --- out --- */

static size_t look_at_batch(const struct store_audit *out[static BATCH])
{
	struct event *event;
	size_t count = 0;

	pthread_mutex_lock(&box.lock);
	STAILQ_FOREACH(event, &box.events, link)
	{
		if (count == BATCH)
			break;
		out[count++] = &event->it;
	}
	pthread_mutex_unlock(&box.lock);
	return count;
}

static void drop_batch(size_t count)
{
	pthread_mutex_lock(&box.lock);
	for (; count > 0; count--) {
		struct event *event = STAILQ_FIRST(&box.events);
		STAILQ_REMOVE_HEAD(&box.events, link);
		box.count--;
		box.bytes -= event->size;
		free(event);
	}
	pthread_mutex_unlock(&box.lock);
}

void audit_inbox_close(void)
{
	log_set_audit_sink(NULL);
	pthread_mutex_lock(&saving);
	drop_batch(box.count);
	pthread_mutex_unlock(&saving);
}

/* Once a minute at most. */
static void tell_of_losses(void)
{
	struct audit_inbox_counts lost = audit_inbox_lost();
	uint64_t fresh = lost.full - box.told.full + lost.strangers - box.told.strangers;
	int64_t now = clock_mono_ms();

	if (fresh == 0 || (box.told_ms && now - box.told_ms < TOLD_MS))
		return;
	box.told = lost;
	box.told_ms = now;
	log_warn("audit", "%llu events are in the log but not in the store",
		(unsigned long long)fresh);
}

int audit_inbox_save(struct store *store)
{
	const struct store_audit *batch[BATCH];
	size_t count;
	int result = 0;

	if (pthread_mutex_trylock(&saving) != 0)
		return 0; /* somebody is at it */
	tell_of_losses();
	while (result == 0 && (count = look_at_batch(batch)) > 0) {
		result = store->ops->audit_add(store, batch, count);
		if (result == 0)
			drop_batch(count);
	}
	pthread_mutex_unlock(&saving);
	return result;
}
