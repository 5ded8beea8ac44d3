#include "base/text/params.h"

/* The byte an escape at s[i] stands for, or -1. */
static int escape_at(struct str s, size_t i)
{
	if (s.at[i] != '%' || s.len - i < 3)
		return -1;
	int high = str_hex_digit(s.at[i + 1]), low = str_hex_digit(s.at[i + 2]);
	return high == -1 || low == -1 ? -1 : high * 16 + low;
}

bool params_decode(struct str s, enum params_mode mode, struct sbuf *out)
{
	sbuf_reset(out);
	for (size_t i = 0; i < s.len; i++) {
		int byte = escape_at(s, i);
		if (byte == 0 || s.at[i] == '\0' ||
			(byte == -1 && s.at[i] == '%' && mode == PARAMS_FORM))
			return false;
		if (byte != -1)
			i += 2;
		else
			byte = s.at[i] == '+' && mode == PARAMS_FORM ? ' ' : s.at[i];
		sbuf_putc(out, (char)byte);
	}
	return !out->overflow;
}

enum params_found params_get(struct str params, const char *name, struct sbuf *out)
{
	struct str rest = params, pair, value = {NULL, 0};

	sbuf_reset(out);
	while (params.at && str_next(&rest, '&', &pair)) {
		struct str key;
		str_next(&pair, '=', &key);
		if (!str_eq(key, str_of(name)))
			continue;
		if (value.at)
			return PARAMS_BAD;
		value = pair.at ? pair : STR("");
	}
	if (value.at == NULL)
		return PARAMS_ABSENT;
	return params_decode(value, PARAMS_FORM, out) ? PARAMS_FOUND : PARAMS_BAD;
}
