#include "proxy/guard/do_as.h"

/* What `c` becomes that stands at the end of `text` when that is decoded again and again: "%25" and
 * "%2525" are percent signs, and with two digits behind them something else (S42). */
static size_t fold_escape(char *text, size_t len)
{
	while (len >= 3 && text[len - 3] == '%') {
		int high = str_hex_digit(text[len - 2]), low = str_hex_digit(text[len - 1]);
		if (high == -1 || low == -1)
			break;
		len -= 2;
		text[len - 1] = (char)(high << 4 | low);
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

bool do_as_strip(struct str params, struct sbuf *out)
{
	struct str rest = params, pair;
	bool stripped = false;

	sbuf_reset(out);
	while (params.at && str_next(&rest, '&', &pair)) {
		if (is_do_as(pair)) {
			stripped = true;
			continue;
		}
		if (out->len)
			sbuf_putc(out, '&');
		sbuf_add_str(out, pair);
	}
	return stripped;
}

bool do_as_is_in(struct str params)
{
	struct sbuf rest;

	sbuf_init(&rest, params.len + 1);
	bool found = do_as_strip(params, &rest);
	sbuf_clear(&rest);
	return found;
}
