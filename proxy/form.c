#include "proxy/form.h"

/* False for a broken escape or a NUL. */
static bool decode(struct str s, bool plus, struct sbuf *out)
{
	sbuf_reset(out);
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		if (c == '+' && plus) {
			c = ' ';
		} else if (c == '%') {
			bool whole = s.len - i > 2;
			int high = whole ? str_hex_digit(s.at[i + 1]) : -1, low = whole ? str_hex_digit(s.at[i + 2]) : -1;
			if (high == -1 || low == -1)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0')
			return false;
		sbuf_putc(out, c);
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
	return value.at && decode(value, true, out);
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
	if (fine && decode(path, false, &once)) {
		fine = stays_local(sbuf_str(&once));
		if (fine && decode(sbuf_str(&once), false, &twice))
			fine = stays_local(sbuf_str(&twice));
	}
	sbuf_clear(&once);
	sbuf_clear(&twice);
	return fine;
}
