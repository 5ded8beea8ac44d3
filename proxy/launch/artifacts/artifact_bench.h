/*
 * proxy/launch/artifacts/artifact_bench.h - what a thread needs to ask an object storage: its own
 * connections, made when the first request comes, and the process's ledger of uploads.
 *
 * One thread.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_ARTIFACTS_ARTIFACT_BENCH_H
#define SPARKGATE_PROXY_LAUNCH_ARTIFACTS_ARTIFACT_BENCH_H

#include "proxy/launch/artifacts/artifact_ledger.h"

struct event_base;
struct fetcher;

struct artifact_bench {
	struct event_base *base;
	struct artifact_ledger *ledger; /* borrows; of the process */
	struct fetcher *fetcher;	/* NULL: nothing was asked yet */
};

/* Borrows both. */
struct artifact_bench *artifact_bench_new(struct event_base *base, struct artifact_ledger *ledger);
/* No question is under way. NULL is fine. */
void artifact_bench_free(struct artifact_bench *bench);
struct fetcher *artifact_bench_fetcher(struct artifact_bench *bench); /* borrows */

#endif
