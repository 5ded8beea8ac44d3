/* Pieces of a long page that are what they were the last time are not read again; whatever has
 * changed, and however it comes, what becomes of the page is what reading all of it would give. */
#include "proxy/rewrite/page_memo.h"

#include "base/sbuf.h"
#include "tests/support/rewrite_world.h"

#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROWS = 3000, ROWS_MAX = 40000, ROUNDS = 150 };

static const char head[] =
	"<html><head><link href=\"/static/bootstrap.min.css\"/></head><body><table>";

struct world {
	struct page_memo *memo;
	struct rewrite_context context;
	unsigned looked_up;
	char mounts[2][8][24]; /* of two snapshots */
	unsigned snapshot;
	uint64_t random;
	unsigned rows[ROWS_MAX]; /* of the page: its workers' numbers */
	unsigned count;
};

static const char *find_authority(const void *arg, struct str authority)
{
	union {
		const void *shared;
		struct world *ours;
	} world = {arg};
	char text[32];
	unsigned number = 0;

	world.ours->looked_up++;
	if (!str_copy(authority, text, sizeof text) || sscanf(text, "w%u:1", &number) != 1)
		return NULL;
	return world.ours->mounts[world.ours->snapshot][number % 8];
}

static const char *find_nothing(const void *arg, struct str id)
{
	(void)arg, (void)id;
	return NULL;
}

static int setup(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);

	for (int snapshot = 0; snapshot < 2; snapshot++) {
		for (unsigned i = 0; i < ARRAY_LEN(w->mounts[0]); i++)
			snprintf(w->mounts[snapshot][i], sizeof w->mounts[0][0], "/c/proxy/%c-%u",
				'a' + snapshot, i);
	}
	w->memo = page_memo_new();
	w->random = 1;
	w->context = world_context("/c/proxy/master", "m:1");
	w->context.cluster_root = "/c";
	w->context.find_authority = find_authority;
	w->context.find_id = find_nothing;
	w->context.arg = w;
	w->context.memo = w->memo;
	w->context.snapshot = 1;
	for (w->count = 0; w->count < ROWS; w->count++)
		w->rows[w->count] = w->count;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	page_memo_free(w->memo);
	free(w);
	return 0;
}

static unsigned below(struct world *w, unsigned limit)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(w->random >> 33) % limit;
}

static char *text_of(const struct world *w)
{
	struct sbuf page;

	sbuf_init(&page, 8 * 1024 * 1024);
	sbuf_puts(&page, head);
	for (unsigned i = 0; i < w->count; i++)
		sbuf_printf(&page,
			"<tr>\n<td><a "
			"href=\"http://w%u:1/logs\">w%u</a></td>\n<td>ALIVE</td>\n</tr>\n",
			w->rows[i], w->rows[i]);
	sbuf_puts(&page, "</table></body></html>");
	return sbuf_take(&page);
}

/* The page passes with the memo, `piece` bytes at a time; gives how many links were looked up. */
static unsigned pass(struct world *w, size_t piece)
{
	struct rewrite_context plain = w->context;
	char *text = text_of(w);

	plain.memo = NULL;
	char *want = world_rewrite(&plain, REWRITE_HTML, str_of(text), 0);
	unsigned before = w->looked_up;
	char *got = world_rewrite(&w->context, REWRITE_HTML, str_of(text), piece);
	unsigned looked_up = w->looked_up - before;
	if (strcmp(got, want) != 0)
		fail_msg("another page came out, %zu bytes at a time", piece);
	free(got);
	free(want);
	free(text);
	return looked_up;
}

/* Links in what passes before it is looked at and in its end; in two pieces. */
enum { FEW = 1300, SOME = 900 };

static void page_that_comes_again_is_not_read_again(void **state)
{
	struct world *w = *state;

	assert_int_equal(pass(w, 65536), ROWS);
	assert_in_range(pass(w, 65536), 1, FEW);
	assert_in_range(pass(w, 20000), 1, FEW);
	assert_in_range(pass(w, 1001), 1, FEW);
}

static void change_costs_the_pieces_around_it(void **state)
{
	struct world *w = *state;

	pass(w, 65536);
	unsigned same = pass(w, 65536);
	w->rows[2000] = 7777;
	unsigned changed = pass(w, 65536);
	assert_in_range(changed, same + 1, same + SOME);
	assert_in_range(pass(w, 65536), 1, same + 1);
	memmove(w->rows + 1801, w->rows + 1800, sizeof *w->rows * (w->count++ - 1800));
	assert_in_range(pass(w, 65536), 1, same + SOME);
	memmove(w->rows + 1700, w->rows + 1750, sizeof *w->rows * ((w->count -= 50) - 1700));
	assert_in_range(pass(w, 65536), 1, same + SOME);
}

static void new_snapshot_mount_or_host_is_read_anew(void **state)
{
	struct world *w = *state;

	pass(w, 65536);
	w->snapshot = 1;
	w->context.snapshot = 2;
	assert_int_equal(pass(w, 65536), ROWS);
	w->context.origin = "https://other.example";
	assert_int_equal(pass(w, 65536), ROWS);
	w->context.others = "https://third.example";
	assert_int_equal(pass(w, 65536), ROWS);
	w->context.mount = "/c/proxy/other";
	assert_int_equal(pass(w, 65536), ROWS);
	assert_in_range(pass(w, 65536), 1, FEW);
}

static void edit_at_random(struct world *w)
{
	unsigned at = below(w, w->count), len = 1 + below(w, 400), number = below(w, 5000);

	len = len < w->count - at ? len : w->count - at;
	switch (below(w, 4)) {
	case 0:
		for (unsigned i = 0; i < len; i++)
			w->rows[at + i] = number + i;
		break;
	case 1:
		memmove(w->rows + at, w->rows + at + len, sizeof *w->rows * (w->count - at - len));
		w->count -= w->count > 1000 + len ? len : 0;
		break;
	case 2:
		if (w->count + len > 8000)
			break;
		memmove(w->rows + at + len, w->rows + at, sizeof *w->rows * (w->count - at));
		w->count += len;
		break;
	default: /* all anew, now and then */
		for (unsigned i = 0; below(w, 5) == 0 && i < w->count; i++)
			w->rows[i] = below(w, 10);
	}
}

static void whatever_changes_comes_out_as_if_all_of_it_were_read(void **state)
{
	static const size_t pieces[] = {65536, 16384, 4096, 40001, 333, 1000000};
	struct world *w = *state;

	for (unsigned round = 0; round < ROUNDS; round++) {
		pass(w, pieces[below(w, ARRAY_LEN(pieces))]);
		for (unsigned edits = below(w, 4); edits > 0; edits--)
			edit_at_random(w);
	}
}

struct passing { /* a response */
	struct rewriter *rw;
	struct evbuffer *in, *out;
	char *text;
	size_t len, at;
};

static void begin(struct world *w, struct passing *p)
{
	*p = (struct passing){.rw = rewriter_new(&w->context, REWRITE_HTML),
		.in = evbuffer_new(),
		.out = evbuffer_new(),
		.text = text_of(w)};
	p->len = strlen(p->text);
}

static void go_on(struct passing *p, size_t len)
{
	len = len < p->len - p->at ? len : p->len - p->at;
	evbuffer_add(p->in, p->text + p->at, len);
	p->at += len;
	rewriter_feed(p->rw, p->in, p->out, p->at == p->len);
}

static void end(struct world *w, struct passing *p)
{
	struct rewrite_context plain = w->context;

	while (p->at < p->len)
		go_on(p, 10000);
	plain.memo = NULL;
	char *want = world_rewrite(&plain, REWRITE_HTML, str_of(p->text), 0);
	assert_int_equal(evbuffer_get_length(p->out), strlen(want));
	assert_memory_equal(evbuffer_pullup(p->out, -1), want, strlen(want));
	rewriter_free(p->rw);
	evbuffer_free(p->in);
	evbuffer_free(p->out);
	free(p->text);
	free(want);
}

static void pages_that_pass_at_the_same_time_do_not_mix(void **state)
{
	struct world *w = *state;
	struct passing passings[4];

	pass(w, 65536);
	for (unsigned i = 0; i < ARRAY_LEN(passings); i++) {
		w->rows[1000 + 300 * i] = 9 + i;
		begin(w, &passings[i]);
	}
	for (unsigned turn = 0; turn < 60; turn++)
		go_on(&passings[below(w, ARRAY_LEN(passings))], 1 + below(w, 20000));
	for (unsigned i = ARRAY_LEN(passings); i-- > 0;)
		end(w, &passings[i]);
	assert_in_range(pass(w, 65536), 1, ROWS);
}

static void client_that_leaves_leaves_the_page_of_before(void **state)
{
	struct world *w = *state;
	struct passing leaves;

	pass(w, 65536);
	unsigned same = pass(w, 65536);
	begin(w, &leaves);
	go_on(&leaves, 100000);
	rewriter_free(leaves.rw); /* what it wrote may be on its way still */
	assert_int_equal(pass(w, 65536), same);
	evbuffer_free(leaves.in);
	evbuffer_free(leaves.out);
	free(leaves.text);
}

static void longest_page_has_its_end_read(void **state)
{
	struct world *w = *state;

	for (; w->count < ROWS_MAX; w->count++)
		w->rows[w->count] = w->count;
	pass(w, 65536);
	assert_in_range(pass(w, 65536), ROWS_MAX / 8, ROWS_MAX - ROWS_MAX / 8);
}

static void page_with_a_root_of_its_own_is_not_kept(void **state)
{
	struct world *w = *state;
	struct sbuf page;

	sbuf_init(&page, 1024 * 1024);
	sbuf_puts(&page, "<head><script>setUIRoot('http://w1:1')</script></head><body>");
	for (unsigned i = 0; i < ROWS; i++)
		sbuf_puts(&page, "<a href=\"http://w1:1/x\">x</a> and more text of no use\n");
	for (int i = 0; i < 2; i++) {
		char *got = world_rewrite(&w->context, REWRITE_HTML, sbuf_str(&page), 30000);
		assert_non_null(strstr(got, "<a href=\"/c/proxy/master/x\">"));
		assert_null(strstr(got, "http://w1:1/x"));
		free(got);
	}
	sbuf_clear(&page);
}

static void script_in_the_middle_of_a_page_does_not_end_it(void **state)
{
	struct world *w = *state;
	struct sbuf page;

	sbuf_init(&page, 4 * 1024 * 1024);
	sbuf_puts(&page, head);
	for (unsigned i = 0; i < ROWS; i++) {
		sbuf_printf(&page, "<a href=\"http://w%u:1/x\">x</a>\n", i);
		if (i % 50 == 0) {
			sbuf_puts(&page, "<script>");
			for (unsigned k = 0; k < 700; k++)
				sbuf_printf(&page, "var a = '<a href=\"http://w%u:1/\">';\n", i);
			sbuf_puts(&page, "</script>");
		}
	}
	struct rewrite_context plain = w->context;
	plain.memo = NULL;
	char *want = world_rewrite(&plain, REWRITE_HTML, sbuf_str(&page), 0);
	for (int i = 0; i < 3; i++) {
		char *got = world_rewrite(&w->context, REWRITE_HTML, sbuf_str(&page), 30000);
		assert_string_equal(got, want);
		free(got);
	}
	free(want);
	sbuf_clear(&page);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(page_that_comes_again_is_not_read_again),
		T(change_costs_the_pieces_around_it),
		T(new_snapshot_mount_or_host_is_read_anew),
		T(whatever_changes_comes_out_as_if_all_of_it_were_read),
		T(pages_that_pass_at_the_same_time_do_not_mix),
		T(client_that_leaves_leaves_the_page_of_before),
		T(longest_page_has_its_end_read),
		T(page_with_a_root_of_its_own_is_not_kept),
		T(script_in_the_middle_of_a_page_does_not_end_it),
	};

	return cmocka_run_group_tests_name("page_memo", tests, NULL, NULL);
}
