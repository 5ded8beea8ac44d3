/*
 * proxy/filter/list_page.c - the first page of a history server (T68).
 *
 * It names no application: a script fills it from the list. But it tells whether there is any, and
 * how many event logs are being read. So the page of who may see none is that of a server that has
 * none, whatever there is. It is held whole (32 KiB); what has another form is not written.
 * HistoryPage.scala, Spark 2.4 to 4.3.
 */
#include "proxy/filter/list_int.h"

struct parts {		  /* of the page, in this order */
	struct str head;  /* up to the list of settings, whole */
	struct str times; /* behind what is said of logs that are read */
	struct str table; /* or that there is none */
	struct str links;
	bool is_completed; /* of those that have ended */
};

static const char none_completed[] = "<h4>No completed applications found!</h4>";
static const char none_incomplete[] = "<h4>No incomplete applications found!</h4>";

/* Where the last `mark` in it begins, or -1. */
static ptrdiff_t find_last(struct str text, struct str mark)
{
	ptrdiff_t last = -1, at;

	while ((at = str_find(str_from(text, (size_t)(last + 1)), mark)) != -1)
		last += 1 + at;
	return last;
}

static struct str cut(struct str text, ptrdiff_t from, ptrdiff_t to)
{
	return (struct str){text.at + from, (size_t)(to - from)};
}

/* The link says which page it leads to, and so which one this is. */
static bool find_parts(struct str page, struct parts *parts)
{
	const struct str zone = STR("<span id=\"time-zone\"></span></p>");
	const struct str other = STR("?showIncomplete="), settings_end = STR("</ul>");
	ptrdiff_t table = str_find(page, zone), link = find_last(page, other);

	if (table == -1 || link < table)
		return false;
	table += (ptrdiff_t)zone.len;
	ptrdiff_t links = find_last(cut(page, 0, link), STR("<a "));
	ptrdiff_t settings = find_last(cut(page, 0, table), settings_end);
	if (links < table || settings == -1)
		return false;
	settings += (ptrdiff_t)settings_end.len;
	ptrdiff_t times = str_find(cut(page, settings, table), STR("<p>Last updated: "));
	if (times == -1)
		return false;
	times += settings;
	*parts = (struct parts){cut(page, 0, settings), cut(page, times, table),
		cut(page, table, links), str_from(page, (size_t)links),
		str_starts(str_from(page, (size_t)link + other.len), STR("true"))};
	return true;
}

static void put(struct list_filter *filter, struct str text)
{
	sink_add(&filter->sink, text.at, text.len);
}

void list_page_chunk(struct list_filter *filter, const char *p, const char *end)
{
	sbuf_add(&filter->hold, p, (size_t)(end - p));
}

void list_page_end(struct list_filter *filter)
{
	const struct list_context *context = &filter->context;
	struct parts parts;

	if (filter->hold.overflow || !find_parts(sbuf_str(&filter->hold), &parts))
		return;
	put(filter, parts.head);
	put(filter, parts.times);
	if (context->shows_any(context->arg, parts.is_completed))
		put(filter, parts.table);
	else
		put(filter, str_of(parts.is_completed ? none_completed : none_incomplete));
	put(filter, parts.links);
	sbuf_reset(&filter->hold);
}
