/* Refresh and registration tokens as texts. */
#include "auth/session/token_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char id[] = "0123456789abcdef0123456789abcdef";

static void s34_text_is_read_back_as_its_digests_and_is_not_in_them(void **state)
{
	unsigned char family[DIGEST_LEN], secret[DIGEST_LEN];
	struct token_secret read;

	(void)state;
	for (int kind = TOKEN_REFRESH; kind <= TOKEN_REGISTRATION; kind++) {
		char *text =
			token_secret_make((enum token_secret_kind)kind, id, NULL, family, secret);

		assert_int_equal(strlen(text), TOKEN_SECRET_LEN);
		assert_true(token_secret_parse(str_of(text), &read));
		assert_int_equal(read.kind, kind);
		assert_string_equal(read.id, id);
		assert_memory_equal(read.family, family, DIGEST_LEN);
		assert_memory_equal(read.secret, secret, DIGEST_LEN);
		secret_free(text);
	}
}

static void s36_next_secret_is_new_and_of_the_same_family(void **state)
{
	unsigned char family[2][DIGEST_LEN], secret[2][DIGEST_LEN];
	struct token_secret first;

	(void)state;
	char *text = token_secret_make(TOKEN_REFRESH, id, NULL, family[0], secret[0]);
	assert_true(token_secret_parse(str_of(text), &first));
	char *next = token_secret_make(TOKEN_REFRESH, id, first.family_text, family[1], secret[1]);
	assert_memory_equal(family[0], family[1], DIGEST_LEN);
	assert_memory_not_equal(secret[0], secret[1], DIGEST_LEN);
	char *other = token_secret_make(TOKEN_REFRESH, id, NULL, family[1], secret[1]);
	assert_memory_not_equal(family[0], family[1], DIGEST_LEN);
	secret_free(text);
	secret_free(next);
	secret_free(other);
}

static void s14_other_spellings_are_no_tokens(void **state)
{
	unsigned char family[DIGEST_LEN], secret[DIGEST_LEN];
	struct token_secret read;

	(void)state;
	char *text = token_secret_make(TOKEN_REFRESH, id, NULL, family, secret);
	assert_false(token_secret_parse(STR(""), &read));
	assert_false(token_secret_parse((struct str){text, TOKEN_SECRET_LEN - 1}, &read));
	char *longer = mem_printf("%s=", text);
	assert_false(token_secret_parse(str_of(longer), &read));
	free(longer);
	static const struct {
		size_t at;
		char with;
	} changes[] = {{0, 'S'}, {3, 'x'}, {5, 'A'}, {5, 'g'}, {TOKEN_SECRET_LEN - 1, '!'},
		{TOKEN_SECRET_LEN - 4, '\0'}, {TOKEN_SECRET_LEN - 2, '+'}};
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		char was = text[changes[i].at];

		text[changes[i].at] = changes[i].with;
		assert_false(token_secret_parse((struct str){text, TOKEN_SECRET_LEN}, &read));
		text[changes[i].at] = was;
	}
	assert_true(token_secret_parse(str_of(text), &read));
	secret_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s34_text_is_read_back_as_its_digests_and_is_not_in_them),
		cmocka_unit_test(s36_next_secret_is_new_and_of_the_same_family),
		cmocka_unit_test(s14_other_spellings_are_no_tokens),
	};

	return cmocka_run_group_tests_name("token_secret", tests, NULL, NULL);
}
