#include "proxy/rewrite/rewrite_value.h"

#include "proxy/rewrite/html_tag.h"

void rewriter_mend(struct rewriter *rw, struct str candidate, size_t at, size_t len)
{
	struct str url = {candidate.at + at, len};
	struct link_edit edit;

	if (!links_map_html(&rw->links, url, &edit))
		return;
	rewriter_edit(rw, candidate, at, edit.cut);
	sink_add(&rw->sink, edit.origin.at, edit.origin.len);
	sink_add(&rw->sink, edit.with.at, edit.with.len);
	if (edit.slash)
		sink_add(&rw->sink, "/", 1);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static size_t skip_blanks(struct str s, size_t at)
{
	while (at < s.len && is_blank(s.at[at]))
		at++;
	return at;
}

static size_t skip_word(struct str s, size_t at)
{
	while (at < s.len && !is_blank(s.at[at]))
		at++;
	return at;
}

static void mend_links(struct rewriter *rw, struct str value)
{
	size_t at = skip_blanks(value, 0);

	while (at < value.len) {
		size_t end = skip_word(value, at);
		rewriter_mend(rw, value, at, end - at);
		at = skip_blanks(value, end);
	}
}

/* Behind the comma that ends a descriptor; one in parentheses does not. */
static size_t skip_descriptor(struct str s, size_t at)
{
	bool in_parens = false;

	for (; at < s.len; at++) {
		if (s.at[at] == ',' && !in_parens)
			return at + 1;
		in_parens = s.at[at] == '(' || (in_parens && s.at[at] != ')');
	}
	return at;
}

/* HTML 4.8.4.3.9: a URL has no blanks; commas at its end separate, others are its own. */
static void mend_srcset(struct rewriter *rw, struct str value)
{
	for (size_t at = 0; at < value.len;) {
		while (at < value.len && (is_blank(value.at[at]) || value.at[at] == ','))
			at++;
		size_t end = skip_word(value, at), last = end;
		while (last > at && value.at[last - 1] == ',')
			last--;
		rewriter_mend(rw, value, at, last - at);
		at = last < end ? end : skip_descriptor(value, end);
	}
}

/* A quote, as it can stand in an attribute; "" for none. */
static struct str quote_at(struct str s)
{
	static const char *const quotes[] = {
		"\"", "'", "&quot;", "&apos;", "&#34;", "&#39;", "&#x22;", "&#x27;"};

	for (size_t i = 0; i < ARRAY_LEN(quotes); i++) {
		if (str_starts_nocase(s, str_of(quotes[i])))
			return str_of(quotes[i]);
	}
	return STR("");
}

/* Behind the time; 0: it is none, and nothing refreshes. */
static size_t skip_time(struct str s)
{
	size_t at = 0, whole = 0;

	while (at < s.len && s.at[at] >= '0' && s.at[at] <= '9')
		at++;
	whole = at;
	while (at < s.len && ((s.at[at] >= '0' && s.at[at] <= '9') || s.at[at] == '.'))
		at++;
	if (whole == 0 && (s.len == 0 || s.at[0] != '.'))
		return 0;
	return at;
}

/* "url =" and the quote are left out; "url" that no '=' follows is the link's own. */
static struct str refresh_target(struct str rest)
{
	size_t at = str_starts_nocase(rest, STR("url")) ? skip_blanks(rest, 3) : rest.len;
	bool is_named = at < rest.len && rest.at[at] == '=';

	if (is_named)
		rest = str_from(rest, skip_blanks(rest, at + 1));
	else if (rest.len && (rest.at[0] | 0x20) == 'u')
		return rest;
	struct str quote = quote_at(rest);
	rest = str_from(rest, quote.len);
	ptrdiff_t end = quote.len ? str_find(rest, quote) : -1;
	return (struct str){rest.at, end == -1 ? rest.len : (size_t)end};
}

struct str rewrite_refresh_link(struct str value)
{
	size_t begin = skip_blanks(value, 0), at;
	struct str none = {NULL, 0};

	at = begin + skip_time(str_from(value, begin));
	if (at == begin || at == value.len)
		return none;
	if (!is_blank(value.at[at]) && value.at[at] != ';' && value.at[at] != ',')
		return none;
	at = skip_blanks(value, at);
	if (at < value.len && (value.at[at] == ';' || value.at[at] == ','))
		at = skip_blanks(value, at + 1);
	return at < value.len ? refresh_target(str_from(value, at)) : none;
}

static void mend_refresh(struct rewriter *rw, struct str value)
{
	struct str link = rewrite_refresh_link(value);

	if (link.at)
		rewriter_mend(rw, value, (size_t)(link.at - value.at), link.len);
}

void rewrite_meta(struct rewriter *rw, struct str attributes)
{
	struct str equiv = {NULL, 0}, content = {NULL, 0};
	const char *end = attributes.at + attributes.len;
	const char *p = html_skip_to_attribute(attributes.at, end);
	struct html_attribute attribute;

	while (p && p < end && *p != '>') {
		p = html_read_attribute(p, end, &attribute);
		if (p == NULL)
			return;
		bool is_equiv = str_eq_nocase(attribute.name, STR("http-equiv"));
		if (is_equiv && equiv.at == NULL)
			equiv = attribute.value.at ? attribute.value : STR("");
		if (str_eq_nocase(attribute.name, STR("content")) && content.at == NULL)
			content = attribute.value.at ? attribute.value : STR("");
		p = html_skip_to_attribute(p, end);
	}
	if (str_eq_nocase(equiv, STR("refresh")))
		mend_refresh(rw, content);
}

/* Mends the URL at `at`, behind "url("; gives where it ends. */
static size_t mend_style_url(struct rewriter *rw, struct str value, size_t at)
{
	at = skip_blanks(value, at);
	struct str quote = quote_at(str_from(value, at)), rest = str_from(value, at + quote.len);
	size_t len = 0;

	if (quote.len) {
		ptrdiff_t end = str_find(rest, quote);
		if (end == -1)
			return value.len;
		len = (size_t)end;
	}
	while (quote.len == 0 && len < rest.len && rest.at[len] != ')' && !is_blank(rest.at[len]))
		len++;
	at += quote.len;
	rewriter_mend(rw, value, at, len);
	return at + len;
}

static void mend_style(struct rewriter *rw, struct str value)
{
	for (size_t at = 0; value.len - at > 4;) {
		if (str_starts_nocase(str_from(value, at), STR("url(")))
			at = mend_style_url(rw, value, at + 4);
		else
			at++;
	}
}

void rewrite_value(struct rewriter *rw, enum value_kind kind, struct str value)
{
	static void (*const menders[])(struct rewriter *, struct str) = {
		[VALUE_LINKS] = mend_links,
		[VALUE_SRCSET] = mend_srcset,
		[VALUE_STYLE] = mend_style,
	};

	menders[kind](rw, value);
}
