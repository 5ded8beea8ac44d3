/*
 * The reader of CSS: url() and @import, in style sheets and <style> (css-syntax §4.3). Comments and
 * strings are passed over; a name with an escape in it is none that is looked for.
 */
#include "proxy/rewrite/rewrite_readers.h"
#include "proxy/rewrite/rewrite_value.h"

enum {
	TEXT,
	ESCAPE, /* after a backslash in TEXT */
	SLASH,	/* perhaps a comment's */
	COMMENT,
	COMMENT_STAR,  /* perhaps the last one's */
	STRING,	       /* up to its quote */
	REST,	       /* of a bare url(): up to its parenthesis */
	BEFORE_URL,    /* after "url(" */
	BEFORE_IMPORT, /* after "@import " */
	URL,	       /* one that may be mended */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static bool is_name(char c)
{
	char letter = (char)(c | 0x20);

	return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '@' || (unsigned char)c >= 0x80;
}

static void word_add(struct css *css, char c)
{
	if (css->word_len < sizeof css->word)
		css->word[css->word_len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	else
		css->word_len = sizeof css->word + 1;
}

static bool word_is(const struct css *css, struct str word)
{
	return css->word_len == word.len && memcmp(css->word, word.at, word.len) == 0;
}

static void begin_string(struct css *css, char quote, int state)
{
	css->quote = quote;
	css->is_escaped = false;
	css->state = state;
}

/* Behind the word: what it was, and what begins here. */
static void after_word(struct css *css, char c)
{
	bool is_import = word_is(css, STR("@import"));

	if (c == '(' && word_is(css, STR("url")))
		css->state = BEFORE_URL;
	else if (c == '"' || c == '\'')
		begin_string(css, c, is_import ? URL : STRING);
	else if (is_import && is_blank(c))
		css->state = BEFORE_IMPORT;
	else if (c == '/')
		css->state = SLASH;
	css->word_len = 0;
}

static const char *in_text(struct css *css, const char *p, const char *end)
{
	for (; p < end && css->state == TEXT; p++) {
		if (is_name(*p)) {
			word_add(css, *p);
		} else if (*p == '\\') {
			css->word_len = sizeof css->word + 1;
			css->state = ESCAPE;
		} else {
			after_word(css, *p);
		}
	}
	return p;
}

static const char *in_comment(struct css *css, const char *p, const char *end)
{
	p = memchr(p, '*', (size_t)(end - p));
	if (!p)
		return end;
	css->state = COMMENT_STAR;
	return p + 1;
}

static const char *in_comment_star(struct css *css, const char *p)
{
	if (*p != '*')
		css->state = *p == '/' ? TEXT : COMMENT;
	return p + 1;
}

static const char *in_string(struct css *css, const char *p, const char *end)
{
	char close = css->state == STRING ? css->quote : ')';

	for (; p < end; p++) {
		bool is_over = *p == close || (css->state == STRING && *p == '\n');

		if (!css->is_escaped && is_over) {
			css->state = TEXT;
			return p + 1;
		}
		css->is_escaped = !css->is_escaped && *p == '\\';
	}
	return p;
}

static const char *in_before(struct css *css, const char *p)
{
	if (is_blank(*p))
		return p + 1;
	if (*p == '"' || *p == '\'') {
		begin_string(css, *p, URL);
		return p + 1;
	}
	if (css->state == BEFORE_URL)
		begin_string(css, '\0', URL);
	else
		css->state = TEXT;
	return p;
}

/* Where the URL ends, or something that no URL of ours has. NULL: not in this chunk. */
static const char *url_end(const struct css *css, const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '\\' || *p == '\n' || *p == '"' || *p == '\'')
			return p;
		if (!css->quote && (*p == ')' || *p == '(' || is_blank(*p)))
			return p;
	}
	return NULL;
}

static void leave_url(struct css *css)
{
	css->state = css->quote ? STRING : REST;
}

static bool may_be_mended(char first)
{
	return first == '/' || (first | 0x20) == 'h';
}

static const char *in_url(struct rewriter *rw, const char *p, const char *end)
{
	struct css *css = &rw->css;

	if (rw->hold.len == 0 && !may_be_mended(*p)) {
		leave_url(css);
		return p;
	}
	const char *stop = url_end(css, p, end);
	if (!stop) {
		if (!rewriter_hold(rw, p, end))
			leave_url(css);
		return end;
	}
	struct str url = rewriter_candidate(rw, p, stop);
	if (css->quote ? *stop == css->quote : *stop == ')' || is_blank(*stop))
		rewriter_mend(rw, url, 0, url.len);
	rewriter_release(rw);
	leave_url(css);
	return stop;
}

static const char *step(struct rewriter *rw, const char *p, const char *end)
{
	struct css *css = &rw->css;

	switch (css->state) {
	case TEXT:
		return in_text(css, p, end);
	case ESCAPE:
		css->state = TEXT;
		return p + 1;
	case SLASH:
		css->state = *p == '*' ? COMMENT : TEXT;
		return p + (*p == '*');
	case COMMENT:
		return in_comment(css, p, end);
	case COMMENT_STAR:
		return in_comment_star(css, p);
	case STRING:
	case REST:
		return in_string(css, p, end);
	case URL:
		return in_url(rw, p, end);
	default:
		return in_before(css, p);
	}
}

void rewrite_css_chunk(struct rewriter *rw, const char *p, const char *end)
{
	while (p < end)
		p = step(rw, p, end);
}

void rewrite_css_break(struct rewriter *rw)
{
	if (rw->css.state != URL)
		return;
	rw->hold_run = rw->hold.at;
	rewriter_release(rw);
	leave_url(&rw->css);
}
