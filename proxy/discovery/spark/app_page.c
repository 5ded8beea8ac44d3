#include "proxy/discovery/spark/app_page.h"

#include "base/sbuf.h"

enum { HREF_MAX = 2048, TAG_MAX = 4096 };

static ptrdiff_t find_from(struct str html, size_t from, struct str needle)
{
	ptrdiff_t at = str_find(str_from(html, from), needle);

	return at == -1 ? -1 : at + (ptrdiff_t)from;
}

/* The inside of the start tag whose '>' is at `end`: from behind its '<'. Scala's XML writer
 * escapes
 * '<' and '>' in attributes, so the nearest '<' is the tag's own. */
static struct str tag_before(struct str html, size_t end)
{
	size_t from = end;

	while (from > 0 && end - from < TAG_MAX && html.at[from - 1] != '<' &&
		html.at[from - 1] != '>')
		from--;
	if (from == 0 || html.at[from - 1] != '<')
		return STR("");
	return (struct str){html.at + from, end - from};
}

/* `name="value"` somewhere in a start tag; a second one of the name is refused. */
static bool attribute(struct str tag, struct str name, struct str *value)
{
	struct str rest = tag;
	ptrdiff_t at;
	bool found = false;

	while ((at = str_find(rest, name)) != -1) {
		bool starts = at > 0 && (rest.at[at - 1] == ' ' || rest.at[at - 1] == '\n');
		rest = str_from(rest, (size_t)at + name.len);
		if (!starts || !str_starts(rest, STR("=\"")))
			continue;
		ptrdiff_t end = str_find_byte(str_from(rest, 2), '"');
		if (end == -1 || found)
			return false;
		*value = (struct str){rest.at + 2, (size_t)end};
		rest = str_from(rest, (size_t)end + 3);
		found = true;
	}
	return found;
}

/* The four entities Scala's XML writer makes; nothing else may hide in an address. */
static bool unescape(struct str text, char out[static HREF_MAX])
{
	static const struct {
		struct str name;
		char c;
	} entities[] = {
		{{"&amp;", 5}, '&'}, {{"&quot;", 6}, '"'}, {{"&lt;", 4}, '<'}, {{"&gt;", 4}, '>'}};
	struct sbuf b;
	bool good = true;

	sbuf_init(&b, HREF_MAX - 1);
	while (text.len) {
		size_t cut = 1, e = 0;
		if (text.at[0] == '&') {
			while (e < ARRAY_LEN(entities) && !str_starts(text, entities[e].name))
				e++;
			good = good && e < ARRAY_LEN(entities);
			cut = good ? entities[e].name.len : 1;
		}
		sbuf_putc(&b, text.at[0] == '&' && good ? entities[e].c : text.at[0]);
		text = str_from(text, cut);
	}
	good = good && !b.overflow && str_copy(sbuf_str(&b), out, HREF_MAX);
	sbuf_clear(&b);
	return good;
}

/* ".../proxy/<id>" with nothing or a slash behind: relative to the master, or below a
 * reverseProxyUrl. */
static bool is_proxied(struct str href, struct str app_id)
{
	if (str_ends(href, STR("/")))
		href.len--;
	if (!str_ends(href, app_id))
		return false;
	href.len -= app_id.len;
	return str_ends(href, STR("/proxy/"));
}

static int read_href(
	const char *href, struct str app_id, enum app_link *link, struct url *url, struct err *err)
{
	if (href[0] == '\0')
		return 0; /* spark.ui.enabled=false */
	if (is_proxied(str_of(href), app_id)) {
		*link = APP_LINK_PROXIED;
		return 0;
	}
	if (url_parse(str_of(href), url, err) == -1)
		return -1;
	if (strcmp(url->path, "/") != 0)
		return err_set(err, "its UI address has a path");
	*link = APP_LINK_ADDRESS;
	return 0;
}

int app_page_find_ui(
	struct str html, struct str app_id, enum app_link *link, struct url *url, struct err *err)
{
	static const struct str text = {">Application Detail UI</a>", 26};
	ptrdiff_t at = str_find(html, text);
	struct str tag, value;
	char href[HREF_MAX];

	*link = APP_LINK_NONE;
	if (at == -1)
		return 0;
	if (find_from(html, (size_t)at + 1, text) != -1)
		return err_set(err, "its page has two links to its UI");
	tag = tag_before(html, (size_t)at);
	if (!str_starts(tag, STR("a ")) || !attribute(tag, STR("href"), &value) ||
		!unescape(value, href))
		return err_set(err, "its page has a link to its UI that is not understood");
	return read_href(href, app_id, link, url, err);
}

void app_page_version(struct str html, char out[static SPARK_VERSION_MAX])
{
	static const struct str mark = {"<span class=\"version", 20}; /* 4.3: "version me-3" */
	ptrdiff_t at = str_find(html, mark);
	ptrdiff_t from = at == -1 ? -1 : find_from(html, (size_t)at, STR(">"));
	ptrdiff_t end = from == -1 ? -1 : find_from(html, (size_t)from, STR("<"));

	out[0] = '\0';
	if (end != -1)
		spark_version_copy(str_range(html.at + from + 1, html.at + end), out);
}
