#include "proxy/request/exchange_judge.h"

#include "proxy/guard/guard.h"
#include "proxy/guard/websocket.h"
#include "proxy/registry/scope_check.h"

void exchange_find_action(struct exchange *x)
{
	x->action = ACTION_VIEW;
	x->actions = 1u << ACTION_VIEW;
	/* Outside it may be a Spark UI: what a path names, any method may do (T42). What none names
	 * is left to the UI, as with those of `uis`. */
	if (x->route.kind == ROUTE_MOUNT)
		x->action = policy_actions(
			x->route.mount->kind, x->web.asked->method, x->route.rest, &x->actions);
	else if (x->route.kind == ROUTE_OUTSIDE)
		x->action = policy_actions(UI_MASTER, STR("GET"), x->web.target.path, &x->actions);
}

static enum fault fault_of_verdict(enum verdict verdict)
{
	static const enum fault faults[] = {[ALLOW] = FAULT_NONE,
		[DENY_SIGN_IN] = FAULT_UNAUTHENTICATED,
		[DENY_NO_ROLE] = FAULT_NO_ROLE,
		[DENY_ROLE] = FAULT_FORBIDDEN,
		[DENY_CROSS_ORIGIN] = FAULT_CROSS_ORIGIN,
		[DENY_NEVER] = FAULT_NEVER};

	return faults[verdict];
}

/* Where applications have origins of their own, these are not to reach into each other's, nor into
 * ours, with what the browser adds by itself. */
static bool is_reaching_over(const struct exchange *x)
{
	return x->web.conf->server.apps.host[0] && x->web.who->via == VIA_SESSION &&
	       guard_is_foreign(x->web.asked);
}

/* S45: a browser adds the session to whatever a page of anybody's sends. */
static bool is_sent_from_elsewhere(const struct exchange *x)
{
	return x->web.who->via == VIA_SESSION && !guard_is_safe(x->web.asked) &&
	       guard_origin_of(x->web.asked, x->web.origin) != ORIGIN_SAME;
}

static bool is_own_websocket(const struct exchange *x)
{
	bool secure = str_starts(str_of(x->web.origin), STR("https:"));

	/* S11: a page of anybody's may open one, and the browser adds the cookie. */
	return websocket_is_from_us(x->web.req, secure ? STR("https://") : STR("http://"),
		x->web.who->via == VIA_BEARER);
}

/* S44: what may not be seen is not there, before it matters what would be done to it. */
static bool is_there(struct exchange *x)
{
	x->is_hidden = !scope_check_shows(x->web.who->scope, x->registry, &x->route);
	return x->route.kind != ROUTE_NONE && !x->is_hidden;
}

enum fault exchange_judge(struct exchange *x)
{
	struct policy_request question = {.action = x->action,
		.all = x->actions,
		.who = x->web.who,
		.same_origin = guard_origin_of(x->web.asked, x->web.origin) == ORIGIN_SAME};
	enum fault fault = fault_of_verdict(policy_decide(&question));

	if (fault == FAULT_UNAUTHENTICATED || fault == FAULT_NO_ROLE)
		return fault;
	if (is_sent_from_elsewhere(x) || is_reaching_over(x))
		return FAULT_CROSS_ORIGIN;
	if (!is_there(x))
		return x->registry ? FAULT_NOT_FOUND : FAULT_NOT_READY;
	if (fault == FAULT_NONE && !scope_allows(x->web.who->scope, x->actions, &x->web.lacks))
		fault = FAULT_SCOPE;
	if (fault == FAULT_NONE && x->is_websocket && !is_own_websocket(x))
		fault = FAULT_CROSS_ORIGIN;
	return fault;
}
