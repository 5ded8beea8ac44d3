/*
 * proxy/discovery/shelf/shelf_index.h - which files a log_shelf has, how old they are, and which of
 * them goes first.
 *
 * In memory only; times are wall clock in milliseconds. The keeper's thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_SHELF_SHELF_INDEX_H
#define SPARKGATE_PROXY_DISCOVERY_SHELF_SHELF_INDEX_H

#include "base/hash/hash_table.h"
#include "proxy/discovery/known/namespace_shares.h"

#include <sys/queue.h>

enum { SHELF_NAME_SIZE = 40 }; /* of a file, with its NUL */
enum shelf_kind { SHELF_DRIVER, SHELF_EXECUTOR };

struct shelf_slot {			/* one file; its texts are its own */
	char *app_id, *uid, *namespace; /* of the application, of the pod */
	char *driver;	 /* of an executor's pod the uid of its driver's; NULL: it is that */
	bool has_failed; /* ... which ended badly by itself */
	char name[SHELF_NAME_SIZE];
	int64_t touched_ms;
	uint64_t bytes;
	UT_hash_handle hh; /* by name */
	TAILQ_ENTRY(shelf_slot) by_age;
};
TAILQ_HEAD(shelf_slot_list, shelf_slot);

struct shelf_index {
	struct shelf_slot *slots;
	struct shelf_slot_list by_age; /* oldest first */
	struct namespace_shares bytes, files;
};

/* Of a file: a driver's by the id of its application, for which one is kept; an executor's by its
 * pod's uid. */
void shelf_name_write(enum shelf_kind kind, const char *id, char out[static SHELF_NAME_SIZE]);
bool shelf_name_is(const char *name);
void shelf_index_init(struct shelf_index *index);
void shelf_index_clear(struct shelf_index *index); /* drops all */
struct shelf_slot *shelf_index_find(const struct shelf_index *index, const char *name);
/* Takes `slot`; what had its name before is dropped. */
void shelf_index_add(struct shelf_index *index, struct shelf_slot *slot);
void shelf_index_drop(struct shelf_index *index, struct shelf_slot *slot);
void shelf_index_touch(struct shelf_index *index, struct shelf_slot *slot, int64_t now_ms);
/* Which goes where there is no room: of the namespace that has most of these shares, so that
 * others' are not pushed out by it (S145). Executors go before drivers, those that failed after the
 * other executors, and of equal ones the oldest (S162). NULL: there is none. */
struct shelf_slot *shelf_index_first_to_go(
	const struct shelf_index *index, const struct namespace_shares *shares);
/* The same among the executors of the application that this one is of, if they are more than `max`;
 * else NULL. */
struct shelf_slot *shelf_index_executor_too_many(
	const struct shelf_index *index, const struct shelf_slot *one, size_t max);
/* Whether it is of an executor of this application's driver. */
bool shelf_slot_is_executor_of(const struct shelf_slot *slot, const char *namespace,
	const char *app_id, const char *driver);

#endif
