/* Issuers of opaque tokens: whether they take the gateway's own client, by a token that nobody
 * made. */
#include "auth/issuers/introspect.h"
#include "base/clock.h"
#include "proxy/doctor/doctor_int.h"

#include <event2/event.h>
#include <stdlib.h>

enum { WHAT_LEN = 400, AGAIN_MS = 200 };

struct visit {
	struct doctor *doctor;
	enum introspect_outcome outcome;
	bool is_answered;
};

static void on_answer(void *arg, const struct introspect_result *result)
{
	struct visit *visit = arg;

	visit->outcome = result->answer;
	visit->is_answered = true;
	event_base_loopbreak(visit->doctor->base);
}

static void on_pause(int fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

static void pause_loop(struct doctor *d)
{
	static const struct timeval pause = {.tv_usec = AGAIN_MS * 1000};

	event_base_once(d->base, -1, EV_TIMEOUT, on_pause, d->base, &pause);
	event_base_dispatch(d->base);
}

/* An address that has to be discovered is known a little later. */
static enum introspect_outcome ask(struct doctor *d, const struct conf_bearer *row)
{
	struct introspector *introspector = introspector_new(d->base, d->fetcher, d->conf);
	const char *prefix = row->introspection.prefix;
	char *token = mem_printf("%ssparkgate-doctor", prefix ? prefix : "");
	int64_t end = clock_mono_ms() + DOCTOR_WAIT_MS;
	struct visit visit = {.doctor = d, .outcome = INTROSPECT_SILENT};

	while (visit.outcome == INTROSPECT_SILENT && clock_mono_ms() < end) {
		if (visit.is_answered)
			pause_loop(d);
		visit.is_answered = false;
		introspect(introspector, str_of(token), on_answer, &visit);
		while (!visit.is_answered)
			event_base_dispatch(d->base);
	}
	introspector_free(introspector);
	free(token);
	return visit.outcome;
}

void doctor_try_introspection(struct doctor *d, const struct conf_bearer *row)
{
	char what[WHAT_LEN];

	snprintf(what, sizeof what, "introspection at %.300s", row->issuer);
	switch (ask(d, row)) {
	case INTROSPECT_MISTRUSTED:
		doctor_wrong(d, what,
			"correct introspection.client_id and client_secret_file of this row",
			"the issuer refuses them");
		break;
	case INTROSPECT_SILENT:
		doctor_wrong(d, what,
			"look at introspection.url and ca_file of this row, and whether the issuer "
			"runs",
			"it gives no answer about a token");
		break;
	case INTROSPECT_ACTIVE:
	case INTROSPECT_INACTIVE:
		doctor_fine(d, what, "the issuer takes the gateway's client");
		break;
	}
}
