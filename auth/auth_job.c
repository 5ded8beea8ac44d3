#include "auth/auth_int.h"

#include "auth/roles.h"
#include "base/clock.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>

/* Outlives its worker for as long as jobs are under way. */
struct port {
	atomic_int refs;
	pthread_mutex_t lock;
	struct inbox *reply; /* NULL: the worker is gone */
	struct auth *auth;   /* the worker's thread only; NULL as above */
};

struct port *auth_port_new(struct auth *auth, struct inbox *reply)
{
	struct port *port = mem_alloc(1, sizeof *port);

	atomic_init(&port->refs, 1);
	pthread_mutex_init(&port->lock, NULL);
	port->reply = reply;
	port->auth = auth;
	return port;
}

static void port_unref(struct port *port)
{
	if (atomic_fetch_sub(&port->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&port->lock);
	free(port);
}

void auth_port_close(struct port *port)
{
	pthread_mutex_lock(&port->lock);
	port->reply = NULL;
	pthread_mutex_unlock(&port->lock);
	port->auth = NULL;
	port_unref(port);
}

/* --- there and back --- */

static struct job *job_of(struct task *task)
{
	return (struct job *)task; /* its first member */
}

static void job_free(struct job *job)
{
	auth_service_unref(job->service);
	port_unref(job->port);
	secret_free(job->token);
	secret_free(job->location);
	secret_free(job->json);
	login_clear(&job->login);
	store_session_clear(&job->opening.session);
	identity_unref(job->who);
	OPENSSL_cleanse(job, sizeof *job);
	free(job);
}

struct job *auth_job_new(struct call *call)
{
	struct job *job = mem_alloc(1, sizeof *job);

	job->service = auth_service_ref(call->auth->service);
	job->port = call->auth->port;
	atomic_fetch_add(&job->port->refs, 1);
	job->call = call;
	job->site = call->auth->site;
	return job;
}

void auth_job_say(struct job *job, enum auth_status status, const char *reason)
{
	job->status = status;
	snprintf(job->reason, sizeof job->reason, "%s", reason);
}

static void run_on_keeper(struct task *task)
{
	struct job *job = job_of(task);

	job->answer = STORE_FAILED;
	auth_job_say(job, AUTH_UNAVAILABLE, "shutting down");
	if (job->service->closed) {
		auth_job_return(job);
		return;
	}
	auth_service_poll(job->service);
	job->work(job);
}

void auth_job_send(struct job *job)
{
	job->task.run = run_on_keeper;
	inbox_post(job->service->keeper, &job->task);
}

static void run_on_worker(struct task *task)
{
	struct job *job = job_of(task);

	/* A worker that is gone has answered its calls and freed them. */
	if (job->port->auth)
		job->done(job->call, job);
	job_free(job);
}

void auth_job_return(struct job *job)
{
	struct port *port = job->port;

	job->task.run = run_on_worker;
	pthread_mutex_lock(&port->lock);
	bool is_posted = port->reply != NULL;
	if (is_posted)
		inbox_post(port->reply, &job->task);
	pthread_mutex_unlock(&port->lock);
	if (!is_posted)
		job_free(job);
}

/* --- keys fetched again --- */

/* The newest keys are published before a refetch is answered, so the next look is the last word. */
static void on_keys(struct call *call, struct job *job)
{
	(void)job;
	call->question.keys_asked = true;
	auth_call_resume(call);
}

static void on_fetched(struct jwks_waiter *waiter, bool fetched)
{
	struct job *job = (struct job *)((char *)waiter - offsetof(struct job, waiter));

	(void)fetched;
	auth_job_return(job);
}

static void fetch_keys(struct job *job)
{
	job->waiter.done = on_fetched;
	jwks_fetch_unknown_kid(job->service->jwks, job->issuer, &job->waiter);
}

void auth_job_ask_keys(struct call *call)
{
	struct job *job = auth_job_new(call);

	memcpy(job->issuer, call->issuer, sizeof job->issuer);
	job->work = fetch_keys;
	job->done = on_keys;
	auth_job_send(job);
}

/* --- opaque tokens --- */

static void on_word(struct call *call, struct job *job)
{
	struct question *question = &call->question;

	question->introspected = true;
	if (job->status == AUTH_OK) {
		struct share_hold *hold;
		const struct auth_rules *rules = auth_rules_get(call->auth, &hold);
		token_cache_put(call->auth->tokens, question->key, clock_wall_s(),
			rules->generation, job->who, job->until);
		share_drop(hold);
	} else {
		question->refused = job->status;
		question->why = auth_keep_reason(
			call->auth, job->reason, "the issuer says that the token is not active");
	}
	auth_call_resume(call);
}

/* The issuer is asked again now and then: it may have revoked the token since. */
static int64_t soon(int64_t expires_at)
{
	int64_t until = clock_wall_s() + AUTH_INTROSPECTED_S;

	return expires_at != 0 && expires_at < until ? expires_at : until;
}

static void on_introspected(void *arg, const struct introspect_result *result)
{
	struct job *job = arg;
	const struct conf *conf = job->service->conf;

	if (result->answer == INTROSPECT_ACTIVE) {
		struct str name = auth_display_name(result->claims, result->subject);
		struct roles roles = roles_from_claims(conf, result->claims);

		/* A token without an end ends with the session that it may open. */
		job->who = identity_new(result->issuer, result->subject, name, STR(""), roles.role,
			VIA_BEARER, result->expires_at);
		roles_narrow(conf, roles, job->who);
		job->until = soon(result->expires_at);
		auth_job_say(job, AUTH_OK, "");
	} else {
		auth_job_say(job,
			result->answer == INTROSPECT_INACTIVE ? AUTH_INVALID_TOKEN
							      : AUTH_UNAVAILABLE,
			result->reason);
	}
	auth_job_return(job);
}

static void introspect_token(struct job *job)
{
	introspect(job->service->introspector, str_of(job->token), on_introspected, job);
}

void auth_job_ask_introspection(struct call *call)
{
	struct job *job = auth_job_new(call);

	job->token = mem_strdup(call->token);
	job->work = introspect_token;
	job->done = on_word;
	auth_job_send(job);
}
