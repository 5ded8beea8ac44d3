/*
 * base/share.h - how one thread publishes an immutable value and others use it without writing
 * shared memory.
 *
 * The publisher replaces the value in a slot; every reading thread has a reader of its own. Taking
 * a hold of an unchanged value touches only the reader's memory (one relaxed load of the slot's
 * generation apart), so the hot path writes no shared cache line. Values die when their last hold
 * does.
 */
#ifndef SPARKGATE_BASE_SHARE_H
#define SPARKGATE_BASE_SHARE_H

#include <stdint.h>

struct share_slot;
struct share_reader;
struct share_hold { /* thread-local; borrow `value` while you have it */
	void *value;
};

/* `free_value` is called once for each published value, on whichever thread lets go last. */
struct share_slot *share_slot_new(void (*free_value)(void *value));
/* All readers must be gone. */
void share_slot_free(struct share_slot *slot);
void share_publish(struct share_slot *slot, void *value); /* any thread; takes value */

struct share_reader *share_reader_new(struct share_slot *slot);
void share_reader_free(struct share_reader *reader); /* all holds must be dropped */
/* The newest value; NULL while nothing was published. Drop it on the same thread. */
struct share_hold *share_get(struct share_reader *reader);
void share_drop(struct share_hold *hold); /* NULL is fine */

#endif
