/* proxy/relay/relay_call.c - the call of a UI that an exchange waits for: begun, stopped, failed.
 */
#include "proxy/relay/relay.h"

#include "auth/token/ui_token.h"
#include "base/clock.h"
#include "proxy/guard/app_key.h"
#include "proxy/registry/topic.h"
#include "proxy/request/respond.h"

static bool has_ui_for_some(const struct conf *conf)
{
	for (size_t i = 0; i < conf->clusters_count; i++) {
		for (size_t k = 0; k < conf->clusters[i].uis_count; k++) {
			if (conf->clusters[i].uis[k].roles.count)
				return true;
		}
	}
	return false;
}

/* Every UI of every cluster there is: "" is the name of none, and so of any. */
static bool sees_all_uis(const struct exchange *x)
{
	const struct access_cluster any = {.name = ""};

	return access_to_all_apps(x->web.who, &any) && !has_ui_for_some(x->web.conf);
}

/* A hostile page may name each address there is, to learn what lives there (S74). Static files are
 * kept for all who may come, so none of them names another UI. */
static const char *path_for_viewer(const struct exchange *x, const struct mount *mount)
{
	struct topic topic;

	if (mount == NULL || x->fill)
		return NULL;
	if (x->sees_all_uis)
		return mount->path;
	topic_of_mount(&topic, x->registry, x->web.conf, mount);
	return topic_rights(&topic, x->web.who) ? mount->path : NULL;
}

static const char *find_authority(const void *arg, struct str authority)
{
	const struct exchange *x = arg;

	return path_for_viewer(
		x, registry_authority_near(x->registry, x->route.cluster, authority));
}

static const char *find_id(const void *arg, struct str id)
{
	const struct exchange *x = arg;
	struct str cluster = str_of(x->route.mount->cluster);
	const struct mount *mount = registry_proxy(x->registry, cluster, id);
	char key[APP_KEY_SIZE];

	/* A page of Spark's names an application by its id. */
	if (mount == NULL && app_key_of_encoded(id, key))
		mount = registry_proxy(x->registry, cluster, str_of(key));
	return path_for_viewer(x, mount);
}

void relay_fill_context(struct exchange *x)
{
	const struct mount *mount = x->route.mount;

	x->sees_all_uis = sees_all_uis(x);
	x->rewrite_context = (struct rewrite_context){.mount = mount->path,
		.cluster_root = x->route.cluster->path,
		.origin = x->web.origin,
		.others = x->app ? x->web.conf->server.origin : "",
		.authority = mount->authority,
		.prefix = mount->prefix,
		.is_worker = mount->kind == UI_WORKER,
		.asked = x->route.rest,
		.query = web_is_get(&x->web) ? x->web.target.query : STR(""),
		.is_other = mount->kind == UI_OTHER,
		.find_authority = find_authority,
		.find_id = find_id,
		.arg = x,
		.memo = x->sees_all_uis ? x->thread->pages : NULL, /* it is of all viewers */
		.snapshot = registry_serial(x->registry)};
}

struct str relay_token(const struct exchange *x)
{
	const struct mount *mount = x->route.mount;
	bool is_found = mount->finder[0] != '\0';

	/* S108: whoever made a cluster sees what it is shown. */
	return ui_tokens_get(x->thread->ui_tokens, x->web.conf,
		str_of(is_found ? mount->finder : mount->cluster),
		is_found ? UI_DRIVER : mount->kind, clock_wall_s());
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
	if (x->state != state) /* else one of several questions */
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
