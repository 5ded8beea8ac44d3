#define _GNU_SOURCE
#include "base/sbuf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void sbuf_init(struct sbuf *b, size_t max)
{
	*b = (struct sbuf){.max = max};
}

void sbuf_init_secret(struct sbuf *b, size_t max)
{
	*b = (struct sbuf){.max = max, .is_secret = true};
}

static void empty(struct sbuf *b)
{
	*b = (struct sbuf){.max = b->max, .is_secret = b->is_secret};
}

void sbuf_clear(struct sbuf *b)
{
	if (b->is_secret && b->at)
		explicit_bzero(b->at, b->cap);
	free(b->at);
	empty(b);
}

void sbuf_reset(struct sbuf *b)
{
	if (b->is_secret && b->at)
		explicit_bzero(b->at, b->cap);
	b->len = 0;
	b->overflow = false;
	if (b->at)
		b->at[0] = '\0';
}

void sbuf_cut(struct sbuf *b, size_t len)
{
	assert(len <= b->len);
	if (len == 0)
		return;
	b->len -= len;
	memmove(b->at, b->at + len, b->len + 1);
	if (b->is_secret)
		explicit_bzero(b->at + b->len + 1, len);
}

char *sbuf_take(struct sbuf *b)
{
	char *s = b->at ? b->at : mem_strdup("");

	empty(b);
	return s;
}

struct str sbuf_str(const struct sbuf *b)
{
	return (struct str){b->at ? b->at : "", b->len};
}

/* realloc() would leave the old bytes to whoever comes next. */
static char *move(const struct sbuf *b, size_t cap)
{
	char *larger = mem_alloc(cap, 1);

	if (b->at == NULL)
		return larger;
	memcpy(larger, b->at, b->len + 1);
	explicit_bzero(b->at, b->cap);
	free(b->at);
	return larger;
}

static bool reserve(struct sbuf *b, size_t more)
{
	if (b->overflow || more > b->max - b->len) {
		b->overflow = true;
		return false;
	}
	if (b->len + more < b->cap)
		return true;
	/* What may get long mostly does: heads and pages start with room for a typical head. */
	size_t cap = b->cap ? b->cap : b->max >= 16384 ? 1024 : 64;
	while (cap <= b->len + more)
		cap *= 2;
	b->at = b->is_secret ? move(b, cap) : mem_resize(b->at, cap, 1);
	b->cap = cap;
	return true;
}

char *sbuf_extend(struct sbuf *b, size_t len)
{
	if (!reserve(b, len))
		return NULL;
	b->len += len;
	b->at[b->len] = '\0';
	return b->at + b->len - len;
}

void sbuf_add(struct sbuf *b, const void *bytes, size_t len)
{
	char *at = sbuf_extend(b, len);

	if (at && len)
		memcpy(at, bytes, len);
}

void sbuf_add_str(struct sbuf *b, struct str s)
{
	sbuf_add(b, s.at, s.len);
}

void sbuf_field(struct sbuf *b, struct str name, struct str value)
{
	char *at = sbuf_extend(b, name.len + value.len + 4);

	if (at == NULL)
		return;
	at = mempcpy(at, name.at, name.len);
	at = mempcpy(at, ": ", 2);
	if (value.len)
		at = mempcpy(at, value.at, value.len);
	memcpy(at, "\r\n", 2);
}

void sbuf_puts(struct sbuf *b, const char *s)
{
	sbuf_add(b, s, strlen(s));
}

void sbuf_putc(struct sbuf *b, char c)
{
	sbuf_add(b, &c, 1);
}

void sbuf_printf(struct sbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(b->at + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

static void json_byte(struct sbuf *b, unsigned char c)
{
	static const char *const named[] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};

	if (c < ARRAY_LEN(named) && named[c])
		sbuf_puts(b, named[c]);
	else if (c < 0x20 || c == 0x7f)
		sbuf_printf(b, "\\u%04x", c);
	else
		sbuf_putc(b, (char)c);
}

/* What a terminal acts on (C1) or what turns a line around or hides in it (U+200B..200F,
 * U+2028..202E, U+2060..206F): logs are read on terminals. The code of such a character, or 0. */
static unsigned hidden_code(const char *at, size_t n)
{
	const unsigned char *u = (const unsigned char *)at;
	unsigned code = 0;

	if (n == 2)
		code = (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
	else if (n == 3 && u[0] == 0xe2)
		code = 0x2000 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
	bool is_hidden = (code >= 0x80 && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
			 (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f);
	return is_hidden ? code : 0;
}

static void json_character(struct sbuf *b, const char *at, size_t n)
{
	unsigned code = hidden_code(at, n);

	if (code)
		sbuf_printf(b, "\\u%04x", code);
	else
		sbuf_add(b, at, n);
}

void sbuf_json(struct sbuf *b, struct str s)
{
	for (size_t i = 0; i < s.len;) {
		size_t n = str_utf8_len(str_from(s, i));
		if (n == 1)
			json_byte(b, (unsigned char)s.at[i]);
		else if (n == 0)
			sbuf_puts(b, "\xef\xbf\xbd");
		else
			json_character(b, s.at + i, n);
		i += n ? n : 1;
	}
}

void sbuf_html(struct sbuf *b, struct str s)
{
	static const char *const entity[128] = {['&'] = "&amp;",
		['<'] = "&lt;",
		['>'] = "&gt;",
		['"'] = "&quot;",
		['\''] = "&#39;"};

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];
		if (c < 128 && entity[c])
			sbuf_puts(b, entity[c]);
		else
			sbuf_putc(b, (char)c);
	}
}

void sbuf_urlencode(struct sbuf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			(c && strchr("-._~", c)))
			sbuf_putc(b, (char)c);
		else
			sbuf_printf(b, "%%%02X", c);
	}
}
