#include "proxy/endpoints/pods_follow.h"

#include "proxy/request/access_log.h"
#include "proxy/request/recheck.h"

#include <event2/event.h>
#include <stdlib.h>

struct pods_follow {
	struct exchange *x;
	enum fault (*look)(struct exchange *x);
	void (*end)(struct exchange *x, enum fault fault);
	struct recheck *recheck;
	struct event *tick;
};

/* Looking is no use of a session. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pods_follow *f = arg;

	(void)fd, (void)what;
	if (recheck_is_under_way(f->recheck))
		return;
	enum fault fault = f->look(f->x);
	if (fault == FAULT_NONE)
		recheck_ask(f->recheck, true);
	else
		pods_follow_end(f, fault);
}

void pods_follow_end(struct pods_follow *f, enum fault fault)
{
	access_log_decision(f->x, fault);
	f->end(f->x, fault);
}

struct pods_follow *pods_follow_new(struct exchange *x, enum fault (*look)(struct exchange *x),
	void (*end)(struct exchange *x, enum fault fault))
{
	struct pods_follow *f = mem_alloc(1, sizeof *f);

	f->x = x;
	f->look = look;
	f->end = end;
	f->recheck = recheck_new(x, end);
	f->tick = event_new(x->thread->base, -1, EV_PERSIST, on_tick, f);
	event_add(f->tick, &(struct timeval){.tv_sec = 1});
	return f;
}

void pods_follow_free(struct pods_follow *f)
{
	if (f == NULL)
		return;
	event_free(f->tick);
	recheck_free(f->recheck);
	free(f);
}
