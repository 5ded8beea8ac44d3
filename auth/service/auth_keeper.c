/* Requests to the keeper: sent from a server thread, worked on there, and brought back. */
#include "auth/service/auth_int.h"

#include "auth/policy/roles.h"
#include "base/clock.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>

/* Outlives its server thread for as long as requests are under way. */
struct return_address {
	atomic_int refs;
	pthread_mutex_t lock;
	struct inbox *reply; /* NULL: the server thread is gone */
	struct auth *auth;   /* the server thread's thread only; NULL as above */
};

struct return_address *auth_keeper_port_new(struct auth *auth, struct inbox *reply)
{
	struct return_address *address = mem_alloc(1, sizeof *address);

	atomic_init(&address->refs, 1);
	pthread_mutex_init(&address->lock, NULL);
	address->reply = reply;
	address->auth = auth;
	return address;
}

static void port_unref(struct return_address *address)
{
	if (atomic_fetch_sub(&address->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&address->lock);
	free(address);
}

void auth_keeper_port_close(struct return_address *address)
{
	pthread_mutex_lock(&address->lock);
	address->reply = NULL;
	pthread_mutex_unlock(&address->lock);
	address->auth = NULL;
	port_unref(address);
}

/* --- there and back --- */

static struct keeper_request *job_of(struct task *task)
{
	return (struct keeper_request *)task; /* its first member */
}

static void job_free(struct keeper_request *request)
{
	auth_service_unref(request->service);
	port_unref(request->address);
	secret_free(request->token);
	secret_free(request->location);
	secret_free(request->json);
	login_cookie_clear(&request->login);
	store_session_clear(&request->opening.session);
	identity_unref(request->who);
	OPENSSL_cleanse(request, sizeof *request);
	free(request);
}

struct keeper_request *auth_keeper_new(struct auth_pending *pending)
{
	struct keeper_request *request = mem_alloc(1, sizeof *request);

	request->service = auth_service_ref(pending->auth->service);
	request->address = pending->auth->address;
	atomic_fetch_add(&request->address->refs, 1);
	request->pending = pending;
	request->site = pending->auth->site;
	return request;
}

void auth_keeper_say(struct keeper_request *request, enum auth_status status, const char *reason)
{
	request->status = status;
	snprintf(request->reason, sizeof request->reason, "%s", reason);
}

static void run_on_keeper(struct task *task)
{
	struct keeper_request *request = job_of(task);

	request->answer = STORE_FAILED;
	auth_keeper_say(request, AUTH_UNAVAILABLE, "shutting down");
	if (request->service->closed) {
		auth_keeper_return(request);
		return;
	}
	auth_service_poll(request->service);
	request->work(request);
}

void auth_keeper_send(struct keeper_request *request)
{
	request->task.run = run_on_keeper;
	inbox_post(request->service->keeper, &request->task);
}

static void run_on_worker(struct task *task)
{
	struct keeper_request *request = job_of(task);

	/* A server thread that is gone has answered its calls and freed them. */
	if (request->address->auth)
		request->done(request->pending, request);
	job_free(request);
}

void auth_keeper_return(struct keeper_request *request)
{
	struct return_address *address = request->address;

	request->task.run = run_on_worker;
	pthread_mutex_lock(&address->lock);
	bool is_posted = address->reply != NULL;
	if (is_posted)
		inbox_post(address->reply, &request->task);
	pthread_mutex_unlock(&address->lock);
	if (!is_posted)
		job_free(request);
}

/* --- keys fetched again --- */

/* The newest keys are published before a refetch is answered, so the next look is the last word. */
static void on_keys(struct auth_pending *pending, struct keeper_request *request)
{
	(void)request;
	pending->question.keys_asked = true;
	auth_pending_resume(pending);
}

static void on_fetched(struct jwks_waiter *waiter, bool fetched)
{
	struct keeper_request *request =
		(struct keeper_request *)((char *)waiter - offsetof(struct keeper_request, waiter));

	(void)fetched;
	auth_keeper_return(request);
}

static void fetch_keys(struct keeper_request *request)
{
	request->waiter.done = on_fetched;
	jwks_fetch_unknown_kid(request->service->jwks, request->issuer, &request->waiter);
}

void auth_keeper_ask_keys(struct auth_pending *pending)
{
	struct keeper_request *request = auth_keeper_new(pending);

	memcpy(request->issuer, pending->issuer, sizeof request->issuer);
	request->work = fetch_keys;
	request->done = on_keys;
	auth_keeper_send(request);
}

/* --- opaque tokens --- */

static void on_word(struct auth_pending *pending, struct keeper_request *request)
{
	struct question *question = &pending->question;

	question->introspected = true;
	if (request->status == AUTH_OK) {
		struct share_hold *hold;
		const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);
		token_cache_put(pending->auth->tokens, question->key, clock_wall_s(),
			rules->generation, request->who, request->until);
		share_drop(hold);
	} else {
		question->refused = request->status;
		question->why = auth_keep_reason(pending->auth, request->reason,
			"the issuer says that the token is not active");
	}
	auth_pending_resume(pending);
}

/* The issuer is asked again now and then: it may have revoked the token since. */
static int64_t soon(int64_t expires_at)
{
	int64_t until = clock_wall_s() + AUTH_INTROSPECTED_S;

	return expires_at != 0 && expires_at < until ? expires_at : until;
}

static void on_introspected(void *arg, const struct introspect_result *result)
{
	struct keeper_request *request = arg;
	const struct conf *conf = request->service->conf;

	if (result->answer == INTROSPECT_ACTIVE) {
		/* A token without an end ends with the session that it may open. */
		request->who = roles_identity(
			conf, result->claims, result->issuer, result->subject, result->expires_at);
		request->until = soon(result->expires_at);
		auth_keeper_say(request, AUTH_OK, "");
	} else {
		auth_keeper_say(request,
			result->answer == INTROSPECT_INACTIVE ? AUTH_INVALID_TOKEN
							      : AUTH_UNAVAILABLE,
			result->reason);
	}
	auth_keeper_return(request);
}

static void introspect_token(struct keeper_request *request)
{
	introspect(
		request->service->introspector, str_of(request->token), on_introspected, request);
}

void auth_keeper_ask_introspection(struct auth_pending *pending)
{
	struct keeper_request *request = auth_keeper_new(pending);

	request->token = mem_strdup(pending->token);
	request->work = introspect_token;
	request->done = on_word;
	auth_keeper_send(request);
}
