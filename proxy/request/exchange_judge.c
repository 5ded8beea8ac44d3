#include "proxy/request/exchange_judge.h"

#include "auth/policy/scope.h"
#include "proxy/guard/guard.h"
#include "proxy/guard/websocket.h"
#include "proxy/registry/topic.h"

#include <event2/buffer.h>

void exchange_find_action(struct exchange *x)
{
	x->action = topic_actions(&x->route, x->web.asked->method, x->web.target.path, &x->actions);
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

/* What their scope takes away is said by its name; what was never theirs is not. */
static bool is_taken_by_scope(struct exchange *x, const struct topic *topic)
{
	struct identity unlimited = *x->web.who;

	unlimited.scope = NULL;
	return !(x->actions & ~topic_rights(topic, &unlimited)) &&
	       !scope_allows(x->web.who->scope, x->actions, &x->web.lacks);
}

/* S91: a page that nobody knows, such as a plugin's tab, which may end something for all one knows.
 * What is known to end something is no such page. */
static bool is_unknown_page(const struct exchange *x)
{
	unsigned named;

	if (x->route.kind != ROUTE_MOUNT || !guard_is_safe(x->web.asked))
		return false;
	(void)policy_named(x->route.rest, &named);
	return !policy_needs_origin(named);
}

/* S89: up to Spark 4.2 a GET kills, and a page of ours may hold an <img> of anybody's. Plugins'
 * pages are bookmarked and ask for their data: only other sites do not send anybody there. */
static bool is_own_act(const struct exchange *x)
{
	enum guard_origin origin = guard_origin_of(x->web.asked, x->web.origin);

	if (is_unknown_page(x))
		return origin != ORIGIN_OTHER || guard_is_by_hand(x->web.asked);
	return origin == ORIGIN_SAME &&
	       !(guard_is_safe(x->web.asked) && guard_is_loaded(x->web.asked));
}

/* S89: what shows a page at most may come early. */
static bool is_too_early(const struct exchange *x)
{
	return x->actions & ~(1u << ACTION_VIEW) && guard_is_ahead(x->web.asked);
}

static enum fault judge_rights(struct exchange *x, const struct topic *topic, unsigned rights)
{
	struct policy_request question = {.action = x->action,
		.all = x->actions,
		.who = x->web.who,
		.rights = rights,
		.same_origin = policy_needs_origin(x->actions | 1u << x->action) && is_own_act(x)};
	enum fault fault = fault_of_verdict(policy_decide(&question));

	if (fault == FAULT_NONE && is_too_early(x))
		return FAULT_AHEAD;
	if (fault == FAULT_FORBIDDEN && is_taken_by_scope(x, topic))
		return FAULT_SCOPE;
	return fault;
}

/* Below `proxy/` and `apps/` of a cluster that has not told its ids yet, any may be one of them; a
 * hidden one answers as those that nobody knows (S44). */
static bool may_come(const struct exchange *x)
{
	const struct cluster_info *cluster = x->route.cluster;
	const struct mount *mount = x->route.mount;
	bool is_id = mount ? mount->kind == UI_DRIVER || mount->kind == UI_WORKER
			   : x->route.kind == ROUTE_NONE || x->route.kind == ROUTE_APP ||
				     x->route.kind == ROUTE_APP_KILL ||
				     x->route.kind == ROUTE_APP_LOGS ||
				     x->route.kind == ROUTE_APP_EVENTS;

	if (cluster == NULL || !cluster->is_unread || !is_id)
		return false;
	const struct access_cluster access = cluster_info_access(cluster);
	return access_to_cluster(x->web.who, &access);
}

/* S44: what may not be seen is not there, before it matters what would be done to it. */
static enum fault not_there(struct exchange *x)
{
	x->is_hidden = x->route.kind != ROUTE_NONE;
	return x->registry && !may_come(x) ? FAULT_NOT_FOUND : FAULT_NOT_READY;
}

void exchange_find_topic(const struct exchange *x, struct topic *topic)
{
	topic_find(topic, x->registry, x->web.conf, &x->route, x->web.target.query);
	if (x->told && topic->id && strcmp(x->told->id, topic->id) == 0)
		topic->told = x->told;
}

/* S75: what a form ends stands in it. An ingress does not show it. */
static enum fault judge_form(struct exchange *x, struct topic *topic, struct str content)
{
	if (x->ext || !topic_read_form(topic, x->registry, x->web.target.query, content))
		return FAULT_FORBIDDEN;
	unsigned rights = topic_rights(topic, x->web.who);

	return rights ? judge_rights(x, topic, rights) : not_there(x);
}

static enum fault judge_topic(struct exchange *x, struct topic *topic)
{
	unsigned rights = topic_rights(topic, x->web.who);

	/* What an ingress passes on nobody filters on its way back. */
	if (rights == 0 || (x->ext && topic_is_filtered(topic, x->web.who)))
		return not_there(x);
	enum fault fault = judge_rights(x, topic, rights);
	if (fault == FAULT_NONE && topic_needs_form(topic, x->web.who) &&
		(x->ext || x->web.req->content_length == 0))
		fault = judge_form(x, topic, STR(""));
	return fault;
}

enum fault exchange_judge(struct exchange *x)
{
	struct topic topic;

	x->is_hidden = false;
	if (x->web.who == NULL)
		return FAULT_UNAUTHENTICATED;
	if (x->web.who->role == ROLE_NONE)
		return FAULT_NO_ROLE;
	if (is_sent_from_elsewhere(x) || is_reaching_over(x))
		return FAULT_CROSS_ORIGIN;
	exchange_find_topic(x, &topic);
	enum fault fault = judge_topic(x, &topic);
	if (fault == FAULT_NONE && x->is_websocket && !is_own_websocket(x))
		fault = FAULT_CROSS_ORIGIN;
	return fault;
}

enum fault exchange_judge_content(struct exchange *x)
{
	struct evbuffer *body = x->web.req->body;
	struct topic topic;

	exchange_find_topic(x, &topic);
	if (!topic_needs_form(&topic, x->web.who))
		return FAULT_NONE;
	size_t len = evbuffer_get_length(body);
	return judge_form(x, &topic,
		len ? (struct str){(const char *)evbuffer_pullup(body, -1), len} : STR(""));
}
