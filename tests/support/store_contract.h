/*
 * tests/support/store_contract.h - what every kind of store has to do, as tests.
 *
 * A test's state is a struct store_world with an empty store. Each kind's test program adds these
 * to its own and runs them all.
 */
#ifndef SPARKGATE_TESTS_STORE_CONTRACT_H
#define SPARKGATE_TESTS_STORE_CONTRACT_H

#include <stddef.h>

struct store_contract {
	const char *name;
	void (*run)(void **state);
};
#define STORE_CONTRACT(test)                                                                       \
	{                                                                                          \
#test, test                                                                        \
	}

extern const struct store_contract store_contract[]; /* tokens, links, counts, texts */
extern const size_t store_contract_count;
extern const struct store_contract store_contract_sessions[];
extern const size_t store_contract_sessions_count;
extern const struct store_contract store_contract_owners[];
extern const size_t store_contract_owners_count;
extern const struct store_contract store_contract_devices[];
extern const size_t store_contract_devices_count;
extern const struct store_contract store_contract_audit[];
extern const size_t store_contract_audit_count;
extern const struct store_contract store_contract_launches[];
extern const size_t store_contract_launches_count;
extern const struct store_contract store_contract_bounds[];
extern const size_t store_contract_bounds_count;

struct CMUnitTest;
struct store_contract_tests {
	struct CMUnitTest *at;
	size_t count;
};
typedef int store_contract_fixture(void **state); /* cmocka's set-up and tear-down */

/* Adds `count` rows, their names followed by `suffix`. */
void store_contract_add(struct store_contract_tests *tests, const struct store_contract *rows,
	size_t count, const char *suffix, store_contract_fixture *set_up,
	store_contract_fixture *tear_down);
/* Adds the tables above. */
void store_contract_add_all(struct store_contract_tests *tests, const char *suffix,
	store_contract_fixture *set_up, store_contract_fixture *tear_down);
/* Takes the tests. The number of those that failed. */
int store_contract_run(struct store_contract_tests *tests, store_contract_fixture *group_set_up,
	store_contract_fixture *group_tear_down);

#endif
