/*
 * MB of content per second of CPU through the rewriter, one thread: a master page of 5,000 workers
 * all of which the registry knows, the same page again, one with none of them, long text, and REST
 * JSON of executors.
 */
#include "base/mem.h"
#include "base/sbuf.h"
#include "proxy/rewrite/page_memo.h"
#include "proxy/rewrite/rewrite.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WORKERS = 5000, SLOTS = 16384, CHUNK = 64 * 1024, ROUNDS = 200 };

struct known {
	char authority[32];
	char mount[80];
};

static struct known table[SLOTS];

static struct known *slot_of(struct str authority)
{
	size_t i = str_hash(authority) % SLOTS;

	while (table[i].authority[0] && !str_eq(authority, str_of(table[i].authority)))
		i = (i + 1) % SLOTS;
	return &table[i];
}

static const char *find_known(const void *arg, struct str authority)
{
	const struct known *found = slot_of(authority);

	(void)arg;
	return found->authority[0] ? found->mount : NULL;
}

static const char *find_none(const void *arg, struct str text)
{
	(void)arg, (void)text;
	return NULL;
}

static void learn_workers(void)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		char authority[32];
		snprintf(authority, sizeof(authority), "10.1.%u.%u:8081", i / 250, i % 250);
		struct known *slot = slot_of(str_of(authority));
		snprintf(slot->authority, sizeof(slot->authority), "%s", authority);
		snprintf(slot->mount, sizeof(slot->mount),
			"/local/proxy/worker-20260101000000-10.1.%u.%u-40000", i / 250, i % 250);
	}
}

/* As Spark 4.3 writes it (T6), its indentation left out: 1.1 MB in all. */
static void master_page(struct sbuf *page)
{
	sbuf_puts(page,
		"<!DOCTYPE html><html><head>"
		"<link rel=\"stylesheet\" href=\"/local/proxy/master/static/bootstrap.min.css\"/>"
		"<script nonce=\"1\">setUIRoot('/local/proxy/master')</script></head><body>"
		"<table class=\"table table-bordered sortable\"><thead>"
		"<th width=\"\" class=\"\">Worker Id</th></thead><tbody>");
	for (unsigned i = 0; i < WORKERS; i++)
		sbuf_printf(page,
			"<tr>\n<td>\n<a href=\"http://10.1.%u.%u:8081\">\n"
			"worker-20260101000000-10.1.%u.%u-40000\n</a>\n</td>\n"
			"<td>10.1.%u.%u:40000</td>\n<td>ALIVE</td>\n<td>2 (0 Used)</td>\n"
			"<td sorttable_customkey=\"1024.0\">\n1024.0 MiB\n(0.0 B "
			"Used)\n</td>\n<td></td>\n</tr>\n",
			i / 250, i % 250, i / 250, i % 250, i / 250, i % 250);
	sbuf_puts(page, "</tbody></table></body></html>");
}

static void long_text(struct sbuf *page)
{
	sbuf_puts(page, "<!DOCTYPE html><html><body><p>");
	while (page->len < 1100000)
		sbuf_puts(page, "26/01/01 00:00:00 INFO TaskSetManager: Finished task 17.0 in "
				"stage 3.0 (TID 40)\n");
	sbuf_puts(page, "</p></body></html>");
}

static void executors_json(struct sbuf *page)
{
	sbuf_puts(page, "[");
	for (unsigned i = 0; page->len < 1100000; i++)
		sbuf_printf(page,
			"%s{\n  \"id\" : \"%u\",\n  \"hostPort\" : \"10.1.0.%u:41823\",\n  "
			"\"isActive\" : true,\n"
			"  \"rddBlocks\" : 200,\n  \"memoryUsed\" : 213660,\n  \"totalTasks\" : "
			"811,\n"
			"  \"executorLogs\" : {\n"
			"    \"stdout\" : "
			"\"http://10.1.0.%u:8081/logPage/?appId=a&executorId=0&logType=stdout\",\n"
			"    \"stderr\" : "
			"\"http://10.1.0.%u:8081/logPage/?appId=a&executorId=0&logType=stderr\"\n"
			"  },\n  \"peakMemoryMetrics\" : {\n    \"JVMHeapMemory\" : 159469768,\n"
			"    \"OnHeapStorageMemory\" : 16455,\n    \"TotalGCTime\" : 503\n  },\n"
			"  \"attributes\" : { },\n  \"resourceProfileId\" : 0\n}",
			i ? ", " : " ", i, i % 250, i % 250, i % 250);
	sbuf_puts(page, "]");
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One response as the relay sees it: 64 KiB at a time, the output taken away each time. */
static double one_response(
	const struct rewrite_context *context, enum rewrite_kind kind, struct str page)
{
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
	struct rewriter *rw = rewriter_new(context, kind);
	double spent = 0;

	for (size_t at = 0; at < page.len; at += CHUNK) {
		size_t len = page.len - at < CHUNK ? page.len - at : CHUNK;
		evbuffer_add(in, page.at + at, len);
		double start = cpu_seconds();
		rewriter_feed(rw, in, out, at + len == page.len);
		spent += cpu_seconds() - start;
		evbuffer_drain(out, evbuffer_get_length(out));
	}
	rewriter_free(rw);
	evbuffer_free(in);
	evbuffer_free(out);
	return spent;
}

static void run(const char *name, void (*fill)(struct sbuf *), enum rewrite_kind kind,
	const char *(*find)(const void *, struct str), struct page_memo *memo)
{
	struct rewrite_context context = {.mount = "/local/proxy/master",
		.cluster_root = "/local",
		.origin = "https://gw.example",
		.authority = "10.1.255.1:8080",
		.prefix = "",
		.script = "/_gate/static/session.js",
		.find_authority = find,
		.find_id = find_none,
		.memo = memo};
	struct sbuf page;
	double total = 0, best = 1e9;

	sbuf_init(&page, 4 * 1024 * 1024);
	fill(&page);
	for (int i = 0; i < ROUNDS; i++) {
		double spent = one_response(&context, kind, sbuf_str(&page));
		total += spent;
		best = spent < best ? spent : best;
	}
	printf("rewrite %-32s %4zu KiB %6.0f MB/s of CPU (best %.0f), %.0f us a page\n", name,
		page.len / 1024, (double)page.len * ROUNDS / total / 1e6,
		(double)page.len / best / 1e6, total / ROUNDS * 1e6);
	sbuf_clear(&page);
}

int main(void)
{
	struct page_memo *memo = page_memo_new();

	learn_workers();
	run("master, 5000 known workers", master_page, REWRITE_HTML, find_known, NULL);
	run("the same page as the last time", master_page, REWRITE_HTML, find_known, memo);
	run("master, 5000 unknown workers", master_page, REWRITE_HTML, find_none, NULL);
	run("html text, no candidates", long_text, REWRITE_HTML, find_known, NULL);
	run("executors json", executors_json, REWRITE_JSON, find_known, NULL);
	page_memo_free(memo);
	return 0;
}
