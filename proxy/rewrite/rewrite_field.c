/*
 * The fields that hold an address: Location (T36-T39), Refresh, Link and Set-Cookie.
 */
#include "proxy/rewrite/given_base.h"
#include "proxy/rewrite/rewrite.h"
#include "proxy/rewrite/rewrite_link.h"
#include "proxy/rewrite/rewrite_value.h"

/* `url` as mended, or as it is. */
static bool add_link(const struct links *links, struct str url, struct sbuf *out)
{
	struct link_edit edit;

	if (!links_map(links, url, &edit)) {
		sbuf_add_str(out, url);
		return false;
	}
	sbuf_add_str(out, edit.origin);
	sbuf_add_str(out, edit.with);
	if (edit.slash)
		sbuf_putc(out, '/');
	sbuf_add_str(out, str_from(url, edit.cut));
	return true;
}

/* spark.ui.proxyRedirectUri loses the query of redirects, also of the one that only adds a slash
 * (T40). `location` is mended. */
static bool has_lost_query(const struct links *links, struct str location)
{
	const struct rewrite_context *context = links->context;

	if (context->is_other || context->query.len == 0 || links->mount.len == 0)
		return false;
	if (str_starts(location, str_of(context->origin)))
		location = str_from(location, strlen(context->origin));
	return str_starts(location, links->mount) &&
	       given_base_is_asked(str_from(location, links->mount.len), context->asked);
}

bool rewrite_location(const struct rewrite_context *context, struct str value, struct sbuf *out)
{
	struct links links;
	size_t before = out->len;

	links_init(&links, context);
	links.is_location = true;
	bool changes = add_link(&links, value, out);
	if (!has_lost_query(&links, str_from(sbuf_str(out), before)))
		return changes;
	sbuf_putc(out, '?');
	sbuf_add_str(out, context->query);
	return true;
}

bool rewrite_refresh(const struct rewrite_context *context, struct str value, struct sbuf *out)
{
	struct str url = rewrite_refresh_link(value);
	struct links links;

	if (url.at == NULL)
		return false;
	links_init(&links, context);
	links.is_location = true;
	sbuf_add_str(out, str_range(value.at, url.at));
	bool changes = add_link(&links, url, out);
	sbuf_add_str(out, str_range(url.at + url.len, value.at + value.len));
	return changes;
}

/* Bytes of the quoted string that begins `s` (RFC 9110 §5.6.4). */
static size_t quoted_len(struct str s)
{
	size_t at = 1;

	while (at < s.len && s.at[at] != '"')
		at += 1 + (s.at[at] == '\\');
	return at < s.len ? at + 1 : s.len;
}

bool rewrite_link_field(const struct rewrite_context *context, struct str value, struct sbuf *out)
{
	struct links links;
	bool changes = false;

	links_init(&links, context);
	while (value.len > 0) {
		size_t len = value.at[0] == '"' ? quoted_len(value) : 1;
		ptrdiff_t end = value.at[0] == '<' ? str_find_byte(value, '>') : -1;

		sbuf_add_str(out, (struct str){value.at, len});
		if (end != -1) {
			struct str url = {value.at + 1, (size_t)end - 1};
			changes |= add_link(&links, url, out);
			len = (size_t)end;
		}
		value = str_from(value, len);
	}
	return changes;
}

static void add_attribute(struct sbuf *out, struct str attribute)
{
	if (out->len)
		sbuf_puts(out, "; ");
	sbuf_add_str(out, attribute);
}

/* Matches as browsers match the path of a cookie (RFC 6265 §5.1.4). */
static bool is_at_or_below(struct str path, struct str dir)
{
	return str_starts(path, dir) && (path.len == dir.len || path.at[dir.len] == '/');
}

static struct str without_last_slash(struct str path)
{
	if (path.len && path.at[path.len - 1] == '/')
		path.len--;
	return path;
}

/* What follows the mount in a path of the UI's own; `path` itself may be another UI's, and means
 * nothing then. */
static struct str below_mount(const struct links *links, struct str path)
{
	struct link_edit edit;

	if (is_at_or_below(links->mount, without_last_slash(path)))
		return STR("/");
	if (links_map(links, path, &edit) && str_eq(edit.with, links->mount))
		return str_from(path, edit.cut);
	return path;
}

/* "Path=/x" below the mount, whatever it says (S46). Without one, or with one that is no path, it
 * is the default one, which is below the mount anyway. */
static void add_path(const struct links *links, struct str path, struct sbuf *out)
{
	struct str mount = links->mount;

	if (path.len == 0 || path.at[0] != '/' || (path.len > 1 && path.at[1] == '/') ||
		mount.len == 0 || str_find_byte(mount, ';') != -1)
		return;
	add_attribute(out, STR("Path="));
	if (!is_at_or_below(path, mount)) {
		sbuf_add_str(out, mount);
		path = below_mount(links, path);
	}
	sbuf_add_str(out, path);
}

/* A browser takes a cookie of this name for Path=/ only, where all UIs would get it. */
static const struct str whole_host = {"__Host-", 7}, part_of_host = {"__Secure-Host-", 14};

/* What Spark has set (a filter's cookie, mostly): all others of the host are for other
 * applications. The path says to which mount it belongs, as everywhere. */
static const struct str of_spark = {"spark-ui-", 9};

static bool add_name(struct str pair, struct str before, struct str after, struct sbuf *out)
{
	if (!str_starts_nocase(pair, before))
		return false;
	sbuf_add_str(out, after);
	sbuf_add_str(out, str_from(pair, before.len));
	return true;
}

bool rewrite_cookie(bool is_other, struct str *pair, struct str *before)
{
	struct str tag = is_other ? part_of_host : of_spark;
	bool has_tag = str_starts_nocase(*pair, tag);

	*before = is_other && has_tag ? whole_host : STR("");
	if (has_tag)
		*pair = str_from(*pair, tag.len);
	return is_other || has_tag;
}

/* True when the name is another one now. */
static bool add_first(const struct rewrite_context *context, struct str pair, struct sbuf *out)
{
	if (context->is_other)
		return add_name(pair, whole_host, part_of_host, out);
	return add_name(pair, STR(""), of_spark, out);
}

/* "name = value" as browsers read an attribute: blanks around either do not count. */
static struct str attribute_name(struct str piece, struct str *value)
{
	ptrdiff_t eq = str_find_byte(piece, '=');

	*value = eq == -1 ? STR("") : str_trim(str_from(piece, (size_t)eq + 1));
	return str_trim((struct str){piece.at, eq == -1 ? piece.len : (size_t)eq});
}

bool rewrite_set_cookie(const struct rewrite_context *context, struct str value, struct sbuf *out)
{
	struct str rest = value, piece, text;
	struct links links;
	bool changes = false, is_first = true;

	links_init(&links, context);
	while (str_next(&rest, ';', &piece)) {
		struct str name = attribute_name(piece, &text);
		bool is_path = !is_first && str_eq_nocase(name, STR("path"));
		bool is_domain = !is_first && str_eq_nocase(name, STR("domain"));

		changes |= is_path || is_domain;
		if (is_path)
			add_path(&links, text, out);
		else if (is_first && add_first(context, str_trim(piece), out))
			changes = true;
		else if (!is_domain)
			add_attribute(out, str_trim(piece));
		is_first = false;
	}
	return changes;
}
