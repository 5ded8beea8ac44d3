/*
 * A start tag that is all there, read at once: nearly every tag of a page. What the chunk's end
 * cuts in two is left to rewrite_html.c from a state on that needs nothing of what was read before;
 * and so are pages that are not Spark's, where more attributes hold links.
 */
#include "proxy/rewrite/rewrite_html.h"
#include "proxy/rewrite/rewrite_scan.h"

enum { SHORT_NAME = 2 }; /* letters: of no element that matters here, and of most of a table */

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && html_is_space(*p))
		p++;
	return p;
}

static void mend(struct rewriter *rw, const char *from, const char *stop)
{
	if (from == stop || !html_may_be_mended(*from))
		return;
	html_mend(rw, rewriter_candidate(rw, from, stop));
	rewriter_release(rw);
}

/* `p` is behind the '='. NULL: the value is not all there. */
static const char *read_value(struct rewriter *rw, struct str name, const char *p, const char *end)
{
	p = skip_space(p, end);
	if (p == end)
		return NULL;
	if (*p == '>')
		return p;
	char quote = *p == '"' || *p == '\'' ? *p : '\0';
	const char *from = p + (quote != '\0'), *stop = html_value_end(quote, from, end);
	if (stop == NULL)
		return NULL;
	if (html_holds_link(name))
		mend(rw, quote ? skip_space(from, stop) : from, stop);
	return stop + (quote != '\0');
}

/* `p` is at its first byte, whichever that is (HTML 13.2.5.32). NULL: it is not all there. */
static const char *read_attribute(struct rewriter *rw, const char *p, const char *end)
{
	const char *stop = rewrite_scan_name(p + 1, end);

	while (stop < end && !(html_classes[(unsigned char)*stop] & (HTML_NAME_END | HTML_EQUALS)))
		stop++;
	const char *next = skip_space(stop, end);
	if (next == end)
		return NULL;
	return *next == '=' ? read_value(rw, str_range(p, stop), next + 1, end) : next;
}

static const char *read_attributes(struct rewriter *rw, const char *p, const char *end)
{
	const char *next = p;

	while (next) {
		p = next;
		while (p < end && (html_is_space(*p) || *p == '/'))
			p++;
		if (p == end)
			return p;
		if (*p == '>')
			return html_tag_done(rw, p);
		next = read_attribute(rw, p, end);
	}
	return p;
}

/* `p` is at the first letter of a name. */
static const char *read_tag(struct rewriter *rw, const char *p, const char *end)
{
	struct html *html = &rw->html;
	const char *stop = p;

	while (stop < end && !html_ends_name(*stop))
		stop++;
	if (stop == end) {
		html->state = HTML_AT_TAG_OPEN;
		return p;
	}
	html_begin_name(html);
	html->state = HTML_AT_BEFORE_NAME;
	if (stop - p > SHORT_NAME) {
		html_add_name(html, p, stop);
		html_end_name(html);
	}
	return read_attributes(rw, stop, end);
}

const char *html_in_text(struct rewriter *rw, const char *p, const char *end)
{
	struct html *html = &rw->html;

	while (html->state == HTML_AT_TEXT) {
		/* What it passes over begins no text element: their names are longer than two
		 * letters. */
		p = rewrite_scan_tag(p, end);
		if (p == NULL)
			return end;
		if (p < end && html_is_letter(*p) && !html->is_other)
			p = read_tag(rw, p, end);
		else
			html->state = HTML_AT_TAG_OPEN;
	}
	return p;
}
