#include "proxy/rewrite/rewrite_value.h"

/* As links_map_html(). A page that says it has another root than its mount is not remembered: what
 * its links become depends on that, too. */
static bool map_link(struct rewriter *rw, struct str url, struct link_edit *edit)
{
	bool is_memorable = rw->links.root_len == 0;

	if (is_memorable && link_memo_find(&rw->memo, url, edit))
		return true;
	if (!links_map_html(&rw->links, url, edit))
		return false;
	if (is_memorable)
		link_memo_note(&rw->memo, url, edit);
	return true;
}

void rewriter_mend(struct rewriter *rw, struct str candidate, size_t at, size_t len)
{
	struct str url = {candidate.at + at, len};
	struct link_edit edit;

	if (!map_link(rw, url, &edit))
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

struct str rewrite_refresh_link(struct str value)
{
	struct str rest = str_trim(value);
	size_t at = 0;

	while (at < rest.len && ((rest.at[at] >= '0' && rest.at[at] <= '9') || rest.at[at] == '.'))
		at++;
	if (at == 0 || at == rest.len)
		return (struct str){NULL, 0};
	while (at < rest.len && (is_blank(rest.at[at]) || rest.at[at] == ';' || rest.at[at] == ','))
		at++;
	rest = str_from(rest, at);
	if (str_starts_nocase(rest, STR("url"))) {
		at = skip_blanks(rest, 3);
		if (at < rest.len && rest.at[at] == '=')
			rest = str_from(rest, skip_blanks(rest, at + 1));
	}
	if (rest.len == 0 || (rest.at[0] != '"' && rest.at[0] != '\''))
		return rest;
	ptrdiff_t end = str_find_byte(str_from(rest, 1), rest.at[0]);
	return (struct str){rest.at + 1, end == -1 ? rest.len - 1 : (size_t)end};
}

static void mend_refresh(struct rewriter *rw, struct str value)
{
	struct str link = rewrite_refresh_link(value);

	if (link.at)
		rewriter_mend(rw, value, (size_t)(link.at - value.at), link.len);
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
		[VALUE_REFRESH] = mend_refresh,
		[VALUE_STYLE] = mend_style,
	};

	menders[kind](rw, value);
}
