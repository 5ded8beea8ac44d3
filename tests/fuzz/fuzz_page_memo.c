/*
 * A long page that passes again and again, changed in between as the input says, and cut as it
 * says: with the memo there comes out what reading all of it would give.
 */
#include "base/mem.h"
#include "base/sbuf.h"
#include "proxy/rewrite/page_memo.h"
#include "tests/fuzz/rewrite_pieces.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdlib.h>

enum { ROWS = 1200, ROWS_MAX = 2400, PASSES_MAX = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *find(const void *arg, struct str text)
{
	(void)arg;
	return text.len % 3 ? "/local/proxy/worker-1" : NULL;
}

struct page {
	uint8_t rows[ROWS_MAX]; /* each is one of 256 */
	size_t count;
};

static void add_row(struct sbuf *text, unsigned row)
{
	if (row < 8) /* what may not be cut */
		sbuf_puts(text,
			"<pre><a href=\"http://w:1/\"></pre><script>'<a href=\"/x\">'</script>");
	sbuf_printf(text,
		"<tr>\n<td><a href=\"http://w%u:80%u1/logs\">of worker %u</a></td></tr>\n", row,
		row % 3, row);
}

static char *text_of(const struct page *page)
{
	struct sbuf text;

	sbuf_init(&text, 1024 * 1024);
	sbuf_puts(&text, "<head><link href=\"/static/bootstrap.min.css\"/></head><body>");
	for (size_t i = 0; i < page->count; i++)
		add_row(&text, page->rows[i]);
	return sbuf_take(&text);
}

static struct evbuffer *pass(struct page_memo *memo, struct str text, size_t piece)
{
	const struct rewrite_context context = {.mount = "/local/proxy/master",
		.cluster_root = "/local",
		.origin = "https://gw.example",
		.authority = "10.0.0.9:8080",
		.prefix = "",
		.find_authority = find,
		.find_id = find,
		.memo = memo,
		.snapshot = 1};

	return rewrite_pieces(&context, REWRITE_HTML, text, piece);
}

static void check(struct page_memo *memo, const struct page *page, size_t piece)
{
	char *text = text_of(page);
	struct evbuffer *want = pass(NULL, str_of(text), strlen(text)),
			*got = pass(memo, str_of(text), piece);
	size_t len = evbuffer_get_length(want);

	assert(evbuffer_get_length(got) == len);
	assert(memcmp(evbuffer_pullup(got, -1), evbuffer_pullup(want, -1), len) == 0);
	evbuffer_free(want);
	evbuffer_free(got);
	free(text);
}

/* Four bytes: what, where (two), how many rows. */
static void change(struct page *page, const uint8_t *op)
{
	size_t at = (op[1] * 256u + op[2]) % page->count, len = 1u + op[3];

	len = len < page->count - at ? len : page->count - at;
	if (op[0] % 3 == 0) {
		memset(page->rows + at, op[0], len);
	} else if (op[0] % 3 == 1 && page->count > len + 1) {
		memmove(page->rows + at, page->rows + at + len, page->count - at - len);
		page->count -= len;
	} else if (page->count + len <= ROWS_MAX) {
		memmove(page->rows + at + len, page->rows + at, page->count - at);
		page->count += len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page_memo *memo = page_memo_new();
	struct page page = {.count = ROWS};
	size_t piece = 65536;

	for (size_t i = 0; i < ROWS; i++)
		page.rows[i] = (uint8_t)(8 + i % 248);
	check(memo, &page, piece);
	for (unsigned passes = 0; size >= 5 && passes < PASSES_MAX; passes++) {
		size_t ops = 1 + data[0] % 4;
		piece = data[0] % 5 ? 1000 + 300u * data[0] : 65536;
		for (data++, size--; ops > 0 && size >= 4; ops--, data += 4, size -= 4)
			change(&page, data);
		check(memo, &page, piece);
	}
	page_memo_free(memo);
	return 0;
}
