#include "proxy/http/form.h"

#include "base/text/params.h"

bool form_get(struct str form, const char *name, struct sbuf *out)
{
	return params_get(form, name, out) == PARAMS_FOUND;
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
	fine = fine && params_decode(path, PARAMS_PATH, &once) && stays_local(sbuf_str(&once));
	fine = fine && params_decode(sbuf_str(&once), PARAMS_PATH, &twice) &&
	       stays_local(sbuf_str(&twice));
	sbuf_clear(&once);
	sbuf_clear(&twice);
	return fine;
}

enum { FRAGMENT_MAX = 2048 };

struct str form_cut_fragment(struct str *path)
{
	ptrdiff_t mark = str_find_byte(*path, '#');
	struct str fragment = STR("");

	if (mark == -1)
		return fragment;
	fragment = str_from(*path, (size_t)mark);
	path->len = (size_t)mark;
	for (size_t i = 0; i < fragment.len; i++) {
		if (fragment.at[i] <= 0x20 || fragment.at[i] > 0x7e)
			return STR("");
	}
	return fragment.len <= FRAGMENT_MAX ? fragment : STR("");
}
