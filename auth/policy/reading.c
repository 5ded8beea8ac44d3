#include "auth/policy/reading.h"

/* Nobody has a name that was encoded so often; and each costs a look at the whole path. */
enum { DEPTH_MAX = 8 };

/* --- bytes --- */

/* Decodes what begins `in`, which is not empty: gives how many bytes it is. "%u002f" is a slash to
 * Jetty 9; what is no byte is a letter of no name here. */
static size_t decode_once(struct str in, char *out)
{
	bool is_wide = in.len > 1 && in.at[1] == 'u';
	size_t len = in.at[0] != '%' ? 1 : is_wide ? 6 : 3;
	int value = len == 1 ? -1 : str_hex(str_from(in, is_wide ? 2 : 1), is_wide ? 4 : 2);

	*out = value == -1 ? in.at[0] : value > 0xff ? '_' : (char)value;
	return value == -1 ? 1 : len;
}

static bool is_trick(const struct reading *r, char c)
{
	unsigned char byte = (unsigned char)c;

	if (c == '\\' || c == '\0')
		return true;
	if (c == '/') /* a slash that would have been another path */
		return r->depth == 0;
	/* Controls end a line for somebody; 0xc0 and 0xc1 begin only what is too long a spelling
	 * of an ASCII character. */
	return r->is_spark && (byte < 0x20 || byte == 0x7f || byte == 0xc0 || byte == 0xc1);
}

/* --- one reading --- */

/* Decodes one segment up to its parameters, or to what another server takes for a query. Gives the
 * length, or -1. */
static int read_segment(const struct reading *r, struct str in, char *out)
{
	int len = 0;
	bool is_cut = false;

	for (size_t i = 0; i < in.len;) {
		char c = in.at[i];

		if (c == '%') {
			i += decode_once(str_from(in, i), &c);
			if (is_trick(r, c))
				return -1;
		} else {
			i++;
		}
		is_cut |= c == ';' || c == '?' || c == '#';
		if (!is_cut)
			out[len++] = c;
	}
	/* "..;x" is a way up for Jetty that is no dot segment to a stricter reader. */
	if ((len == 1 && out[0] == '.') || (len == 2 && out[0] == '.' && out[1] == '.'))
		return -1;
	return len;
}

/* Most paths are their own only reading: of letters, digits, hyphens and dots within a name. */
static bool is_plain(struct str path)
{
	char before = '\0';

	for (size_t i = 0; i < path.len; i++) {
		char c = path.at[i];
		bool is_mark = c == '/' || c == '.';

		if (is_mark ? before == '/' : !str_is_alnum(c) && c != '-' && c != '_')
			return false;
		before = c;
	}
	return path.len > 0;
}

static bool read_path(struct reading *r)
{
	struct str rest = r->text, segment;
	size_t len = 0;

	if (is_plain(r->text)) {
		r->plain = r->text;
		r->plain.len -= r->text.at[r->text.len - 1] == '/';
		return true;
	}
	while (str_next(&rest, '/', &segment)) {
		int n = read_segment(r, segment, r->buf + len + 1);

		if (n == -1)
			return false;
		if (n == 0)
			continue;
		r->buf[len] = '/';
		len += (size_t)n + 1;
	}
	r->plain = (struct str){r->buf, len};
	return true;
}

/* T45: a query in the next server's eyes, and nothing there was stripped. */
static bool hides_do_as(struct str text)
{
	static const struct str name = {"doas", 4};
	ptrdiff_t mark = str_find_byte(text, '?');

	for (size_t at = mark == -1 ? text.len : (size_t)mark; at < text.len; at++) {
		if (str_starts_nocase(str_from(text, at), name))
			return true;
	}
	return false;
}

/* --- one after the other --- */

/* Where the text is `decoded` itself, that gets shorter from left to right. False: it stays. */
static bool decode_text(struct reading *r)
{
	struct str rest = r->text;
	size_t len = 0;

	if (str_find_byte(rest, '%') == -1)
		return false;
	while (rest.len > 0)
		rest = str_from(rest, decode_once(rest, &r->decoded[len++]));
	bool changes = len < r->text.len;
	r->text = (struct str){r->decoded, len};
	return changes;
}

void reading_init(struct reading *r, struct str path, bool is_spark)
{
	r->plain = (struct str){r->buf, 0};
	r->is_trick = path.len > READING_PATH_MAX;
	r->is_spark = is_spark;
	r->depth = -1;
	r->text = path;
}

bool reading_next(struct reading *r)
{
	if (r->is_trick || (++r->depth > 0 && !decode_text(r)))
		return false;
	r->is_trick = r->depth == DEPTH_MAX || hides_do_as(r->text) || !read_path(r);
	return !r->is_trick;
}
