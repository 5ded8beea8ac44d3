/*
 * proxy/rewrite/html_tag.h - the tokenizer of HTML's start tags: names, attributes and their values
 * (HTML 13.2.5). Pure.
 *
 * The rewriter reads pages with it, discovery the master's page that says where a driver's UI is.
 */
#ifndef SPARKGATE_PROXY_REWRITE_HTML_TAG_H
#define SPARKGATE_PROXY_REWRITE_HTML_TAG_H

#include "base/str.h"
#include "proxy/rewrite/rewrite_scan.h"

enum { HTML_LETTER = 1, HTML_SPACE = 2, HTML_NAME_END = 4, HTML_EQUALS = 8 };
extern const unsigned char html_classes[256];

static inline bool html_is_letter(char c)
{
	return html_classes[(unsigned char)c] & HTML_LETTER;
}

static inline bool html_is_space(char c)
{
	return html_classes[(unsigned char)c] & HTML_SPACE;
}

/* Of a tag's name; an attribute's ends at '=', too. */
static inline bool html_ends_name(char c)
{
	return html_classes[(unsigned char)c] & HTML_NAME_END;
}

static inline const char *html_skip_space(const char *p, const char *end)
{
	while (p < end && html_is_space(*p))
		p++;
	return p;
}

/* The value's end: its quote, or the space or '>' after an unquoted one (quote 0). NULL: not in
 * this chunk. */
static inline const char *html_value_end(char quote, const char *p, const char *end)
{
	if (quote)
		return rewrite_scan_near(p, end, quote);
	while (p < end && !html_is_space(*p) && *p != '>')
		p++;
	return p < end ? p : NULL;
}

struct html_attribute {
	struct str name;  /* as it is written, whichever its letters */
	struct str value; /* without its quotes; at == NULL: there is none */
	char quote;	  /* around it; 0: none */
};

/* `p` is behind the '='. As html_read_attribute(). */
static inline const char *html_read_value(
	const char *p, const char *end, struct html_attribute *attribute)
{
	p = html_skip_space(p, end);
	if (p == end)
		return NULL;
	if (*p == '>')
		return p;
	attribute->quote = *p == '"' || *p == '\'' ? *p : '\0';
	p += attribute->quote != '\0';
	const char *stop = html_value_end(attribute->quote, p, end);
	if (stop == NULL)
		return NULL;
	attribute->value = str_range(p, stop);
	return stop + (attribute->quote != '\0');
}

/* `p` is at its first byte, whichever that is (HTML 13.2.5.32). Gives what is behind it; NULL: it
 * is not all there, and nothing is known of it. */
static inline const char *html_read_attribute(
	const char *p, const char *end, struct html_attribute *attribute)
{
	const char *stop = rewrite_scan_name(p + 1, end);

	while (stop < end && *stop != '=' && !html_ends_name(*stop))
		stop++;
	const char *next = html_skip_space(stop, end);
	if (next == end)
		return NULL;
	attribute->name = str_range(p, stop);
	attribute->value = (struct str){NULL, 0};
	return *next == '=' ? html_read_value(next + 1, end, attribute) : next;
}

/* `p` is behind a tag's name or one of its attributes. Gives the next one's first byte, or the '>'
 * that ends the tag, or `end`. */
static inline const char *html_skip_to_attribute(const char *p, const char *end)
{
	while (p < end && (html_is_space(*p) || *p == '/'))
		p++;
	return p;
}
/* The name of an element whose inside is text, such as a script; NULL: it is another. */
const char *html_raw_of(struct str name);

#endif
