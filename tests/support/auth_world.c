#include "tests/support/auth_world.h"

#include "base/net/fetch.h"
#include "auth/backends/store_open.h"
#include "auth/token/issue.h"
#include "auth/backends/sqlite/store_sqlite.h"
#include "base/clock.h"
#include "tests/support/scratch.h"

#include <event2/event.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PATIENCE_MS = 5000 };

struct keeper {
	pthread_t thread;
	struct event_base *base;
	struct event *wake;
	struct inbox *inbox;
	struct fetcher *fetcher;
};

/* --- the keeper --- */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	inbox_drain(((struct keeper *)arg)->inbox);
}

static void *run_keeper(void *arg)
{
	struct keeper *keeper = arg;

	event_base_loop(keeper->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

static struct keeper *keeper_new(void)
{
	struct keeper *keeper = mem_alloc(1, sizeof *keeper);

	keeper->base = event_base_new();
	keeper->inbox = inbox_new();
	keeper->fetcher = fetcher_new(keeper->base);
	keeper->wake = event_new(
		keeper->base, inbox_fd(keeper->inbox), EV_READ | EV_PERSIST, on_wake, keeper);
	event_add(keeper->wake, NULL);
	if (pthread_create(&keeper->thread, NULL, run_keeper, keeper) != 0)
		abort();
	return keeper;
}

struct order {
	struct task task;
	void (*run)(void *arg);
	void *arg;
	sem_t done;
};

static void run_order(struct task *task)
{
	struct order *order = (struct order *)task;

	order->run(order->arg);
	sem_post(&order->done);
}

static void keeper_do(struct keeper *keeper, void (*run)(void *arg), void *arg)
{
	struct order order = {.task = {.run = run_order}, .run = run, .arg = arg};

	sem_init(&order.done, 0, 0);
	inbox_post(keeper->inbox, &order.task);
	while (sem_wait(&order.done) == -1)
		;
	sem_destroy(&order.done);
}

static void stop_loop(void *arg)
{
	struct keeper *keeper = arg;

	event_base_loopbreak(keeper->base);
}

static void keeper_free(struct keeper *keeper)
{
	keeper_do(keeper, stop_loop, keeper);
	pthread_join(keeper->thread, NULL);
	event_free(keeper->wake);
	inbox_free(keeper->inbox);
	fetcher_free(keeper->fetcher);
	event_base_free(keeper->base);
	free(keeper);
}

void auth_world_on_keeper(struct auth_world *w, void (*run)(void *arg), void *arg)
{
	keeper_do(w->keeper, run, arg);
}

/* --- life --- */

static const char yaml[] = "server: {listen: 127.0.0.1:8480, public_url: http://127.0.0.1:8480/}\n"
			   "admin: {listen: 127.0.0.1:8481, public_url: http://127.0.0.1:8481/}\n"
			   "clusters: [{name: local, masters: [http://127.0.0.1:8080]}]\n"
			   "store: sqlite:%s/state.db\n%s";

struct auth_world *auth_world_new(const char *extra)
{
	struct auth_world *w = mem_alloc(1, sizeof *w);
	struct err err = {""};

	w->folder = scratch_new();
	w->data = mem_printf("%s/data", w->folder);
	char *text = mem_printf(yaml, w->data, extra ? extra : "");
	char *file = scratch_write(w->folder, "sparkgate.yaml", text);
	w->conf = conf_load(file, &err);
	if (w->conf == NULL) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	free(text);
	free(file);
	return w;
}

static void start_service(void *arg)
{
	struct auth_world *w = arg;
	struct err err = {""};

	w->service = auth_service_new(
		w->conf, w->keeper->base, w->keeper->inbox, w->keeper->fetcher, &err);
	if (w->service == NULL) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
}

static void stop_service(void *arg)
{
	struct auth_world *w = arg;

	auth_service_free(w->service);
	w->service = NULL;
}

void auth_world_start_worker(struct auth_world *w, int thread)
{
	w->base[thread] = event_base_new();
	w->inbox[thread] = inbox_new();
	w->auth[thread] = auth_new(w->service, w->base[thread], w->inbox[thread], w->site[thread]);
}

void auth_world_stop_worker(struct auth_world *w, int thread)
{
	auth_free(w->auth[thread]);
	inbox_free(w->inbox[thread]);
	event_base_free(w->base[thread]);
	w->auth[thread] = NULL;
	w->inbox[thread] = NULL;
}

void auth_world_start(struct auth_world *w)
{
	w->keeper = keeper_new();
	keeper_do(w->keeper, start_service, w);
	for (int i = 0; i < AUTH_WORLD_WORKERS; i++)
		auth_world_start_worker(w, i);
}

void auth_world_stop(struct auth_world *w)
{
	for (int i = 0; i < AUTH_WORLD_WORKERS; i++) {
		if (w->auth[i])
			auth_world_stop_worker(w, i);
	}
	if (w->keeper) {
		keeper_do(w->keeper, stop_service, w);
		keeper_free(w->keeper);
	}
	w->keeper = NULL;
}

void auth_world_free(struct auth_world *w)
{
	auth_world_stop(w);
	conf_unref(w->conf);
	scratch_free(w->folder);
	free(w->data);
	free(w);
}

struct link_order {
	struct auth_service *service;
	char *url;
};

static void ask_link(void *arg)
{
	struct link_order *order = arg;

	order->url = auth_service_first_link(order->service);
}

char *auth_world_link(struct auth_world *w)
{
	struct link_order order = {w->service, NULL};

	keeper_do(w->keeper, ask_link, &order);
	return order.url;
}

/* --- another process --- */

struct store *auth_world_store(struct auth_world *w)
{
	struct store *store = store_open(w->conf, NULL);

	if (store == NULL)
		abort();
	return store;
}

char *auth_world_token(struct auth_world *w, const char *user, enum role role, int64_t ttl,
	char id[static STORE_ID])
{
	struct store *store = auth_world_store(w);
	struct signer *signer = signer_open(w->conf->data_dir, NULL);
	struct store_token record;
	struct issue_request request = {.issuer = "http://127.0.0.1:8480",
		.client_name = "test",
		.user = user,
		.created_by = "test",
		.role = role,
		.access_ttl = ttl};
	struct token_secrets secrets;

	if (issue_token(store, signer, &request, &record, &secrets, NULL) != ISSUE_DONE)
		abort();
	memcpy(id, record.id, STORE_ID);
	signer_free(signer);
	store->ops->close(store);
	return secrets.access;
}

void auth_world_set_state(struct auth_world *w, const char *id, enum token_state state)
{
	struct store *store = auth_world_store(w);

	if (store->ops->token_set_state(store, str_of(id), state) != STORE_FOUND)
		abort();
	store->ops->close(store);
}

/* --- questions --- */

/* What a worker's loop does: its inbox, and whatever the store's reader has in the event loop. */
static void pump(struct auth_world *w, int thread, int ms)
{
	struct pollfd fd = {.fd = inbox_fd(w->inbox[thread]), .events = POLLIN};

	event_base_loop(w->base[thread], EVLOOP_NONBLOCK);
	if (poll(&fd, 1, ms < 10 ? ms : 10) == 1)
		inbox_drain(w->inbox[thread]);
}

struct waiting {
	bool is_done;
	struct auth_result result;
	struct sign_in_result sign_in;
};

static void on_auth(void *arg, struct auth_result result)
{
	*(struct waiting *)arg = (struct waiting){.is_done = true, .result = result};
}

static void on_sign_in(void *arg, struct sign_in_result result)
{
	*(struct waiting *)arg = (struct waiting){.is_done = true, .sign_in = result};
}

static void await_done(struct auth_world *w, int thread, const struct waiting *waiting)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while (!waiting->is_done && clock_mono_ms() < until)
		pump(w, thread, 10);
	if (!waiting->is_done)
		abort();
}

struct auth_result auth_world_ask(
	struct auth_world *w, int thread, const char *authorization, const char *cookie)
{
	struct waiting waiting = {.is_done = false};
	struct str header = str_of(authorization), cookies = str_of(cookie);
	struct auth_request req = {.authorization = &header,
		.authorization_count = authorization != NULL,
		.cookies = &cookies,
		.cookies_count = cookie != NULL,
		.client = STR("192.0.2.7")};
	struct auth_result result = auth_check(w->auth[thread], &req, on_auth, &waiting);

	if (result.status != AUTH_LATER)
		return result;
	await_done(w, thread, &waiting);
	return waiting.result;
}

struct sign_in_result auth_world_sign_in_link(
	struct auth_world *w, int thread, const char *secret, const char *cookie)
{
	struct waiting waiting = {.is_done = false};
	struct str cookies = str_of(cookie);

	auth_sign_in_link(w->auth[thread], str_of(secret), &cookies, cookie != NULL,
		STR("192.0.2.7"), on_sign_in, &waiting);
	await_done(w, thread, &waiting);
	return waiting.sign_in;
}

struct sign_in_result auth_world_sign_in_token(
	struct auth_world *w, int thread, const char *token, const char *cookie)
{
	struct waiting waiting = {.is_done = false};
	struct str cookies = str_of(cookie);

	auth_sign_in_token(w->auth[thread], str_of(token), &cookies, cookie != NULL,
		STR("192.0.2.7"), on_sign_in, &waiting);
	await_done(w, thread, &waiting);
	return waiting.sign_in;
}

static struct sign_in_result sign_out(
	struct auth_world *w, int thread, const char *cookie, enum sign_out_scope scope)
{
	struct waiting waiting = {.is_done = false};
	struct str cookies = str_of(cookie);

	auth_sign_out(w->auth[thread], &cookies, cookie != NULL, scope, on_sign_in, &waiting);
	await_done(w, thread, &waiting);
	return waiting.sign_in;
}

struct sign_in_result auth_world_sign_out(struct auth_world *w, int thread, const char *cookie)
{
	return sign_out(w, thread, cookie, SIGN_OUT_HERE);
}

struct sign_in_result auth_world_sign_out_everywhere(
	struct auth_world *w, int thread, const char *cookie)
{
	return sign_out(w, thread, cookie, SIGN_OUT_EVERYWHERE);
}

struct sign_in_result auth_world_login_finish(
	struct auth_world *w, int thread, const char *query, const char *cookie, bool is_signed_in)
{
	struct waiting waiting = {.is_done = false};
	struct str cookies = str_of(cookie);

	auth_login_finish(w->auth[thread],
		&(struct auth_callback){str_of(w->came_to ? w->came_to : ""), str_of(query),
			&cookies, cookie != NULL, STR("192.0.2.7"), is_signed_in},
		on_sign_in, &waiting);
	await_done(w, thread, &waiting);
	return waiting.sign_in;
}

struct sign_in_result auth_world_back_channel_logout(
	struct auth_world *w, int thread, const char *logout_token)
{
	struct waiting waiting = {.is_done = false};

	auth_back_channel_logout(w->auth[thread], str_of(logout_token), on_sign_in, &waiting);
	await_done(w, thread, &waiting);
	return waiting.sign_in;
}

int auth_world_ask_at_once(struct auth_world *w, const char *cookie, int count)
{
	enum { AT_ONCE_MAX = 64 };
	struct waiting waiting[AT_ONCE_MAX] = {{.is_done = false}};
	struct str cookies = str_of(cookie);
	const struct auth_request req = {
		.cookies = &cookies, .cookies_count = 1, .client = STR("192.0.2.7")};
	int good = 0;

	for (int i = 0; i < count; i++) {
		struct auth_result result = auth_check(w->auth[i % 2], &req, on_auth, &waiting[i]);
		if (result.status != AUTH_LATER)
			on_auth(&waiting[i], result);
	}
	for (int i = 0; i < count; i++) {
		await_done(w, i % 2, &waiting[i]);
		good += waiting[i].result.status == AUTH_OK;
		identity_unref(waiting[i].result.who);
	}
	return good;
}

int64_t auth_world_await(struct auth_world *w, int thread, const char *authorization,
	const char *cookie, enum auth_status want)
{
	int64_t began = clock_mono_ms();

	while (clock_mono_ms() - began < PATIENCE_MS) {
		struct auth_result result = auth_world_ask(w, thread, authorization, cookie);
		identity_unref(result.who);
		if (result.status == want)
			return clock_mono_ms() - began;
		pump(w, thread, 10);
	}
	return -1;
}

char *auth_world_cookie(const char *set_cookie)
{
	return mem_strndup(set_cookie, strcspn(set_cookie, ";"));
}

/* --- expectations --- */

char *auth_world_bearer(const char *token)
{
	return mem_printf("Bearer %s", token);
}

void auth_world_expect_status(struct auth_result result, enum auth_status want)
{
	identity_unref(result.who);
	assert_int_equal(result.status, want);
	assert_int_equal(result.who != NULL, want == AUTH_OK);
	assert_non_null(result.reason);
}

void auth_world_expect(struct auth_world *w, int thread, const char *authorization,
	const char *cookie, enum auth_status want)
{
	auth_world_expect_status(auth_world_ask(w, thread, authorization, cookie), want);
}

/* Gives the cookie of a session opened with the first link's secret. */
char *auth_world_enter_by_link(struct auth_world *w)
{
	char *url = auth_world_link(w);
	assert_non_null(url);
	struct sign_in_result result = auth_world_sign_in_link(w, 0, strchr(url, '=') + 1, NULL);

	assert_int_equal(result.status, AUTH_OK);
	assert_int_equal(result.who->role, ROLE_ADMIN);
	char *cookie = auth_world_cookie(result.set_cookie);
	identity_unref(result.who);
	secret_free(result.set_cookie);
	secret_free(url);
	return cookie;
}

/* Gives the cookie of a session opened with this token. */
char *auth_world_enter_by_token(struct auth_world *w, const char *token, const char *old)
{
	struct sign_in_result result = auth_world_sign_in_token(w, 0, token, old);

	assert_int_equal(result.status, AUTH_OK);
	char *cookie = auth_world_cookie(result.set_cookie);
	identity_unref(result.who);
	secret_free(result.set_cookie);
	return cookie;
}
