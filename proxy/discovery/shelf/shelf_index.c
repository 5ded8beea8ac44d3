#include "proxy/discovery/shelf/shelf_index.h"

#include "base/text/digest.h"

#include <stdlib.h>

enum { NAME_BYTES = 16, NAME_LEN = 2 * NAME_BYTES };

static const char *const endings[] = {[SHELF_DRIVER] = ".log", [SHELF_EXECUTOR] = ".exec"};

/* Ids are long and have any bytes; a file's name has not. */
void shelf_name_write(enum shelf_kind kind, const char *id, char out[static SHELF_NAME_SIZE])
{
	unsigned char digest[DIGEST_LEN];

	digest_sha256(str_of(id), digest);
	str_write_hex(digest, NAME_BYTES, out);
	(void)str_copy(str_of(endings[kind]), out + NAME_LEN, SHELF_NAME_SIZE - NAME_LEN);
}

bool shelf_name_is(const char *name)
{
	return strlen(name) > NAME_LEN &&
	       (strcmp(name + NAME_LEN, endings[SHELF_DRIVER]) == 0 ||
		       strcmp(name + NAME_LEN, endings[SHELF_EXECUTOR]) == 0);
}

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
	free(slot->driver);
	free(slot);
}

void shelf_index_touch(struct shelf_index *index, struct shelf_slot *slot, int64_t now_ms)
{
	slot->touched_ms = now_ms;
	TAILQ_REMOVE(&index->by_age, slot, by_age);
	insert_by_age(index, slot);
}

bool shelf_slot_is_executor_of(const struct shelf_slot *slot, const char *namespace,
	const char *app_id, const char *driver)
{
	return slot->driver && strcmp(slot->driver, driver) == 0 &&
	       strcmp(slot->app_id, app_id) == 0 && strcmp(slot->namespace, namespace) == 0;
}

/* --- which goes first --- */

static bool goes_before(const struct shelf_slot *slot, const struct shelf_slot *other)
{
	if (other == NULL)
		return true;
	if ((slot->driver != NULL) != (other->driver != NULL))
		return slot->driver != NULL;
	return other->has_failed && !slot->has_failed;
}

struct shelf_slot *shelf_index_first_to_go(
	const struct shelf_index *index, const struct namespace_shares *shares)
{
	const char *most = namespace_shares_most(shares);
	struct shelf_slot *slot, *first = NULL;

	TAILQ_FOREACH(slot, &index->by_age, by_age)
	{
		if (strcmp(slot->namespace, most) == 0 && goes_before(slot, first))
			first = slot;
	}
	return first;
}

struct shelf_slot *shelf_index_executor_too_many(
	const struct shelf_index *index, const struct shelf_slot *one, size_t max)
{
	struct shelf_slot *slot, *first = NULL;
	size_t count = 0;

	TAILQ_FOREACH(slot, &index->by_age, by_age)
	{
		if (!shelf_slot_is_executor_of(slot, one->namespace, one->app_id, one->driver))
			continue;
		count++;
		if (goes_before(slot, first))
			first = slot;
	}
	return count > max ? first : NULL;
}
