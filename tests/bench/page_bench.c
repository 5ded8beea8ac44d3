/* Milliseconds of CPU for the home page of a cluster with 10,000 applications, and what it is made
 * of. */
#include "base/mem.h"
#include "proxy/pages/page.h"
#include "tests/support/page_world.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 300 };

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(
	const char *what, const struct registry *reg, const char *cluster, const char *query)
{
	struct identity who = {.name = (char[]){"Alice"}, .role = ROLE_ADMIN};
	struct page_view view = {.base = "", .who = &who, .request_id = "0"};
	const struct cluster_info *only = cluster ? registry_cluster(reg, str_of(cluster)) : NULL;
	struct sbuf page;
	size_t len = 0;
	double start = cpu_seconds();

	for (int i = 0; i < ROUNDS; i++) {
		sbuf_init(&page, PAGE_MAX);
		page_home(&page, &view, reg, only, str_of(query));
		len = page.len;
		sbuf_clear(&page);
	}
	printf("page %-34s %4zu KiB %7.3f ms of CPU\n", what, len / 1024,
		(cpu_seconds() - start) / ROUNDS * 1e3);
}

int main(void)
{
	struct registry *reg = page_world_large("");

	run("home, 6 clusters, 10,017 apps", reg, NULL, "");
	run("cluster, 10,014 apps", reg, "prod", "");
	run("its last page of finished", reg, "prod", "state=finished&page=200");
	run("search, 1,252 found", reg, NULL, "q=churn");
	run("search, none found", reg, NULL, "q=nothing+of+the+kind");
	registry_free(reg);
	return 0;
}
