#include "proxy/request/exchange.h"

#include "base/block.h"
#include "base/clock.h"
#include "proxy/guard/ext_auth.h"
#include "proxy/request/access_log.h"
#include "proxy/request/exchange_audit.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdlib.h>

struct exchange *exchange_of(struct web_call *call)
{
	static_assert(offsetof(struct exchange, web) == 0, "a web_call's exchange is where it is");
	return (struct exchange *)call;
}

const struct exchange *exchange_of_const(const struct web_call *call)
{
	return (const struct exchange *)call;
}

void exchange_move(struct exchange *x, enum exchange_state state)
{
	/* Forward only; each later state may be entered from any earlier one but DONE. */
	assert(x->state < state && x->state != EXCHANGE_DONE);
	x->state = state;
}

struct exchange *exchange_new(struct server_thread *thread, struct front_request *req,
	const struct web_site *site, void (*forget)(struct exchange *x))
{
	struct exchange *x = block_alloc(sizeof *x);

	x->thread = thread;
	x->began_us = clock_mono_us();
	x->http = req->http_2 ? "2" : req->http_1_0 ? "1.0" : "1.1";
	x->registry_hold = share_get(thread->registry);
	x->conf_hold = share_get(thread->conf);
	x->registry = x->registry_hold ? x->registry_hold->value : NULL;
	web_call_init(&x->web, site, req, x->conf_hold->value, thread->next_id++);
	x->web.auth = thread->auth;
	x->web.memory = thread->shared->memory;
	x->web.strangers = thread->shared->strangers;
	x->web.bench = thread->bench;
	x->forget = forget;
	thread->exchanges++;
	return x;
}

static void exchange_free(struct exchange *x)
{
	web_end_work(&x->web);
	x->forget(x);
	identity_unref(x->web.who);
	if (x->gathered)
		evbuffer_free(x->gathered);
	share_drop(x->registry_hold);
	share_drop(x->conf_hold);
	ext_auth_free(x->ext);
	access_log_forget(x);
	exchange_audit_free(x);
	free(x->home);
	block_free(x);
}

void exchange_finish(struct exchange *x, enum fault fault)
{
	exchange_move(x, EXCHANGE_DONE);
	x->fault = fault;
	access_log_write(x);
	x->thread->exchanges--;
	exchange_free(x);
}

bool exchange_leave(struct exchange *x)
{
	access_log_keep(x); /* the request's bytes are about to go */
	x->web.req = NULL;
	return x->state != EXCHANGE_AUTHENTICATING && x->state != EXCHANGE_ASKING_AGAIN &&
	       x->state != EXCHANGE_SIGNING;
}

static void take_newest(struct share_hold **hold, struct share_reader *reader)
{
	struct share_hold *newest = share_get(reader);

	share_drop(*hold);
	*hold = newest;
}

bool exchange_follow(struct exchange *x)
{
	take_newest(&x->registry_hold, x->thread->registry);
	take_newest(&x->conf_hold, x->thread->conf);
	x->registry = x->registry_hold->value;
	x->web.conf = x->conf_hold->value;
	x->ui = NULL; /* its head is sent */
	x->web.listen = &x->web.conf->server;
	x->web.origin = x->web.conf->server.origin;
	x->route = route_match(x->registry, x->web.conf->server.base, x->web.target.path);
	return x->route.kind == ROUTE_MOUNT && x->route.mount->kind == UI_OTHER;
}
