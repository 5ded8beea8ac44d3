/* proxy/discovery/known/owner_batch.h - the store is asked whose applications are, many at a time,
 * and keeps what it is told first. */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_OWNER_BATCH_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_OWNER_BATCH_H

#include "auth/store/store.h"

struct app;
struct cluster;
struct discovery;

enum {
	OWNERS_AT_ONCE = 1000,
	OWNERS_AGAIN_MS = 24 * 3600 * 1000, /* the store forgets what nobody asks for */
};

struct owner_batch { /* zeroed: empty */
	struct app *apps[OWNERS_AT_ONCE];
	struct store_owner owners[OWNERS_AT_ONCE];
	size_t count;
};

/* Asks for `key` ("owner prod/app-1"); `claim` settles it unless it is settled, NULL does not. What
 * is too long for the store is left out. The batch has room. */
void owner_batch_add(struct owner_batch *b, struct app *a, const char *key, const char *claim);
/* What is asked about applications of one kind of question. */
struct owner_asking {
	bool (*is_due)(const struct app *a, int64_t now); /* monotonic, in ms */
	void (*add)(struct owner_batch *b, struct app *a);
};
bool owner_batch_any_due(const struct cluster *c, const struct owner_asking *asking);
/* Adds those of a cluster that are due, as many as there is room for. */
void owner_batch_fill(struct owner_batch *b, struct cluster *c, const struct owner_asking *asking);
/* Answers all of it. False: the store did not answer, and all clusters are judged again soon. */
bool owner_batch_ask(struct discovery *d, struct owner_batch *b);

/* A namespace has it: that is settled, and no master has it. */
bool owner_is_namespace(const struct app *a);

#endif
