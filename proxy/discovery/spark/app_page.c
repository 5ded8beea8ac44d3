#include "proxy/discovery/spark/app_page.h"

#include "proxy/rewrite/html_tag.h"
#include "proxy/rewrite/rewrite_unescape.h"

enum { HREF_MAX = UNESCAPED_MAX, TAG_MAX = 4096 };

static ptrdiff_t find_from(struct str html, size_t from, struct str needle)
{
	ptrdiff_t at = str_find(str_from(html, from), needle);

	return at == -1 ? -1 : at + (ptrdiff_t)from;
}

/* The inside of the start tag whose '>' is at `close`, with that: from behind its '<'. Scala's XML
 * writer escapes '<' and '>' in attributes, so the nearest '<' is the tag's own. */
static struct str tag_before(struct str html, size_t close)
{
	size_t from = close;

	while (from > 0 && close - from < TAG_MAX && html.at[from - 1] != '<' &&
		html.at[from - 1] != '>')
		from--;
	if (from == 0 || html.at[from - 1] != '<')
		return STR("");
	return (struct str){html.at + from, close + 1 - from};
}

/* The href of an <a>, as Scala writes it; a second one is refused. */
static bool find_href(struct str tag, struct str *href)
{
	const char *p = tag.at + 1, *end = tag.at + tag.len;
	struct html_attribute attribute;
	bool found = false;

	if (!str_starts(tag, STR("a ")))
		return false;
	while ((p = html_skip_to_attribute(p, end)) < end && *p != '>') {
		p = html_read_attribute(p, end, &attribute);
		if (p == NULL)
			return false;
		if (!str_eq_nocase(attribute.name, STR("href")))
			continue;
		if (found || attribute.value.at == NULL || attribute.quote != '"')
			return false;
		*href = attribute.value;
		found = true;
	}
	return found && p + 1 == end;
}

/* The four entities Scala's XML writer makes; nothing else may hide in an address. */
static bool is_escaped_by_scala(struct str text)
{
	static const struct str entities[] = {
		{"&amp;", 5}, {"&quot;", 6}, {"&lt;", 4}, {"&gt;", 4}};
	ptrdiff_t at;

	while ((at = str_find_byte(text, '&')) != -1) {
		size_t e = 0;

		text = str_from(text, (size_t)at);
		while (e < ARRAY_LEN(entities) && !str_starts(text, entities[e]))
			e++;
		if (e == ARRAY_LEN(entities))
			return false;
		text = str_from(text, entities[e].len);
	}
	return true;
}

static bool unescape_href(struct str text, char out[static HREF_MAX])
{
	struct unescaped href;

	if (text.len >= HREF_MAX || !is_escaped_by_scala(text))
		return false;
	unescape_html(text, &href);
	return str_copy((struct str){href.text, href.len}, out, HREF_MAX);
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
	if (href[0] == '\0') { /* spark.ui.enabled=false */
		*link = APP_LINK_DISABLED;
		return 0;
	}
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
	struct str tag, value = {NULL, 0};
	char href[HREF_MAX];

	*link = APP_LINK_NONE;
	if (at == -1)
		return 0;
	if (find_from(html, (size_t)at + 1, text) != -1)
		return err_set(err, "its page has two links to its UI");
	tag = tag_before(html, (size_t)at);
	if (!find_href(tag, &value) || !unescape_href(value, href))
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

bool app_page_is_of(struct str html, struct str user)
{
	static const struct str mark = {"<strong>User:</strong>", 22};
	ptrdiff_t at = str_find(html, mark);
	struct unescaped shown;

	if (at == -1)
		return false;
	html = str_from(html, (size_t)at + mark.len);
	at = str_find_byte(html, '<');
	if (at == -1 || at >= HREF_MAX)
		return false;
	struct str text = str_trim((struct str){html.at, (size_t)at});
	while (text.len && text.at[0] == '\n') /* Spark's pages are indented */
		text = str_trim(str_from(text, 1));
	unescape_html(text, &shown);
	return str_eq((struct str){shown.text, shown.len}, user);
}
