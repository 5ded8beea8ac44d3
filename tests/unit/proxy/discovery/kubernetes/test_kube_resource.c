/* What resources of Spark's operators say of themselves. */
#include "proxy/discovery/kubernetes/kube_resource.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

enum { KUBEFLOW, APACHE, SCHEDULE, CONNECT }; /* rows of resource_kinds */

#define OBJECT(labels, rest)                                                                       \
	"{\"metadata\":{\"name\":\"my.app\",\"namespace\":\"spark\",\"uid\":\"u\","                \
	"\"creationTimestamp\":\"2023-11-14T22:13:20Z\",\"labels\":{" labels "}}" rest "}"
#define KUBEFLOW_STATUS(state, more)                                                               \
	OBJECT("", ",\"status\":{\"applicationState\":{\"state\":\"" state "\"" more)

struct told {
	json_t *json;
	struct kube_object object;
	struct kube_resource resource;
};

static struct told *read(size_t kind, const char *text)
{
	struct told *told = mem_alloc(1, sizeof *told);
	struct err err = {""};

	if (kube_item_parse(str_of(text), &told->json, &told->object, &err) == -1)
		fail_msg("%s: %s", text, err.text);
	assert_true(kube_resource_read(&resource_kinds[kind], &told->object, &told->resource));
	return told;
}

static void drop(struct told *told)
{
	json_decref(told->json);
	free(told);
}

static void resource_that_nobody_took_yet_was_submitted(void **state)
{
	(void)state;
	for (size_t kind = KUBEFLOW; kind <= CONNECT; kind++) {
		struct told *t = read(kind, OBJECT("", ""));
		assert_string_equal(
			t->resource.word->state, kind == SCHEDULE ? "SCHEDULED" : "SUBMITTED");
		assert_string_equal(t->resource.reason, "");
		assert_string_equal(t->resource.app_id, "");
		assert_int_equal(t->resource.ended_ms, 0);
		drop(t);
	}
}

static void state_is_a_word_of_ours_and_a_stage(void **state)
{
	static const struct {
		size_t kind;
		const char *status, *word;
		enum resource_stage stage;
	} rows[] = {
		{KUBEFLOW, "\"applicationState\":{\"state\":\"SUBMITTED\"}", "PENDING",
			RESOURCE_WAITS},
		{KUBEFLOW, "\"applicationState\":{\"state\":\"RUNNING\"}", "RUNNING",
			RESOURCE_RUNS},
		{KUBEFLOW, "\"applicationState\":{\"state\":\"COMPLETED\"}", "FINISHED",
			RESOURCE_ENDED},
		{KUBEFLOW, "\"applicationState\":{\"state\":\"PENDING_RERUN\"}", "RETRYING",
			RESOURCE_WAITS},
		{KUBEFLOW, "\"applicationState\":{\"state\":\"SUSPENDED\"}", "SUSPENDED",
			RESOURCE_IDLE},
		{KUBEFLOW, "\"applicationState\":{\"state\":\"SUBMISSION_FAILED\"}", "REFUSED",
			RESOURCE_ENDED},
		{KUBEFLOW, "\"applicationState\":{\"state\":\"NEW_WORD\"}", "UNKNOWN",
			RESOURCE_WAITS},
		{APACHE, "\"currentState\":{\"currentStateSummary\":\"RunningHealthy\"}", "RUNNING",
			RESOURCE_RUNS},
		{APACHE, "\"currentState\":{\"currentStateSummary\":\"ScheduledToRestart\"}",
			"RETRYING", RESOURCE_WAITS},
		{APACHE, "\"currentState\":{\"currentStateSummary\":\"SchedulingFailure\"}",
			"REFUSED", RESOURCE_ENDED},
		{APACHE, "\"currentState\":{\"currentStateSummary\":7}", "SUBMITTED",
			RESOURCE_WAITS},
		{SCHEDULE, "\"scheduleState\":\"FailedValidation\"", "REFUSED", RESOURCE_ENDED},
		{CONNECT, "\"state\":\"Ready\"", "RUNNING", RESOURCE_RUNS},
		{CONNECT, "\"state\":[\"Ready\"]", "SUBMITTED", RESOURCE_WAITS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = mem_printf(OBJECT("", ",\"status\":{%s}"), rows[i].status);
		struct told *t = read(rows[i].kind, text);
		assert_string_equal(t->resource.word->state, rows[i].word);
		assert_int_equal(t->resource.word->stage, rows[i].stage);
		drop(t);
		free(text);
	}
}

/* As Kubeflow's operator 2.5 was seen to write it. */
static void failure_is_a_retry_while_its_policy_has_tries_left(void **state)
{
	static const struct {
		const char *policy, *status, *word;
	} rows[] = {
		{"Never", "\"FAILING\"},\"executionAttempts\":1", "FAILED"},
		{"OnFailure\",\"onFailureRetries\":1,\"x\":\"",
			"\"FAILING\"},\"executionAttempts\":1", "RETRYING"},
		{"OnFailure\",\"onFailureRetries\":1,\"x\":\"",
			"\"FAILING\"},\"executionAttempts\":2", "FAILED"},
		{"OnFailure", "\"FAILING\"},\"executionAttempts\":1", "FAILED"},
		{"OnFailure\",\"onFailureRetries\":3,\"x\":\"",
			"\"FAILED\"},\"executionAttempts\":1", "FAILED"},
		{"Always", "\"FAILING\"},\"executionAttempts\":9", "RETRYING"},
		{"Never", "\"SUBMISSION_FAILED\"},\"submissionAttempts\":1", "REFUSED"},
		{"OnFailure\",\"onSubmissionFailureRetries\":2,\"x\":\"",
			"\"SUBMISSION_FAILED\"},\"submissionAttempts\":2", "RETRYING"},
		{"OnFailure\",\"onSubmissionFailureRetries\":2,\"x\":\"",
			"\"SUBMISSION_FAILED\"},\"submissionAttempts\":3", "REFUSED"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text =
			mem_printf(OBJECT("", ",\"spec\":{\"restartPolicy\":{\"type\":\"%s\"}},"
					      "\"status\":{\"applicationState\":{\"state\":%s}"),
				rows[i].policy, rows[i].status);
		struct told *t = read(KUBEFLOW, text);
		assert_string_equal(t->resource.word->state, rows[i].word);
		drop(t);
		free(text);
	}
}

/* The operator goes on to FAILED when a submission was refused for the last time. */
static void failure_before_the_first_attempt_was_a_refusal(void **state)
{
	struct told *t =
		read(KUBEFLOW, KUBEFLOW_STATUS("FAILED", ",\"errorMessage\":\"failed to submit\"},"
							 "\"submissionAttempts\":1}"));

	(void)state;
	assert_string_equal(t->resource.word->state, "REFUSED");
	assert_string_equal(t->resource.reason, "failed to submit");
	assert_true(t->resource.has_message);
	drop(t);
	t = read(KUBEFLOW, KUBEFLOW_STATUS("FAILED", "},\"executionAttempts\":1}"));
	assert_string_equal(t->resource.word->state, "FAILED");
	assert_false(t->resource.has_message);
	drop(t);
	t = read(KUBEFLOW, KUBEFLOW_STATUS("FAILED", "},\"sparkApplicationId\":\"spark-1\"}"));
	assert_string_equal(t->resource.word->state, "FAILED");
	drop(t);
	t = read(APACHE, OBJECT("", ",\"status\":{\"currentState\":{\"currentStateSummary\":"
				    "\"Failed\"}}"));
	assert_string_equal(t->resource.word->state, "FAILED");
	drop(t);
}

static void id_attempt_schedule_and_end_are_read(void **state)
{
	struct told *t = read(KUBEFLOW,
		OBJECT("\"sparkoperator.k8s.io/scheduled-app-name\":\"nightly\"",
			",\"status\":{\"applicationState\":{\"state\":\"FAILED\",\"errorMessage\":"
			"\"driver container failed\"},\"sparkApplicationId\":\"spark-1\","
			"\"executionAttempts\":2,\"terminationTime\":\"2023-11-14T22:14:20Z\"}"));

	(void)state;
	assert_string_equal(t->resource.app_id, "spark-1");
	assert_string_equal(t->resource.schedule, "nightly");
	assert_string_equal(t->resource.reason, "Attempt 2. driver container failed");
	assert_int_equal(t->resource.ended_ms, 1700000060000);
	drop(t);
	t = read(
		APACHE, OBJECT("", ",\"status\":{\"currentState\":{\"currentStateSummary\":"
				   "\"DriverEvicted\",\"lastTransitionTime\":"
				   "\"2023-11-14T22:14:20.123456789Z\"},\"currentAttemptSummary\":{"
				   "\"attemptInfo\":{\"id\":1}}}"));
	assert_string_equal(t->resource.reason, "Attempt 2. The driver was evicted.");
	assert_int_equal(t->resource.ended_ms, 1700000060000);
	drop(t);
}

static void first_attempt_is_not_worth_a_word(void **state)
{
	struct told *t = read(KUBEFLOW, OBJECT("", ",\"status\":{\"executionAttempts\":1}"));

	(void)state;
	assert_string_equal(t->resource.reason, "");
	drop(t);
	t = read(APACHE, OBJECT("", ",\"status\":{\"currentAttemptSummary\":{\"attemptInfo\":{"
				    "\"id\":0}}}"));
	assert_string_equal(t->resource.reason, "");
	drop(t);
}

#define ENTRY(number, word)                                                                        \
	"\"" number "\":{\"currentStateSummary\":\"" word "\",\"message\":\"of " number "\"}"
#define RELEASED(history)                                                                          \
	OBJECT("", ",\"status\":{\"currentState\":{\"currentStateSummary\":\"ResourceReleased\","  \
		   "\"message\":\"released\"},\"stateTransitionHistory\":{" history "}}")

static void released_resource_ended_as_its_history_says(void **state)
{
	static const struct {
		const char *text, *word, *reason;
	} rows[] = {
		{RELEASED(ENTRY("0", "Submitted") "," ENTRY("10", "ResourceReleased") "," ENTRY(
			 "9", "Succeeded") "," ENTRY("2", "Failed")),
			"FINISHED", "of 9"},
		{RELEASED(ENTRY("7", "Failed") "," ENTRY("8", "ResourceReleased")), "FAILED",
			"of 7"},
		{RELEASED(ENTRY("5", "DriverStartTimedOut") "," ENTRY("6",
			 "TerminatedWithoutReleaseResources") "," ENTRY("7", "ResourceReleased")),
			"FAILED", "The driver did not start in time. of 5"},
		{RELEASED(ENTRY("x", "Succeeded") "," ENTRY("-1", "Failed")), "UNKNOWN",
			"released"},
		{RELEASED(""), "UNKNOWN", "released"},
		/* it was deleted, or ended by hand, while it ran */
		{RELEASED(ENTRY("3", "RunningHealthy") "," ENTRY("4", "ResourceReleased")),
			"UNKNOWN", "of 3"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct told *t = read(APACHE, rows[i].text);
		assert_string_equal(t->resource.word->state, rows[i].word);
		assert_int_equal(t->resource.word->stage, RESOURCE_ENDED);
		assert_string_equal(t->resource.reason, rows[i].reason);
		drop(t);
	}
}

static void schedule_tells_when_it_runs_and_that_it_is_suspended(void **state)
{
	struct told *t = read(SCHEDULE,
		OBJECT("", ",\"spec\":{\"schedule\":\"0 2 * * *\"},\"status\":{\"scheduleState\":"
			   "\"Scheduled\",\"nextRun\":\"2023-11-15T02:00:00Z\"}"));

	(void)state;
	assert_string_equal(
		t->resource.reason, "Next run: 2023-11-15T02:00:00Z. Schedule: 0 2 * * *");
	drop(t);
	t = read(SCHEDULE, OBJECT("", ",\"spec\":{\"suspend\":true},\"status\":{\"scheduleState\":"
				      "\"Scheduled\"}"));
	assert_string_equal(t->resource.word->state, "SUSPENDED");
	drop(t);
}

static void reason_is_one_line_of_at_most_512_bytes(void **state)
{
	char *filler = mem_alloc(4001, 1);
	char *text;
	struct told *t;

	(void)state;
	memset(filler, 'x', 4000);
	t = read(KUBEFLOW,
		KUBEFLOW_STATUS("FAILED", ",\"errorMessage\":\"a\\n\\tb c\\u001b[31m\"}}"));
	assert_string_equal(t->resource.reason, "a b c [31m");
	drop(t);
	text = mem_printf(KUBEFLOW_STATUS("FAILED", ",\"errorMessage\":\"%s\"}}"), filler);
	t = read(KUBEFLOW, text);
	assert_int_equal(strlen(t->resource.reason), KUBE_REASON_MAX);
	drop(t);
	free(text);
	text = mem_printf(
		KUBEFLOW_STATUS("FAILED", ",\"errorMessage\":\"%.511s\xc3\xa9\"}}"), filler);
	t = read(KUBEFLOW, text); /* not cut inside of a character */
	assert_int_equal(strlen(t->resource.reason), 511);
	drop(t);
	free(text);
	free(filler);
}

static void long_message_begins_with_its_exception(void **state)
{
	char *filler = mem_alloc(4001, 1), *text;
	struct told *t;

	(void)state;
	memset(filler, 'x', 4000);
	text = mem_printf(
		KUBEFLOW_STATUS("SUBMISSION_FAILED",
			",\"errorMessage\":\"%s\\nException in thread \\\"main\\\" quota\\n"
			"%s\"}}"),
		filler, filler);
	t = read(KUBEFLOW, text);
	assert_int_equal(
		strncmp(t->resource.reason, "Exception in thread \"main\" quota xxx", 36), 0);
	drop(t);
	free(text);
	free(filler);
}

/* A real spark-submit that was kept waiting says a hundred lines like the first before it gives up.
 */
static void message_tells_what_ended_the_submission_and_its_cause_without_the_stack(void **state)
{
	char *filler = mem_alloc(601, 1), *text;
	struct told *t;

	(void)state;
	memset(filler, 'x', 600);
	text = mem_printf(
		KUBEFLOW_STATUS("SUBMISSION_FAILED",
			",\"errorMessage\":\"io.vertx.core.VertxException: Thread blocked\\n%s\\n"
			"Exception in thread \\\"main\\\" ClientException\\n\\tat "
			"a.B.c(B.java:1)\\n"
			"Caused by: TimeoutException\\n\\tat d.E\\n\\t... 17 more\"}}"),
		filler);
	t = read(KUBEFLOW, text);
	assert_string_equal(t->resource.reason,
		"Exception in thread \"main\" ClientException Caused by: TimeoutException ... 17 "
		"more");
	drop(t);
	free(text);
	free(filler);
}

static void s0_id_that_does_not_fit_into_a_path_is_none(void **state)
{
	static const char *const ids[] = {"../x", "a/b", "master", "a%2f", "a~k~b", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		char *text = mem_printf(
			OBJECT("", ",\"status\":{\"sparkApplicationId\":\"%s\"}"), ids[i]);
		struct told *t = read(KUBEFLOW, text);
		assert_string_equal(t->resource.app_id, "");
		drop(t);
		free(text);
	}
}

static void key_is_of_one_resource_and_of_no_application(void **state)
{
	char key[KUBE_RESOURCE_KEY_SIZE], name[KUBE_RESOURCE_NAME_MAX + 2] = "";

	(void)state;
	assert_true(kube_resource_key('k', "spark", "my.app", key));
	assert_string_equal(key, "spark~k~my.app");
	assert_string_equal(kube_resource_name(key), "my.app");
	assert_true(kube_resource_key('a', "history", "master", key));
	assert_false(kube_resource_key(0, "spark", "x", key));
	assert_false(kube_resource_key('k', "", "x", key));
	assert_false(kube_resource_key('k', "spark", "", key));
	assert_false(kube_resource_key('k', "spark", "a~b", key));
	assert_false(kube_resource_key('k', "spark", "a/b", key));
	memset(name, 'a', KUBE_RESOURCE_NAME_MAX);
	assert_true(kube_resource_key('k', "spark", name, key));
	name[KUBE_RESOURCE_NAME_MAX] = 'a';
	assert_false(kube_resource_key('k', "spark", name, key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resource_that_nobody_took_yet_was_submitted),
		cmocka_unit_test(state_is_a_word_of_ours_and_a_stage),
		cmocka_unit_test(failure_is_a_retry_while_its_policy_has_tries_left),
		cmocka_unit_test(failure_before_the_first_attempt_was_a_refusal),
		cmocka_unit_test(id_attempt_schedule_and_end_are_read),
		cmocka_unit_test(first_attempt_is_not_worth_a_word),
		cmocka_unit_test(released_resource_ended_as_its_history_says),
		cmocka_unit_test(schedule_tells_when_it_runs_and_that_it_is_suspended),
		cmocka_unit_test(reason_is_one_line_of_at_most_512_bytes),
		cmocka_unit_test(long_message_begins_with_its_exception),
		cmocka_unit_test(
			message_tells_what_ended_the_submission_and_its_cause_without_the_stack),
		cmocka_unit_test(s0_id_that_does_not_fit_into_a_path_is_none),
		cmocka_unit_test(key_is_of_one_resource_and_of_no_application),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
