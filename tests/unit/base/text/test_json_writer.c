#include "base/text/json_writer.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void members_come_in_order_with_commas_between(void **state)
{
	struct json_writer w;
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 1024);
	json_writer_init(&w, &out);
	json_writer_text(&w, "a", STR("x"));
	json_writer_number(&w, "b", -3);
	json_writer_list(&w, "c");
	json_writer_bool(&w, NULL, true);
	json_writer_object(&w, NULL);
	json_writer_close(&w);
	json_writer_null(&w, NULL);
	json_writer_close(&w);
	json_writer_object(&w, "d");
	json_writer_raw(&w, "e", STR("[1]"));
	json_writer_end(&w);
	assert_string_equal(
		out.at, "{\"a\":\"x\",\"b\":-3,\"c\":[true,{},null],\"d\":{\"e\":[1]}}\n");
	sbuf_clear(&out);
}

static void an_empty_object_is_whole(void **state)
{
	struct json_writer w;
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 8);
	json_writer_init(&w, &out);
	json_writer_end(&w);
	assert_string_equal(out.at, "{}\n");
	sbuf_clear(&out);
}

static void a_value_that_others_chose_stays_a_text(void **state)
{
	static const char hostile[] = "\",\"admin\":true,\"x\":\"\\\n\xff\x01</script>";
	struct json_writer w;
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 1024);
	json_writer_init(&w, &out);
	json_writer_text(&w, "name", STR(hostile));
	json_writer_end(&w);
	json_t *json = json_loads(out.at, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_int_equal(json_object_size(json), 1);
	assert_true(json_is_string(json_object_get(json, "name")));
	json_decref(json);
	sbuf_clear(&out);
}

static void what_does_not_fit_is_marked(void **state)
{
	struct json_writer w;
	struct sbuf out;

	(void)state;
	sbuf_init(&out, 10);
	json_writer_init(&w, &out);
	json_writer_text(&w, "name", STR("longer than ten bytes"));
	json_writer_end(&w);
	assert_true(out.overflow);
	sbuf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_in_order_with_commas_between),
		cmocka_unit_test(an_empty_object_is_whole),
		cmocka_unit_test(a_value_that_others_chose_stays_a_text),
		cmocka_unit_test(what_does_not_fit_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
