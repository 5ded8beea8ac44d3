/*
 * A history server's list of 50,000 applications, cut to those of one person: CPU and memory,
 * beside what packing the same bytes untouched costs (zlib, level 1, as nginx gzip does it). And
 * what the search for links that kill costs a page of 4 KB that has none.
 */
#include "base/sbuf.h"
#include "proxy/filter/kill_links.h"
#include "proxy/filter/list_filter.h"

#include <event2/buffer.h>
#include <malloc.h>
#include <stdio.h>
#include <time.h>
#include <zlib.h>

enum { APPS = 50000, OWN_EACH = 500, CHUNK = 32 * 1024, ROUNDS = 10, PAGE = 4096, PAGES = 200000 };

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* As Spark 4.3 writes it. */
static void make_list(struct sbuf *list)
{
	sbuf_puts(list, "[ ");
	for (unsigned i = 0; i < APPS; i++)
		sbuf_printf(list,
			"%s{\n  \"id\" : \"app-202611210532%05u-%04u\",\n  \"name\" : \"etl daily "
			"%u\",\n  \"attempts\" : [ {\n    \"startTime\" : "
			"\"2026-11-21T05:32:53.667GMT\",\n    \"endTime\" : "
			"\"2026-11-21T05:33:18.633GMT\",\n    \"lastUpdated\" : "
			"\"2026-11-21T05:33:18.631GMT\",\n    \"duration\" : %u,\n    "
			"\"sparkUser\" : \"user%u\",\n    \"completed\" : true,\n    "
			"\"appSparkVersion\" : \"4.3.0\",\n    \"logSourceName\" : "
			"\"file:///srv/spark/events\",\n    \"logSourceFullPath\" : "
			"\"file:///srv/spark/events\",\n    \"startTimeEpoch\" : %u,\n    "
			"\"endTimeEpoch\" : 1795239198633,\n    \"lastUpdatedEpoch\" : "
			"1795239198631\n  } ]\n}",
			i ? ", " : "", i, i % 10000, i % 977, i * 7 % 90000, i % OWN_EACH, i * 37);
	sbuf_puts(list, " ]");
}

static bool is_own(void *arg, const struct list_item *item)
{
	return item->user && strcmp(item->user, arg) == 0;
}

static size_t in_use(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

struct cost {
	double seconds;
	size_t memory, first, out;
};

/* One answer as the relay sees it. */
static struct cost filter_list(struct str list)
{
	static char user[] = "user7";
	struct list_context context = {.shows = is_own, .arg = user, .limit = UINT64_MAX};
	size_t before = in_use();
	struct list_filter *filter = list_filter_new(LIST_HISTORY, &context);
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
	struct cost cost = {.seconds = 0};

	for (size_t at = 0; at < list.len; at += CHUNK) {
		size_t len = list.len - at < CHUNK ? list.len - at : CHUNK;
		evbuffer_add_reference(in, list.at + at, len, NULL, NULL);
		double start = cpu_seconds();
		list_filter_feed(filter, in, out, at + len == list.len);
		cost.seconds += cpu_seconds() - start;
		size_t used = in_use() - before;
		cost.memory = used > cost.memory ? used : cost.memory;
		cost.out += evbuffer_get_length(out);
		if (at == 0)
			cost.first = cost.out;
		evbuffer_drain(out, evbuffer_get_length(out));
	}
	list_filter_free(filter);
	evbuffer_free(in);
	evbuffer_free(out);
	return cost;
}

static double pack_list(const struct sbuf *list)
{
	static unsigned char out[CHUNK * 2];
	z_stream z = {.zalloc = NULL};
	double start = cpu_seconds();

	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	for (size_t at = 0; at < list->len; at += CHUNK) {
		size_t len = list->len - at < CHUNK ? list->len - at : CHUNK;
		z.next_in = (unsigned char *)list->at + at;
		z.avail_in = (unsigned)len;
		do {
			z.next_out = out;
			z.avail_out = sizeof out;
			deflate(&z, at + len == list->len ? Z_FINISH : Z_NO_FLUSH);
		} while (z.avail_out == 0);
	}
	deflateEnd(&z);
	return cpu_seconds() - start;
}

static void run_list(void)
{
	struct sbuf list;
	struct cost best = {.seconds = 1e9};
	double packed = 1e9;

	sbuf_init(&list, (size_t)64 * 1024 * 1024);
	make_list(&list);
	for (int i = 0; i < ROUNDS; i++) {
		struct cost cost = filter_list(sbuf_str(&list));
		double pack = pack_list(&list);
		best = cost.seconds < best.seconds ? cost : best;
		packed = pack < packed ? pack : packed;
	}
	printf("list %u applications, %zu MiB: %.1f ms of CPU (%.0f MB/s), %zu KiB of memory, "
	       "%zu bytes with the first chunk, %zu in all; packing it %.1f ms: %.3f\n",
		APPS, list.len >> 20, best.seconds * 1e3, (double)list.len / best.seconds / 1e6,
		best.memory >> 10, best.first, best.out, packed * 1e3, best.seconds / packed);
	sbuf_clear(&list);
}

static void run_kill(void)
{
	static char page[PAGE];
	struct kill_context context = {NULL, NULL};
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();

	for (size_t i = 0; i < PAGE; i++)
		page[i] = "<td><a href=\"/local/proxy/app-1/jobs/\">x</a></td>\n"[i % 50];
	double start = cpu_seconds(), spent;
	for (int i = 0; i < PAGES; i++) {
		evbuffer_add_reference(in, page, PAGE, NULL, NULL);
		evbuffer_add_buffer(out, in);
		evbuffer_drain(out, PAGE);
	}
	spent = cpu_seconds() - start;
	start = cpu_seconds();
	for (int i = 0; i < PAGES; i++) {
		struct kill_links *links = kill_links_new(&context);
		evbuffer_add_reference(in, page, PAGE, NULL, NULL);
		kill_links_feed(links, in, out, REWRITE_KILLS_CUT, true);
		evbuffer_drain(out, PAGE);
		kill_links_free(links);
	}
	printf("links that kill, 4 KB page without one: %.0f ns\n",
		(cpu_seconds() - start - spent) / PAGES * 1e9);
	evbuffer_free(in);
	evbuffer_free(out);
}

int main(void)
{
	run_list();
	run_kill();
	return 0;
}
