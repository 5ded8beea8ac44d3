#include "base/share.h"

#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct box { /* one published value; counted across threads */
	void *value;
	void (*free_value)(void *value);
	atomic_int refs;
};

struct share_slot {
	pthread_mutex_t lock;
	struct box *box;
	void (*free_value)(void *value);
	atomic_uint_fast64_t generation;
};

struct hold { /* one box as a thread sees it; counted without atomics */
	struct share_hold public;
	struct box *box;
	unsigned refs;
};

struct share_reader {
	struct share_slot *slot;
	struct hold *current;
	uint_fast64_t generation;
};

static void box_unref(struct box *box)
{
	if (box == NULL || atomic_fetch_sub(&box->refs, 1) != 1)
		return;
	box->free_value(box->value);
	free(box);
}

static void hold_unref(struct hold *hold)
{
	if (hold == NULL || --hold->refs > 0)
		return;
	box_unref(hold->box);
	free(hold);
}

struct share_slot *share_slot_new(void (*free_value)(void *value))
{
	struct share_slot *slot = mem_alloc(1, sizeof *slot);

	pthread_mutex_init(&slot->lock, NULL);
	slot->free_value = free_value;
	return slot;
}

void share_slot_free(struct share_slot *slot)
{
	if (slot == NULL)
		return;
	box_unref(slot->box);
	pthread_mutex_destroy(&slot->lock);
	free(slot);
}

void share_publish(struct share_slot *slot, void *value)
{
	struct box *box = mem_alloc(1, sizeof *box);

	box->value = value;
	box->free_value = slot->free_value;
	atomic_init(&box->refs, 1);
	pthread_mutex_lock(&slot->lock);
	struct box *old = slot->box;
	slot->box = box;
	atomic_fetch_add(&slot->generation, 1);
	pthread_mutex_unlock(&slot->lock);
	box_unref(old);
}

struct share_reader *share_reader_new(struct share_slot *slot)
{
	struct share_reader *reader = mem_alloc(1, sizeof *reader);

	reader->slot = slot;
	return reader;
}

void share_reader_free(struct share_reader *reader)
{
	if (reader == NULL)
		return;
	assert(reader->current == NULL || reader->current->refs == 1);
	hold_unref(reader->current);
	free(reader);
}

static void reader_refresh(struct share_reader *reader)
{
	struct hold *hold = mem_alloc(1, sizeof *hold);

	pthread_mutex_lock(&reader->slot->lock);
	hold->box = reader->slot->box;
	atomic_fetch_add(&hold->box->refs, 1);
	reader->generation = atomic_load(&reader->slot->generation);
	pthread_mutex_unlock(&reader->slot->lock);
	hold->public.value = hold->box->value;
	hold->refs = 1;
	hold_unref(reader->current);
	reader->current = hold;
}

struct share_hold *share_get(struct share_reader *reader)
{
	uint_fast64_t newest =
		atomic_load_explicit(&reader->slot->generation, memory_order_acquire);

	if (newest == 0)
		return NULL;
	if (newest != reader->generation)
		reader_refresh(reader);
	reader->current->refs++;
	return &reader->current->public;
}

void share_drop(struct share_hold *hold)
{
	if (hold)
		hold_unref((struct hold *)hold);
}
