#include "auth/policy/rights.h"

#include "auth/policy/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void every_action_that_can_be_allowed_has_one_row_with_its_name(void **state)
{
	(void)state;
	for (int action = 0; action < ACTION_NEVER; action++) {
		size_t found = 0;

		for (size_t i = 0; i < rights_count; i++) {
			const struct right *right = &rights_table[i];
			found += (int)right->action == action && !right->is_own_only &&
				 strcmp(right->word, action_name((enum action)action)) == 0;
		}
		if (found != 1)
			fail_msg("%s: %zu rows", action_name((enum action)action), found);
	}
}

static void each_word_but_kill_own_is_a_scopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < rights_count; i++) {
		struct err err;
		struct scope *scope = scope_parse(str_of(rights_table[i].word), &err);

		if ((scope == NULL) != rights_table[i].is_own_only)
			fail_msg("%s", rights_table[i].word);
		scope_free(scope);
	}
}

static void roles_are_those_of_the_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < rights_count; i++) {
		const struct right *right = &rights_table[i];

		if (strcmp(right->word, "view") == 0)
			assert_string_equal(right_roles(right), "user, admin");
		if (strcmp(right->word, "kill") == 0)
			assert_string_equal(right_roles(right), "admin");
		if (strcmp(right->word, "kill:own") == 0)
			assert_string_equal(right_roles(right), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_action_that_can_be_allowed_has_one_row_with_its_name),
		cmocka_unit_test(each_word_but_kill_own_is_a_scopes),
		cmocka_unit_test(roles_are_those_of_the_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
