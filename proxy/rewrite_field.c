/*
 * The two response fields that name a place: Location (T36-T39) and Set-Cookie.
 */
#include "proxy/rewrite.h"
#include "proxy/rewrite_link.h"

bool rewrite_location(const struct rewrite_context *context, struct str value, struct sbuf *out)
{
	struct links links;
	struct link_edit edit;

	links_init(&links, context);
	links.is_location = true;
	if (!links_map(&links, value, &edit))
		return false;
	sbuf_add_str(out, edit.origin);
	sbuf_add_str(out, edit.with);
	if (edit.slash)
		sbuf_putc(out, '/');
	sbuf_add_str(out, str_from(value, edit.cut));
	return true;
}

static void add_attribute(struct sbuf *out, struct str attribute)
{
	if (out->len)
		sbuf_puts(out, "; ");
	sbuf_add_str(out, attribute);
}

/* "Path=/x" below the mount. A path that is no path means the default one, which is below it
 * anyway. */
static void add_path(const struct links *links, struct str path, struct sbuf *out)
{
	struct link_edit edit;

	if (path.len == 0 || path.at[0] != '/' || (path.len > 1 && path.at[1] == '/'))
		return;
	add_attribute(out, STR("Path="));
	if (!links_map(links, path, &edit)) { /* below the mount already */
		sbuf_add_str(out, path);
		return;
	}
	sbuf_add_str(out, edit.with);
	sbuf_add_str(out, str_from(path, edit.cut));
}

bool rewrite_set_cookie(const struct rewrite_context *context, struct str value, struct sbuf *out)
{
	struct str rest = value, piece;
	struct links links;
	bool changes = false, is_first = true;

	links_init(&links, context);
	while (str_next(&rest, ';', &piece)) {
		piece = str_trim(piece);
		bool is_path = !is_first && str_starts_nocase(piece, STR("path="));
		bool is_domain = !is_first && (str_starts_nocase(piece, STR("domain=")) ||
						      str_eq_nocase(piece, STR("domain")));
		changes |= is_path || is_domain;
		if (is_path)
			add_path(&links, str_trim(str_from(piece, 5)), out);
		else if (!is_domain)
			add_attribute(out, piece);
		is_first = false;
	}
	return changes;
}
