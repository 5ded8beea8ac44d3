/* A session as lists show it. */
#include "auth/session/session_view.h"

#include "auth/session/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void s78_an_id_names_a_session_and_is_not_in_its_cookie(void **state)
{
	unsigned char key[DIGEST_LEN], prefix[STORE_KEY_PREFIX];
	char cookie[SESSION_ID_LEN + 1], id[SESSION_VIEW_ID];

	(void)state;
	session_new_id(cookie);
	assert_int_equal(session_key(str_of(cookie), key), 0);
	session_view_id(key, id);
	assert_int_equal(strlen(id), 16);
	assert_true(session_view_read_id(str_of(id), prefix));
	assert_memory_equal(prefix, key, sizeof prefix);
	assert_null(strstr(cookie, id));
	assert_false(session_is_id(str_of(id))); /* no cookie */
}

static void only_sixteen_digits_are_an_id(void **state)
{
	static const char *const wrong[] = {"", "0123456789abcde", "0123456789abcdef0",
		"0123456789abcdeg", "0123456789abcde\n"};
	unsigned char prefix[STORE_KEY_PREFIX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(session_view_read_id(str_of(wrong[i]), prefix));
}

static void a_session_under_a_lost_key_is_listed_without_a_name(void **state)
{
	struct keyring *ring = keyring_new(STR("0123456789abcdef"), STR(""));
	struct store_session session = {.created_at = 1700000000};
	struct session_data label;

	(void)state;
	session_view_label(ring, &session, &label);
	json_t *json = session_view_json(&(struct conf){.oidc_count = 0}, &session, &label);
	assert_int_equal(json_object_size(json), 10);
	assert_true(json_is_null(json_object_get(json, "user")));
	assert_true(json_is_null(json_object_get(json, "role")));
	assert_true(json_is_string(json_object_get(json, "created_at")));
	json_decref(json);
	session_data_clear(&label);
	keyring_unref(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s78_an_id_names_a_session_and_is_not_in_its_cookie),
		cmocka_unit_test(only_sixteen_digits_are_an_id),
		cmocka_unit_test(a_session_under_a_lost_key_is_listed_without_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
