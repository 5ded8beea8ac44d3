/* What a pod's status says: why it waits, how it ended. */
#include "proxy/discovery/kubernetes/pod_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define DRIVER(state) "{\"name\":\"spark-kubernetes-driver\",\"state\":{" state "}}"
#define ENDED(fields) DRIVER("\"terminated\":{" fields "}")

struct row {
	const char *status, *reason;
	int exit_code;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text = mem_printf("{\"spec\":{\"containers\":[{\"name\":\"sidecar\"},"
					"{\"name\":\"spark-kubernetes-driver\"}]},"
					"\"status\":{%s}}",
			rows[i].status);
		json_t *pod = json_loads(text, 0, NULL);
		struct pod_life life;

		assert_non_null(pod);
		pod_life_read(pod, &life);
		assert_string_equal(life.reason, rows[i].reason);
		assert_int_equal(life.exit_code, rows[i].exit_code);
		json_decref(pod);
		free(text);
	}
}

static void pod_that_waits_says_why(void **state)
{
	static const struct row rows[] = {
		{"\"phase\":\"Pending\"", "", 0},
		{"\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":"
		 "\"False\",\"reason\":\"Unschedulable\",\"message\":\"0/3 nodes are available: "
		 "persistentvolumeclaim \\\"data\\\" not found.\"}]",
			"Unschedulable: 0/3 nodes are available: persistentvolumeclaim \"data\" "
			"not found.",
			0},
		{"\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":"
		 "\"True\"}],\"containerStatuses\":[{\"name\":\"sidecar\",\"state\":{\"waiting\":{"
		 "\"reason\":\"ContainerCreating\"}}}," DRIVER(
			 "\"waiting\":{\"reason\":\"ImagePullBackOff\",\"message\":\"Back-off "
			 "pulling image \\\"x:1\\\"\"}") "]",
			"ImagePullBackOff: Back-off pulling image \"x:1\"", 0},
		{"\"phase\":\"Pending\",\"containerStatuses\":[" DRIVER(
			 "\"waiting\":{\"reason\":\"CreateContainerConfigError\",\"message\":"
			 "\"secret \\\"s\\\" not found\"}") "]",
			"CreateContainerConfigError: secret \"s\" not found", 0},
		{"\"phase\":\"Pending\",\"containerStatuses\":[" DRIVER(
			 "\"waiting\":{\"reason\":\"ContainerCreating\"}") "]",
			"ContainerCreating", 0},
		{"\"phase\":\"Pending\",\"initContainerStatuses\":[{\"name\":\"fetch\",\"state\":{"
		 "\"waiting\":{\"reason\":\"ErrImagePull\",\"message\":\"not "
		 "found\"}}}],\"containerStatuses\":[" DRIVER(
			 "\"waiting\":{\"reason\":\"PodInitializing\"}") "]",
			"ErrImagePull: not found", 0},
		{"\"phase\":\"Running\",\"containerStatuses\":[" DRIVER("\"running\":{}") "]", "",
			0},
		/* A server that its pod starts again and again. */
		{"\"phase\":\"Running\",\"containerStatuses\":[{\"name\":"
		 "\"spark-kubernetes-driver\",\"state\":{\"waiting\":{\"reason\":"
		 "\"CrashLoopBackOff\"}},\"lastState\":{\"terminated\":{\"reason\":\"OOMKilled\","
		 "\"exitCode\":137}}}]",
			"CrashLoopBackOff; OOMKilled, exit code 137", 0},
		{"\"phase\":7,\"conditions\":{},\"containerStatuses\":\"\"", "", 0},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void pod_that_ended_says_how(void **state)
{
	static const struct row rows[] = {
		{"\"phase\":\"Succeeded\",\"containerStatuses\":[" ENDED(
			 "\"reason\":\"Completed\",\"exitCode\":0") "]",
			"", 0},
		{"\"phase\":\"Failed\",\"containerStatuses\":[" ENDED(
			 "\"reason\":\"OOMKilled\",\"exitCode\":137") "]",
			"OOMKilled, exit code 137", 137},
		/* Beside a sidecar that goes on. */
		{"\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"sidecar\",\"state\":{"
		 "\"running\":{}}}," ENDED("\"reason\":\"Error\",\"exitCode\":1") "]",
			"Error, exit code 1", 1},
		{"\"phase\":\"Failed\",\"reason\":\"Evicted\",\"message\":\"The node was low on "
		 "resource: memory.\",\"containerStatuses\":[" ENDED(
			 "\"reason\":\"Error\",\"exitCode\":143") "]",
			"Evicted: The node was low on resource: memory.; Error, exit code 143",
			143},
		{"\"phase\":\"Failed\",\"reason\":\"DeadlineExceeded\",\"message\":\"Pod was "
		 "active on the node longer than the specified deadline\"",
			"DeadlineExceeded: Pod was active on the node longer than the specified "
			"deadline",
			0},
		{"\"phase\":\"Failed\",\"initContainerStatuses\":[{\"name\":\"fetch\",\"state\":{"
		 "\"terminated\":{\"reason\":\"Error\",\"exitCode\":2}}}]",
			"Error, exit code 2", 2},
		{"\"phase\":\"Failed\",\"containerStatuses\":[" ENDED("\"reason\":\"StartError\","
								      "\"exitCode\":128,"
								      "\"message\":\"no such "
								      "file\"") "]",
			"StartError, exit code 128: no such file", 128},
		{"\"phase\":\"Failed\",\"conditions\":[{\"type\":\"DisruptionTarget\",\"status\":"
		 "\"True\",\"reason\":\"PreemptionByScheduler\",\"message\":\"for another "
		 "pod\"}],\"containerStatuses\":[" ENDED("\"exitCode\":143") "]",
			"Error, exit code 143; PreemptionByScheduler: for another pod", 143},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void pod_that_was_deleted_while_its_driver_ran_was_killed(void **state)
{
	static const struct {
		const char *finished, *reason;
		int code;
		bool is_killed;
	} rows[] = {
		/* deleted at 10:00:00, with 30 seconds to end */
		{"2026-01-01T10:00:02Z", "Error", 143, true},
		{"2026-01-01T10:00:30Z", "Error", 137, true},
		{"2026-01-01T09:59:59Z", "Error", 143, false},
		{"2026-01-01T10:00:02Z", "Error", 1, false},
		{"2026-01-01T10:00:00Z", "OOMKilled", 137, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pod_life life;
		json_t *pod = json_pack("{s{sssi}s{s[{ss}]}s{sss[{sss{s{sssiss}}}]}}", "metadata",
			"deletionTimestamp", "2026-01-01T10:00:30Z", "deletionGracePeriodSeconds",
			30, "spec", "containers", "name", "driver", "status", "phase", "Failed",
			"containerStatuses", "name", "driver", "state", "terminated", "reason",
			rows[i].reason, "exitCode", rows[i].code, "finishedAt", rows[i].finished);
		assert_non_null(pod);
		pod_life_read(pod, &life);
		assert_int_equal(life.is_killed, rows[i].is_killed);
		assert_int_equal(life.exit_code, rows[i].code);
		assert_int_equal(
			strncmp(life.reason, "Its pod was deleted; ", 21) == 0, rows[i].is_killed);
		json_decref(pod);
	}
}

/* With terminationMessagePolicy FallbackToLogsOnError it is the end of the log, for which a right
 * of its own is needed. */
static void s114_last_message_of_a_container_is_not_told(void **state)
{
	static const struct row rows[] = {
		{"\"phase\":\"Failed\",\"containerStatuses\":[" ENDED("\"reason\":\"Error\","
								      "\"exitCode\":1,\"message\":"
								      "\"password=hunter2\"") "]",
			"Error, exit code 1", 1},
		{"\"phase\":\"Failed\",\"containerStatuses\":[" ENDED(
			 "\"reason\":\"OOMKilled\",\"exitCode\":137,\"message\":\"token\"") "]",
			"OOMKilled, exit code 137", 137},
		{"\"phase\":\"Failed\",\"containerStatuses\":[" ENDED(
			 "\"exitCode\":1,\"message\":\"token\"") "]",
			"Error, exit code 1", 1},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void long_reason_is_cut_between_letters(void **state)
{
	char letters[2 * 400 + 1];
	struct pod_life life;

	(void)state;
	for (size_t i = 0; i < 400; i++)
		memcpy(letters + 2 * i, "\xc3\xa9", 3);
	json_t *pod = json_pack(
		"{s{ssssss}}", "status", "phase", "Failed", "reason", "x", "message", letters);
	assert_non_null(pod);
	pod_life_read(pod, &life);
	assert_int_equal(strlen(life.reason), 511); /* "x: " and 254 letters */
	json_decref(pod);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pod_that_waits_says_why),
		cmocka_unit_test(pod_that_ended_says_how),
		cmocka_unit_test(pod_that_was_deleted_while_its_driver_ran_was_killed),
		cmocka_unit_test(s114_last_message_of_a_container_is_not_told),
		cmocka_unit_test(long_reason_is_cut_between_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
