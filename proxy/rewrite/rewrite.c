#include "proxy/rewrite/rewrite.h"

#include "base/block.h"
#include "proxy/rewrite/rewrite_readers.h"

enum { CHUNK_COPIED = 4096 }; /* smaller ones are copied: a chain of their own would cost more */

/* Spark's scripts that name a path of the server itself: "/static/…" and "/log" (T16-T18, T20). */
static const char *const hard_coded[] = {
	"/static/executorspage.js", "/static/log-view.js", "/static/sql/spark-sql-viz.js"};

/* The same in the pages of HDFS, "/jmx?…", "/webhdfs/v1" and the like, and of Trino, "/ui/api/…":
 * neither can be told a prefix. */
static const char *const others[] = {"/dfshealth.js", "/explorer.js", "/federationhealth.js",
	"/dn.js", "/jn.js", "/snn.js", "/static/rest-csrf.js", "/ui/dist/index.js",
	"/ui/dist/query.js", "/ui/dist/plan.js", "/ui/dist/embedded_plan.js", "/ui/dist/stage.js",
	"/ui/dist/timeline.js", "/ui/dist/worker.js", "/ui/dist/workers.js"};

static bool is_listed(struct str path, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_ends(path, str_of(list[i])))
			return true;
	}
	return false;
}

static enum rewrite_kind kind_of_script(struct str path, bool is_other)
{
	bool is_known = is_listed(path, hard_coded, ARRAY_LEN(hard_coded)) ||
			(is_other && is_listed(path, others, ARRAY_LEN(others)));

	return is_known ? REWRITE_SCRIPT : REWRITE_NOTHING;
}

enum rewrite_kind rewrite_kind_of(struct str content_type, struct str path, bool is_other)
{
	static const struct {
		const char *type;
		enum rewrite_kind kind;
	} rows[] = {{"text/html", REWRITE_HTML}, {"application/xhtml+xml", REWRITE_HTML},
		{"application/json", REWRITE_JSON}, {"text/json", REWRITE_JSON},
		{"application/javascript", REWRITE_SCRIPT}, {"text/javascript", REWRITE_SCRIPT},
		{"application/x-javascript", REWRITE_SCRIPT}, {"text/css", REWRITE_CSS}};
	struct str rest = content_type, type;

	if (!str_next(&rest, ';', &type))
		return REWRITE_NOTHING;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!str_eq_nocase(str_trim(type), str_of(rows[i].type)))
			continue;
		if (rows[i].kind == REWRITE_CSS && !is_other)
			return REWRITE_NOTHING;
		return rows[i].kind == REWRITE_SCRIPT ? kind_of_script(path, is_other)
						      : rows[i].kind;
	}
	return REWRITE_NOTHING;
}

static void pass_chunk(struct rewriter *rw, const char *p, const char *end)
{
	(void)rw, (void)p, (void)end;
}

static void (*const readers[])(struct rewriter *, const char *, const char *) = {
	[REWRITE_NOTHING] = pass_chunk,
	[REWRITE_HTML] = rewrite_html_chunk,
	[REWRITE_JSON] = rewrite_json_chunk,
	[REWRITE_SCRIPT] = rewrite_script_chunk,
	[REWRITE_CSS] = rewrite_css_chunk,
};

struct rewriter *rewriter_new(const struct rewrite_context *context, enum rewrite_kind kind)
{
	struct rewriter *rw = block_alloc(sizeof *rw);

	rw->kind = kind;
	links_init(&rw->links, context);
	rw->links.any_gate = kind == REWRITE_JSON;
	rw->html.is_other = context->is_other;
	sbuf_init(&rw->hold, HOLD_MAX);
	return rw;
}

void rewriter_free(struct rewriter *rw)
{
	if (!rw)
		return;
	page_reader_free(rw->pages);
	sbuf_clear(&rw->hold);
	block_free(rw);
}

static void feed_chunk(struct rewriter *rw, struct evbuffer *in, const char *bytes, size_t len)
{
	const char *end = bytes + len;

	rw->run = bytes;
	rw->sink.hint = len + len / 4;
	rw->passed += rw->passed < PAGE_MEMO_FROM ? len : 0;
	readers[rw->kind](rw, bytes, end);
	if (rw->run == bytes && len >= CHUNK_COPIED) {
		sink_commit(&rw->sink);
		evbuffer_remove_buffer(in, rw->sink.out, len);
		return;
	}
	rewriter_write_to(rw, end);
	evbuffer_drain(in, len);
}

/* From then on much of it is what it was the last time, mostly. */
static bool is_long_page(struct rewriter *rw)
{
	const struct rewrite_context *context = rw->links.context;

	if (rw->pages == NULL && rw->passed >= PAGE_MEMO_FROM && rw->kind == REWRITE_HTML &&
		context->memo && !context->is_other)
		rw->pages = page_reader_new(
			context->memo, &(struct page_key){context->snapshot, context->mount,
					       context->origin, context->others});
	return rw->pages != NULL;
}

void rewriter_feed(struct rewriter *rw, struct evbuffer *in, struct evbuffer *out, bool last)
{
	struct evbuffer_iovec chunk;

	rw->sink = (struct sink){.out = out};
	while (evbuffer_get_length(in) > 0) {
		if (is_long_page(rw) && page_reader_feed(rw->pages, rw, in))
			continue;
		evbuffer_peek(in, -1, NULL, &chunk, 1);
		feed_chunk(rw, in, chunk.iov_base, chunk.iov_len);
	}
	if (last && rw->pages)
		page_reader_end(rw->pages, rw);
	if (last) {
		rw->hold_run = rw->hold.at;
		rewriter_release(rw);
	}
	sink_commit(&rw->sink);
}

enum rewrite_kills rewriter_kills(struct rewriter *rw)
{
	bool may = rw->html.may_kill;

	rw->html.may_kill = false;
	if (may)
		return REWRITE_KILLS_SOME;
	return rewrite_html_is_in_tag(rw) ? REWRITE_KILLS_CUT : REWRITE_KILLS_NONE;
}
