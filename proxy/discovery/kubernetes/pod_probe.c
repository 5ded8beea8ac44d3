#include "proxy/discovery/kubernetes/pod_probe.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "base/net/fetch.h"
#include "base/text/url.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_resource.h"
#include "proxy/discovery/kubernetes/kube_watch.h"

#include <event2/event.h>
#include <stdlib.h>

#define POD_KEY 'p' /* in keys of pods */

enum {
	TICK_MS = 250,
	STARTS_PER_TICK = 100, /* 400 questions a second */
	ASKING_MAX = 64,
	ASK_TIMEOUT_MS = 3000,
	ANSWER_MAX = 64 * 1024,
	MISSES = 2,
	/* Until it is asked again: */
	APP_MS = 2000,	   /* which has an application */
	YOUNG_MS = 1000,   /* of a pod that is YOUNG_FOR_MS old at most */
	QUIET_MS = 5000,   /* where nothing was */
	BEHIND_MS = 30000, /* in a range, where nothing was before it */
	YOUNG_FOR_MS = 120000,
};

struct probed_port {
	TAILQ_ENTRY(probed_port) turn;
	struct pod_probe *probe;
	struct pod_ui ui;
	struct fetch *fetch;
	int64_t due_ms;
	unsigned misses;
	bool answers;
	char *app_id, *app_name; /* NULL: there is none */
	int64_t app_started_ms;
};
TAILQ_HEAD(probed_ports, probed_port);

struct pod_probe {
	struct pod_probes *all;
	struct kube_watch *watch;
	char *uid, *namespace, *name, *app_name, *user, *ip, *resource, *schedule;
	char key[KUBE_RESOURCE_KEY_SIZE]; /* "": no link can have its name */
	bool had_app;
	struct kube_pod pod; /* whose texts are these, and static ones */
	uint64_t last_pods;  /* the listing of watch that had it last */
	size_t count;
	UT_hash_handle hh;
	struct probed_port ports[];
};

struct pod_probes {
	struct cluster *cluster;
	const struct pod_probe_handler *handler;
	struct event *timer;
	struct probed_ports turns; /* who waited longest comes first */
	struct pod_probe *by_uid;
	struct namespace_shares shares;
	unsigned asking;
	bool was_warned; /* that there are too many */
};

/* --- what is told --- */

/* Its application as a pod of its own. */
static struct kube_pod describe(const struct probed_port *port)
{
	struct kube_pod pod = port->probe->pod;

	pod.app_id = port->app_id;
	pod.is_named_by_ui = true;
	pod.app_name = port->app_name;
	pod.port = port->ui.port;
	pod.tls = port->ui.tls;
	if (port->app_started_ms)
		pod.started_ms = port->app_started_ms;
	return pod;
}

static void tell(const struct probed_port *port)
{
	struct kube_pod pod;

	if (port->app_id == NULL)
		return;
	pod = describe(port);
	port->probe->all->handler->on_app(port->probe->watch, &pod);
}

static void lose_app(struct probed_port *port, const char *how)
{
	struct kube_pod pod;

	if (port->app_id == NULL)
		return;
	pod = describe(port);
	port->probe->all->handler->on_app_gone(port->probe->watch, &pod, how);
	mem_replace_text(&port->app_id, NULL);
	mem_replace_text(&port->app_name, NULL);
}

static bool is_at_another_port(const struct probed_port *port, const char *id)
{
	const struct pod_probe *p = port->probe;

	for (size_t i = 0; i < p->count; i++) {
		if (&p->ports[i] != port && p->ports[i].app_id &&
			strcmp(p->ports[i].app_id, id) == 0)
			return true;
	}
	return false;
}

/* Its row is the application's from now on. */
static void note_app(struct pod_probe *p)
{
	if (!p->had_app)
		cluster_changed(p->all->cluster);
	p->had_app = true;
}

static void take_app(struct probed_port *port, const struct spark_app *app)
{
	port->misses = 0;
	if (is_at_another_port(port, app->id))
		return;
	if (port->app_id && strcmp(port->app_id, app->id) != 0)
		lose_app(port, "Another application has its place; its pod runs on");
	note_app(port->probe);
	mem_replace_text(&port->app_id, app->id);
	mem_replace_text(&port->app_name, app->name[0] ? app->name : app->id);
	port->app_started_ms = app->started_ms;
	tell(port);
}

/* --- asking --- */

static bool is_young(const struct pod_probe *p)
{
	return p->pod.created_ms > clock_wall_ms() - YOUNG_FOR_MS;
}

static bool is_behind_nothing(const struct probed_port *port)
{
	return port->ui.is_next && port > port->probe->ports && !port[-1].answers;
}

static int64_t wait_of(const struct probed_port *port)
{
	if (port->app_id)
		return APP_MS;
	if (is_behind_nothing(port))
		return BEHIND_MS;
	return is_young(port->probe) ? YOUNG_MS : QUIET_MS;
}

static void note_answer(struct probed_port *port, bool answers)
{
	struct pod_probe *p = port->probe;
	struct probed_port *next = port + 1;
	bool is_news = answers && !port->answers;

	port->answers = answers;
	if (is_news && next < p->ports + p->count && next->ui.is_next && next->fetch == NULL)
		next->due_ms = 0;
}

static void on_answer(const struct fetch_result *result, void *arg)
{
	struct probed_port *port = arg;
	struct spark_app app = {.id = ""};
	json_t *json = result->status == 200 ? spark_driver_read(result->body, &app) : NULL;

	port->fetch = NULL;
	port->probe->all->asking--;
	note_answer(port, result->status != 0);
	if (json)
		take_app(port, &app);
	else if (++port->misses >= MISSES)
		lose_app(port, "Its UI is gone; its pod runs on");
	json_decref(json);
	port->due_ms = clock_mono_ms() + wait_of(port);
}

static bool on_address(const struct sockaddr *sa, void *arg)
{
	const struct probed_port *port = arg;

	return address_fence_check(&port->probe->all->cluster->fence, sa) == NULL;
}

static bool ask(struct probed_port *port)
{
	struct pod_probe *p = port->probe;
	char origin[288], *text;
	struct url url;

	p->pod.port = port->ui.port;
	p->pod.tls = port->ui.tls;
	if (!kube_pod_url(&p->pod, &url))
		return false;
	url_origin(&url, origin);
	text = mem_printf("%s/api/v1/applications", origin);
	p->all->asking++;
	port->fetch = cluster_ask(p->all->cluster, UI_DRIVER,
		&(struct fetch_request){.url = text,
			.timeout_ms = ASK_TIMEOUT_MS,
			.max_bytes = ANSWER_MAX,
			.is_once = true,
			.allow = on_address,
			.done = on_answer,
			.arg = port});
	free(text);
	return true;
}

static void tick_soon(struct pod_probes *all, int ms)
{
	const struct timeval tick = {0, ms * 1000};

	if (!event_pending(all->timer, EV_TIMEOUT, NULL))
		event_add(all->timer, &tick);
}

static void take_turn(struct pod_probes *all, struct probed_port *port)
{
	TAILQ_REMOVE(&all->turns, port, turn);
	TAILQ_INSERT_TAIL(&all->turns, port, turn);
	if (!ask(port))
		port->due_ms = clock_mono_ms() + QUIET_MS;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pod_probes *all = arg;
	int64_t now = clock_mono_ms();
	struct probed_port *port, *next, *last = TAILQ_LAST(&all->turns, probed_ports);
	unsigned begun = 0;

	(void)fd, (void)what;
	for (port = TAILQ_FIRST(&all->turns); port; port = next) {
		next = port == last ? NULL : TAILQ_NEXT(port, turn);
		if (begun >= STARTS_PER_TICK || all->asking >= ASKING_MAX)
			break;
		if (port->fetch || port->due_ms > now)
			continue;
		take_turn(all, port);
		begun++;
	}
	if (all->by_uid)
		tick_soon(all, TICK_MS);
}

/* --- pods --- */

static struct pod_probe *probe_find(const struct pod_probes *all, const char *uid)
{
	struct pod_probe *p;

	HASH_FIND(hh, all->by_uid, uid, strlen(uid), p);
	return p;
}

static void ports_stop(struct pod_probe *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct probed_port *port = &p->ports[i];
		if (port->fetch) {
			fetch_cancel(port->fetch);
			p->all->asking--;
		}
		TAILQ_REMOVE(&p->all->turns, port, turn);
		free(port->app_id);
		free(port->app_name);
	}
}

static void probe_free(struct pod_probe *p)
{
	ports_stop(p);
	HASH_DELETE(hh, p->all->by_uid, p);
	namespace_shares_give(&p->all->shares, p->namespace, 1);
	if (!p->had_app)
		cluster_changed(p->all->cluster);
	free(p->uid);
	free(p->namespace);
	free(p->name);
	free(p->app_name);
	free(p->user);
	free(p->ip);
	free(p->resource);
	free(p->schedule);
	free(p);
}

static struct pod_probe *probe_add(
	struct pod_probes *all, struct kube_watch *w, const struct kube_pod *pod)
{
	struct pod_probe *p = mem_alloc(1, sizeof *p + pod->uis_count * sizeof(struct probed_port));

	p->all = all;
	p->watch = w;
	p->uid = mem_strdup(pod->uid);
	p->namespace = mem_strdup(pod->namespace);
	p->name = mem_strdup(pod->name);
	p->count = pod->uis_count;
	for (size_t i = 0; i < p->count; i++) {
		p->ports[i].probe = p;
		p->ports[i].ui = pod->uis[i];
		TAILQ_INSERT_HEAD(&all->turns, &p->ports[i], turn);
	}
	HASH_ADD_KEYPTR(hh, all->by_uid, p->uid, strlen(p->uid), p);
	namespace_shares_take(&all->shares, p->namespace, 1);
	(void)kube_resource_key(POD_KEY, p->namespace, p->name, p->key);
	return p;
}

/* Its own, for the object that they are read from goes. */
static void take_texts(struct pod_probe *p, const struct kube_pod *pod)
{
	mem_replace_text(&p->ip, pod->ip);
	mem_replace_text(&p->app_name, pod->app_name);
	mem_replace_text(&p->user, pod->user);
	mem_replace_text(&p->resource, pod->resource);
	mem_replace_text(&p->schedule, pod->schedule);
	p->pod.json = NULL;
	p->pod.uid = p->uid;
	p->pod.namespace = p->namespace;
	p->pod.name = p->name;
	p->pod.user = p->user;
	p->pod.ip = p->ip;
	p->pod.resource = p->resource;
	p->pod.schedule = p->schedule;
	p->pod.app_id = "";
	p->pod.app_name = p->app_name;
}

static void take_facts(struct pod_probe *p, const struct kube_pod *pod)
{
	bool is_moved = p->ip == NULL || strcmp(p->ip, pod->ip) != 0;

	for (size_t i = 0; is_moved && i < p->count; i++)
		p->ports[i].due_ms = 0;
	p->pod = *pod;
	take_texts(p, pod);
	p->pod.uis_count = 0;
	p->last_pods = p->watch->listings;
	if (!p->had_app)
		cluster_changed(p->all->cluster);
}

static bool has_same_ports(const struct pod_probe *p, const struct kube_pod *pod)
{
	bool same = p->count == pod->uis_count;

	for (size_t i = 0; same && i < p->count; i++)
		same = p->ports[i].ui.port == pod->uis[i].port &&
		       p->ports[i].ui.tls == pod->uis[i].tls;
	return same;
}

static bool is_full(struct pod_probes *all, const char *namespace)
{
	bool full = !namespace_shares_have_room(
		&all->shares, namespace, POD_PROBES_MAX, &all->cluster->conf->kubernetes);

	if (full && !all->was_warned)
		log_warn("discovery",
			"cluster %s: more than %d pods, or more than a quarter of them of "
			"namespace "
			"%s, name ports of UIs (sparkgate.io/ui): the others are left out",
			all->cluster->name, (int)POD_PROBES_MAX, namespace);
	all->was_warned = full;
	return full;
}

void pod_probes_put(struct pod_probes *all, struct kube_watch *w, const struct kube_pod *pod)
{
	struct pod_probe *p = probe_find(all, pod->uid);

	if (p && !has_same_ports(p, pod)) {
		pod_probes_drop(all, w, pod->uid);
		p = NULL;
	}
	if (p == NULL && (!kube_is_live(pod) || is_full(all, pod->namespace)))
		return;
	if (p == NULL)
		p = probe_add(all, w, pod);
	p->watch = w;
	take_facts(p, pod);
	for (size_t i = 0; i < p->count; i++)
		tell(&p->ports[i]);
	if (kube_is_live(pod))
		tick_soon(all, 0);
	else
		probe_free(p);
}

static void drop(struct pod_probe *p)
{
	for (size_t i = 0; i < p->count; i++)
		lose_app(&p->ports[i], NULL);
	probe_free(p);
}

void pod_probes_drop(struct pod_probes *all, const struct kube_watch *w, const char *uid)
{
	struct pod_probe *p = all ? probe_find(all, uid) : NULL;

	if (p && p->watch == w)
		drop(p);
}

void pod_probes_sweep(struct pod_probes *all, const struct kube_watch *w, uint64_t listing)
{
	struct pod_probe *p, *next;

	for (p = all ? all->by_uid : NULL; p; p = next) {
		next = p->hh.next;
		if (p->watch == w && (listing == 0 || p->last_pods != listing))
			drop(p);
	}
}

struct pod_probes *pod_probes_new(struct cluster *c, const struct pod_probe_handler *handler)
{
	struct pod_probes *all = mem_alloc(1, sizeof *all);

	all->cluster = c;
	all->handler = handler;
	TAILQ_INIT(&all->turns);
	all->timer = evtimer_new(c->discovery->base, on_tick, all);
	if (all->timer == NULL)
		abort();
	return all;
}

void pod_probes_waiting(const struct pod_probes *all,
	void (*each)(const struct kube_pod *pod, const char *key, void *arg), void *arg)
{
	for (const struct pod_probe *p = all ? all->by_uid : NULL; p; p = p->hh.next) {
		if (!p->had_app && p->key[0])
			each(&p->pod, p->key, arg);
	}
}

const char *pod_probes_key(const struct pod_probes *all, const char *uid)
{
	const struct pod_probe *p = all ? probe_find(all, uid) : NULL;

	return p && p->key[0] ? p->key : NULL;
}

uint64_t pod_probes_count(const struct pod_probes *all)
{
	return all ? all->shares.taken : 0;
}

uint64_t pod_probes_of(const struct pod_probes *all, const char *namespace)
{
	return namespace_shares_of(&all->shares, namespace);
}

void pod_probes_free(struct pod_probes *all)
{
	if (all == NULL)
		return;
	while (all->by_uid)
		probe_free(all->by_uid);
	namespace_shares_clear(&all->shares);
	event_free(all->timer);
	free(all);
}
