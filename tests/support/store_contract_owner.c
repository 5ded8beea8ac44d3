/* Whose applications are (S43), in every kind of store. */
#include "tests/support/store_contract.h"

#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = STORE_WORLD_NOW };

static struct store_owner owner_of(unsigned mark, const char *namespace)
{
	struct store_owner owner = {.is_claim = namespace != NULL};

	memset(owner.key, 'k', sizeof owner.key);
	memcpy(owner.key, &mark, sizeof mark);
	if (namespace && !str_copy(str_of(namespace), owner.name, sizeof owner.name))
		abort();
	return owner;
}

static const char *ask_owner(
	struct store *store, unsigned mark, const char *claim, int64_t now, struct store_owner *out)
{
	*out = owner_of(mark, claim);
	assert_int_equal(store->ops->owners(store, out, 1, now), 0);
	return out->is_settled ? out->name : NULL;
}

static void s43_first_claim_settles_an_owner_for_everybody(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_owner o;

	assert_null(ask_owner(store, 1, NULL, NOW, &o));
	assert_string_equal(ask_owner(store, 1, "etl", NOW, &o), "etl");
	assert_string_equal(ask_owner(store, 1, "thieves", NOW + 1, &o), "etl");
	assert_string_equal(ask_owner(store, 1, NULL, NOW + 2, &o), "etl");
	assert_null(ask_owner(store, 2, NULL, NOW, &o));
	/* That it is nobody's is settled, too. */
	assert_string_equal(ask_owner(store, 2, "", NOW, &o), "");
	assert_string_equal(ask_owner(store, 2, "thieves", NOW, &o), "");
}

static void s43_many_owners_are_asked_for_and_settled_together(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_owner owners[300];

	for (unsigned i = 0; i < ARRAY_LEN(owners); i++)
		owners[i] = owner_of(i, i % 3 ? "etl" : NULL);
	assert_int_equal(store->ops->owners(store, owners, ARRAY_LEN(owners), NOW), 0);
	for (unsigned i = 0; i < ARRAY_LEN(owners); i++)
		assert_int_equal(owners[i].is_settled, i % 3 != 0);
}

static void s43_owners_that_nobody_asks_for_are_forgotten(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	const struct conf conf = {.session_idle_s = 1800};
	const int64_t kept = STORE_OWNER_KEPT_S;
	struct store_owner o;

	if (store->ops->is_shared)
		return; /* by a clock of its own */
	assert_string_equal(ask_owner(store, 1, "etl", NOW, &o), "etl");
	assert_string_equal(ask_owner(store, 2, "etl", NOW, &o), "etl");
	assert_string_equal(ask_owner(store, 1, NULL, NOW + kept - 1, &o), "etl");
	assert_int_equal(store->ops->purge(store, &conf, NOW + kept), STORE_NONE);
	assert_null(ask_owner(store, 2, NULL, NOW + kept, &o));
	assert_string_equal(ask_owner(store, 1, NULL, NOW + 2 * kept - 2, &o), "etl");
}

static void s43_who_claims_much_pushes_out_their_own_only(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_owner *owners = mem_alloc(STORE_OWNERS, sizeof *owners), o;

	ask_owner(store, 1, "etl", NOW, &o);
	ask_owner(store, 2, "thieves", NOW, &o);
	for (unsigned i = 0; i < STORE_OWNERS; i++)
		owners[i] = owner_of(100 + i, "thieves");
	assert_int_equal(store->ops->owners(store, owners, STORE_OWNERS, NOW + 1), 0);
	assert_string_equal(ask_owner(store, 1, NULL, NOW + 2, &o), "etl");
	assert_null(ask_owner(store, 2, NULL, NOW + 2, &o));
	free(owners);
}

static void s73_user_and_namespace_of_one_name_push_each_other_out_never(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_owner *owners = mem_alloc(STORE_OWNERS, sizeof *owners), o;

	ask_owner(store, 1, "etl", NOW, &o);
	ask_owner(store, 2, "user etl", NOW, &o);
	for (unsigned i = 0; i < STORE_OWNERS; i++)
		owners[i] = owner_of(100 + i, "user etl");
	assert_int_equal(store->ops->owners(store, owners, STORE_OWNERS, NOW + 1), 0);
	assert_string_equal(ask_owner(store, 1, NULL, NOW + 2, &o), "etl");
	assert_null(ask_owner(store, 2, NULL, NOW + 2, &o));
	free(owners);
}

/* What applications are called is as long as they like and never the same: all of a namespace
 * count together. */
static void s43_names_of_many_applications_push_out_those_of_their_namespace_only(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_owner *owners = mem_alloc(STORE_OWNERS, sizeof *owners), o;

	ask_owner(store, 1,
		"name etl\x1f"
		"daily",
		NOW, &o);
	ask_owner(store, 2,
		"name thieves\x1f"
		"first",
		NOW, &o);
	ask_owner(store, 3, "user thieves", NOW, &o);
	for (unsigned i = 0; i < STORE_OWNERS; i++) {
		owners[i] = owner_of(100 + i, "name thieves");
		snprintf(owners[i].name, sizeof owners[i].name, "name thieves\x1f%u", i);
	}
	assert_int_equal(store->ops->owners(store, owners, STORE_OWNERS, NOW + 1), 0);
	assert_string_equal(ask_owner(store, 1, NULL, NOW + 2, &o), "name etl\x1f"
								    "daily");
	assert_null(ask_owner(store, 2, NULL, NOW + 2, &o));
	assert_string_equal(ask_owner(store, 3, NULL, NOW + 2, &o), "user thieves");
	free(owners);
}

static void s73_user_with_any_byte_in_their_name_pushes_out_nobody_else(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_owner *owners = mem_alloc(STORE_OWNERS, sizeof *owners), o;

	ask_owner(store, 1, "user alice", NOW, &o);
	for (unsigned i = 0; i < STORE_OWNERS; i++)
		owners[i] = owner_of(100 + i, "user alice\x1f"
					      "mallory");
	assert_int_equal(store->ops->owners(store, owners, STORE_OWNERS, NOW + 1), 0);
	assert_string_equal(ask_owner(store, 1, NULL, NOW + 2, &o), "user alice");
	free(owners);
}

static void s73_longest_user_comes_back_whole(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	char name[STORE_OWNER];
	struct store_owner o;

	memset(name, 'u', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_string_equal(ask_owner(store, 1, name, NOW, &o), name);
	assert_string_equal(ask_owner(store, 1, NULL, NOW, &o), name);
}

const struct store_contract store_contract_owners[] = {
	STORE_CONTRACT(s43_first_claim_settles_an_owner_for_everybody),
	STORE_CONTRACT(s43_many_owners_are_asked_for_and_settled_together),
	STORE_CONTRACT(s43_owners_that_nobody_asks_for_are_forgotten),
	STORE_CONTRACT(s43_who_claims_much_pushes_out_their_own_only),
	STORE_CONTRACT(s73_user_and_namespace_of_one_name_push_each_other_out_never),
	STORE_CONTRACT(s43_names_of_many_applications_push_out_those_of_their_namespace_only),
	STORE_CONTRACT(s73_user_with_any_byte_in_their_name_pushes_out_nobody_else),
	STORE_CONTRACT(s73_longest_user_comes_back_whole),
};
const size_t store_contract_owners_count = ARRAY_LEN(store_contract_owners);
