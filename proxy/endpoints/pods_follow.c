#include "proxy/endpoints/pods_follow.h"

#include "base/clock.h"
#include "proxy/request/access_log.h"
#include "proxy/request/exchange_judge.h"
#include "proxy/web/web_fault.h"

#include <event2/event.h>
#include <stdlib.h>

enum { SILENT_MS = 30 * 1000 }; /* S33: what was good goes on for so long without the store */

struct pods_follow {
	struct exchange *x; /* NULL: it is over, and auth still owes its answer */
	void (*end)(void *arg, enum fault fault);
	void *arg;
	struct event *tick;
	bool asking;
	int64_t good_ms; /* monotonic: when it was last known to be */
};

static enum fault judge(struct exchange *x, struct auth_result result)
{
	if (result.status != AUTH_OK)
		return web_fault_of(result.status);
	identity_unref(x->web.who);
	x->web.who = result.who;
	return exchange_judge(x);
}

static void follow_on_auth(void *arg, struct auth_result result)
{
	struct pods_follow *f = arg;
	enum fault fault;

	f->asking = false;
	if (f->x == NULL) {
		identity_unref(result.who);
		free(f);
		return;
	}
	fault = judge(f->x, result);
	if (fault == FAULT_NONE)
		f->good_ms = clock_mono_ms();
	if (fault == FAULT_NONE ||
		(fault == FAULT_STORE_DOWN && clock_mono_ms() - f->good_ms < SILENT_MS))
		return;
	access_log_decision(f->x, fault);
	f->end(f->arg, fault);
}

/* Looking is no use of a session. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pods_follow *f = arg;

	(void)fd, (void)what;
	if (f->asking)
		return;
	f->asking = true;
	struct auth_result result = web_ask_auth(&f->x->web, true, follow_on_auth, f);
	if (result.status != AUTH_LATER)
		follow_on_auth(f, result);
}

struct pods_follow *pods_follow_new(
	struct exchange *x, void (*end)(void *arg, enum fault fault), void *arg)
{
	struct pods_follow *f = mem_alloc(1, sizeof *f);

	f->x = x;
	f->end = end;
	f->arg = arg;
	f->good_ms = clock_mono_ms();
	f->tick = event_new(x->thread->base, -1, EV_PERSIST, on_tick, f);
	event_add(f->tick, &(struct timeval){.tv_sec = 1});
	return f;
}

void pods_follow_free(struct pods_follow *f)
{
	if (f == NULL)
		return;
	event_free(f->tick);
	f->tick = NULL;
	f->x = NULL;
	if (!f->asking)
		free(f);
}
