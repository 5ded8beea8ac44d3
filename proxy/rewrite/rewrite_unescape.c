#include "proxy/rewrite/rewrite_unescape.h"
#include "base/mem.h"

struct escape {
	size_t len;	    /* raw bytes it takes; 0: this is no escape */
	unsigned char byte; /* what it stands for */
};

enum { NOT_ASCII = 0x1a }; /* stands for what can be no part of a URL's delimiters */

static int digit_of(char c, unsigned base)
{
	int n = c >= '0' && c <= '9'   ? c - '0'
		: c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10
				       : 99;

	return n < (int)base ? n : -1;
}

/* Reads digits of s from *at on, at most `max`; values past ASCII come out as NOT_ASCII. */
static unsigned char read_code(struct str s, size_t *at, unsigned base, size_t max)
{
	unsigned code = 0;

	for (size_t end = *at + max; *at < s.len && *at < end; ++*at) {
		int digit = digit_of(s.at[*at], base);
		if (digit == -1)
			break;
		code = code > 0xffff ? code : code * base + (unsigned)digit;
	}
	return code < 0x80 ? (unsigned char)code : NOT_ASCII;
}

static struct escape numeric_reference(struct str s)
{
	bool is_hex = s.len > 2 && (s.at[2] | 0x20) == 'x';
	size_t start = is_hex ? 3 : 2, at = start;
	unsigned char byte = read_code(s, &at, is_hex ? 16 : 10, 8);

	if (at == start)
		return (struct escape){0, 0};
	return (struct escape){at + (at < s.len && s.at[at] == ';'), byte};
}

static struct escape html_reference(struct str s)
{
	static const struct {
		const char *name;
		unsigned char byte;
	} named[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'},
		{"&apos;", '\''}, {"&colon;", ':'}, {"&sol;", '/'}, {"&period;", '.'},
		{"&quest;", '?'}, {"&num;", '#'}};

	if (s.len > 1 && s.at[1] == '#')
		return numeric_reference(s);
	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		struct str name = str_of(named[i].name);
		if (str_starts(s, name))
			return (struct escape){name.len, named[i].byte};
	}
	return (struct escape){0, 0};
}

static struct escape json_escape(struct str s)
{
	static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";

	if (s.len < 2)
		return (struct escape){0, 0};
	if (s.at[1] == 'u') {
		size_t at = 2;
		unsigned char byte = read_code(s, &at, 16, 4);
		return (struct escape){at == 6 ? 6 : 0, byte};
	}
	const char *letter = s.at[1] ? strchr(letters, s.at[1]) : NULL;
	if (!letter)
		return (struct escape){0, 0};
	return (struct escape){2, (unsigned char)bytes[letter - letters]};
}

static void unescape(
	struct str raw, char lead, struct escape (*read)(struct str), struct unescaped *out)
{
	size_t at = 0;

	for (out->len = 0; at < raw.len && out->len < UNESCAPED_MAX && at < UINT16_MAX;
		out->len++) {
		struct escape escape = {0, 0};
		if (raw.at[at] == lead)
			escape = read(str_from(raw, at));
		out->text[out->len] = escape.len ? (char)escape.byte : raw.at[at];
		out->from[out->len] = (uint16_t)at;
		at += escape.len ? escape.len : 1;
	}
	out->from[out->len] = (uint16_t)(at < UINT16_MAX ? at : UINT16_MAX);
}

void unescape_html(struct str raw, struct unescaped *out)
{
	unescape(raw, '&', html_reference, out);
}

void unescape_json(struct str raw, struct unescaped *out)
{
	unescape(raw, '\\', json_escape, out);
}
