/*
 * base/str.h - a borrowed run of bytes, and the few questions asked of one.
 *
 * Nothing here allocates; a `struct str` never owns and need not be NUL-terminated.
 */
#ifndef SPARKGATE_BASE_STR_H
#define SPARKGATE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *at;
	size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

static inline struct str str_of(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline struct str str_range(const char *from, const char *to)
{
	return (struct str){from, (size_t)(to - from)};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* ASCII only, never the locale. Most names differ in length already. */
bool str_same_nocase(const char *a, const char *b, size_t len);
static inline bool str_eq_nocase(struct str a, struct str b)
{
	return a.len == b.len && str_same_nocase(a.at, b.at, a.len);
}
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Index of the first `needle`, or -1. */
ptrdiff_t str_find(struct str s, struct str needle);
static inline ptrdiff_t str_find_byte(struct str s, char byte)
{
	const char *hit = s.len ? (const char *)memchr(s.at, byte, s.len) : NULL;

	return hit ? hit - s.at : -1;
}
/* `s` without leading and trailing SP and HTAB. */
struct str str_trim(struct str s);
/* `s` without one line end (LF or CRLF) at its end: a text that was a file's. */
struct str str_cut_line_end(struct str s);
/* The part from `from` on; empty when `from` is past the end. */
static inline struct str str_from(struct str s, size_t from)
{
	if (from > s.len)
		from = s.len;
	return (struct str){from ? s.at + from : s.at, s.len - from};
}
/* Cuts the next piece up to `byte` off `*rest` (the separator is eaten). False when none is left.
 */
bool str_next(struct str *rest, char byte, struct str *piece);
/* Decimal digits only, no sign, at most 18 digits (RFC 9110 §8.6). False when it is anything else.
 */
bool str_to_u64(struct str s, uint64_t *out);
/* How many bytes at the beginning of `s` are no control characters (0x00-0x1f, 0x7f). */
size_t str_span_printable(struct str s);
/* The same of those that can be seen: 0x21-0x7e. */
size_t str_span_graphic(struct str s);
/* How many bytes at the beginning of `s` may be in a bearer token (STR_B64TOKEN), or in a token
 * (STR_TCHAR). */
size_t str_span_b64token(struct str s);
size_t str_span_token(struct str s);
/* What a byte may be part of; several may hold. */
enum str_class {
	STR_TCHAR = 1,	  /* a token, as methods and field names are (RFC 9110 §5.6.2) */
	STR_B64TOKEN = 2, /* a bearer token, but for its padding (RFC 6750 §2.1) */
	STR_ALNUM = 4,	  /* ASCII's letters and digits */
};
extern const unsigned char str_classes[256];
static inline bool str_is(char c, enum str_class wanted)
{
	return (str_classes[(unsigned char)c] & wanted) != 0;
}
static inline bool str_is_tchar(char c)
{
	return str_is(c, STR_TCHAR);
}
static inline bool str_is_alnum(char c)
{
	return str_is(c, STR_ALNUM);
}
/* At least one byte, all of them tchar. */
bool str_is_token(struct str s);
/* Value of one hexadecimal digit in either case, or -1. */
int str_hex_digit(char c);
/* Value of the first `count` characters, at most 7, as such digits; -1: there are fewer, or others.
 */
int str_hex(struct str s, size_t count);
/* Reads `size` bytes out of as many pairs of digits, no more and no less. */
bool str_read_hex(struct str digits, unsigned char *out, size_t size);
/* Writes two lower-case digits a byte, and a NUL: out holds 2 * size + 1 bytes. */
void str_write_hex(const unsigned char *bytes, size_t size, char *out);
enum { STR_U64 = 20 }; /* digits of the largest number */
/* Writes `n` at the end of `buf`, in base 10 or 16, and gives it: what printf does, for hot paths.
 */
struct str str_of_u64(uint64_t n, unsigned base, char buf[static STR_U64]);
/* Copies into buf with a NUL; false (and an empty buf) when it does not fit. */
bool str_copy(struct str s, char *buf, size_t size);
/* Characters of what is UTF-8. */
size_t str_count_chars(struct str s);
/* How many of its bytes fit into `max`, cut between characters of UTF-8. */
size_t str_fit_chars(struct str s, size_t max);
/* Length of the UTF-8 sequence that `s` begins with (RFC 3629: no overlong forms, no surrogates),
 * or 0. */
size_t str_utf8_len(struct str s);
/* A 32-bit hash for tables of trusted keys; not for attacker-chosen sets. */
uint32_t str_hash(struct str s);

#endif
