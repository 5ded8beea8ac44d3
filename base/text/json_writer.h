/*
 * base/text/json_writer.h - JSON written member by member into an sbuf, which bounds it.
 *
 * Names and values are escaped where they are written (sbuf_json()). Commas and
 * brackets come by themselves. For texts of a few members; what is read or rearranged is jansson's
 * (json_text.h).
 */
#ifndef SPARKGATE_BASE_TEXT_JSON_WRITER_H
#define SPARKGATE_BASE_TEXT_JSON_WRITER_H

#include "base/sbuf.h"

enum { JSON_WRITER_DEPTH = 16 };

struct json_writer {
	struct sbuf *out; /* borrowed; look at its `overflow` once at the end */
	unsigned depth;
	char closing[JSON_WRITER_DEPTH];    /* of each level: '}' or ']' */
	bool has_member[JSON_WRITER_DEPTH]; /* the next one needs a comma */
};

/* Begins with an object. */
void json_writer_init(struct json_writer *w, struct sbuf *out);
/* Members; `name` is NULL in a list. */
void json_writer_object(struct json_writer *w, const char *name); /* until json_writer_close() */
void json_writer_list(struct json_writer *w, const char *name);	  /* the same */
void json_writer_text(struct json_writer *w, const char *name, struct str value);
void json_writer_number(struct json_writer *w, const char *name, int64_t value);
void json_writer_bool(struct json_writer *w, const char *name, bool value);
void json_writer_null(struct json_writer *w, const char *name);
/* A value that is JSON already. */
void json_writer_raw(struct json_writer *w, const char *name, struct str json);
void json_writer_close(struct json_writer *w);
/* Closes what is open, and ends the line. */
void json_writer_end(struct json_writer *w);

#endif
