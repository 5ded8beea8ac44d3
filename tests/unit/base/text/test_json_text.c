/* JSON as text, with jansson's own allocator and with the pool's. */
#include "base/text/json_text.h"

#include "auth/token/signer.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void text_is_compact_and_whole(void **state)
{
	json_t *json = json_pack("{s:s,s:[i,i]}", "a", "b", "c", 1, 2), *list = json_array();
	char *text = json_text(json);

	(void)state;
	assert_string_equal(text, "{\"a\":\"b\",\"c\":[1,2]}");
	free(text);
	json_decref(json);
	for (int i = 0; i < 1000; i++)
		json_array_append_new(list, json_string("sixteen letters!"));
	text = json_text(list);
	assert_int_equal(strlen(text), 1000 * 19 + 1);
	free(text);
	json_decref(list);
	assert_null(json_text(NULL));
}

static void text_of_jansson_is_freed_as_it_was_allocated(void **state)
{
	struct err err = {""};
	struct signer *signer = signer_open(NULL, NULL);
	const struct signer_claims claims = {.issuer = "i",
		.subject = "s",
		.token_id = "t",
		.client_name = "c",
		.role = ROLE_USER,
		.issued_at = 1,
		.expires_at = 2};

	(void)state;
	for (int round = 0; round < 2; round++) {
		char *minted = signer_mint(signer, &claims, &err);

		assert_non_null(minted); /* libjwt has its texts from jansson */
		free(minted);
		json_t *json = json_pack("{s:s}", "a", "b");
		json_text_drop(json_dumps(json, 0));
		char *text = json_text(json);
		assert_string_equal(text, "{\"a\":\"b\"}");
		free(text);
		json_decref(json);
		json_text_use_pool();
	}
	json_text_drop(NULL);
	signer_free(signer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_compact_and_whole),
		cmocka_unit_test(text_of_jansson_is_freed_as_it_was_allocated),
	};

	return cmocka_run_group_tests_name("json_text", tests, NULL, NULL);
}
