/*
 * proxy/filter/list_html.c - the first pages of masters and workers: text goes through, and what
 * may name an application is held until it is whole.
 *
 * A row passes if it is a worker's, or links one application by its id (appId=) and nothing else,
 * and that is shown. Of an item of the list above the tables only those pass that a table knows.
 * Headings lose their counts, which come before the rows and count what is not shown.
 */
#include "proxy/filter/list_int.h"
#include "proxy/rewrite/html_tag.h"

enum state {
	AT_TEXT,
	AT_OPEN,	/* behind '<' */
	AT_DECLARATION, /* behind "<!" */
	AT_COMMENT,
	AT_TAG,	   /* it is collected */
	AT_RAW,	   /* in the text of `raw` */
	AT_BROKEN, /* nothing more is written */
	AT_OTHER,  /* no list: all that follows passes */
};

enum html_unit { UNIT_NONE, UNIT_ROW, UNIT_ITEM, UNIT_HEADING, UNIT_COLUMNS };

static const struct unit {
	struct str name;
	enum html_unit unit;
} units[] = {{{"tr", 2}, UNIT_ROW}, {{"li", 2}, UNIT_ITEM}, {{"h4", 2}, UNIT_HEADING},
	{{"thead", 5}, UNIT_COLUMNS}};

/* What these say is about the whole cluster or worker, and names nobody. MasterPage.scala,
 * WorkerPage.scala (Spark 2.4 to 4.3). */
static const char *const master_items[] = {"URL:", "REST URL:", "Alive Workers:", "Workers:",
	"Cores in use:", "Memory in use:", "Resources in use:", "Status:", NULL};
static const char *const worker_items[] = {
	"ID:", "Master URL:", "Cores:", "Memory:", "Resources:", NULL};

static void html_put(struct list_filter *filter, const char *from, const char *end)
{
	if (filter->html.unit == UNIT_NONE)
		sink_add(&filter->sink, from, (size_t)(end - from));
	else
		sbuf_add(&filter->hold, from, (size_t)(end - from));
}

/* --- what a unit says --- */

static struct str trim(struct str s)
{
	while (s.len && html_is_space(s.at[0]))
		s = str_from(s, 1);
	while (s.len && html_is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* The text between two marks; at == NULL: they are not there. */
static struct str between(struct str s, struct str from, struct str to)
{
	ptrdiff_t at = str_find(s, from);

	if (at == -1)
		return (struct str){NULL, 0};
	s = str_from(s, (size_t)at + from.len);
	at = str_find(s, to);
	return at == -1 ? (struct str){NULL, 0} : trim((struct str){s.at, (size_t)at});
}

/* Text that comes first in the unit, behind whatever tags. */
static struct str first_text(struct str s)
{
	ptrdiff_t at;

	for (s = trim(s); s.len && s.at[0] == '<'; s = trim(str_from(s, (size_t)at + 1))) {
		if ((at = str_find_byte(s, '>')) == -1)
			return (struct str){"", 0};
	}
	at = str_find_byte(s, '<');
	return trim((struct str){s.at, at == -1 ? s.len : (size_t)at});
}

/* --- rows --- */

struct row_reader {
	struct str id; /* at == NULL: none was named yet */
	bool is_nobodys;
};

static bool is_id_end(char c)
{
	return c == '&' || c == '#' || c == ';';
}

static void take_link_id(struct row_reader *row, struct str rest)
{
	size_t len = 0;

	while (len < rest.len && !is_id_end(rest.at[len]))
		len++;
	struct str id = {rest.at, len};
	if (len == 0 || (row->id.at && !str_eq(row->id, id)))
		row->is_nobodys = true;
	row->id = id;
}

/* S76: a driver says itself where its UI is. What it writes there can only hide its own row. */
static void take_link(struct row_reader *row, struct str link)
{
	ptrdiff_t at;

	row->is_nobodys |= str_find(link, STR("driverId")) != -1;
	while ((at = str_find(link, STR("appId="))) != -1) {
		link = str_from(link, (size_t)at + 6);
		take_link_id(row, link);
	}
}

static void take_attributes(struct row_reader *row, const char *p, const char *end)
{
	struct html_attribute attribute;

	while ((p = html_skip_to_attribute(p, end)) < end && *p != '>') {
		p = html_read_attribute(p, end, &attribute);
		if (p == NULL) {
			row->is_nobodys = true;
			return;
		}
		if (attribute.value.at && str_eq_nocase(attribute.name, STR("href")))
			take_link(row, attribute.value);
	}
}

static void read_row(struct row_reader *row, struct str text)
{
	const char *p = text.at, *end = text.at + text.len;

	while (p < end && (p = memchr(p, '<', (size_t)(end - p)))) {
		const char *name = ++p;
		while (p < end && !html_ends_name(*p))
			p++;
		if (p > name && html_is_letter(*name))
			take_attributes(row, p, end);
	}
}

static bool is_row_shown(struct list_filter *filter)
{
	struct row_reader row = {.is_nobodys = false};
	char id[JSON_ID_SIZE];

	if (filter->html.rows_open)
		return true;
	read_row(&row, sbuf_str(&filter->hold));
	return !row.is_nobodys && row.id.at && memchr(row.id.at, '%', row.id.len) == NULL &&
	       str_copy(row.id, id, sizeof id) &&
	       filter->context.shows(filter->context.arg, &(struct list_item){.id = id});
}

/* --- the other units --- */

static bool is_item_shown(struct list_filter *filter)
{
	const char *const *known = filter->kind == LIST_WORKER_PAGE ? worker_items : master_items;
	struct str label = between(sbuf_str(&filter->hold), STR("<strong>"), STR("</strong>"));

	for (; *known; known++) {
		if (label.at && str_eq(label, str_of(*known)))
			return true;
	}
	return false;
}

static void learn_columns(struct list_filter *filter)
{
	struct str columns = sbuf_str(&filter->hold);

	filter->html.rows_open = filter->kind != LIST_WORKER_PAGE &&
				 str_eq_nocase(first_text(columns), STR("Worker Id"));
}

/* "(12)" at `at`: how many bytes that is, or 0. */
static size_t count_len(struct str text, size_t at)
{
	size_t i = at + 1;

	while (i < text.len && text.at[i] >= '0' && text.at[i] <= '9')
		i++;
	return i > at + 1 && i < text.len && text.at[i] == ')' ? i + 1 - at : 0;
}

static void write_heading(struct list_filter *filter)
{
	struct str text = sbuf_str(&filter->hold);
	bool keeps_count = str_starts(first_text(text), STR("Workers"));
	size_t from = 0;

	for (size_t i = 0; i < text.len && !keeps_count; i++) {
		size_t len = text.at[i] == '(' ? count_len(text, i) : 0;
		if (len == 0)
			continue;
		size_t blank = i > from && text.at[i - 1] == ' ';
		sink_add(&filter->sink, text.at + from, i - blank - from);
		from = i + len;
		i = from - 1;
	}
	sink_add(&filter->sink, text.at + from, text.len - from);
}

/* It is whole. */
static void end_unit(struct list_filter *filter)
{
	enum html_unit unit = (enum html_unit)filter->html.unit;
	bool shown = !filter->hold.overflow;

	if (shown && unit == UNIT_ROW)
		shown = is_row_shown(filter);
	else if (shown && unit == UNIT_ITEM)
		shown = is_item_shown(filter);
	else if (shown && unit == UNIT_COLUMNS)
		learn_columns(filter);
	if (shown && unit == UNIT_HEADING)
		write_heading(filter);
	else if (shown)
		sink_add(&filter->sink, filter->hold.at, filter->hold.len);
	filter->html.unit = UNIT_NONE;
	sbuf_reset(&filter->hold);
}

static void begin_unit(struct list_filter *filter, enum html_unit unit)
{
	sbuf_reset(&filter->hold);
	filter->html.unit = (int)unit;
}

/* --- tags --- */

struct tag {
	struct str name;
	bool is_end;
};

static struct tag tag_of(struct str text)
{
	struct tag tag = {.is_end = text.len > 1 && text.at[1] == '/'};
	size_t from = 1 + (size_t)tag.is_end, to = from;

	while (to < text.len && !html_ends_name(text.at[to]))
		to++;
	tag.name = (struct str){text.at + from, to - from};
	return tag;
}

static enum html_unit unit_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (str_eq_nocase(units[i].name, name))
			return units[i].unit;
	}
	return UNIT_NONE;
}

/* A row inside a row, or a table that ends in one: the first has no end, so nobody knows whose it
 * is. */
static bool ends_by_force(const struct list_filter *filter, const struct tag *tag)
{
	return filter->html.unit == UNIT_ROW &&
	       (str_eq_nocase(tag->name, STR("table")) || str_eq_nocase(tag->name, STR("tbody")) ||
		       (!tag->is_end && unit_of(tag->name) == UNIT_ROW));
}

static void take_tag(struct list_filter *filter, struct str text)
{
	struct html_list *html = &filter->html;
	struct tag tag = tag_of(text);
	enum html_unit unit = unit_of(tag.name);

	if (ends_by_force(filter, &tag))
		begin_unit(filter, UNIT_NONE);
	if (str_eq_nocase(tag.name, STR("table")))
		html->rows_open = false;
	if (html->unit == UNIT_NONE && unit != UNIT_NONE && !tag.is_end)
		begin_unit(filter, unit);
	html->past_head |= str_eq_nocase(tag.name, STR("body"));
	html_put(filter, text.at, text.at + text.len);
	if (tag.is_end && unit != UNIT_NONE && html->unit == (int)unit)
		end_unit(filter);
	html->raw = tag.is_end ? NULL : html_raw_of(tag.name);
}

/* --- the reader --- */

static void begin_tag(struct html_list *html)
{
	sbuf_reset(&html->tag);
	sbuf_putc(&html->tag, '<');
	html->quote = '\0';
	html->is_too_long = false;
	html->state = AT_OPEN;
}

/* As much of it as fits. */
static void add_to_tag(struct html_list *html, const char *from, const char *end)
{
	size_t len = (size_t)(end - from), room = LIST_TAG_MAX - html->tag.len;

	sbuf_add(&html->tag, from, len < room ? len : room);
	html->is_too_long |= len > room;
}

/* S76: a driver says itself where its UI is. A link longer than Spark's takes its own row away, and
 * not the rest of the page; elsewhere nobody knows what follows. */
static void take_long_tag(struct list_filter *filter)
{
	struct tag tag = tag_of(sbuf_str(&filter->html.tag));
	bool is_in_row = filter->html.unit == UNIT_ROW && !ends_by_force(filter, &tag) &&
			 unit_of(tag.name) == UNIT_NONE && html_raw_of(tag.name) == NULL;

	filter->hold.overflow |= is_in_row;
	filter->html.state = is_in_row ? AT_TEXT : AT_BROKEN;
}

static const char *in_text(struct list_filter *filter, const char *p, const char *end)
{
	const char *stop = memchr(p, '<', (size_t)(end - p));

	html_put(filter, p, stop ? stop : end);
	if (stop == NULL)
		return end;
	begin_tag(&filter->html);
	return stop + 1;
}

static const char *in_open(struct list_filter *filter, const char *p)
{
	struct html_list *html = &filter->html;

	if (!html_is_letter(*p) && *p != '/' && *p != '!' && *p != '?') {
		html_put(filter, html->tag.at, html->tag.at + html->tag.len);
		html->state = AT_TEXT;
		return p;
	}
	html->state = *p == '!' ? AT_DECLARATION : AT_TAG;
	add_to_tag(html, p, p + 1);
	return p + 1;
}

/* Comments say nothing to a reader, and go. */
static const char *in_declaration(struct html_list *html, const char *p)
{
	if (*p != '-') {
		html->state = AT_TAG;
		return p;
	}
	add_to_tag(html, p, p + 1);
	if (html->tag.len == 4) { /* "<!-->" is a whole one: the dashes count for its end too */
		html->state = AT_COMMENT;
		html->matched = 2;
	}
	return p + 1;
}

static const char *in_comment(struct html_list *html, const char *p)
{
	if (*p == '-')
		html->matched += html->matched < 2;
	else if (*p == '>' && html->matched == 2)
		html->state = AT_TEXT;
	else if (*p != '!' || html->matched < 2)
		html->matched = 0;
	return p + 1;
}

/* Up to the '>' that is in no quotes. NULL: not in this chunk. */
static const char *tag_end(struct html_list *html, const char *p, const char *end)
{
	for (; p < end; p++) {
		if (html->quote)
			html->quote = *p == html->quote ? '\0' : html->quote;
		else if (*p == '>')
			return p;
		else if (*p == '"' || *p == '\'')
			html->quote = *p;
	}
	return NULL;
}

static const char *in_tag(struct list_filter *filter, const char *p, const char *end)
{
	struct html_list *html = &filter->html;
	const char *stop = tag_end(html, p, end);

	add_to_tag(html, p, stop ? stop + 1 : end);
	if (stop == NULL)
		return end;
	if (html->is_too_long) {
		take_long_tag(filter);
		return stop + 1;
	}
	take_tag(filter, sbuf_str(&html->tag));
	html->matched = 0;
	html->state = html->raw ? AT_RAW : AT_TEXT;
	return stop + 1;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/*
 * T2, T49: the head of an application's page says where the application is, in a script; a master's
 * has no such word, and is what a master answers to whatever it does not know.
 */
static bool says_application(struct html_list *html, const char *p, const char *end)
{
	static const char word[] = "setAppBasePath(";

	for (; p < end && word[html->said]; p++)
		html->said = *p == word[html->said] ? html->said + 1 : *p == word[0];
	return word[html->said] == '\0';
}

static bool is_other(struct list_filter *filter, const char *from, const char *end)
{
	struct html_list *html = &filter->html;

	return filter->kind == LIST_PROXIED_PAGE && !html->past_head && html->raw &&
	       strcmp(html->raw, "script") == 0 && says_application(html, from, end);
}

/* In the text of a script nothing but its own end tag means anything. */
static const char *skip_raw(struct html_list *html, const char *p, const char *end)
{
	while (p < end) {
		char want = html->matched == 0	 ? '<'
			    : html->matched == 1 ? '/'
						 : html->raw[html->matched - 2];
		if (want == '\0')
			return p;
		if (lower(*p) == want)
			html->matched++, p++;
		else if (html->matched)
			html->matched = 0;
		else
			p++;
	}
	return p;
}

static const char *in_raw(struct list_filter *filter, const char *p, const char *end)
{
	struct html_list *html = &filter->html;
	const char *stop = skip_raw(html, p, end);

	html_put(filter, p, stop);
	if (is_other(filter, p, stop)) {
		html->state = AT_OTHER;
	} else if (stop < end) {
		html->raw = NULL;
		html->said = 0;
		html->state = AT_TEXT;
	}
	return stop;
}

static const char *pass_rest(struct list_filter *filter, const char *p, const char *end)
{
	html_put(filter, p, end);
	return end;
}

static const char *step(struct list_filter *filter, const char *p, const char *end)
{
	switch (filter->html.state) {
	case AT_TEXT:
		return in_text(filter, p, end);
	case AT_OPEN:
		return in_open(filter, p);
	case AT_DECLARATION:
		return in_declaration(&filter->html, p);
	case AT_COMMENT:
		return in_comment(&filter->html, p);
	case AT_TAG:
		return in_tag(filter, p, end);
	case AT_RAW:
		return in_raw(filter, p, end);
	case AT_OTHER:
		return pass_rest(filter, p, end);
	default:
		return end;
	}
}

void list_html_chunk(struct list_filter *filter, const char *p, const char *end)
{
	while (p < end)
		p = step(filter, p, end);
}
