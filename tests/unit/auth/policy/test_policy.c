#include "auth/policy/policy.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const enum ui_kind spark_uis[] = {UI_MASTER, UI_WORKER, UI_DRIVER, UI_HISTORY};

static enum action get(enum ui_kind kind, const char *path)
{
	return policy_action(kind, STR("GET"), str_of(path));
}

static enum action post(enum ui_kind kind, const char *path)
{
	return policy_action(kind, STR("POST"), str_of(path));
}

static void t42_driver_kills_count_by_get_and_post(void **state)
{
	static const char *const paths[] = {"/jobs/job/kill/", "/jobs/job/kill",
		"/stages/stage/kill/", "/stages/stage/kill", "/jobs/job/kill/below"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_int_equal(get(UI_DRIVER, paths[i]), ACTION_KILL);
		assert_int_equal(post(UI_DRIVER, paths[i]), ACTION_KILL);
		assert_int_equal(
			policy_action(UI_DRIVER, STR("HEAD"), str_of(paths[i])), ACTION_KILL);
		assert_int_equal(
			policy_action(UI_DRIVER, STR("PUT"), str_of(paths[i])), ACTION_KILL);
	}
}

static void t42_kill_hides_in_no_spelling(void **state)
{
	static const char *const paths[] = {"/%6aobs/job/kill/", "/jobs/job/%6B%69ll",
		"/jobs;a/job/kill/", "/jobs/job;x=y/kill;z", "/jobs/;a/job/kill/",
		";/jobs/job/kill", "/Jobs/Job/KILL/", "/jobs/job/kill;jsessionid=1/",
		"/jobs/job/kill%3bx", "/proxy/app-1/jobs/job/kill/",
		"/proxy/app-1/stages/stage/kill"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		for (size_t k = 0; k < ARRAY_LEN(spark_uis); k++)
			assert_int_equal(get(spark_uis[k], paths[i]), ACTION_KILL);
		assert_int_equal(get(UI_OTHER, paths[i]), ACTION_KILL);
	}
}

static void t43_master_kills(void **state)
{
	(void)state;
	assert_int_equal(post(UI_MASTER, "/app/kill/"), ACTION_KILL);
	assert_int_equal(post(UI_MASTER, "/driver/kill"), ACTION_KILL);
	assert_int_equal(get(UI_MASTER, "/app/kill/"), ACTION_KILL);
	assert_int_equal(get(UI_MASTER, "/app/"), ACTION_VIEW);
}

static void t44_workers_kill_is_never(void **state)
{
	static const char *const methods[] = {
		"GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "post"};
	static const char *const paths[] = {"/workers/kill/", "/workers/kill", "/Workers;x/kill",
		"/workers/%6bill/", "/proxy/x/workers/kill/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		for (size_t j = 0; j < ARRAY_LEN(paths); j++)
			assert_int_equal(
				policy_action(UI_MASTER, str_of(methods[i]), str_of(paths[j])),
				ACTION_NEVER);
	}
}

static void paths_of_two_readings_are_never(void **state)
{
	static const char *const paths[] = {"/jobs/..;/environment/", "/.;x/", "/a/%2e%2e/b",
		"/a%2fb", "/a%5cb", "/a%00", "/./a"};
	char *longest = mem_alloc(9000, 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_int_equal(get(UI_DRIVER, paths[i]), ACTION_NEVER);
	memset(longest, '/', 8999);
	assert_int_equal(get(UI_DRIVER, longest), ACTION_NEVER);
	free(longest);
}

/* --- S42: what a server behind decodes again --- */

static void s42_the_strictest_row_of_every_decoding_counts(void **state)
{
	static const struct {
		const char *path;
		enum action action;
	} cases[] = {
		{"/jobs/job/%256bill/", ACTION_KILL},
		{"/jobs/job/%25256bill/", ACTION_KILL},
		{"/jobs/job/%2525256bill", ACTION_KILL},
		{"/%256A%256fbs/%6aob/%25256bill/", ACTION_KILL},
		{"/jobs%252fjob%252fkill/", ACTION_KILL},
		{"/jobs%25252fjob/kill", ACTION_KILL},
		{"/jobs/job/kill%253bx/", ACTION_KILL},
		{"/jobs/job/kill%3fid=3", ACTION_KILL},
		{"/jobs/job/kill%253fid=3", ACTION_KILL},
		{"/jobs/job/kill%2523", ACTION_KILL},
		{"/x;%252fjobs%252fjob%252fkill", ACTION_KILL},
		{"/jobs/%2577hatever/", ACTION_KILL}, /* what no row knows, in any reading */
		{"/jobs/job/%25u006bill/", ACTION_KILL},
		{"/jobs/job/KIL%254C", ACTION_KILL},
		{"/proxy/app-1/stages/stage/k%2569ll/", ACTION_KILL},
		{"/%76%31/submissions/create", ACTION_SUBMIT},
		{"/proxy/app-1/e%6evironment/", ACTION_ENVIRONMENT},
		{"/api/v1/applications/app-1/e%256evironment", ACTION_ENVIRONMENT},
		{"/proxy/app-1/environment%3fx", ACTION_ENVIRONMENT},
		{"/logP%61ge/", ACTION_LOGS},
		{"/logP%2561ge/", ACTION_KILL}, /* in its first reading it is no page (S91) */
		{"/%2576%2531/submissions/create", ACTION_KILL},
		{"/api/v1/applications/app-1/executors/1/thr%25%36%35ads", ACTION_DUMP},
		{"/api/v1/applications/app-1/%256cogs", ACTION_DOWNLOAD},
		{"/app/%256bill/", ACTION_KILL},
		{"/workers/ki%25256cl/", ACTION_NEVER},
		/* The way up, controls, and too long a spelling of a slash. */
		{"/a/%252e%252e/jobs/", ACTION_NEVER},
		{"/a/.%252e/jobs/", ACTION_NEVER},
		{"/a%252f..%252fjobs/", ACTION_NEVER},
		{"/a%255c..%255cjobs/", ACTION_NEVER},
		{"/a%2500/", ACTION_NEVER},
		{"/a%250d%250aX:y/", ACTION_NEVER},
		{"/a%c0%afb/", ACTION_NEVER},
		{"/jobs/%3fdoAs=root", ACTION_NEVER},
		{"/jobs/%253fa=1&do%2541s=root", ACTION_NEVER},
		/* Names that hold a percent sign, or what looks like an escape. */
		{"/history/50%25/jobs/", ACTION_VIEW},
		{"/history/etl%2520daily/jobs/", ACTION_VIEW},
		{"/history/etl%252fdaily/jobs/", ACTION_VIEW},
		{"/history/100%2525/jobs/", ACTION_VIEW},
		{"/history/a%253fb/jobs/", ACTION_VIEW},
		{"/history/kill%2541/jobs/", ACTION_VIEW},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t k = 0; k < ARRAY_LEN(spark_uis); k++) {
			enum action action = get(spark_uis[k], cases[i].path);
			if (action != cases[i].action)
				fail_msg("%s: %s", cases[i].path, action_name(action));
		}
	}
}

static void s42_other_uis_may_have_files_of_any_name(void **state)
{
	static const char *const names[] = {"/webhdfs/v1/t/day=2020%252F01/x", "/a%2520b",
		"/a%2525b", "/caf%C3%A9", "/caf%E9", "/a%c0b", "/what%3f", "/a%3bb%2523", "/%25"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(get(UI_OTHER, names[i]), ACTION_VIEW);
	assert_int_equal(get(UI_OTHER, "/proxy/application_1/jobs/job/%256bill/"), ACTION_KILL);
	assert_int_equal(get(UI_OTHER, "/proxy/application_1/jobs%252fjob%252fkill"), ACTION_KILL);
	assert_int_equal(get(UI_OTHER, "/a/%252e%252e/b"), ACTION_NEVER);
}

static void s96_what_yarn_hands_on_has_the_rights_of_sparks_uis(void **state)
{
	static const struct {
		const char *path;
		enum action get, post;
	} cases[] = {
		{"/proxy/application_1_0001/jobs/", ACTION_VIEW, ACTION_KILL},
		{"/proxy/application_1_0001/environment/", ACTION_ENVIRONMENT, ACTION_KILL},
		{"/proxy/redirect/application_1_0001/executors/threadDump/", ACTION_DUMP,
			ACTION_KILL},
		{"/proxy/application_1_0001/api/v1/applications/a/logs", ACTION_DOWNLOAD,
			ACTION_KILL},
		{"/proxy/application_1_0001/jobs/job/kill/", ACTION_KILL, ACTION_KILL},
		{"/pro%2578y/Application_1_0001/environment", ACTION_ENVIRONMENT, ACTION_KILL},
		{"/cluster/app/application_1_0001/environment", ACTION_VIEW, ACTION_VIEW},
		{"/proxy/else/environment", ACTION_VIEW, ACTION_VIEW},
		{"/ws/v1/cluster/apps/application_1_0001/state", ACTION_VIEW, ACTION_VIEW},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(get(UI_OTHER, cases[i].path), cases[i].get);
		assert_int_equal(post(UI_OTHER, cases[i].path), cases[i].post);
	}
}

static void s42_a_path_is_not_decoded_without_end(void **state)
{
	char path[8192] = "/%";

	(void)state;
	for (size_t at = 2; at + 3 < sizeof path; at += 2)
		memcpy(path + at, "25", 3);
	assert_int_equal(get(UI_DRIVER, path), ACTION_NEVER);
	assert_int_equal(get(UI_OTHER, path), ACTION_NEVER);
}

static unsigned all_of(const char *path)
{
	unsigned all;

	policy_actions(UI_DRIVER, STR("GET"), str_of(path), &all);
	return all;
}

/* A token's scope need not go by strictness: who may read one thing may not read the other. */
static void s42_every_reading_has_to_be_allowed(void **state)
{
	(void)state;
	assert_int_equal(all_of("/logPage/environment/"),
		1u << ACTION_LOGS | 1u << ACTION_ENVIRONMENT | 1u << ACTION_KILL);
	assert_int_equal(all_of("/metrics%3f/x"), 1u << ACTION_METRICS);
	assert_int_equal(all_of("/%256detrics/x"), 1u << ACTION_KILL | 1u << ACTION_METRICS);
	assert_int_equal(all_of("/proxy/app-1/metrics/x"), 1u << ACTION_VIEW);
	assert_int_equal(all_of("/api/v1/applications/app-1/1/logs"), 1u << ACTION_DOWNLOAD);
	assert_int_equal(all_of("/logPage/api/v1/applications/app-1/logs"),
		1u << ACTION_LOGS | 1u << ACTION_DOWNLOAD | 1u << ACTION_KILL);
	assert_int_equal(all_of("/api/v1/applications/jobs/job/kill/logs"),
		1u << ACTION_KILL | 1u << ACTION_DOWNLOAD);
	assert_int_equal(all_of("/jobs/"), 1u << ACTION_VIEW);
}

static void pages_have_their_actions(void **state)
{
	static const struct {
		enum ui_kind kind;
		const char *path;
		enum action action;
	} cases[] = {
		{UI_DRIVER, "/", ACTION_VIEW},
		{UI_DRIVER, "/jobs/", ACTION_VIEW},
		{UI_DRIVER, "/jobs/job/", ACTION_VIEW},
		{UI_DRIVER, "/jobs/job/json", ACTION_VIEW},
		{UI_DRIVER, "/jobs/job/killer/", ACTION_KILL}, /* no page is called so */
		{UI_DRIVER, "/stages/stage/", ACTION_VIEW},
		{UI_DRIVER, "/static/webui.js", ACTION_VIEW},
		{UI_DRIVER, "/api/v1/applications", ACTION_VIEW},
		{UI_DRIVER, "/api/v1/applications/app-1/executors", ACTION_VIEW},
		{UI_DRIVER, "/environment/", ACTION_ENVIRONMENT},
		{UI_DRIVER, "/api/v1/applications/app-1/environment", ACTION_ENVIRONMENT},
		{UI_HISTORY, "/history/app-1/1/environment/", ACTION_ENVIRONMENT},
		{UI_MASTER, "/environment/", ACTION_ENVIRONMENT},
		{UI_DRIVER, "/executors/threadDump/", ACTION_DUMP},
		{UI_DRIVER, "/executors/heapHistogram/", ACTION_DUMP},
		{UI_DRIVER, "/stages/taskThreadDump", ACTION_DUMP},
		{UI_DRIVER, "/api/v1/applications/app-1/executors/1/threads", ACTION_DUMP},
		{UI_DRIVER, "/api/v1/applications/app-1/1/threads", ACTION_DUMP},
		{UI_HISTORY, "/api/v1/applications/app-1/logs", ACTION_DOWNLOAD},
		{UI_HISTORY, "/api/v1/applications/app-1/2/logs/", ACTION_DOWNLOAD},
		{UI_WORKER, "/logPage/", ACTION_LOGS},
		{UI_WORKER, "/logPage", ACTION_LOGS},
		{UI_WORKER, "/log", ACTION_LOGS},
		{UI_MASTER, "/logPage/", ACTION_LOGS},
		{UI_HISTORY, "/log/", ACTION_LOGS},
		{UI_DRIVER, "/logs/", ACTION_LOGS},
		{UI_MASTER, "/v1/submissions/create", ACTION_SUBMIT},
		{UI_MASTER, "/v1/submissions", ACTION_SUBMIT},
		{UI_OTHER, "/tree/log", ACTION_VIEW},
		{UI_GATE, "/", ACTION_VIEW},
		{UI_GATE, "/tokens", ACTION_TOKENS},
		{UI_GATE, "/api/v1/tokens/revoke", ACTION_TOKENS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum action action = get(cases[i].kind, cases[i].path);
		if (action != cases[i].action)
			fail_msg("%s: %s", cases[i].path, action_name(action));
	}
}

static void unknown_writes_to_spark_need_the_right_to_kill(void **state)
{
	static const char *const methods[] = {
		"PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "FOO", ""};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(spark_uis); k++) {
		assert_int_equal(post(spark_uis[k], "/jobs/"), ACTION_KILL);
		assert_int_equal(post(spark_uis[k], "/environment/"), ACTION_KILL);
		assert_int_equal(post(spark_uis[k], "/v1/submissions/kill/x"), ACTION_SUBMIT);
		/* Spark's handlers take everything below their path. */
		assert_int_equal(post(spark_uis[k], "/whatever/v1/submissions"), ACTION_KILL);
		for (size_t i = 0; i < ARRAY_LEN(methods); i++)
			assert_int_equal(
				policy_action(spark_uis[k], str_of(methods[i]), STR("/jobs/")),
				ACTION_NEVER);
	}
}

static void other_uis_may_be_written_to(void **state)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		assert_int_equal(
			policy_action(UI_OTHER, str_of(methods[i]), STR("/api/contents/a.ipynb")),
			ACTION_VIEW);
}

static enum verdict decide(
	enum action action, enum role role, enum identity_via via, bool same_origin)
{
	struct identity who = {.role = role, .via = via, .refs = 1};
	struct policy_request req = {.action = action,
		.who = &who,
		.rights = policy_rights(role),
		.same_origin = same_origin};

	return policy_decide(&req);
}

static void users_look_and_admins_act(void **state)
{
	(void)state;
	for (int i = ACTION_VIEW; i <= ACTION_TOKENS; i++) {
		enum action action = (enum action)i;
		bool looks = action <= ACTION_DUMP;

		assert_int_equal(
			decide(action, ROLE_USER, VIA_BEARER, false), looks ? ALLOW : DENY_ROLE);
		assert_int_equal(
			decide(action, ROLE_USER, VIA_SESSION, true), looks ? ALLOW : DENY_ROLE);
		assert_int_equal(decide(action, ROLE_ADMIN, VIA_BEARER, false), ALLOW);
		assert_int_equal(decide(action, ROLE_ADMIN, VIA_SESSION, true), ALLOW);
		assert_int_equal(decide(action, ROLE_NONE, VIA_SESSION, true), DENY_NO_ROLE);
	}
	assert_int_equal(decide(ACTION_NEVER, ROLE_ADMIN, VIA_BEARER, true), DENY_NEVER);
	assert_int_equal(decide(ACTION_NEVER, ROLE_USER, VIA_SESSION, true), DENY_NEVER);
}

static void nobody_is_asked_to_sign_in(void **state)
{
	struct policy_request req = {.action = ACTION_VIEW, .same_origin = true};

	(void)state;
	assert_int_equal(policy_decide(&req), DENY_SIGN_IN);
	req.action = ACTION_NEVER;
	assert_int_equal(policy_decide(&req), DENY_SIGN_IN);
}

/* Who may read metrics only must not reach a page that Spark's handlers nest below another path. */
static void metrics_are_a_path_of_their_own(void **state)
{
	static const char *const metrics[] = {"/metrics/executors/prometheus", "/metrics/json",
		"/metrics", "/metrics/", "/metrics/applications/json", "/%6detrics/prometheus"};
	static const char *const others[] = {
		"/", "/api/v1/applications", "/history/app-1/metrics/"};
	static const char *const none[] = {"/jobs/metrics/", "/jobs/metrics", "/metricsx/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		for (size_t k = 0; k < ARRAY_LEN(spark_uis); k++)
			assert_int_equal(get(spark_uis[k], metrics[i]), ACTION_METRICS);
		assert_int_equal(post(UI_DRIVER, metrics[i]), ACTION_KILL);
		assert_int_equal(get(UI_OTHER, metrics[i]), ACTION_VIEW);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(get(UI_DRIVER, others[i]), ACTION_VIEW);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(get(UI_DRIVER, none[i]), ACTION_KILL);
	assert_int_equal(get(UI_DRIVER, "/metrics/jobs/job/kill"), ACTION_KILL);
}

static void kill_from_another_site_is_denied_to_sessions(void **state)
{
	(void)state;
	assert_int_equal(decide(ACTION_KILL, ROLE_ADMIN, VIA_SESSION, false), DENY_CROSS_ORIGIN);
	assert_int_equal(decide(ACTION_SUBMIT, ROLE_ADMIN, VIA_SESSION, false), DENY_CROSS_ORIGIN);
	assert_int_equal(decide(ACTION_VIEW, ROLE_ADMIN, VIA_SESSION, false), ALLOW);
	assert_int_equal(decide(ACTION_KILL, ROLE_ADMIN, VIA_BEARER, false), ALLOW);
}

static void s0_a_path_that_may_be_read_as_below_is_below(void **state)
{
	static const struct {
		const char *path;
		bool is_below;
	} rows_of_paths[] = {
		{"/proxy/app-1/", true},
		{"/proxy", true},
		{"/PROXY/app-1/", true},
		{"/%70roxy/app-1/", true},
		{"/proxy;a=b/app-1/", true},
		{"/;/proxy/app-1/", true},
		{"/a/..;/proxy/app-1/", true},
		{"/%2570roxy/app-1/", true},
		{"/proxy%252fapp-1/", true},
		{"/proxy%3fapp-1/", true},
		{"/proxyx/", false},
		{"/app/?appId=/proxy/", false},
		{"/app/proxy/", false},
		{"/", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows_of_paths); i++)
		assert_int_equal(policy_is_below(str_of(rows_of_paths[i].path), "proxy"),
			rows_of_paths[i].is_below);
}

static void actions_have_names_and_some_are_audited(void **state)
{
	(void)state;
	assert_string_equal(action_name(ACTION_VIEW), "view");
	assert_string_equal(action_name(ACTION_NEVER), "never");
	for (int i = ACTION_VIEW; i <= ACTION_NEVER; i++)
		assert_int_equal(action_is_audited((enum action)i),
			i == ACTION_KILL || i == ACTION_SUBMIT || i == ACTION_DOWNLOAD ||
				i == ACTION_DUMP || i == ACTION_TOKENS || i == ACTION_LAUNCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t42_driver_kills_count_by_get_and_post),
		cmocka_unit_test(t42_kill_hides_in_no_spelling),
		cmocka_unit_test(t43_master_kills),
		cmocka_unit_test(t44_workers_kill_is_never),
		cmocka_unit_test(paths_of_two_readings_are_never),
		cmocka_unit_test(s42_the_strictest_row_of_every_decoding_counts),
		cmocka_unit_test(s42_other_uis_may_have_files_of_any_name),
		cmocka_unit_test(s96_what_yarn_hands_on_has_the_rights_of_sparks_uis),
		cmocka_unit_test(s42_a_path_is_not_decoded_without_end),
		cmocka_unit_test(s42_every_reading_has_to_be_allowed),
		cmocka_unit_test(pages_have_their_actions),
		cmocka_unit_test(unknown_writes_to_spark_need_the_right_to_kill),
		cmocka_unit_test(other_uis_may_be_written_to),
		cmocka_unit_test(users_look_and_admins_act),
		cmocka_unit_test(nobody_is_asked_to_sign_in),
		cmocka_unit_test(metrics_are_a_path_of_their_own),
		cmocka_unit_test(kill_from_another_site_is_denied_to_sessions),
		cmocka_unit_test(s0_a_path_that_may_be_read_as_below_is_below),
		cmocka_unit_test(actions_have_names_and_some_are_audited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
