#include "proxy/launch/rules/resource_uri.h"

#include "base/sbuf.h"

#include <stdlib.h>

/* What some reader of Spark's or Hadoop's gives a meaning: escapes, lists, patterns of files, names
 * inside archives, aliases, options, variables. */
static bool is_plain(char c)
{
	return str_is_alnum(c) || (c && strchr("/._-+=@~:$", c));
}

static int refuse(struct err *err)
{
	return err_set(err, "expected a URI of one file, such as s3a://bucket/a.jar: letters, "
			    "digits and / . _ - + = ~, no escapes, no \"..\", nothing empty");
}

/* "file:/a", "file:///a" and "FILE:/a" are one; so are hosts in any case. */
static bool add_scheme(struct str *rest, struct sbuf *out)
{
	ptrdiff_t colon = str_find_byte(*rest, ':');

	if (colon < 1 || str_find_byte((struct str){rest->at, (size_t)colon}, '/') != -1)
		return false;
	for (ptrdiff_t i = 0; i < colon; i++) {
		char c = rest->at[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!is_letter && (i == 0 || !(c && strchr("0123456789+-.", c))))
			return false;
		sbuf_putc(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
	sbuf_putc(out, ':');
	*rest = str_from(*rest, (size_t)colon + 1);
	return true;
}

/* No user before a host, and none for files of the machine itself. */
static bool add_authority(struct str *rest, struct sbuf *out)
{
	struct str scheme = sbuf_str(out);
	bool is_local = str_eq(scheme, STR("file:")) || str_eq(scheme, STR("local:"));

	if (!str_starts(*rest, STR("//")))
		return true;
	struct str tail = str_from(*rest, 2);
	ptrdiff_t slash = str_find_byte(tail, '/');
	if (slash == -1 || (slash > 0) == is_local ||
		str_find_byte((struct str){tail.at, (size_t)slash}, '@') != -1)
		return false;
	if (slash > 0)
		sbuf_puts(out, "//");
	for (ptrdiff_t i = 0; i < slash; i++) {
		char c = tail.at[i];
		sbuf_putc(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
	*rest = str_from(tail, (size_t)slash);
	return true;
}

static bool is_path(struct str path)
{
	struct str rest = str_from(path, 1), segment;

	if (!str_starts(path, STR("/")) || str_find_byte(path, ':') != -1)
		return false;
	while (str_next(&rest, '/', &segment)) {
		if (segment.len == 0 || str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return false;
	}
	return true;
}

int resource_uri_read(struct str text, char *out, struct err *err)
{
	struct sbuf uri;
	bool is_good = text.len > 0 && text.len <= RESOURCE_URI_MAX;

	for (size_t i = 0; is_good && i < text.len; i++)
		is_good = is_plain(text.at[i]);
	sbuf_init(&uri, RESOURCE_URI_MAX);
	is_good = is_good && add_scheme(&text, &uri) && add_authority(&text, &uri) && is_path(text);
	sbuf_add_str(&uri, text);
	is_good = is_good && !uri.overflow && str_copy(sbuf_str(&uri), out, RESOURCE_URI_MAX + 1);
	sbuf_clear(&uri);
	return is_good ? 0 : refuse(err);
}

/* A pattern in the same spelling: its beginning, and whether more may follow. False: it is none. */
static bool read_pattern(const char *pattern, char *out, bool *is_open)
{
	char *plain = mem_strdup(pattern);
	size_t len = strlen(plain);

	*is_open = len > 0 && plain[len - 1] == '*';
	if (*is_open)
		plain[len - 1] = 'x'; /* never empty */
	bool is_read = resource_uri_read(str_of(plain), out, NULL) == 0;
	if (is_read && *is_open)
		out[strlen(out) - 1] = '\0';
	free(plain);
	return is_read;
}

bool resource_uri_is_allowed(const struct conf_names *patterns, const char *uri, size_t spelled)
{
	char begin[RESOURCE_URI_MAX + 1];
	bool is_open;

	for (size_t i = 0; i < patterns->count; i++) {
		if (!read_pattern(patterns->at[i], begin, &is_open))
			continue;
		if (is_open ? strlen(begin) >= spelled && str_starts(str_of(uri), str_of(begin))
			    : strcmp(uri, begin) == 0)
			return true;
	}
	return false;
}

const char *resource_uri_leaf(const char *uri)
{
	const char *slash = strrchr(uri, '/');

	return slash ? slash + 1 : uri;
}

enum resource_kind resource_uri_kind(const char *uri)
{
	struct str leaf = str_of(resource_uri_leaf(uri));

	if (leaf.len > 4 && str_ends(leaf, STR(".jar")))
		return RESOURCE_JAR;
	return leaf.len > 3 && str_ends(leaf, STR(".py")) ? RESOURCE_PYTHON : RESOURCE_OTHER;
}
