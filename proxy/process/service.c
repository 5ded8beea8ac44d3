#include "proxy/process/service.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "base/mem.h"
#include "base/net/notify.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

struct service {
	struct event *tick; /* NULL: nobody watches */
	service_on_look *look;
	void *arg;
};

static void tell(const char *state)
{
	if (!notify_send(state))
		log_warn("service", "the service manager could not be told: %.*s",
			(int)strcspn(state, "\n"), state);
}

static void on_tick(int fd, short what, void *arg)
{
	const struct service *service = arg;

	(void)fd, (void)what;
	if (service->look(service->arg))
		tell("WATCHDOG=1");
}

struct service *service_ready(struct event_base *base, service_on_look *look, void *arg)
{
	struct service *service = mem_alloc(1, sizeof *service);
	int64_t us = notify_watchdog_ms() * 1000 / 3;

	*service = (struct service){NULL, look, arg};
	tell("READY=1\nSTATUS=serving");
	if (us == 0)
		return service;
	service->tick = event_new(base, -1, EV_PERSIST, on_tick, service);
	event_add(service->tick, &(struct timeval){us / 1000000, us % 1000000});
	return service;
}

void service_free(struct service *service)
{
	if (service && service->tick)
		event_free(service->tick);
	free(service);
}

void service_reloads(void)
{
	char state[64];

	/* Type=notify-reload compares it with the moment of its signal */
	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)clock_mono_us());
	tell(state);
}

void service_has_reloaded(void)
{
	tell("READY=1\nSTATUS=serving");
}

void service_stops(void)
{
	tell("STOPPING=1\nSTATUS=finishing what is under way");
}

void service_has_moved(int pid)
{
	char state[64];

	snprintf(state, sizeof state, "MAINPID=%d\nREADY=1\nSTATUS=serving", pid);
	tell(state);
}
