/* proxy/relay/relay_call.c - the call of a UI that an exchange waits for: begun, stopped, failed.
 */
#include "proxy/relay/relay.h"

#include "auth/token/ui_token.h"
#include "base/clock.h"
#include "proxy/request/respond.h"

static const char *find_authority(const void *arg, struct str authority)
{
	const struct exchange *x = arg;
	const struct mount *mount =
		registry_authority_near(x->registry, x->route.cluster, authority);

	return mount ? mount->path : NULL;
}

static const char *find_id(const void *arg, struct str id)
{
	const struct exchange *x = arg;
	const struct mount *mount =
		registry_proxy(x->registry, str_of(x->route.mount->cluster), id);

	return mount ? mount->path : NULL;
}

void relay_fill_context(struct exchange *x)
{
	const struct mount *mount = x->route.mount;

	x->rewrite_context = (struct rewrite_context){.mount = mount->path,
		.cluster_root = x->route.cluster->path,
		.origin = x->web.origin,
		.others = x->app ? x->web.conf->server.origin : "",
		.authority = mount->authority,
		.prefix = mount->prefix,
		.is_other = mount->kind == UI_OTHER,
		.find_authority = find_authority,
		.find_id = find_id,
		.arg = x,
		.memo = x->thread->links,
		.snapshot = registry_serial(x->registry)};
}

struct str relay_token(const struct exchange *x)
{
	const struct mount *mount = x->route.mount;

	return ui_tokens_get(x->thread->ui_tokens, x->web.conf, str_of(mount->cluster), mount->kind,
		clock_wall_s());
}

void relay_call(struct exchange *x, enum exchange_state state, struct upstream_request *req,
	const struct upstream_handler *handler)
{
	const struct mount *mount = x->route.mount;
	const struct upstream_secure secure = {mount->authority, mount->ca_file};

	req->addr = (const struct sockaddr *)&mount->addr;
	req->addr_len = mount->addr_len;
	req->secure = mount->tls ? &secure : NULL;
	req->head = sbuf_str(&x->thread->head);
	exchange_move(x, state);
	x->asked_us = clock_mono_us();
	struct upstream *up = req->is_upgrade ? x->thread->wire : x->thread->upstream;
	x->call = upstream_start(up, req, handler, x);
}

void relay_stop(struct exchange *x)
{
	if (x->call)
		upstream_cancel(x->call);
	x->call = NULL;
}

void relay_cut(struct exchange *x, enum fault fault)
{
	struct front_request *req = x->web.req;

	relay_stop(x);
	exchange_finish(x, fault);
	front_reply_cut(req); /* never a clean end: what came must not look whole */
}

void relay_on_fault(struct exchange *x, enum fault fault)
{
	const struct thread_shared *shared = x->thread->shared;
	const struct mount *mount = x->route.mount;

	x->call = NULL;
	/* Another certificate than at its check: somebody else may live there now. */
	if ((fault == FAULT_UPSTREAM_CONNECT || fault == FAULT_UPSTREAM_CERTIFICATE) &&
		shared->suspect)
		shared->suspect(shared->suspect_arg, mount->cluster, mount->id);
	if (x->state == EXCHANGE_RELAYING)
		relay_cut(x, fault);
	else if (fault == FAULT_UPSTREAM_CONNECT &&
		 (mount->kind == UI_DRIVER || mount->kind == UI_WORKER))
		respond_gone(x);
	else
		web_fault(&x->web, fault, NULL);
}
