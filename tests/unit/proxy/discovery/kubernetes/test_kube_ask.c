/* Paths of an API server's questions about pods. */
#include "proxy/discovery/kubernetes/kube_ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void s111_only_names_of_dns_are_names(void **state)
{
	static const char *const good[] = {"a", "etl-exec-1", "my.app-driver", "0a"};
	static const char *const bad[] = {
		"", "-a", "a-", "a/b", "..", "A", "a_b", "a b", "a%2f", ".a", "a\n", "\xc3\xa4"};
	char name[KUBE_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(kube_is_name(str_of(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(kube_is_name(str_of(bad[i])));
	memset(name, 'a', sizeof name);
	assert_true(kube_is_name((struct str){name, KUBE_NAME_MAX - 1}));
	assert_false(kube_is_name((struct str){name, KUBE_NAME_MAX}));
}

static void s111_a_selector_has_no_value_that_says_more(void **state)
{
	static const char *const bad[] = {"", "a,b", "a=b", "a)", "a b", "!a", "a%2Cb", "a'"};

	(void)state;
	assert_true(kube_is_label(str_of("spark-0a1B_c.d")));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(kube_is_label(str_of(bad[i])));
}

static void paths_name_one_pod_and_what_belongs_to_it(void **state)
{
	struct sbuf out;

	(void)state;
	sbuf_init(&out, KUBE_PATH_MAX);
	kube_path_of_pod(&out, "spark", "etl/..");
	assert_string_equal(out.at, "/api/v1/namespaces/spark/pods?limit=1&fieldSelector="
				    "metadata.name%3Detl%2F..");
	kube_path_of_executors(&out, "spark", "spark-1", 7);
	kube_path_add_name(&out, "e-1");
	assert_string_equal(out.at, "/api/v1/namespaces/spark/pods?limit=7&labelSelector="
				    "spark-role%3Dexecutor%2Cspark-app-selector%3Dspark-1"
				    "&fieldSelector=metadata.name%3De-1");
	kube_path_of_log(&out, &(struct kube_log_wish){"spark", "etl", "c", 5, true});
	assert_string_equal(out.at, "/api/v1/namespaces/spark/pods/etl/log?follow=true&container=c"
				    "&tailLines=5");
	kube_path_of_log(&out, &(struct kube_log_wish){"spark", "etl", "", 0, false});
	assert_string_equal(out.at, "/api/v1/namespaces/spark/pods/etl/log?follow=false");
	kube_path_of_events(&out, "spark", "u-1", 9);
	assert_string_equal(out.at, "/api/v1/namespaces/spark/events?limit=9&fieldSelector="
				    "involvedObject.kind%3DPod%2CinvolvedObject.uid%3Du-1");
	kube_path_of_events(&out, "spark", NULL, 9);
	kube_path_add_continue(&out, "a=b");
	assert_string_equal(out.at, "/api/v1/namespaces/spark/events?limit=9&fieldSelector="
				    "involvedObject.kind%3DPod&continue=a%3Db");
	sbuf_clear(&out);
}

static void paths_name_a_kind_and_one_of_it(void **state)
{
	struct sbuf out;

	(void)state;
	sbuf_init(&out, KUBE_PATH_MAX);
	kube_path_of_kind(&out, "/apis/x/v1", "spark", "things");
	assert_string_equal(out.at, "/apis/x/v1/namespaces/spark/things");
	kube_path_of_named(&out, "/apis/x/v1", "spark", "things", "a/b");
	assert_string_equal(out.at, "/apis/x/v1/namespaces/spark/things?limit=1&fieldSelector="
				    "metadata.name%3Da%2Fb");
	kube_path_of_one(&out, "/apis/x/v1", "spark", "things", "../a");
	assert_string_equal(out.at, "/apis/x/v1/namespaces/spark/things/..%2Fa");
	kube_path_of_events_about(&out, "spark", "Thing", "a", 9);
	assert_string_equal(out.at, "/api/v1/namespaces/spark/events?limit=9&fieldSelector="
				    "involvedObject.kind%3DThing%2CinvolvedObject.name%3Da");
	sbuf_clear(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s111_only_names_of_dns_are_names),
		cmocka_unit_test(s111_a_selector_has_no_value_that_says_more),
		cmocka_unit_test(paths_name_one_pod_and_what_belongs_to_it),
		cmocka_unit_test(paths_name_a_kind_and_one_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
