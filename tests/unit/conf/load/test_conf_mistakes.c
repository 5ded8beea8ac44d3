/* All mistakes of a file, for --check: each once, and none that follows from another. */
#include "base/sbuf.h"
#include "conf/conf.h"
#include "conf/load/load.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void on_mistake(void *arg, const char *text)
{
	struct sbuf *told = arg;
	const char *place = strstr(text, ".yaml:");

	assert_non_null(place);
	sbuf_printf(told, "%.*s ", (int)strcspn(place + 6, " ") - 1, place + 6);
}

/* Where there are mistakes: "2:3 5:1 ". */
static void expect_mistakes(const char *yaml, const char *places)
{
	char *folder = scratch_new(), *file = scratch_write(folder, "sg.yaml", yaml);
	struct sbuf told;

	sbuf_init(&told, 4096);
	sbuf_puts(&told, "");
	struct conf *conf = load_mistakes(file, on_mistake, &told);
	assert_string_equal(told.len ? told.at : "", places);
	assert_int_equal(conf != NULL, places[0] == '\0');
	conf_unref(conf);
	sbuf_clear(&told);
	free(file);
	scratch_free(folder);
}

#define A "clusters: [{name: a, masters: [http://m:8080]}]\nstore: 'memory:'\n"

static void good_file_has_none(void **state)
{
	(void)state;
	expect_mistakes(A, "");
}

static void each_mistake_is_told_once(void **state)
{
	(void)state;
	expect_mistakes(
		A "log: {level: loud, acess: true}\nserver: {threads: many}\n", "4:10 3:20 3:7 ");
}

static void what_lacks_a_mistake_is_none_itself(void **state)
{
	(void)state;
	expect_mistakes("store: 'memory:'\nclusters:\n  - {name: proxy, masters: [x]}\n", "3:6 ");
	expect_mistakes("store: 'memory:'\nclusters:\n  - {name: a, history: nowhere}\n", "3:15 ");
	expect_mistakes(
		"store: 'memory:'\nclusters:\n  - {name: a, masters: [x, 'spark://m:7077']}\n",
		"3:25 3:28 ");
}

static void what_is_missing_is_told(void **state)
{
	(void)state;
	expect_mistakes(A "auth: {oidc: {client_id: x}}\nlog: {level: loud}\n", "4:7 3:8 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(good_file_has_none),
		cmocka_unit_test(each_mistake_is_told_once),
		cmocka_unit_test(what_lacks_a_mistake_is_none_itself),
		cmocka_unit_test(what_is_missing_is_told)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
