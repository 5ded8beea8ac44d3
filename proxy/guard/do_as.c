#include "proxy/guard/do_as.h"

enum { LONG_S = 0x17f };

/* How many bytes at the end of `text` are one escape, and of what: "%64", or "%u0064" as Jetty 9
 * and others take it. U+017F is a small s to who compares without case, as Java does. */
static size_t find_escape(const char *text, size_t len, int *value)
{
	const char *end = text + len;

	if (len >= 3 && end[-3] == '%' && (*value = str_hex((struct str){end - 2, 2}, 2)) != -1)
		return 3;
	if (len >= 6 && end[-6] == '%' && (end[-5] | 0x20) == 'u' &&
		(*value = str_hex((struct str){end - 4, 4}, 4)) != -1)
		return 6;
	*value = LONG_S;
	return len >= 2 && memcmp(end - 2, "\xc5\xbf", 2) == 0 ? 2 : 0;
}

/* What the end of `text` becomes when that is decoded again and again: "%25" and "%2525" are
 * percent signs, and with two digits behind them something else (S42). */
static size_t fold_escape(char *text, size_t len)
{
	size_t escape;
	int value;

	while ((escape = find_escape(text, len, &value)) > 0) {
		len -= escape - 1;
		text[len - 1] = value == LONG_S ? 's' : value > 0xff ? '_' : (char)value;
	}
	return len;
}

/* The parameter's name, decoded as servlets one behind the other would, is doAs in any case. */
static bool is_do_as(struct str pair)
{
	static const struct str wanted = {"doas", 4};
	ptrdiff_t eq = str_find_byte(pair, '=');
	struct str name = {pair.at, eq == -1 ? pair.len : (size_t)eq};
	char text[64]; /* as deep as anybody goes */
	size_t len = 0;

	for (size_t i = 0; i < name.len; i++) {
		if (len == sizeof text)
			return false;
		text[len++] = name.at[i];
		len = fold_escape(text, len);
	}
	return str_eq_nocase((struct str){text, len}, wanted);
}

/* A semicolon parts parameters as well where Hadoop reads a query. */
static bool strip_piece(struct str piece, struct sbuf *out)
{
	struct str pair;
	char sign = '&';
	bool stripped = false;

	while (str_next(&piece, ';', &pair)) {
		if (is_do_as(pair)) {
			stripped = true;
			continue;
		}
		if (out->len)
			sbuf_putc(out, sign);
		sbuf_add_str(out, pair);
		sign = ';';
	}
	return stripped;
}

bool do_as_strip(struct str params, struct sbuf *out)
{
	struct str rest = params, piece;
	bool stripped = false;

	sbuf_reset(out);
	while (params.at && str_next(&rest, '&', &piece))
		stripped |= strip_piece(piece, out);
	return stripped;
}

/* A name that is doAs begins with a d, or with what may become one; mostly there is none. */
static bool may_have_one(struct str params)
{
	for (size_t i = 0; i < params.len; i++) {
		char c = params.at[i], next = i + 1 < params.len ? params.at[i + 1] : '\0';

		if (c == '%' || ((c | 0x20) == 'd' && ((next | 0x20) == 'o' || next == '%')))
			return true;
	}
	return false;
}

bool do_as_is_in(struct str params)
{
	struct sbuf rest;

	if (!may_have_one(params))
		return false;
	sbuf_init(&rest, params.len + 1);
	bool found = do_as_strip(params, &rest);
	sbuf_clear(&rest);
	return found;
}
