#include "proxy/form.h"

enum decode_mode { DECODE_FORM, DECODE_PATH };

/* The byte an escape at s[i] stands for, or -1. */
static int escape_at(struct str s, size_t i)
{
	if (s.at[i] != '%' || s.len - i < 3)
		return -1;
	int high = str_hex_digit(s.at[i + 1]), low = str_hex_digit(s.at[i + 2]);
	return high == -1 || low == -1 ? -1 : high * 16 + low;
}

/* False for a NUL, and in a form for a broken escape; in a path that one stands for itself. */
static bool decode(struct str s, enum decode_mode mode, struct sbuf *out)
{
	sbuf_reset(out);
	for (size_t i = 0; i < s.len; i++) {
		int byte = escape_at(s, i);
		if (byte == 0 || s.at[i] == '\0' ||
			(byte == -1 && s.at[i] == '%' && mode == DECODE_FORM))
			return false;
		if (byte != -1)
			i += 2;
		else
			byte = s.at[i] == '+' && mode == DECODE_FORM ? ' ' : s.at[i];
		sbuf_putc(out, (char)byte);
	}
	return !out->overflow;
}

bool form_get(struct str form, const char *name, struct sbuf *out)
{
	struct str rest = form, pair, value = {NULL, 0};

	while (form.at && str_next(&rest, '&', &pair)) {
		struct str key;
		str_next(&pair, '=', &key);
		if (!str_eq(key, str_of(name)))
			continue;
		if (value.at)
			return false;
		value = pair.at ? pair : STR("");
	}
	return value.at && decode(value, DECODE_FORM, out);
}

static bool is_local(struct str s)
{
	if (s.len == 0 || s.at[0] != '/' || (s.len > 1 && (s.at[1] == '/' || s.at[1] == '\\')))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] <= 0x20 || s.at[i] > 0x7e || s.at[i] == '\\')
			return false;
	}
	return true;
}

/* Decoded text may hold spaces and other letters, as long as it still cannot leave the origin. */
static bool stays_local(struct str s)
{
	if (s.len == 0 || s.at[0] != '/')
		return false;
	for (size_t i = 1; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];
		if (c == '\\' || c < 0x20 || c == 0x7f)
			return false;
		if (i == 1 && (c == '/' || c == ' '))
			return false;
	}
	return true;
}

bool form_is_return_path(struct str path)
{
	struct sbuf once, twice;
	bool fine = is_local(path) && path.len <= 8192;

	sbuf_init(&once, 8192);
	sbuf_init(&twice, 8192);
	fine = fine && decode(path, DECODE_PATH, &once) && stays_local(sbuf_str(&once));
	fine = fine && decode(sbuf_str(&once), DECODE_PATH, &twice) &&
	       stays_local(sbuf_str(&twice));
	sbuf_clear(&once);
	sbuf_clear(&twice);
	return fine;
}
