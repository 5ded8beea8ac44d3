#include "proxy/discovery/pods/known_executors.h"

#include "base/hash/hash_table.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/namespace_shares.h"

#include <stdlib.h>
#include <sys/queue.h>

enum { UID_SIZE = 37 }; /* what API servers give has 36 letters */

struct executors_of_driver {
	char *key, *namespace; /* key: namespace/uid of the driver */
	char (*uids)[UID_SIZE];
	size_t count, next; /* next: that is written over */
	UT_hash_handle hh;
	TAILQ_ENTRY(executors_of_driver) by_age;
};
TAILQ_HEAD(executors_list, executors_of_driver);

struct known_executors {
	struct executors_of_driver *by_uid;
	struct executors_list by_age; /* whose last executor is the oldest first */
	struct namespace_shares shares;
};

/* A pod may name a driver of another namespace as its owner: it is none of that one's (S160). */
static char *key_of(const char *namespace, const char *driver_uid)
{
	return mem_printf("%s/%s", namespace, driver_uid);
}

static struct executors_of_driver *find(
	const struct known_executors *all, const char *namespace, const char *driver_uid)
{
	struct executors_of_driver *one = NULL;
	char *key = key_of(namespace, driver_uid);

	if (all)
		HASH_FIND(hh, all->by_uid, key, strlen(key), one);
	free(key);
	return one;
}

static void drop(struct known_executors *all, struct executors_of_driver *one)
{
	HASH_DELETE(hh, all->by_uid, one);
	TAILQ_REMOVE(&all->by_age, one, by_age);
	namespace_shares_give(&all->shares, one->namespace, 1);
	free(one->key);
	free(one->namespace);
	free(one->uids);
	free(one);
}

static void make_room(struct known_executors *all)
{
	const char *most = namespace_shares_most(&all->shares);
	struct executors_of_driver *one = TAILQ_FIRST(&all->by_age);

	while (one && strcmp(one->namespace, most) != 0)
		one = TAILQ_NEXT(one, by_age);
	if (one)
		drop(all, one);
}

static struct executors_of_driver *add_driver(
	struct known_executors *all, const char *namespace, const char *driver_uid)
{
	struct executors_of_driver *one = mem_alloc(1, sizeof *one);

	if (all->shares.taken >= KNOWN_EXECUTORS_DRIVERS)
		make_room(all);
	one->key = key_of(namespace, driver_uid);
	one->namespace = mem_strdup(namespace);
	namespace_shares_take(&all->shares, namespace, 1);
	HASH_ADD_KEYPTR(hh, all->by_uid, one->key, strlen(one->key), one);
	TAILQ_INSERT_TAIL(&all->by_age, one, by_age);
	return one;
}

static bool has(const struct executors_of_driver *one, const char *uid)
{
	for (size_t i = 0; i < one->count; i++) {
		if (strcmp(one->uids[i], uid) == 0)
			return true;
	}
	return false;
}

static void add_executor(struct executors_of_driver *one, const char *uid)
{
	if (one->count < KNOWN_EXECUTORS_EACH) {
		one->uids = mem_resize(one->uids, one->count + 1, sizeof *one->uids);
		one->count++;
	}
	(void)str_copy(str_of(uid), one->uids[one->next], UID_SIZE);
	one->next = (one->next + 1) % KNOWN_EXECUTORS_EACH;
}

void known_executors_add(
	struct cluster *c, const char *namespace, const char *driver_uid, const char *uid)
{
	struct known_executors *all = c->executors;
	struct executors_of_driver *one = find(all, namespace, driver_uid);

	if (driver_uid[0] == '\0' || strlen(driver_uid) >= UID_SIZE || strlen(uid) >= UID_SIZE ||
		(one && has(one, uid)))
		return;
	if (all == NULL) {
		all = c->executors = mem_alloc(1, sizeof *all);
		TAILQ_INIT(&all->by_age);
	}
	if (one == NULL)
		one = add_driver(all, namespace, driver_uid);
	add_executor(one, uid);
	TAILQ_REMOVE(&all->by_age, one, by_age);
	TAILQ_INSERT_TAIL(&all->by_age, one, by_age);
}

size_t known_executors_of(const struct cluster *c, const char *namespace, const char *driver_uid,
	const char *uids[static KNOWN_EXECUTORS_EACH])
{
	const struct executors_of_driver *one = find(c->executors, namespace, driver_uid);
	size_t count = one ? one->count : 0;

	for (size_t i = 0; i < count; i++)
		uids[i] = one->uids[i];
	return count;
}

void known_executors_free(struct cluster *c)
{
	struct known_executors *all = c->executors;

	if (all == NULL)
		return;
	while (!TAILQ_EMPTY(&all->by_age))
		drop(all, TAILQ_FIRST(&all->by_age));
	namespace_shares_clear(&all->shares);
	free(all);
	c->executors = NULL;
}
