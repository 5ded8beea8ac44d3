#include "proxy/discovery/publish_registry.h"

#include "proxy/discovery/app_user.h"
#include "proxy/discovery/claim.h"
#include "proxy/discovery/found/found.h"
#include "proxy/discovery/known/app_names.h"
#include "proxy/discovery/known/app_word.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_watch.h"
#include "proxy/discovery/kubernetes/pod_probe.h"
#include "proxy/discovery/merge_pods.h"
#include "proxy/discovery/read_lists.h"
#include "proxy/discovery/resources/known_resource.h"
#include "proxy/discovery/resources/merge_resources.h"
#include "proxy/registry/registry_builder.h"

#include <stdio.h>
#include <stdlib.h>

/* One cluster on its way into the registry: the arrays are copied and freed again. */
struct draft {
	struct registry_builder *builder;
	const struct cluster *cluster;
	struct cluster_info info;
	const struct mount *histories[CONF_HISTORIES];
};

static const char *finder_of(const struct cluster *c)
{
	return c->finder ? c->finder : "";
}

static const char *namespace_of(const struct cluster *c)
{
	return c->found ? c->found->namespace : "";
}

/* --- servers --- */

/* What the operator named may be connected to once its address is known; what others made, once it
 * has answered as what it is. */
static enum mount_state server_state(const struct polled_server *s)
{
	if (polled_server_refused(s))
		return MOUNT_REFUSED;
	return s->addr_len && (s->fence == NULL || s->up) ? MOUNT_UP : MOUNT_UNVERIFIED;
}

static const struct mount *server_mount(
	struct draft *d, const struct polled_server *s, enum ui_kind kind, const char *id)
{
	const char *why = s->tried ? "it does not answer" : "it was not asked yet";
	const char *refused = polled_server_refused(s);
	enum mount_state state = server_state(s);
	struct mount m = {
		.kind = kind,
		.state = state,
		.cluster = d->cluster->name,
		.finder = finder_of(d->cluster),
		.namespace = namespace_of(d->cluster),
		.id = id,
		.authority = s->authority,
		.prefix = s->url.path,
		.addr = s->addr,
		.addr_len = s->addr_len,
		.tls = s->url.tls,
		.ca_file = d->cluster->conf->ca_file,
		.why = refused		   ? refused
		       : state == MOUNT_UP ? ""
					   : why,
	};

	return registry_builder_mount(d->builder, &m);
}

static void alias(struct draft *d, const struct mount *m, const char *authority)
{
	if (authority[0])
		registry_builder_alias(d->builder, m, authority);
}

/* The master to send people to: the one followed, else one that answers, else one that did. */
static const struct master *best_master(const struct cluster *c)
{
	const struct master *best = c->active;

	for (size_t i = 0; best == NULL && i < c->masters_count; i++) {
		if (c->masters[i]->server.up)
			best = c->masters[i];
	}
	for (size_t i = 0; best == NULL && i < c->masters_count; i++) {
		if (c->masters[i]->server.addr_len)
			best = c->masters[i];
	}
	return best ? best : c->masters[0];
}

/* By whichever name a page links to a master, it is the master's mount. */
static void alias_master(struct draft *d, const struct master *m)
{
	char text[272];

	alias(d, d->info.master, m->server.authority);
	polled_server_numeric(&m->server, text);
	alias(d, d->info.master, text);
	if (m->host[0]) {
		snprintf(text, sizeof text, "%.250s:%u", m->host, (unsigned)m->server.url.port);
		alias(d, d->info.master, text);
	}
}

/* A cluster that was found has a master, though nobody knows (yet, or any more) where. */
static void add_no_master(struct draft *d)
{
	const struct found_cluster *f = d->cluster->found;
	bool is_gone = f->watch == NULL;
	const struct mount m = {.kind = UI_MASTER,
		.state = is_gone ? MOUNT_GONE : MOUNT_UNVERIFIED,
		.cluster = d->cluster->name,
		.finder = finder_of(d->cluster),
		.namespace = f->namespace,
		.id = "master",
		.why = is_gone ? "its SparkCluster was deleted" : "its pod has no address yet"};

	d->info.master = registry_builder_mount(d->builder, &m);
}

static void add_masters(struct draft *d)
{
	const struct cluster *c = d->cluster;

	if (c->masters_count == 0 && c->found)
		add_no_master(d);
	if (c->masters_count == 0)
		return;
	d->info.master = server_mount(d, &best_master(c)->server, UI_MASTER, "master");
	d->info.masters = mem_alloc(c->masters_count, sizeof *d->info.masters);
	d->info.masters_count = c->masters_count;
	for (size_t i = 0; i < c->masters_count; i++) {
		const struct master *m = c->masters[i];
		d->info.masters[i] =
			(struct master_info){m->server.text, m->status, m == c->active};
		alias_master(d, m);
	}
}

static void add_histories(struct draft *d)
{
	const struct cluster *c = d->cluster;

	d->info.histories = d->histories;
	d->info.histories_count = c->histories_count;
	for (size_t i = 0; i < c->histories_count; i++) {
		const struct polled_server *s = &c->histories[i]->server;
		char text[272], id[MOUNT_HISTORY_ID];
		mount_history_id(i, id);
		d->histories[i] = server_mount(d, s, UI_HISTORY, id);
		polled_server_numeric(s, text);
		alias(d, d->histories[i], text);
	}
}

static const struct mount *history_mount(const struct draft *d, const struct app *a)
{
	const struct history *h = cluster_history_of(a);

	for (size_t i = 0; h && i < d->cluster->histories_count; i++) {
		if (d->cluster->histories[i] == h)
			return d->histories[i];
	}
	return NULL;
}

/* What the operator says that its pages call it: "host", at the URL's port, or "host:port". */
static void alias_ui(struct draft *d, const struct mount *m, const struct ui *ui)
{
	const struct conf_ui *row = conf_find_ui(d->cluster->discovery->conf, m->cluster, ui->name);

	for (size_t i = 0; row && i < row->names.count; i++) {
		const char *name = row->names.at[i], *colon = strrchr(name, ':');
		bool has_port = colon && strspn(colon + 1, "0123456789") == strlen(colon + 1);
		char text[300];
		snprintf(text, sizeof text, "%.272s:%u", name, (unsigned)ui->server.url.port);
		alias(d, m, has_port ? name : text);
	}
}

static void add_uis(struct draft *d)
{
	const struct cluster *c = d->cluster;

	d->info.uis = mem_alloc(c->uis_count + 1, sizeof *d->info.uis);
	d->info.uis_count = c->uis_count;
	for (size_t i = 0; i < c->uis_count; i++) {
		d->info.uis[i] = server_mount(d, &c->uis[i]->server, UI_OTHER, c->uis[i]->name);
		alias_ui(d, d->info.uis[i], c->uis[i]);
	}
}

/* They are on no list of ours: their ResourceManager has one. */
static void add_nodes(struct draft *d)
{
	for (size_t i = 0; i < d->cluster->node_lists_count; i++) {
		const struct node_list *list = d->cluster->node_lists[i];
		for (size_t j = 0; j < list->nodes_count; j++)
			(void)server_mount(
				d, &list->nodes[j]->server, UI_OTHER, list->nodes[j]->name);
	}
}

/* --- known UIs --- */

static void write_prefix(
	char *prefix, size_t size, const struct master *active, const struct known_ui *ui)
{
	char *id = known_ui_in_address(ui);

	snprintf(prefix, size, "%s/proxy/%s", active->server.url.path, id);
	free(id);
}

static const struct mount *known_mount(
	struct draft *d, const struct known_ui *ui, const char *id, bool is_driver_log)
{
	const struct master *active = d->cluster->active;
	char prefix[8192] = "";
	bool via_master = ui->via_master && active;
	struct mount m = {
		.kind = ui->kind == KNOWN_UI_APP ? UI_DRIVER : UI_WORKER,
		.state = ui->state,
		.cluster = d->cluster->name,
		.finder = finder_of(d->cluster),
		.namespace = namespace_of(d->cluster),
		.id = id,
		.authority = via_master ? active->server.authority : ui->authority,
		.prefix = prefix,
		.tls = via_master ? active->server.url.tls : ui->tls,
		.ca_file = d->cluster->conf->ca_file,
		.is_driver_log = is_driver_log,
		.lack = ui->state == MOUNT_UNVERIFIED ? ui->lack : LACKS_NOTHING,
		.why = ui->why,
	};

	if (via_master)
		write_prefix(prefix, sizeof prefix, active, ui);
	if (ui->state == MOUNT_UP) {
		m.addr = ui->addr;
		m.addr_len = ui->addr_len;
	}
	return registry_builder_mount(d->builder, &m);
}

/* S94: a name that is used again has the log of another run, perhaps of another person. */
static bool has_log_of_another(const struct app *a)
{
	return a->is_masters && !app_is_numbered(a) && a->in_history && a->user_told &&
	       a->user_in_history && strcmp(a->user_told, a->user_in_history) != 0;
}

static void add_app(struct draft *d, const struct app *a)
{
	struct app_info *row = &d->info.apps[d->info.apps_count++];

	*row = (struct app_info){
		.id = a->known.id,
		.name = app_names_first(a),
		.other_name = app_names_other(a),
		.user = app_user(a),
		.state = a->state,
		.started_ms = a->started_ms,
		.duration_ms = a->duration_ms,
		.cores = a->cores,
		.running = a->running,
		.namespace = d->cluster->found ? namespace_of(d->cluster) : claim_namespace(a),
		.lists = read_lists_of(a),
		.in_history = a->in_history,
		.completed_in_history = a->completed_in_history,
		.history = history_mount(d, a),
		.attempt = a->in_history ? a->attempt : "",
		.log_source = a->in_history ? a->log_source : "",
		.spark_id = a->spark_id,
		.has_later = a->has_later,
		.has_stranger = a->has_stranger || has_log_of_another(a),
		.reason = a->reason,
		.has_pod = app_has_pod(a),
		.server = a->server,
		.ended_ms = app_ended_ms(a),
		.exit_code = a->running ? 0 : a->exit_code,
		.mount = a->had_ui ? known_mount(d, &a->known, a->known.id, false) : NULL,
	};
	merge_resources_show(a, row);
	merge_pods_show(a, row);
}

static void add_resources(struct draft *d)
{
	for (const struct known_resource *r = d->cluster->resources; r; r = r->hh.next) {
		if (r->app == NULL)
			d->info.apps[d->info.apps_count++] = merge_resources_row(r);
	}
}

static void add_apps(struct draft *d)
{
	const struct known_ui *ui = d->cluster->known[KNOWN_UI_APP];

	d->info.apps = mem_alloc(HASH_COUNT(ui) + HASH_COUNT(d->cluster->resources) +
					 pod_probes_count(d->cluster->probes) + 1,
		sizeof *d->info.apps);
	for (; ui; ui = ui->hh.next)
		add_app(d, (const struct app *)ui);
	add_resources(d);
	merge_pods_waiting_rows(d->cluster, d->info.apps, &d->info.apps_count);
}

/* T13: a driver's log pages are its worker's, under the driver's id. */
static void add_drivers(struct draft *d)
{
	const struct cluster *c = d->cluster;

	for (struct known_ui *ui = c->known[KNOWN_UI_DRIVER]; ui; ui = ui->hh.next) {
		const char *worker_id = ((struct driver *)ui)->worker;
		struct known_ui *worker = known_ui_find(c, KNOWN_UI_WORKER, str_of(worker_id));
		if (worker)
			known_mount(d, worker, ui->id, true);
	}
}

static void add_workers(struct draft *d)
{
	const struct known_ui *ui = d->cluster->known[KNOWN_UI_WORKER];

	d->info.workers = mem_alloc(HASH_COUNT(ui) + 1, sizeof *d->info.workers);
	for (; ui; ui = ui->hh.next) {
		const struct worker *w = (const struct worker *)ui;
		const struct mount *m = known_mount(d, ui, ui->id, false);
		if (ui->is_gone)
			continue;
		d->info.workers[d->info.workers_count++] = (struct worker_info){
			.id = ui->id,
			.host = w->host,
			.state = w->state,
			.cores = w->cores,
			.cores_used = w->cores_used,
			.memory_mb = w->memory_mb,
			.memory_used_mb = w->memory_used_mb,
			.mount = m,
		};
	}
}

/* --- a cluster --- */

static bool all_watched(const struct cluster *c)
{
	bool up = true;

	for (size_t i = 0; i < c->watches_count; i++)
		up = up && c->watches[i]->up;
	return up;
}

static bool all_histories_are_up(const struct cluster *c)
{
	bool up = c->histories_count > 0;

	for (size_t i = 0; i < c->histories_count; i++)
		up = up && c->histories[i]->server.up;
	return up;
}

/* Its master has told no ids yet, and will. */
static bool is_new(const struct cluster *c)
{
	return c->found && c->found->watch && c->polls == 0;
}

static struct cluster_info about(const struct cluster *c)
{
	return (struct cluster_info){
		.name = c->name,
		.finder = finder_of(c),
		.namespace = namespace_of(c),
		.resource_state = c->found ? c->found->state : "",
		.deleted_ms = c->found ? c->found->deleted_ms : 0,
		.spark_version = c->version,
		.has_masters = c->masters_count > 0 || c->found,
		.has_history = c->histories_count > 0,
		.history_up = all_histories_are_up(c),
		.has_kubernetes = c->watches_count > 0,
		.kubernetes_up = all_watched(c),
		.polled = claim_all_are_asked(c),
		.is_unread = !claim_all_have_told(c) || is_new(c),
		.is_history_cut = cluster_history_is_cut(c),
		.cores = c->cores,
		.cores_used = c->cores_used,
		.memory_mb = c->memory_mb,
		.memory_used_mb = c->memory_used_mb,
	};
}

static struct registry_part *copy_cluster(struct registry_builder *builder, const struct cluster *c)
{
	struct draft d = {builder, c, about(c), {NULL}};
	struct registry_part *part;

	/* Ids of drivers and of its applications are the master's own, a pod's label is not; a
	 * worker chooses its id, so it comes last and cannot take the name of another. */
	add_masters(&d);
	add_histories(&d);
	add_uis(&d);
	add_nodes(&d);
	add_drivers(&d);
	add_apps(&d);
	add_workers(&d);
	part = registry_builder_cluster(builder, &d.info);
	free(d.info.masters);
	free(d.info.uis);
	free(d.info.apps);
	free(d.info.workers);
	return part;
}

static bool is_of_namespace(const struct app *a, const char *namespace)
{
	return strcmp(claim_namespace(a), namespace) == 0;
}

static void add_cluster(struct registry_builder *builder, struct cluster *c)
{
	struct registry_part *old = c->part;

	if (old && !c->is_changed) {
		registry_builder_keep(builder, old);
		return;
	}
	c->is_changed = false;
	claim_settle(c);
	app_names_settle(c);
	app_user_settle(c);
	merge_resources_link(c, is_of_namespace);
	c->part = registry_part_ref(copy_cluster(builder, c));
	registry_part_unref(old);
}

struct registry *publish_registry_build(struct discovery *d)
{
	struct registry_builder *builder = registry_builder_new(d->conf->server.base);

	for (size_t i = 0; i < d->clusters_count; i++)
		add_cluster(builder, d->clusters[i]);
	return registry_builder_finish(builder);
}
