#include "proxy/discovery/known/namespace_shares.h"

#include "base/hash/hash_table.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { PARTS = 4 };

struct namespace_share {
	char *name;
	uint64_t taken;
	UT_hash_handle hh;
};

static struct namespace_share *find(const struct namespace_shares *shares, const char *namespace)
{
	struct namespace_share *one;

	HASH_FIND_STR(shares->by_name, namespace, one);
	return one;
}

static void drop(struct namespace_shares *shares, struct namespace_share *one)
{
	HASH_DELETE(hh, shares->by_name, one);
	free(one->name);
	free(one);
}

void namespace_shares_clear(struct namespace_shares *shares)
{
	while (shares->by_name)
		drop(shares, shares->by_name);
	shares->taken = 0;
}

/* Of one namespace alone there are no others that could come. */
static bool is_alone(const struct conf_kubernetes *conf)
{
	const struct conf_names *names = conf ? &conf->namespaces : NULL;

	if (names == NULL)
		return false;
	return names->count == 0 || (names->count == 1 && strcmp(names->at[0], "*") != 0);
}

bool namespace_shares_have_room(const struct namespace_shares *shares, const char *namespace,
	uint64_t all, const struct conf_kubernetes *conf)
{
	uint64_t each = is_alone(conf) ? all : (all + PARTS - 1) / PARTS;

	return shares->taken < all && namespace_shares_of(shares, namespace) < each;
}

void namespace_shares_take(struct namespace_shares *shares, const char *namespace, uint64_t places)
{
	struct namespace_share *one = find(shares, namespace);

	if (one == NULL) {
		one = mem_alloc(1, sizeof *one);
		one->name = mem_strdup(namespace);
		HASH_ADD_KEYPTR(hh, shares->by_name, one->name, strlen(one->name), one);
	}
	one->taken += places;
	shares->taken += places;
}

void namespace_shares_give(struct namespace_shares *shares, const char *namespace, uint64_t places)
{
	struct namespace_share *one = find(shares, namespace);

	assert(one && one->taken >= places);
	one->taken -= places;
	shares->taken -= places;
	if (one->taken == 0)
		drop(shares, one);
}

uint64_t namespace_shares_of(const struct namespace_shares *shares, const char *namespace)
{
	const struct namespace_share *one = find(shares, namespace);

	return one ? one->taken : 0;
}

const char *namespace_shares_most(const struct namespace_shares *shares)
{
	const struct namespace_share *most = shares->by_name;

	for (const struct namespace_share *one = most; one; one = one->hh.next) {
		if (one->taken > most->taken)
			most = one;
	}
	return most ? most->name : "";
}
