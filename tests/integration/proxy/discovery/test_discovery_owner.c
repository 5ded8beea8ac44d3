/* Discovery: whose an application is, and whom it names itself (S73). */
#include "tests/support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define ENVIRONMENT "/api/v1/applications/app-1/environment"
#define NAMES(user)                                                                                \
	"{\"sparkProperties\":[[\"spark.ui.view.acls\",\"" user "\"]],\"systemProperties\":[]}"
#define HISTORY(completed, attempt, user)                                                          \
	"[{\"id\":\"app-1\",\"name\":\"etl\",\"attempts\":[{" attempt "\"sparkUser\":\"" user      \
	"\",\"completed\":" completed                                                              \
	",\"duration\":7,\"startTimeEpoch\":1700000000000,\"endTimeEpoch\":1700000007000}]}]"

struct world {
	struct fake_master *master;
	struct fake_http *history;
	struct fake_ui driver;
	struct scene *scene;
};

static void answer(struct fake_http *http, const char *path, const char *body)
{
	fake_http_set(http, path, 200, "application/json", body);
}

static int set_up(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);

	w->master = fake_master_start("ALIVE");
	w->history = fake_http_start("127.0.0.1");
	w->driver = fake_driver_start("app-1");
	w->scene = scene_new(fake_master_url(w->master));
	scene_add_history(w->scene, fake_http_port(w->history));
	answer(w->history, "/api/v1/applications", "[]");
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	scene_free(w->scene);
	fake_http_stop(w->driver.http);
	fake_http_stop(w->history);
	fake_master_stop(w->master);
	free(w);
	return 0;
}

static void run(struct world *w)
{
	fake_master_app(w->master, "app-1", "etl", w->driver.url, "RUNNING");
}

static char word[] = "acl", *words[] = {word};
static struct conf_role readers = {.applications = {words, 1}};

/* With a role for those whom an application names itself, or without. */
static void start(struct world *w, bool reads_lists)
{
	w->scene->conf.roles_custom = &readers;
	w->scene->conf.roles_custom_count = reads_lists;
	scene_start(w->scene);
}

static const char *viewers(const struct world *w)
{
	const struct app_info *a = scene_app(w->scene, "app-1");

	return a && a->lists ? a->lists->view : "(unknown)";
}

static bool are_viewers(const struct world *w, const char *view)
{
	return strcmp(viewers(w), view) == 0;
}

static void s73_driver_and_its_log_that_name_another_user_gain_nothing(void **state)
{
	struct world *w = *state;

	run(w);
	fake_master_user(w->master, "app-1", "alice");
	answer(w->history, "/api/v1/applications", HISTORY("false", "", "mallory"));
	answer(w->driver.http, "/api/v1/applications",
		"[{\"id\":\"app-1\",\"attempts\":[{\"sparkUser\":\"mallory\"}]}]");
	answer(w->driver.http, ENVIRONMENT, NAMES(""));
	start(w, true);
	scene_wait(w->scene, are_viewers(w, "") && scene_app(w->scene, "app-1")->in_history);
	assert_string_equal(scene_app(w->scene, "app-1")->user, "alice");
	fake_master_user(w->master, "app-1", "mallory"); /* it registers as somebody else */
	scene_wait_polls(w->scene, w->master, 4);
	assert_string_equal(scene_app(w->scene, "app-1")->user, "alice");
	fake_master_app(w->master, "app-1", NULL, NULL, NULL);
	scene_wait(w->scene, !scene_app(w->scene, "app-1")->running);
	assert_string_equal(scene_app(w->scene, "app-1")->user, "alice");
}

static void lists_are_read_once_from_a_driver_that_said_who_it_is(void **state)
{
	struct world *w = *state;

	answer(w->driver.http, ENVIRONMENT, NAMES("alice,bob"));
	run(w);
	start(w, true);
	scene_wait(w->scene, are_viewers(w, "alice,bob"));
	answer(w->driver.http, ENVIRONMENT, NAMES("mallory"));
	/* Its history is not asked for them, either. */
	answer(w->history, "/api/v1/applications", HISTORY("true", "", "u"));
	fake_master_app(w->master, "app-1", "etl", w->driver.url, "FINISHED");
	scene_wait(w->scene, scene_app(w->scene, "app-1")->completed_in_history);
	scene_wait_polls(w->scene, w->master, 10);
	assert_string_equal(viewers(w), "alice,bob");
	assert_int_equal(fake_http_hits(w->driver.http, ENVIRONMENT), 1);
	assert_int_equal(fake_http_hits(w->history, ENVIRONMENT), 0);
}

static void nobody_is_asked_for_lists_that_no_role_wants(void **state)
{
	struct world *w = *state;

	answer(w->driver.http, ENVIRONMENT, NAMES("alice"));
	run(w);
	start(w, false);
	scene_wait(w->scene, scene_is(w->scene, "app-1", MOUNT_UP));
	scene_wait_polls(w->scene, w->master, 10);
	assert_string_equal(viewers(w), "(unknown)");
	assert_int_equal(fake_http_hits(w->driver.http, ENVIRONMENT), 0);
	w->scene->conf.roles_custom_count = 1;
	discovery_set_conf(w->scene->discovery, &w->scene->conf); /* a reload */
	scene_wait(w->scene, are_viewers(w, "alice"));
}

static void s73_lists_of_a_driver_that_is_another_are_not_read(void **state)
{
	struct world *w = *state;

	answer(w->driver.http, "/api/v1/applications", "[{\"id\":\"app-2\"}]");
	answer(w->driver.http, ENVIRONMENT, NAMES("mallory"));
	run(w);
	start(w, true);
	scene_wait(w->scene, fake_http_hits(w->driver.http, "/api/v1/applications") >= 1);
	scene_wait_polls(w->scene, w->master, 10);
	assert_int_equal(fake_http_hits(w->driver.http, ENVIRONMENT), 0);
	assert_string_equal(viewers(w), "(unknown)");
}

static void lists_of_what_has_ended_are_its_historys(void **state)
{
	struct world *w = *state;

	answer(w->history, "/api/v1/applications",
		HISTORY("true", "\"attemptId\":\"2\",", "alice"));
	answer(w->history, "/api/v1/applications/app-1/2/environment", NAMES("bob"));
	start(w, true);
	scene_wait(w->scene, are_viewers(w, "bob"));
	assert_string_equal(scene_app(w->scene, "app-1")->user, "alice");
	assert_int_equal(fake_http_hits(w->history, ENVIRONMENT), 0);
}

static void s73_what_a_log_says_opens_nothing_that_runs(void **state)
{
	struct world *w = *state;

	fake_master_status(w->master, "STANDBY");
	answer(w->history, "/api/v1/applications", HISTORY("false", "", "mallory"));
	answer(w->history, ENVIRONMENT, NAMES("mallory"));
	run(w);
	start(w, true);
	scene_wait(w->scene, are_viewers(w, "mallory"));
	assert_string_equal(scene_app(w->scene, "app-1")->user, ""); /* a master may know better */
	fake_master_user(w->master, "app-1", "alice");
	fake_master_status(w->master, "ALIVE");
	scene_wait(w->scene, scene_app(w->scene, "app-1")->running);
	assert_string_equal(viewers(w), "(unknown)");
	answer(w->driver.http, ENVIRONMENT, NAMES("bob"));
	scene_wait(w->scene, are_viewers(w, "bob"));
	assert_string_equal(scene_app(w->scene, "app-1")->user, "alice");
}

#define TWO_LOGS(name)                                                                             \
	"[{\"id\":\"app-1\",\"name\":\"" name                                                      \
	"\",\"attempts\":[{\"attemptId\":\"9\",\"sparkUser\":\"alice\",\"completed\":true,"        \
	"\"duration\":7,\"startTimeEpoch\":1700000009000,\"endTimeEpoch\":1700000010000},"         \
	"{\"sparkUser\":\"alice\",\"completed\":true,\"duration\":7,\"startTimeEpoch\":"           \
	"1700000000000,"                                                                           \
	"\"endTimeEpoch\":1700000007000}]}]"
#define NEWER_ENVIRONMENT "/api/v1/applications/app-1/9/environment"

/* Who may write logs of their own writes one under somebody's id, as of a newer attempt. */
static void s73_lists_of_several_logs_open_nothing(void **state)
{
	struct world *w = *state;

	answer(w->history, "/api/v1/applications", TWO_LOGS("etl"));
	answer(w->history, NEWER_ENVIRONMENT, NAMES("mallory"));
	answer(w->history, ENVIRONMENT, NAMES("bob"));
	start(w, true);
	scene_wait(
		w->scene, scene_app(w->scene, "app-1") && scene_app(w->scene, "app-1")->in_history);
	scene_wait_polls(w->scene, w->master, 10);
	assert_string_equal(viewers(w), "(unknown)");
	assert_int_equal(fake_http_hits(w->history, NEWER_ENVIRONMENT), 0);
}

static void s73_lists_of_one_log_go_when_there_is_another(void **state)
{
	struct world *w = *state;

	answer(w->history, "/api/v1/applications",
		HISTORY("true", "\"attemptId\":\"9\",", "alice"));
	answer(w->history, NEWER_ENVIRONMENT, NAMES("mallory"));
	start(w, true);
	scene_wait(w->scene, are_viewers(w, "mallory"));
	answer(w->history, "/api/v1/applications", TWO_LOGS("etl"));
	scene_wait(w->scene, are_viewers(w, "(unknown)"));
}

/* A role may go by names. */
static void s73_name_that_a_master_told_stays(void **state)
{
	struct world *w = *state;

	run(w);
	answer(w->driver.http, ENVIRONMENT, NAMES(""));
	start(w, true);
	scene_wait(w->scene, scene_is(w->scene, "app-1", MOUNT_UP));
	answer(w->history, "/api/v1/applications", TWO_LOGS("mallorys"));
	fake_master_app(w->master, "app-1", NULL, NULL, NULL);
	scene_wait(w->scene, scene_app(w->scene, "app-1")->completed_in_history);
	scene_wait_polls(w->scene, w->master, 10);
	assert_string_equal(scene_app(w->scene, "app-1")->name, "etl");
}

static void driver_that_does_not_tell_is_asked_again(void **state)
{
	struct world *w = *state;

	answer(w->driver.http, ENVIRONMENT, "{}");
	run(w);
	start(w, true);
	scene_wait(w->scene, fake_http_hits(w->driver.http, ENVIRONMENT) >= 2);
	assert_string_equal(viewers(w), "(unknown)");
	answer(w->driver.http, ENVIRONMENT, NAMES("alice"));
	scene_wait(w->scene, are_viewers(w, "alice"));
}

static void environment_without_end_is_not_read(void **state)
{
	struct world *w = *state;
	size_t size = 2 * 1024 * 1024 + 1;
	char *body = mem_alloc(size + 1, 1);

	memset(body, ' ', size);
	memcpy(body, NAMES("alice"), strlen(NAMES("alice")));
	answer(w->driver.http, ENVIRONMENT, body);
	run(w);
	start(w, true);
	scene_wait(w->scene, fake_http_hits(w->driver.http, ENVIRONMENT) >= 1);
	scene_wait_polls(w->scene, w->master, 4);
	assert_string_equal(viewers(w), "(unknown)");
	body[size - 1] = '\0';
	answer(w->driver.http, ENVIRONMENT, body);
	scene_wait(w->scene, are_viewers(w, "alice"));
	free(body);
}

static void lists_are_read_through_a_master_that_is_a_reverse_proxy(void **state)
{
	struct world *w = *state;
	struct fake_http *master = fake_master_http(w->master);

	answer(master, "/proxy/app-1/api/v1/applications", "[{\"id\":\"app-1\"}]");
	answer(master, "/proxy/app-1" ENVIRONMENT, NAMES("alice"));
	fake_master_app(w->master, "app-1", "etl", "/proxy/app-1", "RUNNING");
	start(w, true);
	scene_wait(w->scene, are_viewers(w, "alice"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(s73_driver_and_its_log_that_name_another_user_gain_nothing),
		TEST(lists_are_read_once_from_a_driver_that_said_who_it_is),
		TEST(nobody_is_asked_for_lists_that_no_role_wants),
		TEST(s73_lists_of_a_driver_that_is_another_are_not_read),
		TEST(lists_of_what_has_ended_are_its_historys),
		TEST(s73_what_a_log_says_opens_nothing_that_runs),
		TEST(s73_lists_of_several_logs_open_nothing),
		TEST(s73_lists_of_one_log_go_when_there_is_another),
		TEST(s73_name_that_a_master_told_stays),
		TEST(driver_that_does_not_tell_is_asked_again),
		TEST(environment_without_end_is_not_read),
		TEST(lists_are_read_through_a_master_that_is_a_reverse_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
