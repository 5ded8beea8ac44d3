#include "auth/oidc/claim_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct claims_seen without = {.names = "sub name"}, with = {.is_found = true};

static void nothing_is_said_before_the_first_sign_in(void **state)
{
	struct claim_watch watch = {.is_found = false};

	(void)state;
	assert_false(claim_watch_is_due(&watch, 1));
	assert_false(claim_watch_is_due(&watch, 1 + CLAIM_WATCH_MS));
}

static void a_sign_in_without_the_claim_is_told_at_once_and_then_every_hour(void **state)
{
	struct claim_watch watch = {.is_found = false};

	(void)state;
	claim_watch_note(&watch, &without);
	assert_true(claim_watch_is_due(&watch, 1000));
	claim_watch_note(&watch, &without);
	assert_false(claim_watch_is_due(&watch, 1001));
	assert_false(claim_watch_is_due(&watch, 999 + CLAIM_WATCH_MS));
	assert_true(claim_watch_is_due(&watch, 1000 + CLAIM_WATCH_MS));
	assert_int_equal(watch.sign_ins, 2);
}

static void one_sign_in_with_the_claim_ends_it(void **state)
{
	struct claim_watch watch = {.is_found = false};

	(void)state;
	claim_watch_note(&watch, &without);
	claim_watch_note(&watch, &with);
	claim_watch_note(&watch, &without);
	assert_false(claim_watch_is_due(&watch, 1000));
}

static void another_claim_begins_anew(void **state)
{
	struct claim_watch watch = {.is_found = false};

	(void)state;
	claim_watch_note(&watch, &with);
	claim_watch_reset(&watch);
	assert_false(claim_watch_is_due(&watch, 1000));
	claim_watch_note(&watch, &without);
	assert_true(claim_watch_is_due(&watch, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_before_the_first_sign_in),
		cmocka_unit_test(a_sign_in_without_the_claim_is_told_at_once_and_then_every_hour),
		cmocka_unit_test(one_sign_in_with_the_claim_ends_it),
		cmocka_unit_test(another_claim_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
