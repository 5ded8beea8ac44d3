#include "proxy/discovery/cluster_life.h"

#include "base/clock.h"
#include "proxy/discovery/found/found.h"
#include "proxy/discovery/found/found_watch.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/known_ui.h"
#include "proxy/discovery/known/verify_ui.h"
#include "proxy/discovery/kubernetes/kube_watch.h"
#include "proxy/discovery/kubernetes/pod_probe.h"
#include "proxy/discovery/merge_pods.h"
#include "proxy/discovery/merge_polls.h"
#include "proxy/discovery/pods/ask_rights.h"
#include "proxy/discovery/pods/keep_log.h"
#include "proxy/discovery/pods/executor_keep.h"
#include "proxy/discovery/pods/known_executors.h"
#include "proxy/discovery/poll_history.h"
#include "proxy/discovery/poll_master.h"
#include "proxy/discovery/read_lists.h"
#include "proxy/discovery/resources/known_resource.h"
#include "proxy/discovery/resources/merge_resources.h"
#include "proxy/discovery/uis/poll_nodes.h"
#include "proxy/discovery/uis/poll_ui.h"
#include "proxy/registry/registry_builder.h"

#include <event2/event.h>
#include <stdlib.h>

enum {
	START_POLL_MS = 300, /* a master that was found, while it starts */
	START_MS = 5 * 60 * 1000,
};

static struct timeval in_ms(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

/* People look at a cluster as soon as they have made it. */
static int64_t poll_ms_of(const struct cluster *c)
{
	int64_t poll_ms = c->conf->poll_ms;
	bool is_starting = c->found && c->masters_count && c->active == NULL &&
			   clock_mono_ms() - c->polled_from_ms < START_MS;

	return is_starting && START_POLL_MS < poll_ms ? START_POLL_MS : poll_ms;
}

static void poll_again(struct cluster *c)
{
	struct timeval later = in_ms(poll_ms_of(c));

	event_add(c->timer, &later);
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct cluster *c = arg;

	(void)fd;
	(void)what;
	poll_again(c);
	for (size_t i = 0; i < c->masters_count; i++)
		master_poll(c->masters[i]);
	for (size_t i = 0; i < c->histories_count; i++)
		history_poll(c->histories[i]);
	for (size_t i = 0; i < c->uis_count; i++)
		ui_poll(c->uis[i]);
	for (size_t i = 0; i < c->node_lists_count; i++)
		node_list_poll(c->node_lists[i]);
}

/* Takes the master of this URL out of `old`, or makes one. */
static struct master *keep_master(
	struct cluster *c, const struct url *url, struct master **old, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct master *m = old[i];
		if (m && polled_server_is(&m->server, url)) {
			old[i] = NULL;
			return m;
		}
	}
	return master_new(c, url);
}

static void set_masters(struct cluster *c, const struct conf_cluster *conf)
{
	struct master **old = c->masters;
	size_t old_count = c->masters_count;

	c->masters_count = conf->masters_count;
	c->masters = mem_alloc(conf->masters_count + 1, sizeof(struct master *));
	for (size_t i = 0; i < conf->masters_count; i++)
		c->masters[i] = keep_master(c, &conf->masters[i], old, old_count);
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			master_free(old[i]);
	}
	free(old);
}

/* Takes the history server of this URL out of `old`, or gives NULL. */
static struct history *keep_history(const struct url *url, struct history **old, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct history *h = old[i];
		if (h && polled_server_is(&h->server, url)) {
			old[i] = NULL;
			return h;
		}
	}
	return NULL;
}

static void drop_history(struct cluster *c, struct history *h)
{
	read_lists_cancel(c);
	merge_no_history(h);
	history_free(h);
}

static unsigned free_slot(const struct cluster *c)
{
	unsigned used = 0, slot = 0;

	for (size_t i = 0; i < c->histories_count; i++)
		used |= c->histories[i] ? 1u << c->histories[i]->slot : 0;
	while (used & 1u << slot)
		slot++;
	return slot;
}

/* Those that go are gone before others take their slots. */
static void set_histories(struct cluster *c, const struct conf_cluster *conf)
{
	struct history **old = c->histories;
	size_t old_count = c->histories_count;

	c->histories_count = conf->history_count;
	c->histories = mem_alloc(conf->history_count + 1, sizeof(struct history *));
	for (size_t i = 0; i < conf->history_count; i++)
		c->histories[i] = keep_history(&conf->history[i], old, old_count);
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			drop_history(c, old[i]);
	}
	for (size_t i = 0; i < conf->history_count; i++) {
		if (c->histories[i] == NULL)
			c->histories[i] = history_new(c, &conf->history[i], free_slot(c));
	}
	free(old);
}

static struct ui *keep_ui(
	struct cluster *c, const struct conf_ui *conf, struct ui **old, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ui *ui = old[i];
		if (ui && strcmp(ui->name, conf->name) == 0 &&
			polled_server_is(&ui->server, &conf->url)) {
			old[i] = NULL;
			return ui;
		}
	}
	return ui_new(c, conf);
}

static void set_uis(struct cluster *c, const struct conf_cluster *conf)
{
	struct ui **old = c->uis;
	size_t old_count = c->uis_count;

	c->uis_count = 0;
	c->uis = mem_alloc(conf->uis_count + 1, sizeof(struct ui *));
	for (size_t i = 0; i < conf->uis_count; i++) {
		if (conf->uis[i].nodes_of == NULL)
			c->uis[c->uis_count++] = keep_ui(c, &conf->uis[i], old, old_count);
	}
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			ui_free(old[i]);
	}
	free(old);
}

static struct node_list *keep_node_list(struct cluster *c, const struct conf_ui *conf,
	const struct conf_ui *manager, struct node_list **old, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct node_list *list = old[i];
		if (list && node_list_use(list, conf, manager)) {
			old[i] = NULL;
			return list;
		}
	}
	return node_list_new(c, conf, manager);
}

static void set_node_lists(struct cluster *c, const struct conf_cluster *conf)
{
	struct node_list **old = c->node_lists;
	size_t old_count = c->node_lists_count;

	c->node_lists_count = 0;
	c->node_lists = mem_alloc(conf->uis_count + 1, sizeof(struct node_list *));
	for (size_t i = 0; i < conf->uis_count; i++) {
		const struct conf_ui *ui = &conf->uis[i], *manager = NULL;
		for (size_t j = 0; ui->nodes_of && manager == NULL; j++) {
			if (strcmp(conf->uis[j].name, ui->nodes_of) == 0)
				manager = &conf->uis[j]; /* the configuration was checked */
		}
		if (manager)
			c->node_lists[c->node_lists_count++] =
				keep_node_list(c, ui, manager, old, old_count);
	}
	for (size_t i = 0; i < old_count; i++)
		node_list_free(old[i]);
	free(old);
}

/* Takes the watch of this kind and namespace out of `old`, or makes one. */
static struct kube_watch *keep_watch(struct cluster *c, const struct kube_kind *kind,
	const char *namespace, struct kube_watch **old, size_t count)
{
	const struct conf_kubernetes *conf = &c->conf->kubernetes;

	for (size_t i = 0; i < count; i++) {
		struct kube_watch *w = old[i];
		if (w && kube_watch_is(w, kind, namespace, conf)) {
			old[i] = NULL;
			kube_watch_retry(w);
			return w;
		}
	}
	return kube_watch_new(c, kind, namespace, conf);
}

static size_t count_namespaces(const struct conf_cluster *conf)
{
	size_t count = conf->kubernetes.namespaces.count;

	return !conf->has_kubernetes ? 0 : count ? count : 1;
}

/* One for each kind and namespace; the others go. */
static void keep_watches(struct cluster *c, const struct kube_kind *const *kinds,
	size_t kinds_count, struct kube_watch ***slot, size_t *count)
{
	const struct conf_names *names = &c->conf->kubernetes.namespaces;
	struct kube_watch **old = *slot;
	size_t old_count = *count, each = count_namespaces(c->conf);

	*count = kinds_count * each;
	*slot = mem_alloc(*count + 1, sizeof(struct kube_watch *));
	for (size_t i = 0; i < *count; i++)
		(*slot)[i] = keep_watch(c, kinds[i / each],
			names->count ? names->at[i % each] : NULL, old, old_count);
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			kube_watch_free(old[i]);
	}
	free(old);
}

static void set_watches(struct cluster *c)
{
	static const struct kube_kind *const pods[] = {&merge_pods_kind};
	static const struct kube_kind *const executors[] = {&executor_keep_kind};

	keep_watches(c, pods, ARRAY_LEN(pods), &c->watches, &c->watches_count);
	keep_watches(c, executors, c->conf->kubernetes.keep_logs_s > 0, &c->executor_watches,
		&c->executor_watches_count);
	keep_watches(c, merge_resources_kinds, RESOURCE_KINDS, &c->others, &c->others_count);
	keep_watches(c, found_kinds, c->conf->kubernetes.clusters ? FOUND_KINDS : 0, &c->finders,
		&c->finders_count);
}

static void free_watches(struct kube_watch **watches, size_t count)
{
	for (size_t i = 0; i < count; i++)
		kube_watch_free(watches[i]);
	free(watches);
}

/* Of a watch that begins now when its list has come. */
static void ask_rights(struct cluster *c)
{
	for (size_t i = 0; i < c->watches_count; i++) {
		if (c->watches[i]->up)
			ask_rights_of(c, kube_watch_namespace(c->watches[i]));
	}
}

void cluster_set_conf(struct cluster *c, const struct conf_cluster *conf)
{
	c->conf = conf;
	c->has_recalled_found &= conf->kubernetes.clusters;
	c->rights_lacking = 0; /* they may have been given */
	ask_rights_end(c);
	address_fence_set_networks(&c->fence, conf->networks, conf->networks_count);
	set_masters(c, conf);
	set_histories(c, conf);
	set_uis(c, conf);
	set_node_lists(c, conf);
	keep_log_use(c);
	set_watches(c);
	ask_rights(c);
	verify_ui_refence(c);
	cluster_changed(c);
	c->polled_from_ms = clock_mono_ms();
	on_poll(-1, 0, c); /* only starts fetches */
}

struct cluster *cluster_new(
	struct discovery *d, const char *name, const struct found_cluster *found)
{
	struct cluster *c = mem_alloc(1, sizeof *c);

	c->discovery = d;
	c->name = mem_strdup(name);
	c->found = found;
	c->finder = found ? found->finder->name : NULL;
	c->timer = evtimer_new(d->base, on_poll, c);
	if (c->timer == NULL)
		abort();
	for (size_t i = 0; i < ARRAY_LEN(c->gone); i++)
		TAILQ_INIT(&c->gone[i]);
	return c;
}

void cluster_free(struct cluster *c)
{
	read_lists_cancel(c);
	known_ui_free_all(c);
	if (c->version_fetch)
		fetch_cancel(c->version_fetch);
	c->version_fetch = NULL; /* a master cancels it, too */
	for (size_t i = 0; i < c->masters_count; i++)
		master_free(c->masters[i]);
	for (size_t i = 0; i < c->histories_count; i++)
		history_free(c->histories[i]);
	for (size_t i = 0; i < c->uis_count; i++)
		ui_free(c->uis[i]);
	for (size_t i = 0; i < c->node_lists_count; i++)
		node_list_free(c->node_lists[i]);
	free(c->node_lists);
	free_watches(c->watches, c->watches_count);
	free_watches(c->others, c->others_count);
	free_watches(c->executor_watches, c->executor_watches_count);
	known_executors_free(c);
	pod_probes_free(c->probes);
	known_resources_free(c);
	free_watches(c->finders, c->finders_count);
	keep_log_end(c);
	ask_rights_end(c);
	free(c->masters);
	free(c->histories);
	free(c->uis);
	event_free(c->timer);
	registry_part_unref(c->part);
	free(c->name);
	free(c);
}
