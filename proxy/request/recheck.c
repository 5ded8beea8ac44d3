#include "proxy/request/recheck.h"

#include "base/clock.h"
#include "proxy/request/access_log.h"
#include "proxy/request/exchange_judge.h"
#include "proxy/web/web_fault.h"

#include <stdlib.h>

enum { SILENT_MS = 30 * 1000 }; /* S33: what was good goes on for so long without the store */

struct recheck {
	struct exchange *x; /* NULL: it is over, and auth still owes its answer */
	void (*end)(struct exchange *x, enum fault fault);
	bool asking;
	int64_t good_ms; /* monotonic: when it was last known to be */
};

/* As at the beginning, but nobody can be told why. */
static enum fault judge_again(struct exchange *x, struct auth_result result)
{
	if (result.status != AUTH_OK)
		return web_fault_of(result.status);
	identity_unref(x->web.who);
	x->web.who = result.who;
	return exchange_judge(x);
}

static bool is_doubt_only(const struct recheck *r, enum fault fault)
{
	return fault == FAULT_STORE_DOWN && clock_mono_ms() - r->good_ms < SILENT_MS;
}

static void take_result(struct recheck *r, struct auth_result result)
{
	enum fault fault = judge_again(r->x, result);

	if (fault == FAULT_NONE)
		r->good_ms = clock_mono_ms();
	if (fault == FAULT_NONE || is_doubt_only(r, fault))
		return;
	access_log_decision(r->x, fault);
	r->end(r->x, fault);
}

static void recheck_on_auth(void *arg, struct auth_result result)
{
	struct recheck *r = arg;

	r->asking = false;
	if (r->x) {
		take_result(r, result);
		return;
	}
	identity_unref(result.who);
	free(r);
}

bool recheck_is_under_way(const struct recheck *r)
{
	return r->asking;
}

void recheck_ask(struct recheck *r, bool is_quiet)
{
	r->asking = true;
	struct auth_result result = web_ask_auth(&r->x->web, is_quiet, recheck_on_auth, r);
	if (result.status != AUTH_LATER)
		recheck_on_auth(r, result);
}

struct recheck *recheck_new(struct exchange *x, void (*end)(struct exchange *x, enum fault fault))
{
	struct recheck *r = mem_alloc(1, sizeof *r);

	r->x = x;
	r->end = end;
	r->good_ms = clock_mono_ms();
	return r;
}

void recheck_free(struct recheck *r)
{
	if (r == NULL)
		return;
	r->x = NULL;
	if (!r->asking)
		free(r);
}
