#include "proxy/discovery/shelf/shelf_index.h"

#include <stdlib.h>

void shelf_index_init(struct shelf_index *index)
{
	*index = (struct shelf_index){.slots = NULL};
	TAILQ_INIT(&index->by_age);
}

void shelf_index_clear(struct shelf_index *index)
{
	while (!TAILQ_EMPTY(&index->by_age))
		shelf_index_drop(index, TAILQ_FIRST(&index->by_age));
	namespace_shares_clear(&index->bytes);
	namespace_shares_clear(&index->files);
}

struct shelf_slot *shelf_index_find(const struct shelf_index *index, const char *name)
{
	struct shelf_slot *slot;

	HASH_FIND(hh, index->slots, name, strlen(name), slot);
	return slot;
}

static void insert_by_age(struct shelf_index *index, struct shelf_slot *slot)
{
	struct shelf_slot *at = TAILQ_LAST(&index->by_age, shelf_slot_list);

	while (at && at->touched_ms > slot->touched_ms)
		at = TAILQ_PREV(at, shelf_slot_list, by_age);
	if (at)
		TAILQ_INSERT_AFTER(&index->by_age, at, slot, by_age);
	else
		TAILQ_INSERT_HEAD(&index->by_age, slot, by_age);
}

void shelf_index_add(struct shelf_index *index, struct shelf_slot *slot)
{
	struct shelf_slot *old = shelf_index_find(index, slot->name);

	if (old)
		shelf_index_drop(index, old);
	namespace_shares_take(&index->bytes, slot->namespace, slot->bytes);
	namespace_shares_take(&index->files, slot->namespace, 1);
	HASH_ADD_KEYPTR(hh, index->slots, slot->name, strlen(slot->name), slot);
	insert_by_age(index, slot);
}

void shelf_index_drop(struct shelf_index *index, struct shelf_slot *slot)
{
	HASH_DELETE(hh, index->slots, slot);
	TAILQ_REMOVE(&index->by_age, slot, by_age);
	namespace_shares_give(&index->bytes, slot->namespace, slot->bytes);
	namespace_shares_give(&index->files, slot->namespace, 1);
	free(slot->app_id);
	free(slot->uid);
	free(slot->namespace);
	free(slot);
}

void shelf_index_touch(struct shelf_index *index, struct shelf_slot *slot, int64_t now_ms)
{
	slot->touched_ms = now_ms;
	TAILQ_REMOVE(&index->by_age, slot, by_age);
	insert_by_age(index, slot);
}

struct shelf_slot *shelf_index_first_to_go(
	const struct shelf_index *index, const struct namespace_shares *shares)
{
	const char *most = namespace_shares_most(shares);
	struct shelf_slot *slot = TAILQ_FIRST(&index->by_age);

	while (slot && strcmp(slot->namespace, most) != 0)
		slot = TAILQ_NEXT(slot, by_age);
	return slot;
}
