#include "proxy/launch/artifacts/artifact_bench.h"

#include "base/net/fetch.h"

#include <stdlib.h>

struct artifact_bench *artifact_bench_new(struct event_base *base, struct artifact_ledger *ledger)
{
	struct artifact_bench *bench = mem_alloc(1, sizeof *bench);

	*bench = (struct artifact_bench){.base = base, .ledger = ledger};
	return bench;
}

void artifact_bench_free(struct artifact_bench *bench)
{
	if (bench == NULL)
		return;
	fetcher_free(bench->fetcher);
	free(bench);
}

struct fetcher *artifact_bench_fetcher(struct artifact_bench *bench)
{
	if (bench->fetcher == NULL)
		bench->fetcher = fetcher_new(bench->base);
	return bench->fetcher;
}
