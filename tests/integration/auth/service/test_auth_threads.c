/* Workers on threads of their own, asking while tokens and sessions come and go: for
 * ThreadSanitizer too. */
#include "base/clock.h"
#include "tests/support/auth_world.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { THREADS = 4, PATIENCE_MS = 10000 };

struct worker { /* asks until both credentials are refused */
	struct auth_world *world;
	const char *header, *cookie;
	atomic_uint asked, signed_in;
	bool is_signing_in, was_refused;
};

static void on_sign_in(void *arg, struct sign_in_result result)
{
	struct worker *worker = arg;

	worker->signed_in += result.status == AUTH_OK;
	worker->is_signing_in = false;
	identity_unref(result.who);
	secret_free(result.set_cookie);
}

static enum auth_status ask(struct auth *auth, const char *header, const char *cookie)
{
	struct str headers = str_of(header), cookies = str_of(cookie);
	struct auth_request req = {.authorization = &headers,
		.authorization_count = header != NULL,
		.cookies = &cookies,
		.cookies_count = cookie != NULL,
		.client = STR("192.0.2.1")};
	struct auth_result result = auth_check(auth, &req, NULL, NULL);

	identity_unref(result.who);
	return result.status;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct inbox *inbox = inbox_new();
	struct event_base *base = event_base_new();
	struct auth *auth = auth_new(worker->world->service, base, inbox, AUTH_SITE_PUBLIC);
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while (!worker->was_refused && clock_mono_ms() < until) {
		bool token = ask(auth, worker->header, NULL) == AUTH_OK;
		bool session = ask(auth, NULL, worker->cookie) == AUTH_OK;

		if (token && !worker->is_signing_in) {
			worker->is_signing_in = true;
			auth_sign_in_token(auth, str_of(worker->header + strlen("Bearer ")), NULL,
				0, STR(""), on_sign_in, worker);
		}
		worker->asked++;
		worker->was_refused = !token && !session;
		inbox_drain(inbox);
	}
	auth_free(auth);
	inbox_free(inbox);
	event_base_free(base);
	return NULL;
}

static void await_asked(const struct worker *worker, unsigned times)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while ((worker->asked < times || worker->signed_in == 0) && clock_mono_ms() < until)
		usleep(1000);
	assert_true(worker->asked >= times && worker->signed_in > 0);
}

static void s37_revocation_reaches_workers_that_never_stop_asking(void **state)
{
	struct auth_world *w = auth_world_new(NULL);
	static struct worker workers[THREADS];
	pthread_t threads[THREADS];
	char id[STORE_ID];

	(void)state;
	auth_world_start(w);
	char *token = auth_world_token(w, "ann", ROLE_USER, 60, id);
	char *header = mem_printf("Bearer %s", token);
	struct sign_in_result in = auth_world_sign_in_token(w, 0, token, NULL);
	char *cookie = auth_world_cookie(in.set_cookie);
	for (int i = 0; i < THREADS; i++) {
		workers[i].world = w;
		workers[i].header = header;
		workers[i].cookie = cookie;
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		await_asked(&workers[i], 500);
	auth_world_set_state(w, id, STATE_REVOKED);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_true(workers[i].was_refused);
	}
	identity_unref(in.who);
	secret_free(in.set_cookie);
	secret_free(token);
	free(header);
	free(cookie);
	auth_world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s37_revocation_reaches_workers_that_never_stop_asking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
