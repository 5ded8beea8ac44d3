/*
 * Lists through their filters (the first byte's last bits say which): whatever comes in, it comes
 * out the same however it is cut, and of an application that is not shown nothing is named in an
 * element or row that is (S76). Then the filter of links that kill, the same.
 */
#include "proxy/filter/kill_links.h"
#include "proxy/filter/list_filter.h"

#include <assert.h>
#include <event2/buffer.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool shows(void *arg, const struct list_item *item)
{
	(void)arg;
	return strcmp(item->id, "own") == 0 || (item->user && strcmp(item->user, "ann") == 0);
}

static bool shows_none(void *arg, const struct list_item *item)
{
	(void)arg;
	assert(item->id[0]);
	return false;
}

static bool may_kill(const void *arg, struct str id)
{
	(void)arg;
	return str_eq(id, STR("own"));
}

struct run {
	enum list_kind kind; /* LIST_NONE: the filter of links that kill */
	bool (*shows)(void *arg, const struct list_item *item);
	const uint8_t *data;
	size_t size;
};

static bool shows_any(const void *arg, bool completed)
{
	const struct run *run = arg;

	return completed && run->shows == shows;
}

static struct evbuffer *feed(struct run *run, size_t piece)
{
	struct list_context context = {
		.shows = run->shows, .shows_any = shows_any, .arg = run, .limit = 3};
	struct kill_context kill = {may_kill, NULL};
	struct list_filter *list = list_filter_new(run->kind, &context);
	struct kill_links *links = kill_links_new(&kill);
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();

	for (size_t at = 0; at <= run->size; at += piece) {
		bool last = run->size - at < piece;
		evbuffer_add(in, run->data + at, last ? run->size - at : piece);
		if (run->kind == LIST_NONE)
			kill_links_feed(links, in, out, REWRITE_KILLS_SOME, last);
		else
			list_filter_feed(list, in, out, last);
		assert(evbuffer_get_length(in) == 0);
	}
	list_filter_free(list);
	kill_links_free(links);
	evbuffer_free(in);
	return out;
}

static void assert_same(struct evbuffer *a, struct evbuffer *b)
{
	size_t len = evbuffer_get_length(a);

	assert(evbuffer_get_length(b) == len);
	assert(len == 0 || memcmp(evbuffer_pullup(a, -1), evbuffer_pullup(b, -1), len) == 0);
}

/* Where nothing is shown, what one is called leaves no trace: elements have words of their own. */
static void assert_nothing_shown(const struct run *run)
{
	struct run none = *run;
	struct evbuffer *out;

	none.shows = shows_none;
	out = feed(&none, run->size + 1);
	if (run->kind == LIST_HISTORY)
		assert(evbuffer_get_length(out) <= 4); /* "[  ]" */
	evbuffer_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum list_kind kinds[] = {LIST_NONE, LIST_HISTORY, LIST_MASTER, LIST_WORKER,
		LIST_MASTER_PAGE, LIST_WORKER_PAGE, LIST_PROXIED_PAGE, LIST_NOTHING};
	if (size < 2)
		return 0;
	struct run run = {kinds[data[0] % 8], shows, data + 1, size - 1};
	if (data[0] % 16 == 15)
		run.kind = LIST_HISTORY_PAGE;
	size_t pieces[] = {size, 1, 2 + data[0] / 2};
	struct evbuffer *out[3];

	for (int i = 0; i < 3; i++)
		out[i] = feed(&run, pieces[i]);
	for (int i = 1; i < 3; i++)
		assert_same(out[0], out[i]);
	for (int i = 0; i < 3; i++)
		evbuffer_free(out[i]);
	if (run.kind == LIST_NOTHING || run.kind == LIST_HISTORY)
		assert_nothing_shown(&run);
	return 0;
}
