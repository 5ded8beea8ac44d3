/* What an API server's answer to a write means. */
#include "proxy/launch/operator/operator_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

static struct operator_result read(int status, const char *body)
{
	const struct operator_deed deed = {
		"create", "sparkapplications", "spark.apache.org/v1", "etl"};
	const struct fetch_result answer = {.status = status,
		.body = str_of(body),
		.error = status ? "" : "Connection refused"};
	struct operator_result result = {.end = OPERATOR_DONE};

	operator_answer_read(&deed, &answer, &result);
	return result;
}

static void status_and_words_say_whose_turn_it_is(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum operator_end end;
		const char *says;
	} rows[] = {
		{403,
			"{\"message\":\"sparkapplications.spark.apache.org is forbidden: User "
			"\\\"gate\\\" cannot create resource\"}",
			OPERATOR_LACKS,
			"lacks the verb create of sparkapplications.spark.apache.org."},
		{403, "", OPERATOR_LACKS, "lacks the verb create"},
		{403, "{\"message\":\"x is forbidden: exceeded quota: q, requested: count=1\"}",
			OPERATOR_FULL, "quota of the namespace is used up: x is forbidden"},
		{403,
			"{\"message\":\"unable to create new content in namespace etl because it "
			"is "
			"being terminated\"}",
			OPERATOR_LACKS, "namespace is being deleted"},
		{403,
			"{\"message\":\"x\",\"details\":{\"causes\":[{\"reason\":"
			"\"NamespaceTerminating\"}]}}",
			OPERATOR_LACKS, "namespace is being deleted"},
		{403, "{\"message\":\"admission webhook \\\"w\\\" denied the request: no\"}",
			OPERATOR_INVALID, "denied the request: no"},
		{404, "{\"message\":\"the server could not find the requested resource\"}",
			OPERATOR_LACKS, "operator is not installed"},
		{404, "404 page not found", OPERATOR_LACKS, "operator is not installed"},
		{404,
			"{\"message\":\"namespaces \\\"etl\\\" not found\",\"details\":{\"name\":"
			"\"etl\",\"kind\":\"namespaces\"}}",
			OPERATOR_LACKS, "no namespace etl"},
		{422, "{\"message\":\"spec.type: Unsupported value\"}", OPERATOR_INVALID,
			"spec.type: Unsupported value"},
		{401, "{}", OPERATOR_LACKS, "account (401)"},
		{429, "{}", OPERATOR_BUSY, "too much to do"},
		{500, "{\"message\":\"failed calling webhook \\\"w\\\"\"}", OPERATOR_BUSY,
			"webhook does not answer"},
		{500, "{\"message\":\"etcdserver: request timed out\"}", OPERATOR_SILENT,
			"status 500: etcdserver: request timed out"},
		{0, "", OPERATOR_SILENT, "does not answer: Connection refused."},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct operator_result result = read(rows[i].status, rows[i].body);
		if (strstr(result.why, rows[i].says) == NULL)
			fail_msg("%s: not in %s", rows[i].says, result.why);
		assert_int_equal(result.end, rows[i].end);
	}
}

static void words_of_others_are_one_short_line(void **state)
{
	struct operator_result result = read(422, "{\"message\":\"a\\nb\\u001b[31m\"}");
	char long_one[2048];

	(void)state;
	assert_non_null(strstr(result.why, ": a b [31m"));
	snprintf(long_one, sizeof long_one, "{\"message\":\"%01000d\"}", 0);
	result = read(422, long_one);
	assert_int_equal(strspn(strchr(result.why, '0'), "0"), 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_and_words_say_whose_turn_it_is),
		cmocka_unit_test(words_of_others_are_one_short_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
