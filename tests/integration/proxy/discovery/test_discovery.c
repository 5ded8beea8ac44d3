/* Discovery: what the masters of a cluster list, and what becomes of it. */
#include "tests/support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static void workers_and_applications_appear_within_two_polls(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1"), driver = fake_driver_start("app-1");
	struct scene *s = scene_new(fake_master_url(m));
	unsigned polls;

	(void)state;
	scene_start(s);
	scene_wait(s, scene_cluster(s)->polled);
	assert_true(scene_is(s, "master", MOUNT_UP));
	assert_null(scene_mount(s, "worker-1"));
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	fake_master_app(m, "app-1", "etl", driver.url, "RUNNING");
	polls = fake_http_hits(fake_master_http(m), "/json/");
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP) && scene_is(s, "app-1", MOUNT_UP));
	/* Two polls, and one that began before the rows were there. */
	assert_in_range(fake_http_hits(fake_master_http(m), "/json/") - polls, 0, 3);
	assert_string_equal(scene_mount(s, "worker-1")->authority, worker.authority);
	assert_string_equal(scene_mount(s, "app-1")->path, "/c/proxy/app-1");
	assert_int_equal(scene_mount(s, "app-1")->kind, UI_DRIVER);
	assert_int_equal(scene_mount(s, "app-1")->addr_len, sizeof(struct sockaddr_in));
	assert_ptr_equal(registry_authority(s->reg, STR("c"), str_of(driver.authority)),
		scene_mount(s, "app-1"));
	assert_string_equal(scene_app(s, "etl")->id, "app-1");
	assert_ptr_equal(scene_app(s, "app-1")->mount, scene_mount(s, "app-1"));
	assert_int_equal(scene_cluster(s)->workers_count, 1);
	assert_int_equal(scene_cluster(s)->cores, 4);
	scene_free(s);
	fake_http_stop(worker.http);
	fake_http_stop(driver.http);
	fake_master_stop(m);
}

static void spark_version_is_read_from_the_master(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	scene_start(s);
	scene_wait(s, strcmp(scene_cluster(s)->spark_version, "4.3.0") == 0);
	scene_free(s);
	fake_master_stop(m);
}

static void masters_other_names_lead_to_its_mount(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct scene *s = scene_new(NULL);
	char text[64];

	(void)state;
	snprintf(text, sizeof text, "http://localhost:%u/", fake_http_port(fake_master_http(m)));
	s->masters[s->clusters[0].masters_count++] = scene_url(text);
	scene_start(s);
	scene_wait(s, scene_is(s, "master", MOUNT_UP));
	assert_ptr_equal(registry_authority(s->reg, STR("c"), str_of(fake_master_url(m) + 7)),
		scene_mount(s, "master"));
	snprintf(text, sizeof text, "master.example:%u", fake_http_port(fake_master_http(m)));
	scene_wait(
		s, registry_authority(s->reg, STR("c"), str_of(text)) == scene_mount(s, "master"));
	scene_free(s);
	fake_master_stop(m);
}

static void nothing_is_published_when_only_durations_change(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1"), driver = fake_driver_start("app-1");
	struct scene *s = scene_new(fake_master_url(m));
	unsigned published;

	(void)state;
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	fake_master_app(m, "app-1", "etl", driver.url, "RUNNING");
	fake_master_app(m, "app-0", "etl", NULL, "FINISHED");
	fake_master_driver(m, "driver-1", "worker-1", "RUNNING");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP) && scene_is(s, "app-1", MOUNT_UP) &&
			      scene_cluster(s)->spark_version[0]);
	scene_wait_polls(s, m, 3);
	published = s->published;
	scene_wait_polls(s, m, 10);
	assert_int_equal(s->published, published);
	assert_int_equal(fake_http_hits(worker.http, "/json/"), 1);
	scene_free(s);
	fake_http_stop(worker.http);
	fake_http_stop(driver.http);
	fake_master_stop(m);
}

static void the_alive_master_is_followed(void **state)
{
	struct fake_master *one = fake_master_start("ALIVE"), *two = fake_master_start("STANDBY");
	struct fake_ui worker = fake_worker_start("worker-1"),
		       other = fake_worker_start("worker-2");
	struct scene *s = scene_new(fake_master_url(two));

	(void)state;
	s->masters[s->clusters[0].masters_count++] = scene_url(fake_master_url(one));
	fake_master_worker(one, "worker-1", worker.url, "ALIVE");
	fake_master_worker(two, "worker-2", other.url, "ALIVE");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP));
	assert_null(scene_mount(s, "worker-2"));
	assert_string_equal(scene_mount(s, "master")->authority, fake_master_url(one) + 7);
	assert_string_equal(scene_cluster(s)->masters[0].status, "STANDBY");
	assert_false(scene_cluster(s)->masters[0].active);
	assert_true(scene_cluster(s)->masters[1].active);

	fake_http_down(fake_master_http(one), true);
	scene_wait(s, strcmp(scene_cluster(s)->masters[1].status, "UNREACHABLE") == 0);
	assert_true(scene_is(s, "worker-1", MOUNT_UP)); /* a worker outlives its master */
	fake_master_status(two, "ALIVE");
	scene_wait(s, scene_is(s, "worker-2", MOUNT_UP) && scene_is(s, "worker-1", MOUNT_GONE));
	assert_true(scene_cluster(s)->masters[0].active);
	assert_string_equal(scene_mount(s, "master")->authority, fake_master_url(two) + 7);
	/* Links to the master that died lead to the one that lives. */
	assert_ptr_equal(registry_authority(s->reg, STR("c"), str_of(fake_master_url(one) + 7)),
		scene_mount(s, "master"));
	scene_free(s);
	fake_http_stop(worker.http);
	fake_http_stop(other.http);
	fake_master_stop(one);
	fake_master_stop(two);
}

static void a_master_that_is_followed_again_is_read_again(void **state)
{
	struct fake_master *one = fake_master_start("ALIVE"), *two = fake_master_start("STANDBY");
	struct fake_ui worker = fake_worker_start("worker-1"),
		       other = fake_worker_start("worker-2");
	struct scene *s = scene_new(fake_master_url(two));

	(void)state;
	s->masters[s->clusters[0].masters_count++] = scene_url(fake_master_url(one));
	fake_master_worker(one, "worker-1", worker.url, "ALIVE");
	fake_master_worker(two, "worker-2", other.url, "ALIVE");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP));
	fake_master_status(one, "STANDBY");
	fake_master_status(two, "ALIVE");
	scene_wait(s, scene_is(s, "worker-2", MOUNT_UP) && scene_is(s, "worker-1", MOUNT_GONE));
	/* What it says now is what it said when it was followed first. */
	fake_master_status(two, "STANDBY");
	fake_master_status(one, "ALIVE");
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP) && scene_is(s, "worker-2", MOUNT_GONE));
	scene_free(s);
	fake_http_stop(worker.http);
	fake_http_stop(other.http);
	fake_master_stop(one);
	fake_master_stop(two);
}

static void those_that_disappear_are_gone_and_must_prove_themselves_again(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1"), driver = fake_driver_start("app-1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	fake_master_app(m, "app-1", "etl", driver.url, "RUNNING");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP) && scene_is(s, "app-1", MOUNT_UP));
	fake_master_worker(m, "worker-1", NULL, NULL);
	fake_master_app(m, "app-1", NULL, NULL, NULL);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_GONE) && scene_is(s, "app-1", MOUNT_GONE));
	assert_int_equal(scene_cluster(s)->workers_count, 0);
	assert_false(scene_app(s, "app-1")->running);

	fake_http_set(worker.http, "/json/", 200, "text/json",
		"{\"id\":\"somebody\",\"masterurl\":\"\"}");
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	fake_master_app(m, "app-1", "etl", driver.url, "RUNNING");
	scene_wait(s, scene_is(s, "app-1", MOUNT_UP) && scene_is(s, "worker-1", MOUNT_UNVERIFIED));
	fake_http_set(worker.http, "/json/", 200, "text/json",
		"{\"id\":\"worker-1\",\"masterurl\":\"\"}");
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP));
	scene_free(s);
	fake_http_stop(worker.http);
	fake_http_stop(driver.http);
	fake_master_stop(m);
}

static void a_dead_worker_is_gone_though_still_listed(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP));
	fake_master_worker(m, "worker-1", worker.url, "DEAD");
	scene_wait(s, scene_is(s, "worker-1", MOUNT_GONE));
	assert_int_equal(scene_cluster(s)->workers_count, 1);
	assert_string_equal(scene_cluster(s)->workers[0].state, "DEAD");
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP));
	assert_int_equal(fake_http_hits(worker.http, "/json/"), 2);
	scene_free(s);
	fake_http_stop(worker.http);
	fake_master_stop(m);
}

static void a_finished_application_is_gone_but_known(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui driver = fake_driver_start("app-1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_master_app(m, "app-1", "etl", driver.url, "RUNNING");
	scene_start(s);
	scene_wait(s, scene_is(s, "app-1", MOUNT_UP));
	assert_int_equal(scene_app(s, "app-1")->duration_ms, -1);
	fake_master_app(m, "app-1", "etl", driver.url, "FINISHED");
	scene_wait(s, scene_is(s, "app-1", MOUNT_GONE));
	assert_string_equal(scene_app(s, "etl")->state, "FINISHED");
	assert_int_equal(scene_app(s, "etl")->duration_ms, 5000);
	scene_free(s);
	fake_http_stop(driver.http);
	fake_master_stop(m);
}

static void an_application_whose_link_comes_late_is_found(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui driver = fake_driver_start("app-1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_master_app(m, "app-1", "etl", NULL, "WAITING");
	scene_start(s);
	scene_wait(s, scene_is(s, "app-1", MOUNT_UNVERIFIED));
	fake_master_app(m, "app-1", "etl", driver.url, "RUNNING");
	scene_wait(s, scene_is(s, "app-1", MOUNT_UP));
	scene_free(s);
	fake_http_stop(driver.http);
	fake_master_stop(m);
}

static void driver_ids_lead_to_their_workers_log_pages(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	fake_master_driver(m, "driver-1", "worker-1", "RUNNING");
	fake_master_driver(m, "driver-2", "worker-1", "FINISHED");
	fake_master_driver(m, "driver-3", "None", "RUNNING");
	scene_start(s);
	scene_wait(s, scene_is(s, "driver-1", MOUNT_UP) && scene_is(s, "driver-2", MOUNT_UP));
	assert_true(scene_mount(s, "driver-1")->is_driver_log);
	assert_string_equal(scene_mount(s, "driver-1")->authority, worker.authority);
	assert_string_equal(scene_mount(s, "driver-1")->path, "/c/proxy/driver-1");
	assert_null(scene_mount(s, "driver-3"));
	assert_false(registry_authority(s->reg, STR("c"), str_of(worker.authority))->is_driver_log);
	scene_free(s);
	fake_http_stop(worker.http);
	fake_master_stop(m);
}

static void reverse_proxied_applications_are_reached_through_the_master(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_http_set(fake_master_http(m), "/proxy/app-1/api/v1/applications", 200, "text/json",
		"[{\"id\":\"app-1\"}]");
	fake_master_app(m, "app-1", "etl", "/proxy/app-1", "RUNNING");
	fake_master_app(
		m, "app-2", "etl", "/proxy/app-2", "RUNNING"); /* T49: the catch-all answers */
	scene_start(s);
	scene_wait(s, scene_is(s, "app-1", MOUNT_UP) && scene_is(s, "app-2", MOUNT_UNVERIFIED));
	assert_string_equal(scene_mount(s, "app-1")->prefix, "/proxy/app-1");
	assert_string_equal(scene_mount(s, "app-1")->authority, fake_master_url(m) + 7);
	assert_ptr_equal(registry_authority(s->reg, STR("c"), str_of(fake_master_url(m) + 7)),
		scene_mount(s, "master"));
	scene_free(s);
	fake_master_stop(m);
}

static void a_worker_only_its_master_can_reach_is_reached_through_it(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_http_down(worker.http, true);
	fake_http_set(fake_master_http(m), "/proxy/worker-1/json/", 200, "text/json",
		"{\"id\":\"worker-1\",\"masterurl\":\"spark://m:7077\"}");
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP));
	assert_string_equal(scene_mount(s, "worker-1")->prefix, "/proxy/worker-1");
	scene_free(s);
	fake_http_stop(worker.http);
	fake_master_stop(m);
}

static void garbage_from_a_master_changes_nothing_but_its_status(void **state)
{
	static const char *const garbage[] = {
		"", "<html>Spark Master</html>", "{\"workers\":", "[]", "{\"status\":\"ALIVE\"}"};
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP));
	for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
		fake_http_set(fake_master_http(m), "/json/", 200, "text/json", garbage[i]);
		scene_wait(s, strcmp(scene_cluster(s)->masters[0].status, "UNREACHABLE") == 0);
		scene_wait_polls(s, m, 2);
		assert_true(scene_is(s, "worker-1", MOUNT_UP));
	}
	fake_http_remove(fake_master_http(m), "/json/");
	scene_wait(s, strcmp(scene_cluster(s)->masters[0].status, "ALIVE") == 0);
	assert_int_equal(fake_http_hits(worker.http, "/json/"), 1);
	scene_free(s);
	fake_http_stop(worker.http);
	fake_master_stop(m);
}

static void a_slow_master_is_not_asked_twice_at_once(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct scene *s = scene_new(fake_master_url(m));
	int64_t start = clock_mono_ms();

	(void)state;
	fake_http_delay(fake_master_http(m), 6 * SCENE_POLL_MS);
	scene_start(s);
	scene_wait(s, fake_http_hits(fake_master_http(m), "/json/") >= 3);
	assert_true(clock_mono_ms() - start >= 2 * 6 * SCENE_POLL_MS);
	assert_true(scene_is(s, "master", MOUNT_UP));
	scene_free(s);
	fake_master_stop(m);
}

static void a_gateway_may_start_before_its_masters(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_http_down(fake_master_http(m), true);
	scene_start(s);
	scene_wait(s, scene_cluster(s)->polled);
	assert_true(scene_is(s, "master", MOUNT_UNVERIFIED));
	assert_string_equal(scene_cluster(s)->masters[0].status, "UNREACHABLE");
	fake_http_down(fake_master_http(m), false);
	scene_wait(s, scene_is(s, "master", MOUNT_UP));
	scene_free(s);
	fake_master_stop(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_and_applications_appear_within_two_polls),
		cmocka_unit_test(spark_version_is_read_from_the_master),
		cmocka_unit_test(masters_other_names_lead_to_its_mount),
		cmocka_unit_test(nothing_is_published_when_only_durations_change),
		cmocka_unit_test(the_alive_master_is_followed),
		cmocka_unit_test(a_master_that_is_followed_again_is_read_again),
		cmocka_unit_test(those_that_disappear_are_gone_and_must_prove_themselves_again),
		cmocka_unit_test(a_dead_worker_is_gone_though_still_listed),
		cmocka_unit_test(a_finished_application_is_gone_but_known),
		cmocka_unit_test(an_application_whose_link_comes_late_is_found),
		cmocka_unit_test(driver_ids_lead_to_their_workers_log_pages),
		cmocka_unit_test(reverse_proxied_applications_are_reached_through_the_master),
		cmocka_unit_test(a_worker_only_its_master_can_reach_is_reached_through_it),
		cmocka_unit_test(garbage_from_a_master_changes_nothing_but_its_status),
		cmocka_unit_test(a_slow_master_is_not_asked_twice_at_once),
		cmocka_unit_test(a_gateway_may_start_before_its_masters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
