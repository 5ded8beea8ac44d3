/* rediss: where hiredis has TLS, and what is said where it has none. */
#include "auth/backends/redis/store_redis.h"
#include "base/clock.h"
#include "tests/support/port.h"
#include "tests/support/redis_server.h"
#include "tests/support/scratch.h"
#include "tests/support/store_world.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#ifndef HAVE_HIREDIS_SSL

static void tls_is_refused_where_the_library_has_none(void **state)
{
	char host[] = "127.0.0.1";
	struct conf_endpoint at = {host, 6379};
	struct conf conf = {.redis = {.endpoints = &at, .endpoints_count = 1, .tls = true}};
	struct err err = {""};

	(void)state;
	assert_null(store_redis_open(&conf, &err));
	assert_non_null(strstr(err.text, "hiredis_ssl"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_is_refused_where_the_library_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

enum { PATIENCE_MS = 5000 };

struct tls_world {
	struct redis_server *server;
	char *folder, *ca_file, *other_ca_file;
	char host[16];
	struct conf_endpoint at;
};

/* A certificate of its own authority, for the name localhost. */
static char *make_certificate(const char *folder, const char *stem)
{
	char *command =
		mem_printf("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
			   "-nodes -days 2 -subj /CN=%s -addext subjectAltName=DNS:localhost "
			   "-keyout %s/%s.key -out %s/%s.pem 2>/dev/null",
			stem, folder, stem, folder, stem);

	assert_int_equal(system(command), 0);
	free(command);
	return mem_printf("%s/%s.pem", folder, stem);
}

static int set_up(void **state)
{
	struct tls_world *w = mem_alloc(1, sizeof *w);
	unsigned port = port_take();

	w->folder = scratch_new();
	w->ca_file = make_certificate(w->folder, "server");
	w->other_ca_file = make_certificate(w->folder, "other");
	char *settings = mem_printf("tls-port %u\ntls-auth-clients no\ntls-cert-file %s\n"
				    "tls-key-file %s/server.key\ntls-ca-cert-file %s\n",
		port, w->ca_file, w->folder, w->ca_file);
	w->server = redis_server_new(settings);
	free(settings);
	str_copy(STR("localhost"), w->host, sizeof w->host);
	w->at = (struct conf_endpoint){w->host, port};
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct tls_world *w = *state;

	redis_server_free(w->server);
	scratch_free(w->folder);
	free(w->ca_file);
	free(w->other_ca_file);
	free(w);
	return 0;
}

static struct store *open_tls(struct tls_world *w, char *ca_file, struct err *err)
{
	const struct conf conf = {.redis = {.endpoints = &w->at,
					  .endpoints_count = 1,
					  .tls = true,
					  .ca_file = ca_file}};

	return store_redis_open(&conf, err);
}

static void on_session(void *arg, enum store_answer answer, struct store_session *session)
{
	(void)session;
	*(int *)arg = answer;
}

static void on_change(void *arg, enum store_change change)
{
	unsigned *told = arg;

	told[change]++;
}

static void all_three_connections_speak_tls(void **state)
{
	struct tls_world *w = *state;
	struct event_base *base = event_base_new();
	struct err err = {""};
	struct store *store = open_tls(w, w->ca_file, &err);
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	unsigned told[2] = {0, 0};
	unsigned char key[DIGEST_LEN];
	int answer = STORE_FAILED;

	assert_string_equal(err.text, "");
	assert_non_null(store);
	assert_int_equal(store_world_open(store, 1), STORE_FOUND);
	memset(key, 1, sizeof key);
	struct store_reader *reader = store->ops->reader(store, base, NULL);
	assert_int_equal(store->ops->watch(store, base, on_change, told), 0);
	while ((answer != STORE_FOUND || told[STORE_IN_DOUBT] == 0) && clock_mono_ms() < until) {
		reader->ops->session_get(reader, key, on_session, &answer);
		event_base_loop(base, EVLOOP_ONCE);
	}
	assert_int_equal(answer, STORE_FOUND);
	assert_int_equal(store->ops->session_end(store, key), STORE_FOUND);
	while (told[STORE_TAKEN_AWAY] == 0 && clock_mono_ms() < until)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(told[STORE_TAKEN_AWAY], 1);
	reader->ops->close(reader);
	store->ops->close(store);
	event_base_free(base);
}

static void unknown_authority_is_refused(void **state)
{
	struct tls_world *w = *state;
	struct err err = {""};

	assert_null(open_tls(w, w->other_ca_file, &err));
	assert_non_null(strstr(err.text, "certificate"));
}

static void certificate_for_another_name_is_refused(void **state)
{
	struct tls_world *w = *state;
	struct err err = {""};

	str_copy(STR("127.0.0.1"), w->host, sizeof w->host);
	assert_null(open_tls(w, w->ca_file, &err));
	assert_non_null(strstr(err.text, "certificate"));
}

#define ON_TLS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TLS(all_three_connections_speak_tls),
		ON_TLS(unknown_authority_is_refused),
		ON_TLS(certificate_for_another_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
