/*
 * base/sbuf.h - a string that grows up to a limit it was born with.
 *
 * Past the limit nothing is added and the buffer is marked `overflow`: writers need no checks, the
 * reader checks once. The bytes are always NUL-terminated.
 */
#ifndef SPARKGATE_BASE_SBUF_H
#define SPARKGATE_BASE_SBUF_H

#include "base/mem.h"
#include "base/str.h"

struct sbuf {
	char *at;
	size_t len;
	size_t cap;
	size_t max;
	bool overflow;
	bool is_secret; /* what it held is overwritten before its memory is given back or left */
};

/* An empty buffer that will never hold more than `max` bytes. Allocates nothing yet. */
void sbuf_init(struct sbuf *b, size_t max);
/* The same for what holds a token, a password, a cookie (S69): growing leaves no copy behind, and
 * sbuf_clear(), sbuf_reset() and sbuf_cut() wipe. What sbuf_take() gives is for secret_free(). */
void sbuf_init_secret(struct sbuf *b, size_t max);
void sbuf_clear(struct sbuf *b); /* frees; the buffer may be used again with the same limit */
void sbuf_reset(struct sbuf *b); /* empties, keeps the memory */
/* Takes the first `len` bytes away, which are there. */
void sbuf_cut(struct sbuf *b, size_t len);
/* Gives the NUL-terminated string to the caller, who frees it; the buffer is empty afterwards. */
char *sbuf_take(struct sbuf *b);
struct str sbuf_str(const struct sbuf *b); /* borrows */

void sbuf_add(struct sbuf *b, const void *bytes, size_t len);
/* Room for `len` more bytes, which the caller writes: they count already. NULL: they do not fit. */
char *sbuf_extend(struct sbuf *b, size_t len);
void sbuf_add_str(struct sbuf *b, struct str s);
/* Adds a header field: "name: value" and CRLF. */
void sbuf_field(struct sbuf *b, struct str name, struct str value);
void sbuf_puts(struct sbuf *b, const char *s);
void sbuf_putc(struct sbuf *b, char c);
void sbuf_printf(struct sbuf *b, const char *fmt, ...) PRINTF(2, 3);
/* Adds `s` as the inside of a JSON string (RFC 8259 §7): no quotes; bytes that are not UTF-8 become
 * U+FFFD, controls and what cannot be seen are escaped (S40). */
void sbuf_json(struct sbuf *b, struct str s);
/* Adds `s` escaped for HTML text and quoted attributes: & < > " '. */
void sbuf_html(struct sbuf *b, struct str s);
/* Adds `s` percent-encoded but for RFC 3986 unreserved bytes. */
void sbuf_urlencode(struct sbuf *b, struct str s);

#endif
