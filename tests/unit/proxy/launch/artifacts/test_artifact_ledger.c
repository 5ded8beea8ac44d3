#include "proxy/launch/artifacts/artifact_ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void s127_what_is_under_way_counts_for_those_who_come_later(void **state)
{
	struct artifact_ledger *ledger = artifact_ledger_new();
	struct artifact_under_way others;

	(void)state;
	struct artifact_entry *first = artifact_ledger_enter(ledger, "prod ann/", 100, &others);
	assert_int_equal(others.bytes, 0);
	struct artifact_entry *second = artifact_ledger_enter(ledger, "prod ann/", 30, &others);
	assert_int_equal(others.bytes, 100);
	assert_int_equal(others.count, 1);
	struct artifact_entry *bob = artifact_ledger_enter(ledger, "prod bob/", 5, &others);
	assert_int_equal(others.bytes, 0);
	artifact_ledger_leave(first);
	struct artifact_entry *third = artifact_ledger_enter(ledger, "prod ann/", 1, &others);
	assert_int_equal(others.bytes, 30);
	artifact_ledger_leave(second);
	artifact_ledger_leave(third);
	artifact_ledger_leave(bob);
	artifact_ledger_leave(NULL);
	artifact_ledger_free(ledger);
}

static void s127_one_person_uploads_only_so_many_at_once(void **state)
{
	struct artifact_ledger *ledger = artifact_ledger_new();
	struct artifact_entry *entries[ARTIFACT_UPLOADS] = {NULL}, *more;
	struct artifact_under_way others;
	char folder[16];

	(void)state;
	for (unsigned i = 0; i < ARTIFACT_UPLOADS; i++) {
		snprintf(folder, sizeof folder, "p%u/", i / ARTIFACT_UPLOADS_EACH);
		entries[i] = artifact_ledger_enter(ledger, folder, 1, &others);
		assert_non_null(entries[i]);
		if (i == ARTIFACT_UPLOADS_EACH - 1)
			assert_null(artifact_ledger_enter(ledger, "p0/", 1, &others));
	}
	more = artifact_ledger_enter(ledger, "new/", 1, &others);
	assert_null(more);
	for (unsigned i = 0; i < ARTIFACT_UPLOADS; i++)
		artifact_ledger_leave(entries[i]);
	more = artifact_ledger_enter(ledger, "p0/", 1, &others);
	assert_non_null(more);
	assert_int_equal(others.count, 0);
	artifact_ledger_leave(more);
	artifact_ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s127_what_is_under_way_counts_for_those_who_come_later),
		cmocka_unit_test(s127_one_person_uploads_only_so_many_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
