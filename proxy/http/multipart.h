/*
 * proxy/http/multipart.h - a form in parts (multipart/form-data, RFC 7578) as browsers write it,
 * read as it comes.
 *
 * Strict: nothing before the first part or behind the last, one Content-Disposition a part, names
 * in quotes, no encodings of parts. Bounded: parts, the head of each, names. What a part holds is
 * handed on in pieces of what came, so nothing of it is kept here. Pure.
 */
#ifndef SPARKGATE_PROXY_HTTP_MULTIPART_H
#define SPARKGATE_PROXY_HTTP_MULTIPART_H

#include "base/mem.h"
#include "base/str.h"

enum {
	MULTIPART_BOUNDARY_MAX = 70, /* bytes, RFC 2046 */
	MULTIPART_HEAD_MAX = 2048,   /* of one part */
	MULTIPART_NAME_MAX = 64,
	MULTIPART_FILE_MAX = 255,
	MULTIPART_PARTS_MAX = 32,
};

enum multipart_event {
	MULTIPART_MORE, /* nothing to tell yet */
	MULTIPART_PART, /* another part begins: its names are in the reader */
	MULTIPART_DATA, /* some of the part */
	MULTIPART_END,	/* whole, with all that was given */
	MULTIPART_BAD,	/* `error` says why */
};

struct multipart {
	char name[MULTIPART_NAME_MAX + 1];	/* of this part's field */
	char file_name[MULTIPART_FILE_MAX + 1]; /* "": none was chosen */
	bool is_file;
	const char *error; /* fixed text, of MULTIPART_BAD */
	/* its own */
	enum { MULTIPART_BEFORE, MULTIPART_IN, MULTIPART_AT, MULTIPART_HEAD, MULTIPART_OVER } state;
	char delimiter[4 + MULTIPART_BOUNDARY_MAX]; /* line end, two hyphens, boundary */
	size_t delimiter_len, matched;		    /* of it, held back */
	char head[MULTIPART_HEAD_MAX];
	size_t head_len;
	unsigned parts;
};

/* By the value of Content-Type. False: it is no such form, or has no boundary that is one. */
MUST_CHECK bool multipart_begin(struct multipart *m, struct str content_type);
/* Reads on in `bytes`, of which there is at least one, and says how many are taken. `data` borrows
 * from `bytes`, or from the reader until the next call. */
enum multipart_event multipart_take(
	struct multipart *m, struct str bytes, size_t *used, struct str *data);
/* What stands behind the last part when it ends as browsers end it: the delimiter, two hyphens and
 * a line end. */
size_t multipart_tail(const struct multipart *m);

#endif
