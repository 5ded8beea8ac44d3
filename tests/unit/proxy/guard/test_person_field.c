/* A person's name as a header field: S10, S70. */
#include "proxy/guard/person_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void s10_values_are_plain_ascii_or_encoded(void **state)
{
	static const struct {
		const char *value, *text;
	} rows[] = {{"ann", "ann"}, {"", ""}, {"Ann Lee", "Ann Lee"}, {"a%41", "a%41"},
		{"a\r\nX: y", "UTF-8''a%0D%0AX%3A%20y"}, {"\xc3\xa4", "UTF-8''%C3%A4"},
		{"a,b", "UTF-8''a%2Cb"}, {" a", "UTF-8''%20a"},
		{"utf-8''x", "UTF-8''utf-8%27%27x"}};
	char *giant = mem_alloc(1, PERSON_FIELD_VALUE + 2);
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 4096);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		sbuf_reset(&out);
		assert_true(person_field_add(&out, STR("X"), str_of(rows[i].value)));
		char *field = mem_printf("X: %s\r\n", rows[i].text);
		assert_string_equal(out.at, field);
		free(field);
	}
	sbuf_reset(&out);
	memset(giant, 'a', PERSON_FIELD_VALUE + 1);
	assert_false(person_field_add(&out, STR("X"), str_of(giant)));
	assert_string_equal(out.at, "X: \r\n");
	sbuf_clear(&out);
	free(giant);
}

static void s70_a_name_that_is_none_is_not_fit_for_a_field(void **state)
{
	static const struct {
		struct str name;
		bool is_fit;
	} rows[] = {{{"ann", 3}, true}, {{"client:nightly job", 18}, true}, {{"\xc3\xa4", 2}, true},
		{{"", 0}, false}, {{"a\r\nX: y", 7}, false}, {{"a\tb", 3}, false},
		{{"a\0b", 3}, false}, {{"\x7f", 1}, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(person_field_is_fit(rows[i].name), rows[i].is_fit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s10_values_are_plain_ascii_or_encoded),
		cmocka_unit_test(s70_a_name_that_is_none_is_not_fit_for_a_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
