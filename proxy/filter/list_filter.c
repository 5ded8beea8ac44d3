#include "proxy/filter/list_filter.h"

#include "base/block.h"
#include "proxy/filter/list_int.h"

enum { SPACE_HINT = 2048 }; /* most of a list is not shown */

static void drop_chunk(struct list_filter *filter, const char *p, const char *end)
{
	(void)filter, (void)p, (void)end;
}

static void pass_chunk(struct list_filter *filter, const char *p, const char *end)
{
	sink_add(&filter->sink, p, (size_t)(end - p));
}

static void (*const readers[])(struct list_filter *, const char *, const char *) = {
	[LIST_NONE] = pass_chunk,
	[LIST_NOTHING] = drop_chunk,
	[LIST_HISTORY] = list_json_chunk,
	[LIST_MASTER] = list_json_chunk,
	[LIST_WORKER] = list_json_chunk,
	[LIST_MASTER_PAGE] = list_html_chunk,
	[LIST_WORKER_PAGE] = list_html_chunk,
	[LIST_PROXIED_PAGE] = list_html_chunk,
	[LIST_HISTORY_PAGE] = list_page_chunk,
};

struct list_filter *list_filter_new(enum list_kind kind, const struct list_context *context)
{
	struct list_filter *filter = block_alloc(sizeof *filter);

	filter->kind = kind;
	filter->context = *context;
	filter->left = kind == LIST_HISTORY ? context->limit : UINT64_MAX;
	sbuf_init(&filter->hold, LIST_HOLD_MAX);
	sbuf_init(&filter->html.tag, LIST_TAG_MAX);
	return filter;
}

void list_filter_free(struct list_filter *filter)
{
	if (filter == NULL)
		return;
	sbuf_clear(&filter->hold);
	sbuf_clear(&filter->html.tag);
	block_free(filter);
}

/* What else is held at the end is no whole element: it goes with the filter. */
void list_filter_feed(
	struct list_filter *filter, struct evbuffer *in, struct evbuffer *out, bool last)
{
	struct evbuffer_iovec chunk;

	filter->sink = (struct sink){.out = out, .hint = SPACE_HINT};
	while (evbuffer_get_length(in) > 0 && evbuffer_peek(in, -1, NULL, &chunk, 1) > 0) {
		const char *bytes = chunk.iov_base;
		readers[filter->kind](filter, bytes, bytes + chunk.iov_len);
		evbuffer_drain(in, chunk.iov_len);
	}
	if (last && filter->kind == LIST_HISTORY_PAGE)
		list_page_end(filter);
	sink_commit(&filter->sink);
}
