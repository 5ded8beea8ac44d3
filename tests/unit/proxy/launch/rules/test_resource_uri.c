/* URIs of jars and Python files have one spelling, and patterns admit them by it (S120). */
#include "proxy/launch/rules/resource_uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void one_file_has_one_spelling(void **state)
{
	static const struct {
		const char *text, *uri;
	} rows[] = {{"file:/opt/a.jar", "file:/opt/a.jar"},
		{"file:///opt/a.jar", "file:/opt/a.jar"}, {"FILE:/opt/a.jar", "file:/opt/a.jar"},
		{"s3a://Apps/x/A.jar", "s3a://apps/x/A.jar"},
		{"hdfs://nn:9000/a.py", "hdfs://nn:9000/a.py"}, {"local:///a.py", "local:/a.py"}};
	char uri[RESOURCE_URI_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(resource_uri_read(str_of(rows[i].text), uri, NULL), 0);
		assert_string_equal(uri, rows[i].uri);
	}
}

static void s120_what_two_readers_could_read_differently_is_refused(void **state)
{
	static const char *const texts[] = {"", "a.jar", "/opt/a.jar", "file:a.jar",
		"file:", "file:/opt/../etc/a.jar", "file:/opt/./a.jar", "file:/opt//a.jar",
		"file:/opt/a.jar/", "file:/opt/%2e%2e/a.jar", "file:/opt/a.jar?x",
		"file:/opt/a.jar#x", "file:/opt/a.jar,file:/etc/b.jar", "file:/opt/*.jar",
		"file:/opt/{a,b}.jar", "file:/opt/[a].jar", "file:/opt/a\\b.jar",
		"file:/opt/a b.jar", "file:/opt/a;b.jar", "file://host/opt/a.jar",
		"s3a:///a.jar/..", "s3a://key:secret@apps/a.jar", "jar:file:/opt/a.jar!/b",
		"s3a://", "s3a://apps", "file:/{{HOME}}/a.jar", "1file:/a.jar", "fi le:/a.jar",
		"file:/opt/\xc3\xa4.jar", "file:/opt/a\n.jar"};
	char uri[RESOURCE_URI_MAX + 1];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (resource_uri_read(str_of(texts[i]), uri, &err) == 0)
			fail_msg("%s was read as %s", texts[i], uri);
		assert_non_null(strstr(err.text, "expected a URI"));
	}
}

static bool is_allowed(const char *pattern, const char *uri)
{
	char *one = mem_strdup(pattern);
	const struct conf_names patterns = {&one, 1};
	bool is = resource_uri_is_allowed(&patterns, uri, 0);

	free(one);
	return is;
}

static void s120_pattern_admits_what_begins_like_it_and_no_more(void **state)
{
	(void)state;
	assert_true(is_allowed("file:/opt/*", "file:/opt/x/a.jar"));
	assert_true(is_allowed("file:///opt/*", "file:/opt/a.jar"));
	assert_true(is_allowed("s3a://Apps/*", "s3a://apps/a.jar"));
	assert_false(is_allowed("s3a://apps/*", "s3a://apps-of-others/a.jar"));
	assert_false(is_allowed("file:/opt/*", "file:/optx/a.jar"));
	assert_false(is_allowed("file:/opt/*", "local:/opt/a.jar"));
	assert_true(is_allowed("file:/opt/a.jar", "file:/opt/a.jar"));
	assert_false(is_allowed("file:/opt/a.jar", "file:/opt/a.jar.py"));
	assert_false(resource_uri_is_allowed(&(struct conf_names){NULL, 0}, "file:/opt/a.jar", 0));
}

static void kind_is_told_by_the_end_of_the_name(void **state)
{
	(void)state;
	assert_int_equal(resource_uri_kind("file:/opt/a.jar"), RESOURCE_JAR);
	assert_int_equal(resource_uri_kind("file:/opt/a.py"), RESOURCE_PYTHON);
	assert_int_equal(resource_uri_kind("file:/opt.py/a"), RESOURCE_OTHER);
	assert_int_equal(resource_uri_kind("file:/opt/.py"), RESOURCE_OTHER);
	assert_string_equal(resource_uri_leaf("file:/opt/a.py"), "a.py");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_file_has_one_spelling),
		cmocka_unit_test(s120_what_two_readers_could_read_differently_is_refused),
		cmocka_unit_test(s120_pattern_admits_what_begins_like_it_and_no_more),
		cmocka_unit_test(kind_is_told_by_the_end_of_the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
