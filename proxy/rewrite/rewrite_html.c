/*
 * The reader of HTML goes from '<' to '<' and looks closely at one thing only, the values of
 * attributes that hold links. A tag that is all there is read at once, which is nearly every tag of
 * a page. What the chunk's end cuts in two is read by a machine that can stop at any byte, from a
 * state on that needs nothing of what was read before; and so are pages that are not Spark's, where
 * more attributes hold links.
 */
#include "proxy/rewrite/html_tag.h"
#include "proxy/rewrite/rewrite.h"
#include "proxy/rewrite/rewrite_readers.h"
#include "proxy/rewrite/rewrite_value.h"

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

/* All of one length, so that both are a few loads. */
static inline bool html_is_either(struct str name, const char *one, const char *other)
{
	return str_same_nocase(name.at, one, name.len) || str_same_nocase(name.at, other, name.len);
}

/* The same for four letters, which nearly all such names have. */
static inline bool html_is_four(struct str name, const char word[static 4])
{
	uint32_t letters, wanted;

	memcpy(&letters, name.at, sizeof letters);
	memcpy(&wanted, word, sizeof wanted);
	return (letters | 0x20202020) == wanted;
}

/* An attribute of that name holds a link, on every page. */
static inline __attribute__((always_inline)) bool html_holds_link(struct str name)
{
	switch (name.len) {
	case 3:
		return html_is_either(name, "src", "src");
	case 4:
		return html_is_four(name, "href") || html_is_four(name, "data");
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

static inline void html_begin_name(struct html *html)
{
	html->name_len = 0;
	html->element = NULL;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* A name that is too long for us keeps a length that no name of ours has. */
static void html_add_name(struct html *html, const char *from, const char *to)
{
	size_t len = (size_t)(to - from), room = sizeof(html->name) - html->name_len;

	if (len > room || html->name_len == sizeof(html->name)) {
		html->name_len = sizeof(html->name);
		return;
	}
	for (size_t i = 0; i < len; i++)
		html->name[html->name_len + i] = lower(from[i]);
	html->name_len += (unsigned)len;
}

static bool name_is(const struct html *html, const char *word, size_t len)
{
	return html->name_len == len && memcmp(html->name, word, len) == 0;
}

/* Elements whose inside is text, or must stay as it is (<pre>: T34). */
static const char *find_element(const struct html *html)
{
	static const struct str words[] = {STR("script"), STR("style"), STR("title"), STR("pre"),
		STR("textarea"), STR("xmp"), STR("iframe"), STR("noembed"), STR("noframes"),
		STR("plaintext")};

	if (html->name_len < 3 || html->name_len == 4 || html->name_len > 9)
		return NULL; /* nearly all that a page has */
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (name_is(html, words[i].at, words[i].len))
			return words[i].at;
	}
	return NULL;
}

/* What Spark's pages do not have. */
static enum value_kind other_kind(const struct html *html)
{
	static const struct {
		const char *name;
		enum value_kind kind;
	} rows[] = {{"srcset", VALUE_SRCSET}, {"imagesrcset", VALUE_SRCSET}, {"style", VALUE_STYLE},
		{"background", VALUE_LINK}, {"cite", VALUE_LINK}, {"longdesc", VALUE_LINK},
		{"manifest", VALUE_LINK}, {"ping", VALUE_LINKS}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (name_is(html, rows[i].name, strlen(rows[i].name)))
			return rows[i].kind;
	}
	return VALUE_PLAIN;
}

static enum value_kind value_kind_of(const struct html *html)
{
	if (html->is_meta) /* read when it is all there: mend_meta() */
		return VALUE_PLAIN;
	if (html_holds_link((struct str){html->name, html->name_len}))
		return VALUE_LINK;
	return html->is_other ? other_kind(html) : VALUE_PLAIN;
}

/* --- from state to state --- */

static const char *in_tag_open(struct html *html, const char *p)
{
	html->matched = 0;
	html_begin_name(html);
	html->state = html_is_letter(*p) ? HTML_AT_TAG_NAME
		      : *p == '!'	 ? HTML_AT_DECLARATION
		      : *p == '?'	 ? HTML_AT_BOGUS
					 : HTML_AT_TEXT;
	return html->state == HTML_AT_DECLARATION ? p + 1 : p;
}

/* A file of ours between these two; a mount not fit for quotes has such a base. */
static void add_own_file(
	struct rewriter *rw, struct str before, const char *path, struct str behind)
{
	if (!path || rw->links.mount.len == 0)
		return;
	sink_add(&rw->sink, before.at, before.len);
	sink_add(&rw->sink, rw->links.base.at, rw->links.base.len);
	sink_add(&rw->sink, path, strlen(path));
	sink_add(&rw->sink, behind.at, behind.len);
}

/* First of all scripts, so that it sees every request they make. T54: "script-src 'self'" is enough
 * for it, and "style-src 'self'" for the style sheet. */
static void add_to_head(struct rewriter *rw)
{
	const struct rewrite_context *context = rw->links.context;

	add_own_file(rw, STR("<script src=\""), context->script, STR("\"></script>"));
	add_own_file(rw, STR("<link rel=\"stylesheet\" href=\""), context->style, STR("\"/>"));
}

static void add_to_body(struct rewriter *rw)
{
	const char *banner = rw->links.context->banner;

	if (banner && rw->links.mount.len)
		sink_add(&rw->sink, banner, strlen(banner));
}

/* The tag ends at p, and something of ours follows it. */
static void add_own(struct rewriter *rw, const char *p)
{
	struct html *html = &rw->html;

	rewriter_write_to(rw, p + 1);
	if (html->is_head)
		add_to_head(rw);
	else
		add_to_body(rw);
	html->is_head = html->is_body = false;
}

/* Which attribute says what it is about, and which where to, stands in any order. `p` is at its
 * '>'. */
static void mend_meta(struct rewriter *rw, const char *p)
{
	rewrite_meta(rw, rewriter_candidate(rw, rw->html.meta, p + 1));
	rewriter_release(rw);
	rw->html.is_meta = false;
}

/* A tag that is read whole, or of which something follows: text that is none, or ours. */
static void html_begin_inside(struct rewriter *rw, const char *p)
{
	struct html *html = &rw->html;

	if (html->is_meta)
		mend_meta(rw, p);
	if (html->element)
		html->state = html->is_script ? HTML_AT_SCRIPT_HEAD : HTML_AT_ELEMENT_TEXT;
	if (html->is_style)
		rw->css = (struct css){.state = 0};
	if (html->is_head || html->is_body)
		add_own(rw, p);
}

static inline const char *html_tag_done(struct rewriter *rw, const char *p)
{
	struct html *html = &rw->html;

	html->state = HTML_AT_TEXT;
	if (html->element || html->is_head || html->is_body || html->is_meta)
		html_begin_inside(rw, p);
	return p + 1;
}

/* Up to the first <body>: all that follows is content. */
static void look_for_head(struct html *html)
{
	html->is_body = html->past_body = name_is(html, "body", 4);
	html->is_head = !html->past_head && name_is(html, "head", 4);
	html->past_head |= html->is_head || html->is_body;
}

static void html_end_name(struct html *html)
{
	html->element = find_element(html);
	html->is_script = html->element && name_is(html, "script", 6);
	if (html->is_other) {
		html->is_style = html->element && name_is(html, "style", 5);
		html->is_meta = name_is(html, "meta", 4);
	}
	if (!html->past_body)
		look_for_head(html);
	html->may_kill |= name_is(html, "form", 4); /* T43: its address is relative */
	html->state = HTML_AT_BEFORE_NAME;
}

static const char *in_tag_name(struct html *html, const char *p, const char *end)
{
	const char *stop = p;

	while (stop < end && !html_ends_name(*stop))
		stop++;
	html_add_name(html, p, stop);
	if (stop < end)
		html_end_name(html);
	html->meta = stop;
	return stop;
}

static const char *in_before_name(struct rewriter *rw, const char *p, const char *end)
{
	struct html *html = &rw->html;

	p = html_skip_to_attribute(p, end);
	if (p == end)
		return p;
	if (*p == '>')
		return html_tag_done(rw, p);
	html->name_len = 0;
	html_add_name(html, p, p + 1); /* even '=' (HTML 13.2.5.32) */
	html->state = HTML_AT_NAME;
	return p + 1;
}

/* Of a name that html_holds_link() knows, or other_kind(): a bit for each. */
enum {
	LINK_LENGTHS = 1 << 3 | 1 << 4 | 1 << 6 | 1 << 10 | 1 << 15,
	OTHER_LENGTHS = LINK_LENGTHS | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 11,
};

static bool is_link_length(const struct html *html, size_t len)
{
	int lengths = html->is_other ? OTHER_LENGTHS : LINK_LENGTHS;

	return len < 16 && (lengths >> len & 1);
}

static const char *in_name(struct html *html, const char *p, const char *end)
{
	const char *stop = p;

	while (stop < end && *stop != '=' && !html_ends_name(*stop))
		stop++;
	if (stop < end && !is_link_length(html, html->name_len + (size_t)(stop - p)))
		html->name_len = sizeof(html->name); /* none of ours, whatever its letters */
	else
		html_add_name(html, p, stop);
	if (stop < end)
		html->state = HTML_AT_AFTER_NAME;
	return stop;
}

static const char *in_after_name(struct html *html, const char *p, const char *end)
{
	p = html_skip_space(p, end);
	if (p == end)
		return p;
	html->state = *p == '=' ? HTML_AT_BEFORE_VALUE : HTML_AT_BEFORE_NAME;
	return p + (*p == '=');
}

static const char *in_before_value(struct html *html, const char *p, const char *end)
{
	p = html_skip_space(p, end);
	if (p == end)
		return p;
	if (*p == '>') {
		html->state = HTML_AT_BEFORE_NAME;
		return p;
	}
	html->quote = *p == '"' || *p == '\'' ? *p : '\0';
	html->value_kind = (int)value_kind_of(html);
	html->state = html->value_kind == VALUE_PLAIN ? HTML_AT_VALUE : HTML_AT_LINK;
	return p + (html->quote != '\0');
}

static const char *in_value(struct html *html, const char *p, const char *end)
{
	const char *stop = html_value_end(html->quote, p, end);

	if (!stop)
		return end;
	html->state = HTML_AT_BEFORE_NAME;
	return stop + (html->quote != '\0');
}

bool rewrite_link_kills(struct str url)
{
	while (url.len && (unsigned char)(url.at[url.len - 1] - '0') < 10)
		url.len--;
	return str_ends(url, STR("/kill/?id="));
}

static void html_mend(struct rewriter *rw, struct str value)
{
	/* A page of a master has thousands of links (bench row master). */
	if (rewrite_scan_ends_with(value.at, value.at + value.len, '='))
		rw->html.may_kill |= rewrite_link_kills(value);
	if (!rw->links.has_root && !rw->html.is_other)
		links_learn_from_link(&rw->links, value);
	rewriter_mend(rw, value, 0, value.len);
}

static void mend_value(struct rewriter *rw, struct str value)
{
	if (rw->html.value_kind != VALUE_LINK) {
		rewrite_value(rw, (enum value_kind)rw->html.value_kind, value);
		return;
	}
	html_mend(rw, value);
}

static const char *in_link(struct rewriter *rw, const char *p, const char *end)
{
	struct html *html = &rw->html;

	if (rw->hold.len == 0 && html->value_kind == VALUE_LINK && !html_may_be_mended(*p)) {
		if (html->quote && html_is_space(*p)) /* they do not count (HTML 2.4.1) */
			return p + 1;
		html->state = HTML_AT_VALUE;
		return p;
	}
	const char *stop = html_value_end(html->quote, p, end);
	if (!stop) {
		if (!rewriter_hold(rw, p, end))
			html->state = HTML_AT_VALUE;
		return end;
	}
	mend_value(rw, rewriter_candidate(rw, p, stop));
	rewriter_release(rw);
	html->state = HTML_AT_BEFORE_NAME;
	return stop + (html->quote != '\0');
}

static const char *in_declaration(struct html *html, const char *p)
{
	if (*p != '-') {
		html->state = HTML_AT_BOGUS;
		return p;
	}
	if (++html->matched == 2) /* "<!-->" is a whole comment: the dashes count for its end too */
		html->state = HTML_AT_COMMENT;
	return p + 1;
}

static const char *in_comment(struct html *html, const char *p, const char *end)
{
	while (p < end) {
		if (html->matched == 0 && !(p = memchr(p, '-', (size_t)(end - p))))
			return end;
		char c = *p++;
		if (c == '-')
			html->matched += html->matched < 2;
		else if (c == '>' && html->matched == 2)
			return html->state = HTML_AT_TEXT, p;
		else if (c != '!' || html->matched < 2)
			html->matched = 0;
	}
	return p;
}

static const char *in_bogus(struct html *html, const char *p, const char *end)
{
	p = memchr(p, '>', (size_t)(end - p));
	if (!p)
		return end;
	html->state = HTML_AT_TEXT;
	return p + 1;
}

/* Up to the first '<': what Spark says of its root stands before any comparison (T2, T30). A table
 * of Hadoop's goes on as markup does, up to its end tag. */
static const char *in_script_head(struct rewriter *rw, const char *p, const char *end)
{
	size_t room = SCRIPT_HEAD_MAX - rw->hold.len;
	const char *limit = (size_t)(end - p) > room ? p + room : end;
	const char *stop = memchr(p, '<', (size_t)(limit - p));

	if (!stop && limit == end && room > (size_t)(end - p)) {
		(void)rewriter_hold(rw, p, end); /* fits: SCRIPT_HEAD_MAX < HOLD_MAX */
		return end;
	}
	stop = stop ? stop : limit;
	struct str head = rewriter_candidate(rw, p, stop);
	bool is_table = rw->html.is_other && rewrite_script_is_table(head);
	rewrite_script_head(rw, head);
	rewriter_release(rw);
	rw->html.state = is_table ? HTML_AT_TEXT : HTML_AT_ELEMENT_TEXT;
	return stop;
}

static const char *in_element_text(struct rewriter *rw, const char *p, const char *end)
{
	struct html *html = &rw->html;
	const char *stop = memchr(p, '<', (size_t)(end - p));

	if (html->is_style)
		rewrite_css_chunk(rw, p, stop ? stop : end);
	if (!stop)
		return end;
	if (html->is_style)
		rewrite_css_break(rw);
	html->state = HTML_AT_ELEMENT_END;
	html->matched = 0;
	return stop + 1;
}

static const char *in_element_end(struct html *html, const char *p, const char *end)
{
	for (; p < end; p++) {
		char want = html->matched ? html->element[html->matched - 1] : '/';
		if (want == '\0')
			break;
		if (lower(*p) != want)
			return html->state = HTML_AT_ELEMENT_TEXT, p;
		html->matched++;
	}
	if (p == end)
		return p;
	bool is_end = html_is_space(*p) || *p == '/' || *p == '>';
	html->state = is_end ? HTML_AT_TEXT : HTML_AT_ELEMENT_TEXT;
	return p;
}

/* --- a tag that is all there --- */

enum { SHORT_NAME = 2 }; /* letters: of no element that matters here, and of most of a table */

static void mend_attribute(struct rewriter *rw, const struct html_attribute *attribute)
{
	const char *from = attribute->value.at, *stop = from + attribute->value.len;

	if (attribute->quote) /* spaces there do not count (HTML 2.4.1) */
		from = html_skip_space(from, stop);
	if (from == stop || !html_may_be_mended(*from))
		return;
	html_mend(rw, rewriter_candidate(rw, from, stop));
	rewriter_release(rw);
}

static const char *read_attributes(struct rewriter *rw, const char *p, const char *end)
{
	struct html_attribute attribute;
	const char *next = p;

	while (next) {
		p = html_skip_to_attribute(next, end);
		if (p == end)
			return p;
		if (*p == '>')
			return html_tag_done(rw, p);
		next = html_read_attribute(p, end, &attribute);
		if (next && attribute.value.at && html_holds_link(attribute.name))
			mend_attribute(rw, &attribute);
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

static const char *html_in_text(struct rewriter *rw, const char *p, const char *end)
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

/* --- the reader --- */

static const char *step(struct rewriter *rw, const char *p, const char *end)
{
	struct html *html = &rw->html;

	switch (html->state) {
	case HTML_AT_TEXT:
		return html_in_text(rw, p, end);
	case HTML_AT_TAG_OPEN:
		return in_tag_open(html, p);
	case HTML_AT_TAG_NAME:
		return in_tag_name(html, p, end);
	case HTML_AT_BEFORE_NAME:
		return in_before_name(rw, p, end);
	case HTML_AT_NAME:
		return in_name(html, p, end);
	case HTML_AT_AFTER_NAME:
		return in_after_name(html, p, end);
	case HTML_AT_BEFORE_VALUE:
		return in_before_value(html, p, end);
	case HTML_AT_LINK:
		return in_link(rw, p, end);
	case HTML_AT_VALUE:
		return in_value(html, p, end);
	case HTML_AT_DECLARATION:
		return in_declaration(html, p);
	case HTML_AT_COMMENT:
		return in_comment(html, p, end);
	case HTML_AT_BOGUS:
		return in_bogus(html, p, end);
	case HTML_AT_SCRIPT_HEAD:
		return in_script_head(rw, p, end);
	case HTML_AT_ELEMENT_TEXT:
		return in_element_text(rw, p, end);
	default:
		return in_element_end(html, p, end);
	}
}

void rewrite_html_chunk(struct rewriter *rw, const char *p, const char *end)
{
	rw->html.meta = p;
	while (p < end)
		p = step(rw, p, end);
	if (rw->html.is_meta)
		rw->html.is_meta = rewriter_hold(rw, rw->html.meta, end);
}

bool rewrite_html_is_in_body(const struct rewriter *rw)
{
	return rw->html.state == HTML_AT_TEXT && rw->html.past_body;
}

bool rewrite_html_is_in_tag(const struct rewriter *rw)
{
	return rw->html.state >= HTML_AT_TAG_OPEN && rw->html.state <= HTML_AT_VALUE;
}
