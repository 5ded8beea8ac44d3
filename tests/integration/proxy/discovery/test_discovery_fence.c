/* Discovery: nobody is sent, and nothing is connected, to where a stranger points. */
#include "tests/support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- every connection this process opens, by curl too --- */

static unsigned connections, strange_connections; /* strange: to anything but loopback */

int connect(int fd, const struct sockaddr *addr, socklen_t len);

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_in v4;

	connections++;
	if (addr->sa_family == AF_INET) {
		memcpy(&v4, addr, sizeof v4);
		strange_connections += ntohl(v4.sin_addr.s_addr) >> 24 != 127;
	} else {
		strange_connections += addr->sa_family == AF_INET6;
	}
	return (int)syscall(SYS_connect, fd, addr, len);
}

static void metadata_and_reserved_addresses_are_never_connected_to(void **state)
{
	static const char *const hosts[] = {"169.254.169.254", "[::ffff:169.254.169.254]",
		"[fd00:ec2::254]", "100.100.100.200", "0.0.0.0", "224.0.0.1", "[fe80::1]",
		"8.8.8.8", "[::]"};
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_http *victim = fake_http_start("0.0.0.0");
	struct scene *s = scene_new(fake_master_url(m));
	char url[64], id[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		snprintf(url, sizeof url, "http://%s:%u", hosts[i], fake_http_port(victim));
		snprintf(id, sizeof id, "worker-%zu", i);
		fake_master_worker(m, id, url, "ALIVE");
		snprintf(id, sizeof id, "app-%zu", i);
		fake_master_app(m, id, "n", url, "RUNNING");
	}
	scene_start(s);
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		snprintf(id, sizeof id, "worker-%zu", i);
		scene_wait(s, scene_is(s, id, MOUNT_REFUSED));
		assert_string_not_equal(scene_mount(s, id)->why, "");
		assert_int_equal(scene_mount(s, id)->addr_len, 0);
		snprintf(id, sizeof id, "app-%zu", i);
		scene_wait(s, scene_is(s, id, MOUNT_REFUSED));
	}
	scene_wait_polls(s, m, 5);
	assert_true(connections > 0); /* the master's were seen */
	assert_int_equal(strange_connections, 0);
	assert_int_equal(fake_http_connections(victim), 0);
	scene_free(s);
	fake_http_stop(victim);
	fake_master_stop(m);
}

static void ports_below_1024_are_refused(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_master_worker(m, "worker-1", "http://127.0.0.1:22", "ALIVE");
	fake_master_worker(m, "worker-2", "http://127.0.0.1", "ALIVE");
	scene_start(s);
	scene_wait(s,
		scene_is(s, "worker-1", MOUNT_REFUSED) && scene_is(s, "worker-2", MOUNT_REFUSED));
	assert_string_equal(scene_mount(s, "worker-1")->why, "its port is below 1024");
	scene_free(s);
	fake_master_stop(m);
}

static void addresses_that_are_not_understood_are_refused(void **state)
{
	static const char *const bad[] = {"", "127.0.0.1:8081", "file:///etc/passwd",
		"http://127.0.0.1:8081/x", "http://u@127.0.0.1:8081", "http://127.0.0.1:8081?x",
		"gopher://127.0.0.1:8081"};
	struct fake_master *m = fake_master_start("ALIVE");
	struct scene *s = scene_new(fake_master_url(m));
	char id[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(id, sizeof id, "worker-%zu", i);
		fake_master_worker(m, id, bad[i], "ALIVE");
	}
	scene_start(s);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(id, sizeof id, "worker-%zu", i);
		scene_wait(s, scene_is(s, id, MOUNT_REFUSED));
	}
	scene_free(s);
	fake_master_stop(m);
}

static void a_worker_that_lies_about_its_id_is_not_routed(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1"), driver = fake_driver_start("app-1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_master_worker(m, "worker-2", worker.url, "ALIVE");
	fake_master_worker(m, "worker-3", fake_master_url(m), "ALIVE");
	fake_master_app(m, "app-2", "etl", driver.url, "RUNNING");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-2", MOUNT_UNVERIFIED) &&
			      fake_http_hits(worker.http, "/json/") >= 2);
	scene_wait(s, scene_is(s, "app-2", MOUNT_UNVERIFIED) &&
			      fake_http_hits(driver.http, "/api/v1/applications") >= 2);
	scene_wait(s, scene_is(s, "worker-3", MOUNT_UNVERIFIED));
	assert_string_equal(
		scene_mount(s, "worker-2")->why, "it does not answer as what it claims to be");
	assert_int_equal(scene_mount(s, "worker-2")->addr_len, 0);
	scene_free(s);
	fake_http_stop(worker.http);
	fake_http_stop(driver.http);
	fake_master_stop(m);
}

static void a_suspect_is_asked_again_who_it_is(void **state)
{
	struct fake_master *m = fake_master_start("ALIVE");
	struct fake_ui worker = fake_worker_start("worker-1");
	struct scene *s = scene_new(fake_master_url(m));

	(void)state;
	fake_master_worker(m, "worker-1", worker.url, "ALIVE");
	fake_master_driver(m, "driver-1", "worker-1", "RUNNING");
	scene_start(s);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP));
	fake_http_down(worker.http, true);
	discovery_suspect(s->discovery, STR("c"), STR("driver-1"));
	discovery_suspect(s->discovery, STR("c"), STR("nobody"));
	discovery_suspect(s->discovery, STR("x"), STR("worker-1"));
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UNVERIFIED) &&
			      scene_is(s, "driver-1", MOUNT_UNVERIFIED));
	fake_http_down(worker.http, false);
	scene_wait(s, scene_is(s, "worker-1", MOUNT_UP) && scene_is(s, "driver-1", MOUNT_UP));
	scene_free(s);
	fake_http_stop(worker.http);
	fake_master_stop(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_and_reserved_addresses_are_never_connected_to),
		cmocka_unit_test(ports_below_1024_are_refused),
		cmocka_unit_test(addresses_that_are_not_understood_are_refused),
		cmocka_unit_test(a_worker_that_lies_about_its_id_is_not_routed),
		cmocka_unit_test(a_suspect_is_asked_again_who_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
