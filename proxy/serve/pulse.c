#include "proxy/serve/pulse.h"

#include "base/log/log.h"

#include <event2/event.h>
#include <stdlib.h>

struct pulse_thread {
	unsigned turns, still; /* seen last; seconds for which it was the same */
};

struct pulse {
	struct event *tick;
	pulse_on_look *look;
	void *arg;
	size_t count;
	struct pulse_thread threads[];
};

static bool is_stalled(const struct pulse_thread *thread)
{
	return thread->still >= PULSE_STALLED_S;
}

static void look_at_thread(struct pulse *pulse, size_t number)
{
	struct pulse_thread *thread = &pulse->threads[number];
	unsigned turns = pulse->look(pulse->arg, number);
	bool was_stalled = is_stalled(thread);

	thread->still = turns == thread->turns ? thread->still + 1 : 0;
	thread->turns = turns;
	if (!was_stalled && is_stalled(thread))
		log_err("pulse", "server thread %zu has not turned for %u s: /ping fails", number,
			thread->still);
	else if (was_stalled && !is_stalled(thread))
		log_info("pulse", "server thread %zu turns again", number);
}

void pulse_look(struct pulse *pulse)
{
	for (size_t i = 0; i < pulse->count; i++)
		look_at_thread(pulse, i);
}

static void pulse_on_tick(int fd, short what, void *arg)
{
	(void)fd, (void)what;
	pulse_look(arg);
}

struct pulse *pulse_new(struct event_base *base, size_t threads, pulse_on_look *look, void *arg)
{
	struct pulse *pulse = mem_alloc(1, sizeof *pulse + threads * sizeof(struct pulse_thread));

	pulse->look = look;
	pulse->arg = arg;
	pulse->count = threads;
	pulse->tick = event_new(base, -1, EV_PERSIST, pulse_on_tick, pulse);
	event_add(pulse->tick, &(struct timeval){.tv_sec = 1});
	return pulse;
}

void pulse_free(struct pulse *pulse)
{
	if (pulse == NULL)
		return;
	event_free(pulse->tick);
	free(pulse);
}

bool pulse_is_stalled(const struct pulse *pulse)
{
	for (size_t i = 0; i < pulse->count; i++) {
		if (is_stalled(&pulse->threads[i]))
			return true;
	}
	return false;
}

bool pulse_tell_stalled(const struct pulse *pulse, struct sbuf *out)
{
	bool any = false;

	for (size_t i = 0; i < pulse->count; i++) {
		if (!is_stalled(&pulse->threads[i]))
			continue;
		sbuf_printf(out, "server thread %zu has not turned for %u s\n", i,
			pulse->threads[i].still);
		any = true;
	}
	return any;
}
