/* The life of discovery: clusters, their timers, and the registry that they publish. */
#include "proxy/discovery/discovery.h"

#include "auth/token/ui_token.h"
#include "base/clock.h"
#include "base/sbuf.h"
#include "base/text/json_writer.h"
#include "proxy/discovery/claim.h"
#include "proxy/discovery/cluster_life.h"
#include "proxy/discovery/found/found.h"
#include "proxy/discovery/found/found_memory.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/known_ui.h"
#include "proxy/discovery/known/verify_ui.h"
#include "proxy/discovery/kubernetes/kube_watch.h"
#include "proxy/discovery/merge_polls.h"
#include "proxy/discovery/publish_registry.h"
#include "proxy/discovery/read_lists.h"
#include "proxy/registry/registry_builder.h"

#include <event2/event.h>
#include <stdlib.h>

enum {
	UI_CONNECTIONS = 2, /* to one UI: its listener queues no more (T58) */
	FOUND_AGAIN_S = 3600,
	FOUND_RETRY_S = 1, /* the store did not answer */
};

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

/* --- clusters that are found --- */

static void wait_for_found(struct discovery *d, int64_t seconds)
{
	const struct timeval later = {.tv_sec = seconds};

	event_add(d->found_timer, &later);
}

/* Its applications have ended, and its workers have gone. */
static void end_cluster(struct cluster *c)
{
	const struct spark_master nothing = {.status = ""};

	merge_master(c, &nothing);
}

/* Where the API server is on loopback, its pods are. */
static void use_conf(struct found_cluster *f)
{
	struct cluster *c = f->cluster;
	bool is_fenced = c->fence.loopback == f->finder->fence.loopback;

	if (!f->is_changed && is_fenced)
		return;
	f->is_changed = false;
	c->fence.loopback = f->finder->fence.loopback;
	cluster_set_conf(c, &f->conf);
	if (f->watch == NULL)
		end_cluster(c);
}

static void follow_one(struct discovery *d, struct found_cluster *f)
{
	bool has_place = f->path && !f->is_over;

	if (f->cluster && (!has_place || strcmp(f->cluster->name, f->path) != 0)) {
		cluster_free(f->cluster);
		f->cluster = NULL;
	}
	if (f->cluster == NULL && has_place) {
		f->cluster = cluster_new(d, f->path, f);
		f->is_changed = true;
	}
	if (f->cluster)
		use_conf(f);
	else if (f->watch == NULL)
		found_end(d->found, f); /* nobody knew it */
}

static void list_found(struct discovery *d)
{
	struct found_cluster *f;

	d->clusters_count = d->rows_count;
	d->clusters = mem_resize(d->clusters,
		d->rows_count + d->found->cluster_shares.taken + d->found->gone_shares.taken + 1,
		sizeof(struct cluster *));
	TAILQ_FOREACH(f, &d->found->clusters, entry)
	{
		if (f->cluster)
			d->clusters[d->clusters_count++] = f->cluster;
	}
}

static void follow_found(struct discovery *d)
{
	struct found_cluster *f;

	bool is_settled = found_memory_sync(d);

	is_settled &= found_settle(d);
	wait_for_found(d, is_settled ? FOUND_AGAIN_S : FOUND_RETRY_S);
	TAILQ_FOREACH(f, &d->found->clusters, entry)
	{
		follow_one(d, f);
	}
	found_sweep(d->found);
	list_found(d);
	cluster_publish_soon(d);
}

static void on_found(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	follow_found(arg);
}

static void free_found(struct discovery *d)
{
	struct found_cluster *f;

	TAILQ_FOREACH(f, &d->found->clusters, entry)
	{
		if (f->cluster)
			cluster_free(f->cluster);
	}
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
	return cluster_new(d, name, NULL);
}

void discovery_set_conf(struct discovery *d, struct conf *conf)
{
	struct cluster **old = d->clusters;
	size_t old_count = d->rows_count;
	struct conf *old_conf = d->conf;
	struct found_cluster *f;

	d->conf = conf_ref(conf);
	ui_tokens_use(d->tokens, conf);
	read_lists_use(d, conf_reads_acls(conf));
	d->rows_count = d->clusters_count = conf->clusters_count;
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
	TAILQ_FOREACH(f, &d->found->clusters, entry)
	{
		f->is_changed = true; /* what theirs borrows is another's now */
	}
	follow_found(d);
	conf_unref(old_conf);
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
	d->found = found_new();
	d->found_timer = evtimer_new(base, on_found, d);
	verify_queue_init(&d->checks, base, verify_ui_check);
	d->publish_timer = evtimer_new(base, on_publish, d);
	d->claim_timer = evtimer_new(base, on_claim, d);
	if (d->publish_timer == NULL || d->claim_timer == NULL || d->found_timer == NULL)
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
	wait_for_found(d, 0); /* it knows clusters that were deleted */
}

void discovery_free(struct discovery *d)
{
	if (d == NULL)
		return;
	free_found(d);
	for (size_t i = 0; i < d->rows_count; i++)
		cluster_free(d->clusters[i]);
	fetcher_free(d->uis);
	event_free(d->found_timer);
	found_free(d->found);
	event_free(d->publish_timer);
	verify_queue_clear(&d->checks);
	event_free(d->claim_timer);
	read_lists_stop(d);
	ui_tokens_free(d->tokens);
	conf_unref(d->conf);
	free(d->clusters);
	free(d);
}

/* Of a cluster that has nothing but other UIs one has to answer. */
static bool is_cluster_up(const struct cluster *c)
{
	bool has_more = c->masters_count || c->histories_count || c->watches_count;
	bool is_up = true, has_master = c->masters_count == 0, has_ui = has_more;

	for (size_t i = 0; i < c->masters_count; i++)
		has_master |= c->masters[i]->server.up;
	for (size_t i = 0; i < c->histories_count; i++)
		is_up &= c->histories[i]->server.up;
	for (size_t i = 0; i < c->watches_count; i++)
		is_up &= c->watches[i]->up;
	for (size_t i = 0; i < c->uis_count; i++)
		has_ui |= c->uis[i]->server.up;
	return is_up && has_master && has_ui;
}

void discovery_write_metrics(const struct discovery *d, struct sbuf *out)
{
	sbuf_puts(out, "# HELP sparkgate_cluster_up 1 while a master of the cluster, its history "
		       "servers and its API server answer.\n# TYPE sparkgate_cluster_up gauge\n");
	for (size_t i = 0; i < d->rows_count; i++)
		sbuf_printf(out, "sparkgate_cluster_up{cluster=\"%s\"} %d\n", d->clusters[i]->name,
			is_cluster_up(d->clusters[i]));
}

bool discovery_is_settled(const struct discovery *d)
{
	const struct verify_queue *checks = &d->checks;

	if (event_pending(d->publish_timer, EV_TIMEOUT, NULL) || checks->checking > 0 ||
		!TAILQ_EMPTY(&checks->fresh))
		return false;
	for (size_t i = 0; i < d->clusters_count; i++) {
		if (!claim_all_are_asked(d->clusters[i]))
			return false;
	}
	return true;
}

void discovery_suspect(struct discovery *d, struct str cluster, struct str id)
{
	struct cluster *c = cluster_find(d, cluster);
	struct known_ui *ui;

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

static void describe_kinds(struct kube_watch *const *watches, size_t count, size_t first,
	size_t each, struct json_writer *json)
{
	for (size_t at = first; at < count; at += each)
		json_writer_text(
			json, watches[at]->kind->words, str_of(kube_watch_state(watches[at])));
}

/* Those of one namespace stand side by side. */
static void describe_resources(const struct cluster *c, struct json_writer *json)
{
	size_t each = c->watches_count;

	json_writer_object(json, c->name);
	for (size_t i = 0; i < each; i++) {
		json_writer_object(json, kube_watch_namespace(c->watches[i]));
		describe_kinds(c->others, c->others_count, i, each, json);
		describe_kinds(c->finders, c->finders_count, i, each, json);
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

static void describe_right(const struct cluster *c, const char *namespace, enum kube_right right,
	struct json_writer *json)
{
	const struct kube_right_row *row = &kube_rights[right];

	json_writer_object(json, NULL);
	json_writer_text(json, "cluster", str_of(c->name));
	if (namespace)
		json_writer_text(json, "namespace", str_of(namespace));
	json_writer_text(json, "needs", str_of(row->needs));
	json_writer_text(json, "without", str_of(row->without));
	json_writer_text(json, "see", str_of(row->see));
	json_writer_close(json);
}

static void describe_refused(
	struct kube_watch *const *watches, size_t count, struct json_writer *json)
{
	for (size_t i = 0; i < count; i++) {
		const struct kube_watch *w = watches[i];
		if (w->is_refused)
			describe_right(w->cluster, kube_watch_namespace(w), w->kind->right, json);
	}
}

void discovery_describe_rights(const struct discovery *d, struct json_writer *json)
{
	for (size_t i = 0; i < d->clusters_count; i++) {
		const struct cluster *c = d->clusters[i];
		describe_refused(c->watches, c->watches_count, json);
		describe_refused(c->others, c->others_count, json);
		describe_refused(c->finders, c->finders_count, json);
		for (unsigned right = 0; right < KUBE_RIGHTS; right++) {
			if (c->rights_lacking & 1u << right)
				describe_right(c, NULL, (enum kube_right)right, json);
		}
	}
}
