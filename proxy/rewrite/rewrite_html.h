/*
 * proxy/rewrite/rewrite_html.h - what the two readers of HTML share: rewrite_html.c, which can stop
 * at any byte and go on with the next chunk, and rewrite_tag.c, which reads what is all there at
 * once.
 */
#ifndef SPARKGATE_PROXY_REWRITE_REWRITE_HTML_H
#define SPARKGATE_PROXY_REWRITE_REWRITE_HTML_H

#include "proxy/rewrite/rewrite_sink.h"
#include "proxy/rewrite/rewrite_scan.h"

enum html_state {
	HTML_AT_TEXT,
	HTML_AT_TAG_OPEN, /* after '<' */
	HTML_AT_TAG_NAME,
	HTML_AT_BEFORE_NAME, /* of an attribute */
	HTML_AT_NAME,
	HTML_AT_AFTER_NAME,
	HTML_AT_BEFORE_VALUE,
	HTML_AT_LINK,	     /* a value that may be mended */
	HTML_AT_VALUE,	     /* any other */
	HTML_AT_DECLARATION, /* after "<!" */
	HTML_AT_COMMENT,
	HTML_AT_BOGUS,	      /* to the next '>': <!doctype>, <?x> */
	HTML_AT_SCRIPT_HEAD,  /* the beginning of an inline script */
	HTML_AT_ELEMENT_TEXT, /* of script, style, textarea, title, pre: up to its end tag */
	HTML_AT_ELEMENT_END,  /* "</name", as far as it matches */
};

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

/* All of one length, so that both are a few loads. */
static inline bool html_is_either(struct str name, const char *one, const char *other)
{
	return str_same_nocase(name.at, one, name.len) || str_same_nocase(name.at, other, name.len);
}

/* An attribute of that name holds a link, on every page. */
static inline bool html_holds_link(struct str name)
{
	switch (name.len) {
	case 3:
		return html_is_either(name, "src", "src");
	case 4:
		return html_is_either(name, "href", "data");
	case 6:
		return html_is_either(name, "action", "poster");
	case 10:
		return html_is_either(name, "formaction", "xlink:href");
	case 15:
		return html_is_either(name, "data-detail-url", "data-detail-url");
	default:
		return false;
	}
}

/* Only these can begin what links_map() would change; '&' as the beginning of an entity. */
static inline bool html_may_be_mended(char first)
{
	return first == '/' || (first | 0x20) == 'h' || first == '&';
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

/* A tag's name: begun, added to, complete. */
static inline void html_begin_name(struct html *html)
{
	html->name_len = 0;
	html->element = NULL;
}
void html_add_name(struct html *html, const char *from, const char *to);
void html_end_name(struct html *html);
/* `p` is at the '>' of a start tag. Gives what is behind it. */
const char *html_tag_done(struct rewriter *rw, const char *p);
/* `value`, a candidate, is that of an attribute that holds a link. */
void html_mend(struct rewriter *rw, struct str value);

/* From text on to the next start tag that could not be read at once, or whatever else is to be
 * looked at closely: the state says what. */
const char *html_in_text(struct rewriter *rw, const char *p, const char *end);

#endif
