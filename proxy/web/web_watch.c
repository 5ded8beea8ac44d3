#include "proxy/web/web_watch.h"

#include "base/clock.h"
#include "proxy/web/web_fault.h"

#include <stdlib.h>

enum {
	FRESH_MS = 1000,
	SILENT_MS = 30 * 1000, /* S33: what was good goes on for so long without the store */
};

struct web_watch {
	struct web_call *call; /* NULL: it is over, and auth still owes its answer */
	const struct web_watcher *watcher;
	void *arg;
	bool is_asking;
	int64_t good_ms; /* monotonic: when they were last known to */
};

static bool is_doubt_only(const struct web_watch *watch, enum auth_status status)
{
	return auth_is_undecided(status) && clock_mono_ms() - watch->good_ms < SILENT_MS;
}

static void take_result(struct web_watch *watch, const struct auth_result *result)
{
	enum fault fault = result->status == AUTH_OK
				   ? watch->watcher->judge(watch->arg, result->who)
				   : web_fault_of(result->status);

	if (fault == FAULT_NONE)
		watch->good_ms = clock_mono_ms();
	if (fault == FAULT_NONE || is_doubt_only(watch, result->status))
		watch->watcher->still(watch->arg);
	else
		watch->watcher->end(watch->arg, fault);
}

static void web_watch_on_auth(void *arg, struct auth_result result)
{
	struct web_watch *watch = arg;

	watch->is_asking = false;
	if (watch->call)
		take_result(watch, &result);
	else
		free(watch);
	identity_unref(result.who);
}

void web_watch_ask(struct web_watch *watch)
{
	if (watch->is_asking)
		return;
	watch->is_asking = true;
	struct auth_result result = web_ask_auth(watch->call, true, web_watch_on_auth, watch);
	if (result.status != AUTH_LATER)
		web_watch_on_auth(watch, result);
}

bool web_watch_is_fresh(const struct web_watch *watch)
{
	return clock_mono_ms() - watch->good_ms < FRESH_MS;
}

struct web_watch *web_watch_new(struct web_call *call, const struct web_watcher *watcher, void *arg)
{
	struct web_watch *watch = mem_alloc(1, sizeof *watch);

	*watch = (struct web_watch){call, watcher, arg, false, call->known_ms};
	return watch;
}

void web_watch_free(struct web_watch *watch)
{
	if (watch == NULL)
		return;
	watch->call = NULL;
	if (!watch->is_asking)
		free(watch);
}
