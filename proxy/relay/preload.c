#include "proxy/relay/preload.h"

#include "base/mem.h"
#include "proxy/guard/app_key.h"
#include "proxy/registry/registry.h"

enum preload_of { OF_STATIC, OF_APP, OF_STAGE };

/* T70, in the order in which the page asks. */
static const struct asked {
	const char *page;
	unsigned since; /* version of Spark: 302 is 3.2 */
	enum preload_of of;
	const char *what;
} rows[] = {{"stages/stage", 300, OF_STATIC, "stagespage-template.html"},
	{"stages/stage", 300, OF_STAGE, ""}, {"stages/stage", 300, OF_APP, "allexecutors"},
	{"stages/stage", 300, OF_STAGE, "/taskSummary?quantiles=0,0.25,0.5,0.75,1.0"},
	{"executors", 300, OF_APP, "allexecutors"},
	{"executors", 300, OF_STATIC, "executorspage-template.html"},
	{"executors", 302, OF_APP, "allmiscellaneousprocess"},
	{"environment", 402, OF_APP, "environment"}};

struct address {		     /* of a page, in parts */
	struct str app, app_attempt; /* app_attempt.len == 0: none */
	struct str page;
	struct str stage, attempt; /* of a stage page; else empty */
};

/* "4.3.0" is 403; 0: unknown. */
static unsigned version_of(const char *text)
{
	struct str rest = str_of(text), major, minor;
	uint64_t a, b;

	if (!str_next(&rest, '.', &major) || !str_next(&rest, '.', &minor) ||
		!str_to_u64(major, &a) || !str_to_u64(minor, &b) || a > 99 || b > 99)
		return 0;
	return (unsigned)(a * 100 + b);
}

static bool is_number(struct str s)
{
	uint64_t n;

	return str_to_u64(s, &n);
}

static bool read_query(struct str query, struct address *out)
{
	struct str part;

	while (str_next(&query, '&', &part)) {
		if (str_starts(part, STR("id=")))
			out->stage = str_from(part, 3);
		else if (str_starts(part, STR("attempt=")))
			out->attempt = str_from(part, 8);
	}
	return is_number(out->stage) && is_number(out->attempt);
}

/* "/history/<id>/[<attempt>/]", up to the page. */
static bool read_history(struct str *rest, struct address *out)
{
	const struct str history = STR("/history/");
	struct str tail, attempt;

	if (!str_starts(*rest, history))
		return false;
	*rest = str_from(*rest, history.len);
	str_next(rest, '/', &out->app);
	tail = *rest;
	if (str_next(&tail, '/', &attempt) && is_number(attempt)) {
		out->app_attempt = attempt;
		*rest = tail;
	}
	return !str_eq(out->app_attempt, STR("0")); /* Spark's scripts differ about it */
}

static bool read_address(const struct preload_page *page, struct address *out)
{
	struct str rest = page->rest;

	*out = (struct address){{"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}};
	if (page->mount->kind == UI_DRIVER) {
		out->app = str_of(page->mount->id);
		rest = str_starts(rest, STR("/")) ? str_from(rest, 1) : rest;
	} else if (page->mount->kind != UI_HISTORY || !read_history(&rest, out)) {
		return false;
	}
	if (str_ends(rest, STR("/")))
		rest.len--;
	out->page = rest;
	/* An id that means nothing in a field or in a URL, and two numbers. */
	return app_key_is_id(out->app) &&
	       (!str_eq(rest, STR("stages/stage")) || read_query(page->query, out));
}

static void write_link(struct sbuf *fields, const struct preload_page *page,
	const struct address *address, const struct asked *row)
{
	sbuf_printf(fields, "Link: <%s", page->mount->path);
	if (row->of == OF_STATIC) {
		sbuf_puts(fields, "/static/");
	} else {
		sbuf_puts(fields, "/api/v1/applications/");
		sbuf_add_str(fields, address->app);
		sbuf_puts(fields, "/");
		sbuf_add_str(fields, address->app_attempt);
		sbuf_puts(fields, address->app_attempt.len ? "/" : "");
	}
	if (row->of == OF_STAGE) {
		sbuf_puts(fields, "stages/");
		sbuf_add_str(fields, address->stage);
		sbuf_puts(fields, "/");
		sbuf_add_str(fields, address->attempt);
	}
	sbuf_puts(fields, row->what);
	sbuf_puts(fields, ">; rel=preload; as=fetch; crossorigin\r\n");
}

void preload_write(struct sbuf *fields, const struct preload_page *page)
{
	const unsigned version = version_of(page->spark_version);
	struct address address;

	if (!read_address(page, &address))
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (version >= rows[i].since && str_eq(address.page, str_of(rows[i].page)))
			write_link(fields, page, &address, &rows[i]);
	}
}
