/*
 * tests/support/rewrite_world.h - a small registry to rewrite against, and one call that rewrites a
 * text.
 *
 * Cluster "/local" behind https://gw.example: master at 10.0.0.1:8080, history at 10.0.0.1:18080,
 * worker-1 at 10.0.0.7:8081, app-1 at 10.0.0.9:4040. Spark's ids worker-…, app-…, driver-… that end
 * in 1 and "master" are known.
 */
#ifndef SPARKGATE_TESTS_REWRITE_WORLD_H
#define SPARKGATE_TESTS_REWRITE_WORLD_H

#include "proxy/rewrite/rewrite.h"

#define MASTER "/local/proxy/master"
#define WORKER "/local/proxy/worker-1"
#define APP    "/local/proxy/app-1"

/* The context of the UI with that mount; `authority` is its own. Static parts only: copy freely. */
struct rewrite_context world_context(const char *mount, const char *authority);
extern const struct rewrite_context world_master, world_worker, world_app, world_history;

/* Gives the whole output. `piece` bytes are fed at a time; 0: all at once. */
char *world_rewrite(const struct rewrite_context *context, enum rewrite_kind kind, struct str text,
	size_t piece);
/* The same, in two parts cut at `at`. */
char *world_rewrite_cut(
	const struct rewrite_context *context, enum rewrite_kind kind, struct str text, size_t at);
/* Fails the test unless `text` becomes `want`, whole and however it is cut. */
void world_assert(const struct rewrite_context *context, enum rewrite_kind kind, const char *text,
	const char *want);

/* Gives a file of the repository, NUL-terminated; `*len` may be NULL. Fails the test when there is
 * none. */
char *world_read_file(const char *path, size_t *len);

#endif
