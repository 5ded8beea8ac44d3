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

struct shelf_slot {			/* one file; its texts are its own */
	char *app_id, *uid, *namespace; /* of the application, of the pod */
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

void shelf_index_init(struct shelf_index *index);
void shelf_index_clear(struct shelf_index *index); /* drops all */
struct shelf_slot *shelf_index_find(const struct shelf_index *index, const char *name);
/* Takes `slot`; what had its name before is dropped. */
void shelf_index_add(struct shelf_index *index, struct shelf_slot *slot);
void shelf_index_drop(struct shelf_index *index, struct shelf_slot *slot);
void shelf_index_touch(struct shelf_index *index, struct shelf_slot *slot, int64_t now_ms);
/* Which goes where there is no room: the oldest of the namespace that has most of these shares, so
 * that others' are not pushed out by it (S145). NULL: there is none. */
struct shelf_slot *shelf_index_first_to_go(
	const struct shelf_index *index, const struct namespace_shares *shares);

#endif
