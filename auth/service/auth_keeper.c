#include "auth/service/auth_keeper.h"

#include "auth/service/auth_pending.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>

/* Outlives its server thread for as long as requests are under way. */
struct return_address {
	atomic_int refs;
	pthread_mutex_t lock;
	struct inbox *reply; /* NULL: the server thread is gone */
	struct auth *auth;   /* for the server thread alone; NULL as above */
};

struct return_address *auth_keeper_address_new(struct auth *auth, struct inbox *reply)
{
	struct return_address *address = mem_alloc(1, sizeof *address);

	atomic_init(&address->refs, 1);
	pthread_mutex_init(&address->lock, NULL);
	address->reply = reply;
	address->auth = auth;
	return address;
}

static void address_unref(struct return_address *address)
{
	if (atomic_fetch_sub(&address->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&address->lock);
	free(address);
}

void auth_keeper_address_close(struct return_address *address)
{
	pthread_mutex_lock(&address->lock);
	address->reply = NULL;
	pthread_mutex_unlock(&address->lock);
	address->auth = NULL;
	address_unref(address);
}

/* --- there and back --- */

static struct keeper_request *request_of(struct task *task)
{
	return (struct keeper_request *)task; /* its first member */
}

static void request_free(struct keeper_request *request)
{
	if (request->clear)
		request->clear(request);
	service_unref(request->service);
	address_unref(request->address);
	identity_unref(request->who);
	OPENSSL_cleanse(request, request->size);
	free(request);
}

struct keeper_request *auth_keeper_new(struct auth_pending *pending, size_t size)
{
	struct keeper_request *request = mem_alloc(1, size);

	request->size = size;
	request->service = service_ref(pending->auth->service);
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
	struct keeper_request *request = request_of(task);

	auth_keeper_say(request, AUTH_UNAVAILABLE, "shutting down"); /* until something else is */
	if (request->service->closed) {
		auth_keeper_return(request);
		return;
	}
	service_poll(request->service);
	request->work(request);
}

void auth_keeper_send(struct keeper_request *request)
{
	request->task.run = run_on_keeper;
	inbox_post(request->service->keeper, &request->task);
}

static void run_on_server_thread(struct task *task)
{
	struct keeper_request *request = request_of(task);

	/* A server thread that is gone has answered its calls and freed them. */
	if (request->address->auth)
		request->done(request->pending, request);
	request_free(request);
}

void auth_keeper_return(struct keeper_request *request)
{
	struct return_address *address = request->address;

	request->task.run = run_on_server_thread;
	pthread_mutex_lock(&address->lock);
	bool is_posted = address->reply != NULL;
	if (is_posted)
		inbox_post(address->reply, &request->task);
	pthread_mutex_unlock(&address->lock);
	if (!is_posted)
		request_free(request);
}

void auth_keeper_answer(struct keeper_request *request, enum auth_status status, const char *reason)
{
	auth_keeper_say(request, status, reason);
	auth_keeper_return(request);
}
