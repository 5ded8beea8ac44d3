#include "base/text/json_writer.h"

#include <assert.h>
#include <inttypes.h>

static void open_level(struct json_writer *w, char opening, char closing)
{
	assert(w->depth < JSON_WRITER_DEPTH);
	sbuf_putc(w->out, opening);
	w->closing[w->depth] = closing;
	w->has_member[w->depth++] = false;
}

static void begin_member(struct json_writer *w, const char *name)
{
	assert(w->depth > 0 && (name == NULL) == (w->closing[w->depth - 1] == ']'));
	if (w->has_member[w->depth - 1])
		sbuf_putc(w->out, ',');
	w->has_member[w->depth - 1] = true;
	if (name == NULL)
		return;
	sbuf_putc(w->out, '"');
	sbuf_json(w->out, str_of(name));
	sbuf_puts(w->out, "\":");
}

void json_writer_init(struct json_writer *w, struct sbuf *out)
{
	w->out = out;
	w->depth = 0;
	open_level(w, '{', '}');
}

void json_writer_object(struct json_writer *w, const char *name)
{
	begin_member(w, name);
	open_level(w, '{', '}');
}

void json_writer_list(struct json_writer *w, const char *name)
{
	begin_member(w, name);
	open_level(w, '[', ']');
}

void json_writer_text(struct json_writer *w, const char *name, struct str value)
{
	begin_member(w, name);
	sbuf_putc(w->out, '"');
	sbuf_json(w->out, value);
	sbuf_putc(w->out, '"');
}

void json_writer_number(struct json_writer *w, const char *name, int64_t value)
{
	begin_member(w, name);
	sbuf_printf(w->out, "%" PRId64, value);
}

void json_writer_bool(struct json_writer *w, const char *name, bool value)
{
	begin_member(w, name);
	sbuf_puts(w->out, value ? "true" : "false");
}

void json_writer_null(struct json_writer *w, const char *name)
{
	begin_member(w, name);
	sbuf_puts(w->out, "null");
}

void json_writer_raw(struct json_writer *w, const char *name, struct str json)
{
	begin_member(w, name);
	sbuf_add_str(w->out, json);
}

void json_writer_close(struct json_writer *w)
{
	assert(w->depth > 0);
	sbuf_putc(w->out, w->closing[--w->depth]);
}

void json_writer_end(struct json_writer *w)
{
	while (w->depth > 0)
		json_writer_close(w);
	sbuf_putc(w->out, '\n');
}
