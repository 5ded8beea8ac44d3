#include "proxy/discovery/pods/event_keep.h"

#include "base/net/fetch.h"
#include "base/text/json_text.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/namespace_shares.h"
#include "proxy/discovery/kubernetes/kube_access.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_pod.h"
#include "proxy/discovery/kubernetes/kube_status.h"
#include "proxy/discovery/pods/incidents.h"
#include "proxy/discovery/pods/known_executors.h"
#include "proxy/discovery/pods/lacking_right.h"

#include <stdlib.h>
#include <sys/queue.h>

enum {
	AT_ONCE = 8,
	WAITING_MAX = 1000,
	EXECUTORS_MAX = 300,
	PAGE_ITEMS = 500,
	PAGES_MAX = 10,
	TIMEOUT_MS = 10 * 1000,
	PART_MAX = 2 * KUBE_OBJECT_MAX,
};

struct event_read { /* of one application */
	struct event_keep *keep;
	char *app_id, *namespace, *uid;
	char *executors[EXECUTORS_MAX + KNOWN_EXECUTORS_EACH]; /* uids */
	size_t executors_count;
	struct incidents found;
	unsigned pages; /* of the namespace's events */
	bool has_any;	/* some list was read */
	struct fetch *fetch;
	struct kube_list list; /* the one under way */
	bool is_list, is_broken;
	enum kube_right need; /* the right that it takes */
	void (*on_item)(struct event_read *r, struct str item);
	void (*then)(struct event_read *r, const char *more); /* NULL: it failed */
	TAILQ_ENTRY(event_read) link;
};
TAILQ_HEAD(event_read_list, event_read);

struct event_keep {
	struct cluster *cluster;
	void (*done)(const char *app_id, const char *uid, char *events, void *arg);
	void *arg;
	struct event_read_list waiting, reading;
	struct namespace_shares waiting_shares, reading_shares;
	bool is_starting;
};

/* --- one --- */

static void clear_list(struct event_read *r)
{
	if (r->is_list)
		kube_list_clear(&r->list);
	r->is_list = false;
}

static void read_free(struct event_read *r)
{
	if (r->fetch)
		fetch_cancel(r->fetch);
	clear_list(r);
	for (size_t i = 0; i < r->executors_count; i++)
		free(r->executors[i]);
	incidents_clear(&r->found);
	free(r->app_id);
	free(r->namespace);
	free(r->uid);
	free(r);
}

static void start_waiting(struct event_keep *k);

static void end(struct event_read *r)
{
	struct event_keep *k = r->keep;

	if (r->has_any)
		k->done(r->app_id, r->uid, incidents_text(&r->found, EVENT_KEEP_TEXT), k->arg);
	TAILQ_REMOVE(&k->reading, r, link);
	namespace_shares_give(&k->reading_shares, r->namespace, 1);
	read_free(r);
	start_waiting(k);
}

/* --- lists --- */

static void on_item(struct str item, void *arg)
{
	struct event_read *r = arg;

	r->on_item(r, item);
}

static size_t on_part(struct str part, void *arg)
{
	struct event_read *r = arg;

	if (!r->is_broken && kube_list_feed(&r->list, part, on_item, r) == -1)
		r->is_broken = true;
	return part.len;
}

static void on_done(const struct fetch_result *result, void *arg)
{
	char version[KUBE_VERSION_MAX], more[KUBE_CONTINUE_MAX];
	struct event_read *r = arg;
	struct err err = {""};
	bool is_answered = result->status == 200 && !r->is_broken &&
			   kube_list_finish(&r->list, version, more, &err) == 0;

	r->fetch = NULL;
	if (result->status == 403)
		lacking_right_note(r->keep->cluster, r->need);
	clear_list(r);
	r->then(r, is_answered ? more : NULL);
}

/* `then` is called later, but at once where there is no access. */
static void ask(struct event_read *r, const char *path, enum kube_right need,
	void (*each)(struct event_read *r, struct str item),
	void (*then)(struct event_read *r, const char *more))
{
	const struct cluster *c = r->keep->cluster;
	const struct fetch_request request = {.timeout_ms = TIMEOUT_MS,
		.max_bytes = PART_MAX,
		.on_part = on_part,
		.done = on_done,
		.arg = r};
	struct kube_access access;
	struct err err = {""};

	r->need = need;
	r->on_item = each;
	r->then = then;
	r->is_broken = false;
	if (kube_access_load(c->conf->kubernetes.kubeconfig, &access, &err) == -1) {
		then(r, NULL);
		return;
	}
	kube_list_init(&r->list);
	r->is_list = true;
	r->fetch = kube_ask(c->discovery->fetcher, &access, path, &request);
	kube_access_clear(&access);
}

/* --- events --- */

static bool is_drivers(const char *uid, const void *arg)
{
	const struct event_read *r = arg;

	return strcmp(uid, r->uid) == 0;
}

static bool is_executors(const char *uid, const void *arg)
{
	const struct event_read *r = arg;

	for (size_t i = 0; i < r->executors_count; i++) {
		if (strcmp(r->executors[i], uid) == 0)
			return true;
	}
	return false;
}

static void on_drivers(struct event_read *r, struct str item)
{
	incidents_add(&r->found, item, is_drivers, r);
}

static void on_any(struct event_read *r, struct str item)
{
	incidents_add(&r->found, item, is_executors, r);
}

static void ask_all(struct event_read *r, const char *more);

static void after_page(struct event_read *r, const char *more)
{
	r->has_any |= more != NULL;
	if (more && more[0] && ++r->pages < PAGES_MAX)
		ask_all(r, more);
	else
		end(r);
}

/* Of all pods of the namespace: an API server looks through all of them for one pod's, too. */
static void ask_all(struct event_read *r, const char *more)
{
	struct sbuf path;

	sbuf_init(&path, KUBE_PATH_MAX + 3 * KUBE_CONTINUE_MAX);
	kube_path_of_events(&path, r->namespace, NULL, PAGE_ITEMS);
	if (more[0])
		kube_path_add_continue(&path, more);
	ask(r, path.at, KUBE_RIGHT_EVENTS, on_any, after_page);
	sbuf_clear(&path);
}

static void after_drivers(struct event_read *r, const char *more)
{
	r->has_any |= more != NULL;
	if (more && r->executors_count)
		ask_all(r, "");
	else
		end(r);
}

/* --- executors first: they go with their driver --- */

static void add_executor(struct event_read *r, const char *uid)
{
	if (r->executors_count < ARRAY_LEN(r->executors) && !is_executors(uid, r))
		r->executors[r->executors_count++] = mem_strdup(uid);
}

static void add_known(struct event_read *r)
{
	const char *uids[KNOWN_EXECUTORS_EACH];
	size_t count = known_executors_of(r->keep->cluster, r->namespace, r->uid, uids);

	for (size_t i = 0; i < count; i++)
		add_executor(r, uids[i]);
}

static void on_executor(struct event_read *r, struct str item)
{
	struct err err = {""};
	json_t *json = json_of_text(item, &err);
	struct kube_status pod;

	if (json && kube_status_read(json, &pod, &err) == 0 &&
		kube_status_is_executor(&pod, r->namespace, r->app_id, r->uid))
		add_executor(r, pod.uid);
	json_decref(json);
}

static void after_executors(struct event_read *r, const char *more)
{
	struct sbuf path;

	(void)more;
	add_known(r);
	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_events(&path, r->namespace, r->uid, PAGE_ITEMS);
	ask(r, path.at, KUBE_RIGHT_EVENTS, on_drivers, after_drivers);
	sbuf_clear(&path);
}

static void start(struct event_read *r)
{
	struct sbuf path;

	if (!kube_is_label(str_of(r->app_id))) {
		after_executors(r, NULL);
		return;
	}
	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_executors(&path, r->namespace, r->app_id, EXECUTORS_MAX);
	ask(r, path.at, KUBE_RIGHT_PODS, on_executor, after_executors);
	sbuf_clear(&path);
}

/* --- whose turn it is --- */

static struct event_read *next(struct event_keep *k)
{
	const struct conf_kubernetes *conf = &k->cluster->conf->kubernetes;
	struct event_read *r;

	if (k->reading_shares.taken >= AT_ONCE)
		return NULL;
	TAILQ_FOREACH(r, &k->waiting, link)
	{
		if (namespace_shares_have_room(&k->reading_shares, r->namespace, AT_ONCE, conf))
			break;
	}
	return r;
}

/* One that ends at once comes back here, to no effect. */
static void start_waiting(struct event_keep *k)
{
	struct event_read *r;

	if (k->is_starting)
		return;
	k->is_starting = true;
	while ((r = next(k)) != NULL) {
		TAILQ_REMOVE(&k->waiting, r, link);
		namespace_shares_give(&k->waiting_shares, r->namespace, 1);
		TAILQ_INSERT_TAIL(&k->reading, r, link);
		namespace_shares_take(&k->reading_shares, r->namespace, 1);
		start(r);
	}
	k->is_starting = false;
}

void event_keep_begin(struct event_keep *k, const char *app_id, const struct kube_pod *pod)
{
	const struct conf_kubernetes *conf = &k->cluster->conf->kubernetes;
	struct event_read *r;

	if (!namespace_shares_have_room(&k->waiting_shares, pod->namespace, WAITING_MAX, conf))
		return;
	r = mem_alloc(1, sizeof *r);
	r->keep = k;
	r->app_id = mem_strdup(app_id);
	r->namespace = mem_strdup(pod->namespace);
	r->uid = mem_strdup(pod->uid);
	r->found.is_cut = true;
	TAILQ_INSERT_TAIL(&k->waiting, r, link);
	namespace_shares_take(&k->waiting_shares, r->namespace, 1);
	start_waiting(k);
}

/* --- the whole --- */

struct event_keep *event_keep_new(struct cluster *c,
	void (*done)(const char *app_id, const char *uid, char *events, void *arg), void *arg)
{
	struct event_keep *k = mem_alloc(1, sizeof *k);

	k->cluster = c;
	k->done = done;
	k->arg = arg;
	TAILQ_INIT(&k->waiting);
	TAILQ_INIT(&k->reading);
	return k;
}

static void clear_reads(struct event_read_list *list)
{
	struct event_read *r;

	while ((r = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, r, link);
		read_free(r);
	}
}

void event_keep_free(struct event_keep *k)
{
	if (k == NULL)
		return;
	clear_reads(&k->waiting);
	clear_reads(&k->reading);
	namespace_shares_clear(&k->waiting_shares);
	namespace_shares_clear(&k->reading_shares);
	free(k);
}
