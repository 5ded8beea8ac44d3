#include "tests/support/store_contract.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void store_contract_add(struct store_contract_tests *tests, const struct store_contract *rows,
	size_t count, const char *suffix, store_contract_fixture *set_up,
	store_contract_fixture *tear_down)
{
	tests->at = mem_resize(tests->at, tests->count + count, sizeof *tests->at);
	for (size_t i = 0; i < count; i++)
		tests->at[tests->count++] =
			(struct CMUnitTest){.name = mem_printf("%s%s", rows[i].name, suffix),
				.test_func = rows[i].run,
				.setup_func = set_up,
				.teardown_func = tear_down};
}

void store_contract_add_all(struct store_contract_tests *tests, const char *suffix,
	store_contract_fixture *set_up, store_contract_fixture *tear_down)
{
	store_contract_add(tests, store_contract, store_contract_count, suffix, set_up, tear_down);
	store_contract_add(tests, store_contract_sessions, store_contract_sessions_count, suffix,
		set_up, tear_down);
	store_contract_add(tests, store_contract_owners, store_contract_owners_count, suffix,
		set_up, tear_down);
	store_contract_add(tests, store_contract_devices, store_contract_devices_count, suffix,
		set_up, tear_down);
	store_contract_add(
		tests, store_contract_audit, store_contract_audit_count, suffix, set_up, tear_down);
	store_contract_add(tests, store_contract_launches, store_contract_launches_count, suffix,
		set_up, tear_down);
	store_contract_add(tests, store_contract_bounds, store_contract_bounds_count, suffix,
		set_up, tear_down);
}

int store_contract_run(struct store_contract_tests *tests, store_contract_fixture *group_set_up,
	store_contract_fixture *group_tear_down)
{
	int failed = _cmocka_run_group_tests(
		"store", tests->at, tests->count, group_set_up, group_tear_down);

	for (size_t i = 0; i < tests->count; i++) {
		char *name;
		memcpy(&name, &tests->at[i].name, sizeof name); /* mem_printf() gave it */
		free(name);
	}
	free(tests->at);
	return failed;
}
