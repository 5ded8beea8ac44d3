#include "tests/support/filter_world.h"

#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool shows(void *arg, const struct list_item *item)
{
	const struct filter_reader *reader = arg;

	if (reader->id && strcmp(reader->id, item->id) == 0)
		return true;
	return reader->user && item->user && strcmp(reader->user, item->user) == 0;
}

static bool shows_any(const void *arg, bool completed)
{
	const struct filter_reader *reader = arg;

	(void)completed;
	return reader->id || reader->user;
}

char *filter_world_read(
	enum list_kind kind, const struct filter_reader *reader, struct str text, size_t piece)
{
	struct filter_reader own = *reader;
	struct list_context context = {.shows = shows,
		.shows_any = shows_any,
		.arg = &own,
		.limit = reader->limit ? reader->limit : UINT64_MAX};
	struct list_filter *filter = list_filter_new(kind, &context);
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();

	for (size_t at = 0; at < text.len; at += piece ? piece : text.len) {
		size_t len = piece && text.len - at > piece ? piece : text.len - at;
		evbuffer_add(in, text.at + at, len);
		list_filter_feed(filter, in, out, false);
		assert_int_equal(evbuffer_get_length(in), 0);
	}
	list_filter_feed(filter, in, out, true);
	list_filter_free(filter);
	size_t len = evbuffer_get_length(out);
	char *all = mem_alloc(len + 1, 1);
	evbuffer_remove(out, all, len);
	evbuffer_free(in);
	evbuffer_free(out);
	return all;
}

char *filter_world_pieces(enum list_kind kind, const struct filter_reader *reader, struct str text)
{
	static const size_t sizes[] = {1, 2, 3, 7, 16, 17, 64, 333, 1449, 4096};
	char *whole = filter_world_read(kind, reader, text, 0);

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *got = filter_world_read(kind, reader, text, sizes[i]);
		assert_string_equal(got, whole);
		free(got);
	}
	return whole;
}
