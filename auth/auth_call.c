#include "auth/auth_int.h"

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

/* --- calls --- */

struct call *auth_call_new(struct auth *auth, void *arg)
{
	struct call *call = mem_alloc(1, sizeof *call);

	call->auth = auth;
	call->arg = arg;
	TAILQ_INSERT_TAIL(&auth->calls, call, link);
	auth->calls_count++;
	return call;
}

void auth_call_answer(struct call *call, struct auth_result result, char *set_cookie)
{
	struct call copy = *call;

	TAILQ_REMOVE(&call->auth->calls, call, link);
	call->auth->calls_count--;
	secret_free(call->token);
	OPENSSL_cleanse(call, sizeof *call);
	free(call);
	if (copy.on_auth)
		copy.on_auth(copy.arg, result);
	else
		copy.on_sign_in(copy.arg, (struct sign_in_result){.status = result.status,
						  .set_cookie = set_cookie,
						  .who = result.who,
						  .reason = result.reason});
	OPENSSL_cleanse(copy.id, sizeof copy.id);
}

static void on_answer_later(struct call *call, struct job *job)
{
	struct auth_result result = call->result;

	(void)job;
	call->result.who = NULL;
	auth_call_answer(call, result, NULL);
}

void auth_call_answer_later(struct call *call, struct auth_result result)
{
	struct job *job = auth_job_new(call);

	call->result = result;
	job->done = on_answer_later;
	auth_job_return(job);
}

void auth_call_answer_all(struct auth *auth)
{
	struct call *call;

	while ((call = TAILQ_FIRST(&auth->calls)) != NULL) {
		identity_unref(call->result.who);
		auth_call_answer(call, auth_refused(AUTH_UNAVAILABLE, "shutting down"), NULL);
	}
}

/* --- jobs --- */

static struct job *job_of(struct task *task)
{
	return (struct job *)task; /* its first member */
}

static void job_free(struct job *job)
{
	auth_service_unref(job->service);
	port_unref(job->port);
	store_session_clear(&job->opening.session);
	free(job);
}

struct job *auth_job_new(struct call *call)
{
	struct job *job = mem_alloc(1, sizeof *job);

	job->service = auth_service_ref(call->auth->service);
	job->port = call->auth->port;
	atomic_fetch_add(&job->port->refs, 1);
	job->call = call;
	return job;
}

static void run_on_keeper(struct task *task)
{
	struct job *job = job_of(task);

	job->answer = STORE_FAILED;
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

static void on_fetched(struct jwks_waiter *waiter, bool fetched)
{
	struct job *job = (struct job *)((char *)waiter - offsetof(struct job, waiter));

	job->answer = fetched ? STORE_FOUND : STORE_NONE;
	auth_job_return(job);
}

static void refetch(struct job *job)
{
	job->waiter.done = on_fetched;
	jwks_fetch_unknown_kid(job->service->jwks, job->issuer, &job->waiter);
}

void auth_job_refetch(
	struct call *call, const char *issuer, void (*done)(struct call *call, struct job *job))
{
	struct job *job = auth_job_new(call);

	job->work = refetch;
	job->done = done;
	if (!str_copy(str_of(issuer), job->issuer, sizeof job->issuer))
		job->issuer[0] = '\0'; /* which nobody knows */
	auth_job_send(job);
}
