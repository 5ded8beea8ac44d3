/* The life of discovery: clusters, their timers, and the registry that they publish. */
#include "proxy/discovery/discovery.h"

#include "auth/token/ui_token.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "base/text/json_writer.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/known_ui.h"
#include "proxy/discovery/known/verify_ui.h"
#include "proxy/discovery/kubernetes/kube_watch.h"
#include "proxy/discovery/kubernetes/pod_probe.h"
#include "proxy/discovery/merge_pods.h"
#include "proxy/discovery/merge_polls.h"
#include "proxy/discovery/poll_history.h"
#include "proxy/discovery/poll_master.h"
#include "proxy/discovery/poll_nodes.h"
#include "proxy/discovery/poll_ui.h"
#include "proxy/discovery/publish_registry.h"
#include "proxy/discovery/read_lists.h"
#include "proxy/discovery/resources/known_resource.h"
#include "proxy/discovery/resources/merge_resources.h"
#include "proxy/registry/registry_builder.h"

#include <event2/event.h>
#include <stdlib.h>

enum { UI_CONNECTIONS = 2 }; /* to one UI: its listener queues no more (T58) */

static struct timeval in_ms(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static void on_publish(evutil_socket_t fd, short what, void *arg)
{
	struct discovery *d = arg;
	int64_t start = clock_mono_ms();
	struct registry *registry = publish_registry_build(d);

	(void)fd;
	(void)what;
	d->publish_cost_ms = clock_mono_ms() - start;
	d->publish(registry, d->arg);
}

/* --- clusters --- */

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct cluster *c = arg;

	(void)fd;
	(void)what;
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

	keep_watches(c, pods, ARRAY_LEN(pods), &c->watches, &c->watches_count);
	keep_watches(c, merge_resources_kinds, RESOURCE_KINDS, &c->others, &c->others_count);
}

static void free_watches(struct kube_watch **watches, size_t count)
{
	for (size_t i = 0; i < count; i++)
		kube_watch_free(watches[i]);
	free(watches);
}

static void cluster_set_conf(struct cluster *c, const struct conf_cluster *conf)
{
	struct timeval poll = in_ms(conf->poll_ms);

	c->conf = conf;
	address_fence_set_networks(&c->fence, conf->networks, conf->networks_count);
	set_masters(c, conf);
	set_histories(c, conf);
	set_uis(c, conf);
	set_node_lists(c, conf);
	set_watches(c);
	verify_ui_refence(c);
	cluster_changed(c);
	event_add(c->timer, &poll);
	on_poll(-1, 0, c); /* only starts fetches */
}

static struct cluster *cluster_new(struct discovery *d, const char *name)
{
	struct cluster *c = mem_alloc(1, sizeof *c);

	c->discovery = d;
	c->name = mem_strdup(name);
	c->timer = event_new(d->base, -1, EV_PERSIST, on_poll, c);
	if (c->timer == NULL)
		abort();
	for (size_t i = 0; i < ARRAY_LEN(c->gone); i++)
		TAILQ_INIT(&c->gone[i]);
	return c;
}

static void cluster_free(struct cluster *c)
{
	read_lists_cancel(c);
	known_ui_free_all(c);
	if (c->version_fetch)
		fetch_cancel(c->version_fetch);
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
	pod_probes_free(c->probes);
	known_resources_free(c);
	free(c->masters);
	free(c->histories);
	free(c->uis);
	event_free(c->timer);
	registry_part_unref(c->part);
	free(c->name);
	free(c);
}

/* --- all of it --- */

static struct cluster *keep_cluster(
	struct discovery *d, const char *name, struct cluster **old, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct cluster *c = old[i];
		if (c && strcmp(c->name, name) == 0) {
			old[i] = NULL;
			return c;
		}
	}
	return cluster_new(d, name);
}

void discovery_set_conf(struct discovery *d, struct conf *conf)
{
	struct cluster **old = d->clusters;
	size_t old_count = d->clusters_count;
	struct conf *old_conf = d->conf;

	d->conf = conf_ref(conf);
	ui_tokens_use(d->tokens, conf);
	read_lists_use(d, conf_reads_acls(conf));
	d->clusters_count = conf->clusters_count;
	d->clusters = mem_alloc(conf->clusters_count + 1, sizeof(struct cluster *));
	for (size_t i = 0; i < conf->clusters_count; i++) {
		d->clusters[i] = keep_cluster(d, conf->clusters[i].name, old, old_count);
		cluster_set_conf(d->clusters[i], &conf->clusters[i]);
	}
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			cluster_free(old[i]);
	}
	free(old);
	conf_unref(old_conf);
	cluster_publish_soon(d); /* that some went, too */
}

/* The store did not say whose applications are: it is asked again. */
static void on_claim(evutil_socket_t fd, short what, void *arg)
{
	struct discovery *d = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < d->clusters_count; i++)
		cluster_changed(d->clusters[i]);
}

struct discovery *discovery_new(struct event_base *base, struct fetcher *fetcher, struct conf *conf,
	void (*publish)(struct registry *registry, void *arg), void *arg)
{
	struct discovery *d = mem_alloc(1, sizeof *d);

	d->base = base;
	d->fetcher = fetcher;
	d->uis = fetcher_new(base);
	fetcher_limit_each_host(d->uis, UI_CONNECTIONS);
	d->publish = publish;
	d->arg = arg;
	d->tokens = ui_tokens_new();
	verify_queue_init(&d->checks, base, verify_ui_check);
	d->publish_timer = evtimer_new(base, on_publish, d);
	d->claim_timer = evtimer_new(base, on_claim, d);
	if (d->publish_timer == NULL || d->claim_timer == NULL)
		abort();
	read_lists_start(d);
	discovery_set_conf(d, conf);
	event_active(
		d->publish_timer, EV_TIMEOUT, 0); /* the gateway serves before anything answered */
	return d;
}

void discovery_use_store(struct discovery *d, struct store *store)
{
	d->store = store;
}

void discovery_free(struct discovery *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->clusters_count; i++)
		cluster_free(d->clusters[i]);
	fetcher_free(d->uis);
	event_free(d->publish_timer);
	verify_queue_clear(&d->checks);
	event_free(d->claim_timer);
	read_lists_stop(d);
	ui_tokens_free(d->tokens);
	conf_unref(d->conf);
	free(d->clusters);
	free(d);
}

void discovery_suspect(struct discovery *d, struct str cluster, struct str id)
{
	struct cluster *c = NULL;
	struct known_ui *ui;

	for (size_t i = 0; i < d->clusters_count; i++) {
		if (str_eq(str_of(d->clusters[i]->name), cluster))
			c = d->clusters[i];
	}
	if (c == NULL)
		return;
	ui = known_ui_find(c, KNOWN_UI_DRIVER, id);
	if (ui) /* its pages are its worker's */
		id = str_of(((struct driver *)ui)->worker);
	ui = known_ui_find(c, KNOWN_UI_APP, id);
	if (ui == NULL)
		ui = known_ui_find(c, KNOWN_UI_WORKER, id);
	if (ui == NULL || ui->state != MOUNT_UP)
		return;
	known_ui_set_state(
		ui, MOUNT_UNVERIFIED, "it stopped answering and is being asked who it is");
	verify_queue_add(ui);
}

static void describe_cluster(const struct cluster *c, struct json_writer *json)
{
	json_writer_object(json, c->name);
	for (size_t i = 0; i < c->watches_count; i++)
		json_writer_text(json, kube_watch_namespace(c->watches[i]),
			str_of(kube_watch_state(c->watches[i])));
	json_writer_close(json);
}

void discovery_describe_pods(const struct discovery *d, struct json_writer *json)
{
	for (size_t i = 0; i < d->clusters_count; i++) {
		if (d->clusters[i]->watches_count > 0)
			describe_cluster(d->clusters[i], json);
	}
}

/* Those of one namespace stand side by side. */
static void describe_resources(const struct cluster *c, struct json_writer *json)
{
	size_t each = c->watches_count;

	json_writer_object(json, c->name);
	for (size_t i = 0; i < each; i++) {
		json_writer_object(json, kube_watch_namespace(c->watches[i]));
		for (size_t at = i; at < c->others_count; at += each)
			json_writer_text(json, c->others[at]->kind->words,
				str_of(kube_watch_state(c->others[at])));
		json_writer_close(json);
	}
	json_writer_close(json);
}

void discovery_describe_resources(const struct discovery *d, struct json_writer *json)
{
	for (size_t i = 0; i < d->clusters_count; i++) {
		if (d->clusters[i]->watches_count > 0)
			describe_resources(d->clusters[i], json);
	}
}
