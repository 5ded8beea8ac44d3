/* Forms, and the paths to come back to after signing in (S24). */
#include "proxy/http/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *get(const char *form, const char *name, struct sbuf *out)
{
	return form_get(str_of(form), name, out) ? sbuf_str(out).at : NULL;
}

static void values_are_decoded_once(void **state)
{
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 100);
	assert_string_equal(get("a=1&b=x+y%2Fz&c=", "b", &out), "x y/z");
	assert_string_equal(get("a=%2525", "a", &out), "%25");
	assert_string_equal(get("c=", "c", &out), "");
	assert_string_equal(get("c", "c", &out), "");
	sbuf_clear(&out);
}

static void what_is_missing_double_or_broken_is_refused(void **state)
{
	static const char *const forms[] = {"", "b=1", "a=1&a=2", "a=%", "a=%4", "a=%zz", "a=%00"};
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 100);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		assert_null(get(forms[i], "a", &out));
	sbuf_clear(&out);
}

static void s24_only_local_paths_are_come_back_to(void **state)
{
	static const char *const good[] = {"/", "/local/",
		"/local/proxy/app-1/SQL/execution/?id=3&x=%20y", "/a?b=/c//d",
		"/local/apps/my%20app", "/x?u=http%3A%2F%2Felsewhere%2F"};
	static const char *const bad[] = {"", "a", "//evil", "/\\evil", "\\evil", "http://evil",
		"/%2f/evil", "/%2fevil", "/%5cevil", "/%252fevil", "/%255cevil", "/a b", "/a\tb",
		"/a\r\nb", "/%0d%0aX:y", "/%09/evil", "/a\\b", "/\xc3\xa9", "/%00",
		"javascript:alert(1)", "/%20//evil"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (!form_is_return_path(str_of(good[i])))
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (form_is_return_path(str_of(bad[i])))
			fail_msg("accepted: %s", bad[i]);
	}
}

static void fragment_is_cut_off_and_is_none_where_a_field_cannot_have_it(void **state)
{
	static const struct {
		const char *path, *left, *fragment;
	} rows[] = {{"/a", "/a", ""}, {"/a#b", "/a", "#b"}, {"/a?x#b#c", "/a?x", "#b#c"},
		{"#", "", "#"}, {"/a#b c", "/a", ""}, {"/a#b\r\nX: y", "/a", ""},
		{"/a#\xc3\xa9", "/a", ""}, {"/a#//evil", "/a", "#//evil"}, {"", "", ""}};
	char *longest = mem_printf("/a#%02048d", 0);
	struct str path = str_of(longest);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct str left = str_of(rows[i].path), fragment = form_cut_fragment(&left);

		assert_true(str_eq(left, str_of(rows[i].left)));
		assert_true(str_eq(fragment, str_of(rows[i].fragment)));
	}
	assert_int_equal(form_cut_fragment(&path).len, 0);
	free(longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_decoded_once),
		cmocka_unit_test(what_is_missing_double_or_broken_is_refused),
		cmocka_unit_test(s24_only_local_paths_are_come_back_to),
		cmocka_unit_test(fragment_is_cut_off_and_is_none_where_a_field_cannot_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
