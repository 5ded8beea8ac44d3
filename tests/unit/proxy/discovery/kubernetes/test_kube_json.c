/* Pods as a Kubernetes API server tells of them. */
#include "proxy/discovery/kubernetes/kube_pod.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#define META(labels)                                                                               \
	"\"metadata\":{\"name\":\"p\",\"namespace\":\"spark\",\"uid\":\"u-1\","                    \
	"\"resourceVersion\":\"42\",\"creationTimestamp\":\"2023-11-14T22:13:20Z\","               \
	"\"labels\":{" labels "}}"
#define IDS "\"spark-app-selector\":\"spark-1\",\"spark-app-name\":\"etl\""
#define SPEC                                                                                       \
	"\"spec\":{\"containers\":[{\"ports\":[{\"name\":\"spark-ui\",\"containerPort\":4041}]}]}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":{" object "}}"

struct told { /* an event, and its object as a pod */
	struct kube_event event;
	struct kube_pod pod;
};

static struct told parse(const char *line)
{
	struct told told = {.event = {.json = NULL}};
	struct err err = {""};

	if (kube_event_parse(str_of(line), &told.event, &err) == -1)
		fail_msg("%s: %s", line, err.text);
	if (told.event.object.json)
		kube_pod_read(&told.event.object, &told.pod);
	return told;
}

static void event_tells_id_name_place_and_times_of_a_pod(void **state)
{
	struct told e = parse(EVENT("MODIFIED",
		META(IDS) "," SPEC ",\"status\":{\"phase\":\"Running\",\"podIP\":\"10.1.2.3\","
			  "\"startTime\":\"2023-11-14T22:13:21Z\"}"));

	(void)state;
	assert_int_equal(e.event.type, KUBE_MODIFIED);
	assert_string_equal(e.event.version, "42");
	assert_string_equal(e.pod.namespace, "spark");
	assert_string_equal(e.pod.uid, "u-1");
	assert_string_equal(e.pod.app_id, "spark-1");
	assert_string_equal(e.pod.app_name, "etl");
	assert_string_equal(e.pod.ip, "10.1.2.3");
	assert_int_equal(e.pod.port, 4041);
	assert_int_equal(e.pod.phase, KUBE_RUNNING);
	assert_int_equal(e.pod.created_ms, 1700000000000);
	assert_int_equal(e.pod.started_ms, 1700000001000);
	kube_event_clear(&e.event);
}

static void pod_with_little_in_it_has_defaults(void **state)
{
	struct told e = parse(EVENT("ADDED", META("")));

	(void)state;
	assert_string_equal(e.pod.app_id, "");
	assert_string_equal(e.pod.app_name, "p");
	assert_string_equal(e.pod.ip, "");
	assert_int_equal(e.pod.port, 4040);
	assert_int_equal(e.pod.phase, KUBE_LOST);
	kube_event_clear(&e.event);
}

static void name_is_of_spark_then_of_its_operators_then_of_the_pod(void **state)
{
	static const struct {
		const char *labels, *name;
	} rows[] = {
		{IDS, "etl"},
		{IDS ",\"sparkoperator.k8s.io/app-name\":\"cr\"", "etl"},
		{"\"sparkoperator.k8s.io/app-name\":\"cr\"", "cr"},
		{"\"spark.operator/spark-app-name\":\"apache\"", "apache"},
		{"\"spark-app-name\":\"\"", "p"},
		{"},\"annotations\":{\"spark-app-name\":\"of 3.2\"", "of 3.2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *line = mem_printf("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":"
					"\"p\",\"namespace\":\"n\",\"uid\":\"u\","
					"\"resourceVersion\":\"1\",\"labels\":{%s}}}}",
			rows[i].labels);
		struct told e = parse(line);
		assert_string_equal(e.pod.app_name, rows[i].name);
		kube_event_clear(&e.event);
		free(line);
	}
}

static void user_is_what_the_drivers_container_was_made_with(void **state)
{
#define NAMED(name, value) "{\"name\":\"" name "\",\"env\":[" value "]}"
#define USER(value)	   "{\"name\":\"SPARK_USER\",\"value\":\"" value "\"}"
	static const struct {
		const char *containers, *user;
	} rows[] = {
		{NAMED("spark-kubernetes-driver", USER("alice")), "alice"},
		{NAMED("sidecar", USER("mallory")) "," NAMED("spark-kubernetes-driver",
			 "{\"name\":\"X\",\"value\":\"y\"}," USER("alice")),
			"alice"},
		{NAMED("renamed", USER("alice")), "alice"},
		/* The kubelet takes the last. */
		{NAMED("spark-kubernetes-driver", USER("mallory") "," USER("alice")), "alice"},
		{NAMED("spark-kubernetes-driver",
			 USER("mallory") ",{\"name\":\"SPARK_USER\",\"valueFrom\":{}}"),
			""},
		{NAMED("one", USER("mallory")) "," NAMED("two", USER("mallory")), ""},
		{NAMED("spark-kubernetes-driver", ""), ""},
		{"null", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *line = mem_printf("{\"type\":\"ADDED\",\"object\":{" META(
						IDS) ",\"spec\":{\"containers\":[%s]}}}",
			rows[i].containers);
		struct told e = parse(line);
		assert_string_equal(e.pod.user, rows[i].user);
		kube_event_clear(&e.event);
		free(line);
	}
}

static void port_is_found_by_its_name_in_any_container(void **state)
{
	static const struct {
		const char *containers;
		unsigned port;
	} rows[] = {
		{"", 4040},
		{"{\"ports\":[{\"name\":\"http\",\"containerPort\":80}]}", 4040},
		{"{\"ports\":[{\"name\":\"spark-ui\",\"containerPort\":5000}]}", 5000},
		{"{},{\"ports\":[{\"name\":\"a\",\"containerPort\":1},"
		 "{\"name\":\"spark-ui\",\"containerPort\":5001}]}",
			5001},
		{"{\"ports\":[{\"name\":\"spark-ui\",\"containerPort\":1}]},"
		 "{\"ports\":[{\"name\":\"spark-driver-ui\",\"containerPort\":5002}]}",
			5002},
		{"{\"ports\":[{\"name\":\"spark-ui\",\"containerPort\":70000}]}", 4040},
		{"{\"ports\":[{\"name\":\"spark-ui\",\"containerPort\":-1}]}", 4040},
		{"{\"ports\":[{\"name\":\"spark-ui\",\"containerPort\":\"5000\"}]}", 4040},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *line = mem_printf("{\"type\":\"ADDED\",\"object\":{" META(
						IDS) ",\"spec\":{\"containers\":[%s]}}}",
			rows[i].containers);
		struct told e = parse(line);
		assert_int_equal(e.pod.port, rows[i].port);
		kube_event_clear(&e.event);
		free(line);
	}
}

#define DRIVER(name, state) "{\"name\":\"" name "\",\"state\":{" state "}}"
#define ENDED(code)	    "\"terminated\":{\"exitCode\":" code ",\"finishedAt\":\"2023-11-14T22:14:20Z\"}"

static void phase_is_the_drivers_own_where_a_sidecar_goes_on(void **state)
{
	static const struct {
		const char *phase, *statuses;
		enum kube_phase want;
		int64_t ended_ms;
	} rows[] = {
		{"Pending", "", KUBE_PENDING, 0},
		{"Running", "", KUBE_RUNNING, 0},
		{"Succeeded", DRIVER("x", ENDED("0")), KUBE_SUCCEEDED, 1700000060000},
		{"Failed", "", KUBE_FAILED, 0},
		{"Unknown", "", KUBE_LOST, 0},
		{"", "", KUBE_LOST, 0},
		{"Running", DRIVER("spark-kubernetes-driver", "\"running\":{}"), KUBE_RUNNING, 0},
		{"Running", DRIVER("x", ENDED("0")), KUBE_RUNNING, 1700000060000},
		{"Running", DRIVER("spark-kubernetes-driver", ENDED("0")), KUBE_SUCCEEDED,
			1700000060000},
		{"Running", DRIVER("spark-kubernetes-driver", ENDED("137")), KUBE_FAILED,
			1700000060000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *line = mem_printf(
			"{\"type\":\"ADDED\",\"object\":{" META(
				IDS) ",\"status\":{\"phase\":\"%s\",\"containerStatuses\":[%s]}}}",
			rows[i].phase, rows[i].statuses);
		struct told e = parse(line);
		assert_int_equal(e.pod.phase, rows[i].want);
		assert_int_equal(e.pod.ended_ms, rows[i].ended_ms);
		kube_event_clear(&e.event);
		free(line);
	}
}

/* A label is people's own: it must not become another path. */
static void s0_label_that_does_not_fit_into_a_path_is_no_application_id(void **state)
{
	static const char *const ids[] = {
		"", "a/b", "..", "master", "shs", "a b", "a%2f", "\\u0000"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		char *line = mem_printf("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":"
					"\"p\",\"namespace\":\"n\",\"uid\":\"u\","
					"\"resourceVersion\":\"1\",\"labels\":"
					"{\"spark-app-selector\":\"%s\"}}}}",
			ids[i]);
		struct kube_event event;
		struct kube_pod pod;
		if (kube_event_parse(str_of(line), &event, NULL) == 0) {
			kube_pod_read(&event.object, &pod);
			assert_string_equal(pod.app_id, "");
			kube_event_clear(&event);
		}
		free(line);
	}
}

static void bookmark_and_error_are_told_apart_from_pods(void **state)
{
	struct told e = parse("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"metadata\":"
			      "{\"resourceVersion\":\"99\",\"creationTimestamp\":null}}}");

	(void)state;
	assert_int_equal(e.event.type, KUBE_BOOKMARK);
	assert_string_equal(e.event.version, "99");
	kube_event_clear(&e.event);
	e = parse(EVENT("ERROR", "\"kind\":\"Status\",\"code\":410,\"message\":\"too old\""));
	assert_int_equal(e.event.type, KUBE_ERROR);
	assert_int_equal(e.event.code, 410);
	assert_string_equal(e.event.message, "too old");
	kube_event_clear(&e.event);
	e = parse(EVENT("ERROR", "\"code\":\"410\""));
	assert_int_equal(e.event.code, 500);
	kube_event_clear(&e.event);
}

static void what_is_no_event_is_refused(void **state)
{
	static const char *const lines[] = {"", "{", "[]", "{}", "null", "{\"type\":\"ADDED\"}",
		"{\"type\":\"ADDED\",\"object\":[]}", EVENT("ADDED", ""),
		EVENT("CHANGED", META(IDS)), EVENT("BOOKMARK", "\"metadata\":{}"),
		EVENT("BOOKMARK", "\"metadata\":{\"resourceVersion\":\"1\\n\"}"),
		EVENT("ADDED", "\"metadata\":{\"resourceVersion\":\"1\",\"name\":\"p\"}")};
	struct kube_event event;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		assert_int_equal(kube_event_parse(str_of(lines[i]), &event, &err), -1);
		assert_null(event.json);
	}
}

/* --- lists --- */

struct seen {
	char names[8][16];
	size_t count;
};

static void on_item(struct str item, void *arg)
{
	struct seen *seen = arg;
	struct kube_object object;
	json_t *json;

	assert_true(seen->count < ARRAY_LEN(seen->names));
	if (kube_item_parse(item, &json, &object, NULL) == -1) {
		(void)str_copy(STR("(refused)"), seen->names[seen->count++], 16);
		return;
	}
	(void)str_copy(str_of(object.name), seen->names[seen->count++], 16);
	json_decref(json);
}

#define ITEM(name)                                                                                 \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"n\",\"uid\":\"u\",\"x\":"            \
	"\"}],{\\\"\\\\\"},\"items\":[1,[2]]}"

static const char page[] =
	"{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"77\",\"continue\":\"more==\","
	"\"items\":[{}]},\n \"items\" : [ " ITEM("a") " ,\n" ITEM("b") ", {}, " ITEM(
		"c") "], "
		     "\"apiVersion\":\"v1\"}\n";

static void list_is_cut_into_items_however_it_arrives(void **state)
{
	char version[KUBE_VERSION_MAX], more[KUBE_CONTINUE_MAX];

	(void)state;
	for (size_t step = 1; step <= sizeof page; step++) {
		struct seen seen = {.count = 0};
		struct kube_list list;

		kube_list_init(&list);
		for (size_t at = 0; at < sizeof page - 1; at += step) {
			struct str rest = str_from(STR(page), at);
			rest.len = rest.len < step ? rest.len : step;
			assert_int_equal(kube_list_feed(&list, rest, on_item, &seen), 0);
		}
		assert_int_equal(kube_list_finish(&list, version, more, NULL), 0);
		assert_string_equal(version, "77");
		assert_string_equal(more, "more==");
		assert_int_equal(seen.count, 4);
		assert_string_equal(seen.names[0], "a");
		assert_string_equal(seen.names[1], "b");
		assert_string_equal(seen.names[2], "(refused)");
		assert_string_equal(seen.names[3], "c");
		assert_int_equal(list.too_long, 0);
		kube_list_clear(&list);
	}
}

static int finish(const char *text)
{
	char version[KUBE_VERSION_MAX], more[KUBE_CONTINUE_MAX];
	struct seen seen = {.count = 0};
	struct kube_list list;
	int rc;

	kube_list_init(&list);
	rc = kube_list_feed(&list, str_of(text), on_item, &seen);
	if (rc == 0)
		rc = kube_list_finish(&list, version, more, NULL);
	kube_list_clear(&list);
	return rc;
}

static void what_is_no_whole_list_is_refused(void **state)
{
	static const char *const texts[] = {"", "{}", "[]", "{\"items\":[]}",
		"{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[",
		"{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]",
		"{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":{}}",
		"{\"metadata\":{\"resourceVersion\":\"\"},\"items\":[]}",
		"{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}}",
		"{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]} x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(finish(texts[i]), -1);
	assert_int_equal(finish("{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}"), 0);
}

static void item_or_frame_without_end_takes_bounded_memory(void **state)
{
	char *filler = mem_alloc(1024 * 1024, 1);
	struct seen seen = {.count = 0};
	struct kube_list list;
	int rc = 0;

	(void)state;
	memset(filler, 'x', 1024 * 1024);
	kube_list_init(&list);
	assert_int_equal(kube_list_feed(&list, STR("{\"items\":[{\"a\":\""), on_item, &seen), 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(
			kube_list_feed(&list, (struct str){filler, 1024 * 1024}, on_item, &seen),
			0);
	assert_true(list.item.cap <= 2 * KUBE_OBJECT_MAX);
	assert_int_equal(kube_list_feed(&list, STR("\"}," ITEM("b") "]"), on_item, &seen), 0);
	assert_int_equal(list.too_long, 1);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.names[0], "b");
	for (int i = 0; i < 8 && rc == 0; i++)
		rc = kube_list_feed(&list, (struct str){filler, 1024 * 1024}, on_item, &seen);
	assert_int_equal(rc, -1);
	kube_list_clear(&list);
	free(filler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_tells_id_name_place_and_times_of_a_pod),
		cmocka_unit_test(pod_with_little_in_it_has_defaults),
		cmocka_unit_test(name_is_of_spark_then_of_its_operators_then_of_the_pod),
		cmocka_unit_test(user_is_what_the_drivers_container_was_made_with),
		cmocka_unit_test(port_is_found_by_its_name_in_any_container),
		cmocka_unit_test(phase_is_the_drivers_own_where_a_sidecar_goes_on),
		cmocka_unit_test(s0_label_that_does_not_fit_into_a_path_is_no_application_id),
		cmocka_unit_test(bookmark_and_error_are_told_apart_from_pods),
		cmocka_unit_test(what_is_no_event_is_refused),
		cmocka_unit_test(list_is_cut_into_items_however_it_arrives),
		cmocka_unit_test(what_is_no_whole_list_is_refused),
		cmocka_unit_test(item_or_frame_without_end_takes_bounded_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
