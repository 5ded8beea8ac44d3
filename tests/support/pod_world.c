#include "tests/support/pod_world.h"

#include "auth/backends/store_open.h"
#include "base/log/log.h"
#include "proxy/discovery/app_user.h"
#include "proxy/discovery/claim.h"
#include "proxy/discovery/merge_polls.h"

#include <event2/event.h>
#include <stdlib.h>

enum { HOUR = 3600 * 1000, NOWHERE = 9 };

static char all[] = "*", name[] = "k", selector[] = "spark-role=driver";
static char kubeconfig[] = "/nowhere/kubeconfig";

static struct url nowhere = {.host = "127.0.0.1", .port = NOWHERE, .path = "/"};

static void on_publish(struct registry *registry, void *arg)
{
	(void)arg;
	registry_free(registry);
}

struct cluster *pod_world_cluster(struct pod_world *w)
{
	return w->discovery->clusters[0];
}

struct kube_watch *pod_world_watch(struct pod_world *w)
{
	return pod_world_cluster(w)->watches[0];
}

void pod_world_begin(struct pod_world *w)
{
	w->discovery = discovery_new(w->base, w->fetcher, &w->conf, on_publish, NULL);
	discovery_use_store(w->discovery, w->store);
}

int pod_world_set_up(void **state)
{
	struct pod_world *w = mem_alloc(1, sizeof *w);
	struct err err;

	log_set_level(LOG_ERROR);
	w->base = event_base_new();
	w->fetcher = fetcher_new(w->base);
	w->store = store_open_memory(&err);
	w->namespaces[0] = all;
	w->cluster = (struct conf_cluster){.name = name,
		.poll_ms = HOUR,
		.has_kubernetes = true,
		.history = &nowhere,
		.history_count = 1,
		.kubernetes = {.namespaces = {w->namespaces, 1},
			.selector = selector,
			.kubeconfig = kubeconfig}};
	w->conf.refs = 1; /* part of the world: never freed by reference */
	w->conf.clusters = &w->cluster;
	w->conf.clusters_count = 1;
	pod_world_begin(w);
	*state = w;
	return w->store ? 0 : -1;
}

int pod_world_tear_down(void **state)
{
	struct pod_world *w = *state;

	discovery_free(w->discovery);
	w->store->ops->close(w->store);
	fetcher_free(w->fetcher);
	event_base_free(w->base);
	free(w);
	return 0;
}

void pod_world_restart(struct pod_world *w)
{
	discovery_free(w->discovery);
	pod_world_begin(w);
}

void pod_world_listing(struct pod_world *w)
{
	struct kube_watch *k = pod_world_watch(w);

	k->version[0] = '\0';
	k->listings++;
}

void pod_world_listed(struct pod_world *w)
{
	struct kube_watch *k = pod_world_watch(w);

	memcpy(k->version, "1", 2);
	merge_pods_end(k);
	k->tried = k->up = true;
}

void pod_world_history_lists(struct pod_world *w, const char *id, int64_t started, bool completed)
{
	struct spark_app row = {.id = id,
		.name = "told",
		.user = "u",
		.state = completed ? "FINISHED" : "INCOMPLETE",
		.started_ms = started,
		.duration_ms = -1,
		.running = !completed};
	struct spark_apps list = {.apps = &row, .count = started ? 1 : 0};
	struct history *h = pod_world_cluster(w)->histories[0];

	h->server.tried = true;
	merge_history(h, &list, ++h->listings, false);
}

void pod_world_ready(struct pod_world *w)
{
	pod_world_history_lists(w, "", 0, false);
	pod_world_listing(w);
	pod_world_listed(w);
}

struct kube_pod pod_world_pod(
	const char *namespace, const char *app, enum kube_phase phase, int64_t created)
{
	return (struct kube_pod){.namespace = namespace,
		.name = namespace,
		.uid = namespace, /* one each */
		.app_id = app,
		.app_name = namespace,
		.resource = "",
		.schedule = "",
		.user = namespace,
		.ip = phase == KUBE_RUNNING ? "127.0.0.1" : "",
		.port = 4040,
		.phase = phase,
		.server = "",
		.created_ms = created};
}

void pod_world_put(struct pod_world *w, const char *namespace, const char *app,
	enum kube_phase phase, int64_t created)
{
	struct kube_pod pod = pod_world_pod(namespace, app, phase, created);

	merge_pod(pod_world_watch(w), &pod);
}

void pod_world_drop(struct pod_world *w, const char *namespace, const char *app)
{
	struct kube_pod pod = pod_world_pod(namespace, app, KUBE_RUNNING, POD_WORLD_START);

	merge_pod_gone(pod_world_watch(w), &pod);
}

const struct app *pod_world_app(struct pod_world *w, const char *id)
{
	return (const struct app *)known_ui_find(pod_world_cluster(w), KNOWN_UI_APP, str_of(id));
}

const char *pod_world_owner(struct pod_world *w, const char *id)
{
	claim_settle(pod_world_cluster(w));
	return pod_world_app(w, id) ? claim_namespace(pod_world_app(w, id)) : "(unknown)";
}

const char *pod_world_user(struct pod_world *w, const char *id)
{
	claim_settle(pod_world_cluster(w));
	app_user_settle(pod_world_cluster(w));
	return pod_world_app(w, id) ? app_user(pod_world_app(w, id)) : "(unknown)";
}

const char *pod_world_holder(struct pod_world *w, const char *id)
{
	const struct app *a = pod_world_app(w, id);

	return a && a->watch ? a->pod : "";
}
