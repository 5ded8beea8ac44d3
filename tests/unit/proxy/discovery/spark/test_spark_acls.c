/* Whom an application's own configuration names. */
#include "proxy/discovery/spark/spark_acls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void lists_are_read_out_of_an_environment(void **state)
{
	struct spark_acls a;
	struct err err = {""};

	(void)state;
	assert_int_equal(
		spark_acls_parse(STR("{\"runtime\":{},\"sparkProperties\":["
				     "[\"spark.ui.view.acls\",\"alice, bob\"],"
				     "[\"spark.ui.view.acls.groups\",\"analysts\"],"
				     "[\"spark.modify.acls\",\"carol\"],"
				     "[\"spark.modify.acls.groups\",\"ops\"],"
				     "[\"spark.admin.acls\",\"*\"],"
				     "[\"spark.admin.acls.groups\",\"root\"],"
				     "[\"spark.app.id\",\"app-1\"]],\"systemProperties\":[]}"),
			&a, &err),
		0);
	assert_string_equal(a.lists.view, "alice, bob");
	assert_string_equal(a.lists.view_groups, "analysts");
	assert_string_equal(a.lists.modify, "carol");
	assert_string_equal(a.lists.modify_groups, "ops");
	assert_string_equal(a.lists.admin, "*");
	assert_string_equal(a.lists.admin_groups, "root");
	spark_acls_clear(&a);
}

static void sparks_own_properties_come_before_those_of_the_system(void **state)
{
	struct spark_acls a;

	(void)state;
	assert_int_equal(spark_acls_parse(STR("{\"systemProperties\":["
					      "[\"spark.ui.view.acls\",\"mallory\"],"
					      "[\"spark.modify.acls\",\"carol\"]],"
					      "\"sparkProperties\":["
					      "[\"spark.ui.view.acls\",\"alice\"],"
					      "[\"spark.ui.view.acls\",\"mallory\"]]}"),
				 &a, NULL),
		0);
	assert_string_equal(a.lists.view, "alice");
	assert_string_equal(a.lists.modify, "carol");
	assert_string_equal(a.lists.admin, "");
	spark_acls_clear(&a);
}

static void what_is_no_environment_is_refused(void **state)
{
	static const char *const texts[] = {"", "[]", "{}", "{\"sparkProperties\":{}}",
		"<html></html>", "{\"sparkProperties\":[]"};
	struct spark_acls a;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(spark_acls_parse(str_of(texts[i]), &a, &err), -1);
}

static void strange_pairs_are_passed_over(void **state)
{
	struct spark_acls a;

	(void)state;
	assert_int_equal(spark_acls_parse(STR("{\"sparkProperties\":[1,null,[],[\"spark.ui.view."
					      "acls\"],[\"spark.ui.view.acls\",null],"
					      "[\"spark.ui.view.acls\",[\"x\"]],"
					      "[\"SPARK.UI.VIEW.ACLS\",\"mallory\"]]}"),
				 &a, NULL),
		0);
	assert_string_equal(a.lists.view, "");
	spark_acls_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read_out_of_an_environment),
		cmocka_unit_test(sparks_own_properties_come_before_those_of_the_system),
		cmocka_unit_test(what_is_no_environment_is_refused),
		cmocka_unit_test(strange_pairs_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
