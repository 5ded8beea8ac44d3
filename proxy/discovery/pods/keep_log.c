#include "proxy/discovery/pods/keep_log.h"

#include "base/clock.h"
#include "base/log/log.h"
#include "base/text/json_text.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/known/known_ui.h"
#include "proxy/discovery/kubernetes/kube_access.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_status.h"
#include "proxy/discovery/pods/lacking_right.h"
#include "proxy/discovery/pods/log_shelf.h"
#include "proxy/discovery/pods/pod_question.h"

#include <event2/event.h>
#include <stdlib.h>

enum {
	AT_ONCE = 16, /* logs that are read, each with up to 1 MiB in memory */
	QUEUE_MAX = 2000,
	SLACK = 256 * 1024, /* that is cut off at once */
	TAIL_LINES = 20000,
	READ_TIMEOUT_MS = 30 * 1000,
	FOLLOW_TIMEOUT_MS = 10 * 60 * 1000,
	SWEEP_S = 60,
};

static const char too_late[] = "The log was not kept: the pod was deleted before it could be read.";

struct log_read { /* of one pod */
	struct log_keeper *keeper;
	char *app_id, *namespace, *pod, *uid, *container;
	char *state; /* JSON: its last */
	bool follows;
	struct fetch *fetch; /* NULL: it waits for its turn */
	struct sbuf text;
	TAILQ_ENTRY(log_read) link;
};
TAILQ_HEAD(log_read_list, log_read);

struct log_keeper {
	struct cluster *cluster;
	struct log_shelf *shelf;
	char *folder;
	int64_t keep_s;
	uint64_t max_bytes;
	struct event *sweep;
	struct log_read_list waiting, reading;
	size_t waiting_count, reading_count;
};

/* --- one log --- */

/* In no list any more. */
static void read_free(struct log_read *r)
{
	if (r->fetch)
		fetch_cancel(r->fetch);
	sbuf_clear(&r->text);
	free(r->app_id);
	free(r->namespace);
	free(r->pod);
	free(r->uid);
	free(r->container);
	free(r->state);
	free(r);
}

static void end_reading(struct log_read *r)
{
	TAILQ_REMOVE(&r->keeper->reading, r, link);
	r->keeper->reading_count--;
	read_free(r);
}

static void put(struct log_keeper *k, const struct log_read *r, const char *problem)
{
	struct err err = {""};
	const struct shelf_record record = {.app_id = r->app_id,
		.uid = r->uid,
		.pod = r->state,
		.problem = (char[512]){""},
		.text = r->text.at,
		.text_len = r->text.len};

	(void)str_copy(str_of(problem), record.problem, 512);
	if (log_shelf_put(k->shelf, &record, &err) == -1)
		log_warn("discovery", "cluster %s: the log of pod %.64s/%.128s cannot be kept: %s",
			k->cluster->name, r->namespace, r->pod, err.text);
}

static void start_waiting(struct log_keeper *k);

static const char *problem_of(const struct fetch_result *result)
{
	static const struct {
		int status;
		const char *sentence;
	} rows[] = {
		{200, ""},
		{403, "The log was not kept: the role of the gateway's account "
		      "lacks " KUBE_LOG_RIGHT "."},
		{404, too_late},
		{0, "The log was not read to its end: the API server did not answer."},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].status == result->status)
			return rows[i].sentence;
	}
	return "The log was not kept: the API server did not give it.";
}

static void on_log_done(const struct fetch_result *result, void *arg)
{
	struct log_read *r = arg;
	struct log_keeper *k = r->keeper;

	r->fetch = NULL;
	if (result->status == 403)
		lacking_right_note(k->cluster, KUBE_LOG_RIGHT);
	if (r->text.len > LOG_SHELF_TEXT)
		sbuf_cut(&r->text, r->text.len - LOG_SHELF_TEXT);
	put(k, r, problem_of(result));
	end_reading(r);
	start_waiting(k);
}

static size_t on_log_part(struct str part, void *arg)
{
	struct log_read *r = arg;

	sbuf_add_str(&r->text, part);
	if (r->text.len > LOG_SHELF_TEXT + SLACK)
		sbuf_cut(&r->text, r->text.len - LOG_SHELF_TEXT);
	return part.len;
}

static void ask(struct log_read *r, const struct kube_access *access)
{
	const struct kube_log_wish wish = {.namespace = r->namespace,
		.pod = r->pod,
		.container = r->container,
		.tail_lines = TAIL_LINES,
		.follow = r->follows};
	struct sbuf path;

	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_log(&path, &wish);
	r->fetch = kube_ask(r->keeper->cluster->discovery->fetcher, access, path.at,
		&(struct fetch_request){
			.timeout_ms = r->follows ? FOLLOW_TIMEOUT_MS : READ_TIMEOUT_MS,
			.max_bytes = SLACK,
			.waits = true,
			.on_part = on_log_part,
			.done = on_log_done,
			.arg = r});
	sbuf_clear(&path);
}

static void start(struct log_read *r)
{
	struct log_keeper *k = r->keeper;
	struct kube_access access;
	struct err err = {""};

	if (kube_access_load(k->cluster->conf->kubernetes.kubeconfig, &access, &err) == -1) {
		put(k, r, "The log was not kept: the gateway had no access to the API server.");
		read_free(r);
		return;
	}
	TAILQ_INSERT_TAIL(&k->reading, r, link);
	k->reading_count++;
	ask(r, &access);
	kube_access_clear(&access);
}

static void start_waiting(struct log_keeper *k)
{
	while (k->reading_count < AT_ONCE && !TAILQ_EMPTY(&k->waiting)) {
		struct log_read *r = TAILQ_FIRST(&k->waiting);
		TAILQ_REMOVE(&k->waiting, r, link);
		k->waiting_count--;
		start(r);
	}
}

/* --- which --- */

static struct log_read *find_read(const struct log_keeper *k, const char *uid)
{
	const struct log_read_list *lists[] = {&k->reading, &k->waiting};
	struct log_read *r;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		TAILQ_FOREACH(r, lists[i], link)
		{
			if (strcmp(r->uid, uid) == 0)
				return r;
		}
	}
	return NULL;
}

/* Gives. */
static char *state_of(const struct kube_pod *pod)
{
	json_t *cut = kube_status_cut(pod->json);
	char *text = json_text(cut);

	json_decref(cut);
	return text;
}

static void take_state(struct log_read *r, const struct kube_pod *pod)
{
	free(r->state);
	r->state = state_of(pod);
}

static struct log_read *read_new(
	struct log_keeper *k, const struct app *a, const struct kube_pod *pod)
{
	struct log_read *r = mem_alloc(1, sizeof *r);
	const struct kube_container *main = NULL;
	struct kube_status status;
	struct err err = {""};

	if (kube_status_read(pod->json, &status, &err) == 0)
		main = kube_status_main(&status);
	r->keeper = k;
	r->app_id = mem_strdup(a->known.id);
	r->namespace = mem_strdup(pod->namespace);
	r->pod = mem_strdup(pod->name);
	r->uid = mem_strdup(pod->uid);
	r->container = mem_strdup(main ? main->name : "");
	r->state = state_of(pod);
	r->follows = kube_is_live(pod);
	sbuf_init(&r->text, LOG_SHELF_TEXT + 2 * SLACK);
	return r;
}

static void begin(struct log_keeper *k, struct app *a, const struct kube_pod *pod)
{
	struct log_read *r;

	a->is_log_read = true;
	if (k->waiting_count >= QUEUE_MAX)
		return;
	r = read_new(k, a, pod);
	if (k->reading_count < AT_ONCE) {
		start(r);
	} else {
		TAILQ_INSERT_TAIL(&k->waiting, r, link);
		k->waiting_count++;
	}
}

/* The log may have come to its end before the pod said how. */
static void renew_state(struct log_keeper *k, const struct app *a, const struct kube_pod *pod)
{
	struct shelf_record record;
	struct err err = {""};
	char *state = state_of(pod);
	bool is_same = !log_shelf_read(k->shelf, a->known.id, 0, &record) ||
		       strcmp(record.pod, state) == 0;

	shelf_record_clear(&record);
	if (!is_same && log_shelf_read(k->shelf, a->known.id, LOG_SHELF_TEXT, &record)) {
		(void)mem_replace_text(&record.pod, state);
		if (log_shelf_put(k->shelf, &record, &err) == -1)
			log_warn("discovery", "cluster %s: a kept log cannot be changed: %s",
				k->cluster->name, err.text);
		shelf_record_clear(&record);
	}
	free(state);
}

static bool is_long_ago(const struct log_keeper *k, const struct kube_pod *pod)
{
	return pod->ended_ms && clock_wall_ms() - pod->ended_ms > k->keep_s * 1000;
}

void keep_log_of(struct app *a, const struct kube_pod *pod)
{
	struct log_keeper *k = a->known.cluster->keeper;
	struct log_read *r;

	if (k == NULL || pod->json == NULL || (kube_is_live(pod) && !pod->is_deleted))
		return;
	r = find_read(k, pod->uid);
	if (r)
		take_state(r, pod);
	else if (log_shelf_has(k->shelf, a->known.id, pod->uid))
		renew_state(k, a, pod);
	else if (!a->is_log_read && !is_long_ago(k, pod))
		begin(k, a, pod);
}

/* Of a pod whose end nobody has seen there is no log, only what it said last. */
void keep_log_gone(struct app *a, const struct kube_pod *pod)
{
	struct log_keeper *k = a->known.cluster->keeper;
	struct log_read *r = k ? find_read(k, pod->uid) : NULL;

	if (k == NULL || pod->json == NULL)
		return;
	if (r) {
		take_state(r, pod);
	} else if (log_shelf_has(k->shelf, a->known.id, pod->uid)) {
		renew_state(k, a, pod);
		log_shelf_touch(k->shelf, a->known.id);
	} else {
		r = read_new(k, a, pod);
		put(k, r, too_late);
		read_free(r);
	}
}

/* --- what was kept --- */

void keep_log_answer(const struct app *a, size_t max, struct pod_answer *answer)
{
	const struct log_keeper *k = a->known.cluster->keeper;
	struct shelf_record record;

	if (k == NULL || !log_shelf_has(k->shelf, a->known.id, a->pod) ||
		!log_shelf_read(k->shelf, a->known.id, max, &record))
		return;
	answer->kept_pod = record.pod;
	if (record.text_len || record.problem[0] == '\0') {
		answer->kept_log = record.text;
		record.text = NULL;
	}
	answer->kept_log_len = record.text_len;
	answer->kept_problem = record.problem;
	record.pod = record.problem = NULL;
	shelf_record_clear(&record);
}

struct visit {
	struct log_keeper *keeper;
	const char *namespace;
	void (*each)(const struct kube_pod *pod, void *arg);
	void *arg;
};

static void visit_one(const char *app_id, void *arg)
{
	const struct visit *v = arg;
	struct shelf_record record;
	struct kube_object object;
	struct kube_pod pod;
	struct err err = {""};
	json_t *json;

	if (!log_shelf_read(v->keeper->shelf, app_id, 0, &record))
		return;
	if (kube_item_parse(str_of(record.pod), &json, &object, &err) == 0) {
		kube_pod_read(&object, &pod);
		if (strcmp(v->namespace, "*") == 0 || strcmp(v->namespace, pod.namespace) == 0)
			v->each(&pod, v->arg);
		json_decref(json);
	}
	shelf_record_clear(&record);
}

void keep_log_each(struct cluster *c, const char *namespace,
	void (*each)(const struct kube_pod *pod, void *arg), void *arg)
{
	struct visit v = {c->keeper, namespace, each, arg};

	if (c->keeper)
		log_shelf_each(c->keeper->shelf, visit_one, &v);
}

/* --- the whole --- */

/* What is kept of a pod that is still there does not grow old. */
static void refresh(const char *app_id, void *arg)
{
	struct log_keeper *k = arg;
	const struct app *a =
		(const struct app *)known_ui_find(k->cluster, KNOWN_UI_APP, str_of(app_id));

	if (a && a->watch && a->pod && log_shelf_has(k->shelf, app_id, a->pod))
		log_shelf_touch(k->shelf, app_id);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct log_keeper *k = arg;

	(void)fd, (void)what;
	log_shelf_each(k->shelf, refresh, k);
	log_shelf_sweep(k->shelf);
}

void keep_log_end(struct cluster *c)
{
	struct log_keeper *k = c->keeper;
	struct log_read *r;

	if (k == NULL)
		return;
	while ((r = TAILQ_FIRST(&k->waiting)) != NULL) {
		TAILQ_REMOVE(&k->waiting, r, link);
		read_free(r);
	}
	while (!TAILQ_EMPTY(&k->reading))
		end_reading(TAILQ_FIRST(&k->reading));
	log_shelf_free(k->shelf);
	event_free(k->sweep);
	free(k->folder);
	free(k);
	c->keeper = NULL;
}

/* Gives; NULL: the configuration has none. */
static char *folder_of(const struct cluster *c)
{
	const char *folder = c->conf->kubernetes.logs_dir;
	const char *data = c->discovery->conf->data_dir;

	if (folder)
		return mem_printf("%s/%s", folder, c->name);
	return data ? mem_printf("%s/logs/%s", data, c->name) : NULL;
}

static void begin_keeping(struct cluster *c, char *folder)
{
	const struct conf_kubernetes *conf = &c->conf->kubernetes;
	struct err err = {""};
	struct log_shelf *shelf =
		log_shelf_open(folder, conf->keep_logs_s * 1000, (uint64_t)conf->logs_max, &err);
	struct log_keeper *k;

	if (shelf == NULL) {
		log_warn("discovery", "cluster %s: no logs are kept: %s", c->name, err.text);
		free(folder);
		return;
	}
	k = mem_alloc(1, sizeof *k);
	*k = (struct log_keeper){.cluster = c,
		.shelf = shelf,
		.folder = folder,
		.keep_s = conf->keep_logs_s,
		.max_bytes = (uint64_t)conf->logs_max};
	TAILQ_INIT(&k->waiting);
	TAILQ_INIT(&k->reading);
	k->sweep = event_new(c->discovery->base, -1, EV_PERSIST, on_sweep, k);
	event_add(k->sweep, &(struct timeval){.tv_sec = SWEEP_S});
	c->keeper = k;
}

void keep_log_use(struct cluster *c)
{
	const struct conf_kubernetes *conf = &c->conf->kubernetes;
	bool is_wanted = c->conf->has_kubernetes && conf->keep_logs_s > 0;
	char *folder = is_wanted ? folder_of(c) : NULL;
	const struct log_keeper *k = c->keeper;

	if (k && folder && strcmp(k->folder, folder) == 0 && k->keep_s == conf->keep_logs_s &&
		k->max_bytes == (uint64_t)conf->logs_max) {
		free(folder);
		return;
	}
	keep_log_end(c);
	if (folder)
		begin_keeping(c, folder);
}
