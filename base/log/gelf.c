#include "base/log/gelf.h"

#include <assert.h>

/* Severities of syslog (RFC 5424 §6.2.1), as GELF has them. */
static const int severities[] = {[LOG_DEBUG] = 7, [LOG_INFO] = 6, [LOG_WARN] = 4, [LOG_ERROR] = 3};

static void add_text(struct sbuf *out, const char *before, struct str text)
{
	sbuf_puts(out, before);
	sbuf_json(out, text);
	sbuf_putc(out, '"');
}

/* "_id" is the one name that GELF keeps for itself; "_container" says which process speaks, as in
 * the lines of Spark (docker/spark/log4j2-gelf.xml). */
static void add_field(struct sbuf *out, const struct log_field *field)
{
	assert(strcmp(field->key, "id") != 0 && strcmp(field->key, "container") != 0);
	if (field->value.len == 0)
		return;
	sbuf_printf(out, ",\"_%s\":", field->key);
	if (field->is_number)
		sbuf_add_str(out, field->value);
	else
		add_text(out, "\"", field->value);
}

void gelf_add(struct sbuf *out, const char *host, const struct log_record *record)
{
	const struct log_field event = {"event", str_of(record->event), false};
	const struct log_field program = {"application_name", STR("sparkgate"), false};

	add_text(out, "{\"version\":\"1.1\",\"host\":\"", str_of(host));
	/* Required, and not to be empty. */
	add_text(out, ",\"short_message\":\"",
		str_of(record->msg && record->msg[0] ? record->msg : record->event));
	sbuf_printf(out, ",\"timestamp\":%lld.%03d,\"level\":%d",
		(long long)(record->wall_ms / 1000), (int)(record->wall_ms % 1000),
		severities[record->level]);
	add_field(out, &program);
	sbuf_puts(out, ",\"_container\":\"gateway\"");
	add_field(out, &event);
	for (size_t i = 0; i < record->count; i++)
		add_field(out, &record->fields[i]);
	sbuf_putc(out, '}');
}

size_t gelf_count(size_t len)
{
	size_t count = (len + GELF_CHUNK - 1) / GELF_CHUNK;

	if (len <= GELF_DATAGRAM)
		return 1;
	return count <= GELF_CHUNKS ? count : 0;
}

void gelf_head(unsigned char out[static GELF_HEAD], const unsigned char id[static GELF_ID],
	size_t number, size_t count)
{
	assert(number < count && count <= GELF_CHUNKS);
	out[0] = 0x1e;
	out[1] = 0x0f;
	memcpy(out + 2, id, GELF_ID);
	out[2 + GELF_ID] = (unsigned char)number;
	out[3 + GELF_ID] = (unsigned char)count;
}
