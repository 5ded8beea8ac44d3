/* How a gateway lets its clients go: at its end, or because another process takes over. */
#include "proxy/process/gateway_int.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "proxy/admin/admin.h"
#include "proxy/guard/websocket.h"
#include "proxy/process/service.h"
#include "proxy/serve/server_thread.h"

#include <event2/event.h>

enum { DRAIN_MS = 30 * 1000 };
enum { /* so long a client may take to send its next request to us */
	HANDED_IDLE_MS = 5000,
	LEFT_IDLE_MS = 1000, /* nobody else serves yet */
};

/* The admin site stays open longest, for who asks whether this gateway is ready. */
static bool all_done(const struct gateway *gw)
{
	for (unsigned i = 0; i < gw->shared.threads; i++) {
		if (!server_thread_is_done(gw->threads[i]))
			return false;
	}
	admin_leave(gw->admin, LEFT_IDLE_MS);
	return !admin_has_connections(gw->admin);
}

static void on_drain_tick(int fd, short what, void *arg)
{
	struct gateway *gw = arg;

	(void)fd, (void)what;
	if (all_done(gw) || clock_mono_ms() - gw->draining_since > DRAIN_MS)
		event_base_loopbreak(gw->base);
}

/* Whoever is idle may have sent something just now: it is answered, and told to close. Clients of a
 * gateway that has handed over may come back at once. */
static void begin_drain(struct gateway *gw)
{
	struct server_thread_leave leave = {LEFT_IDLE_MS, WEBSOCKET_GOING_AWAY};

	if (gw->is_handed_over)
		leave = (struct server_thread_leave){HANDED_IDLE_MS, WEBSOCKET_SERVICE_RESTART};
	gw->draining_since = clock_mono_ms();
	if (gw->is_handed_over)
		admin_leave(gw->admin, leave.idle_ms);
	redirect_drain(gw->redirect, leave.idle_ms);
	redirect_drain(gw->admin_redirect, leave.idle_ms);
	for (unsigned i = 0; i < gw->shared.threads; i++)
		server_thread_drain(gw->threads[i], leave);
	gw->drain_tick = event_new(gw->base, -1, EV_PERSIST, on_drain_tick, gw);
	event_add(gw->drain_tick, &(struct timeval){.tv_usec = 50 * 1000});
}

static void on_unready_end(int fd, short what, void *arg)
{
	(void)fd, (void)what;
	begin_drain(arg);
}

/* Whoever asks /ready stays away from now on; until they have asked, their requests are served. */
static void begin_unready(struct gateway *gw)
{
	int64_t ms = gw->conf->limit_unready_ms;

	admin_drain(gw->admin);
	if (ms == 0) {
		begin_drain(gw);
		return;
	}
	gw->draining_since = clock_mono_ms();
	gw->unready = event_new(gw->base, -1, 0, on_unready_end, gw);
	event_add(gw->unready, &(struct timeval){ms / 1000, ms % 1000 * 1000});
}

void gateway_drain(struct gateway *gw)
{
	if (gw->draining_since || gw->settling_since) { /* asked twice, or nobody is served */
		event_base_loopbreak(gw->base);
		gw->draining_since = clock_mono_ms();
		return;
	}
	log_info("stop", "finishing what is under way");
	service_stops();
	handover_free(gw->handover); /* who was to take over is not wanted any more */
	gw->handover = NULL;
	begin_unready(gw);
}

/* --- another process takes over --- */

static void on_handover_end(void *arg, int pid, const char *why)
{
	struct gateway *gw = arg;

	if (pid == 0) {
		log_err("handover", "the new process does not serve, and this one goes on: %s",
			why);
		return;
	}
	service_has_moved(pid);
	service_free(gw->service); /* the watchdog is the other process's now */
	gw->service = NULL;
	log_info("handover", "process %d serves; this one finishes what is under way", pid);
	gw->is_handed_over = true;
	if (!gw->draining_since)
		begin_drain(gw);
}

static void start_handover(struct gateway *gw)
{
	struct inherit_socket sockets[INHERIT_MAX];
	size_t count = listeners_list(&gw->listeners, sockets);
	struct err err = {""};

	handover_free(gw->handover); /* the last one has failed */
	gw->handover =
		handover_start(gw->base, gw->argv, sockets, count, on_handover_end, gw, &err);
	if (gw->handover)
		log_info("handover", "another process starts");
	else
		log_err("handover", "another process could not be started: %s", err.text);
}

void gateway_hand_over(struct gateway *gw)
{
	if (gw->draining_since || gw->settling_since || handover_is_waiting(gw->handover))
		log_warn("handover", "another process starts already, or this one ends");
	else if (gw->conf->store_kind == CONF_STORE_MEMORY)
		log_err("handover", "a store in memory ends with its process: expected redis: or "
				    "sqlite:, or a restart");
	else
		start_handover(gw);
}
