#include "proxy/discovery/pods/log_read.h"

#include "base/log/log.h"
#include "base/net/fetch.h"
#include "base/text/json_text.h"
#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_access.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_status.h"
#include "proxy/discovery/pods/lacking_right.h"
#include "proxy/discovery/shelf/log_shelf.h"

#include <stdlib.h>

enum {
	SLACK = 256 * 1024, /* that is cut off at once */
	TAIL_LINES = 20000,
	WHOSE_TIMEOUT_MS = 10 * 1000,
	READ_TIMEOUT_MS = 30 * 1000,
	FOLLOW_TIMEOUT_MS = 10 * 60 * 1000,
	PART_MAX = 2 * KUBE_OBJECT_MAX,
};

const char log_read_too_late[] =
	"The log was not kept: the pod was deleted before it could be read.";
static const char anothers[] =
	"The log was not kept: another pod has the name of this one, and it may be its log.";
static const char not_told[] =
	"The log was not kept: the API server did not say whether it is this pod\xe2\x80\x99s.";
static const char no_access[] =
	"The log was not kept: the gateway had no access to the API server.";

/* --- what its containers say --- */

char *log_read_state_of(const struct kube_pod *pod)
{
	json_t *cut = kube_status_cut(pod->json);
	char *text = json_text(cut);

	json_decref(cut);
	return text;
}

void log_read_take_state(struct log_read *r, const struct kube_pod *pod)
{
	free(r->state);
	r->state = log_read_state_of(pod);
}

/* --- it comes and goes --- */

struct log_read *log_read_new(struct cluster *c, const char *app_id, const struct kube_pod *pod,
	void (*done)(struct log_read *r, const char *problem))
{
	struct log_read *r = mem_alloc(1, sizeof *r);
	const struct kube_container *main = NULL;
	struct kube_status status;
	struct err err = {""};

	if (kube_status_read(pod->json, &status, &err) == 0)
		main = kube_status_main(&status);
	r->cluster = c;
	r->done = done;
	r->app_id = mem_strdup(app_id);
	r->namespace = mem_strdup(pod->namespace);
	r->pod = mem_strdup(pod->name);
	r->uid = mem_strdup(pod->uid);
	r->container = mem_strdup(main ? main->name : "");
	r->state = log_read_state_of(pod);
	r->follows = kube_is_live(pod);
	sbuf_init(&r->text, LOG_SHELF_TEXT + 2 * SLACK);
	return r;
}

static void clear_list(struct log_read *r)
{
	if (r->is_list)
		kube_list_clear(&r->list);
	r->is_list = false;
}

void log_read_free(struct log_read *r)
{
	if (r->fetch)
		fetch_cancel(r->fetch);
	clear_list(r);
	sbuf_clear(&r->text);
	free(r->app_id);
	free(r->namespace);
	free(r->pod);
	free(r->uid);
	free(r->container);
	free(r->driver);
	free(r->state);
	free(r->events);
	free(r);
}

static void drop_text(struct log_read *r, const char *problem)
{
	sbuf_reset(&r->text);
	r->done(r, problem);
}

/* With what opens the API server now: tokens are renewed while a log is followed. */
static void ask(struct log_read *r, const char *path, struct fetch_request *request)
{
	struct kube_access access;
	struct err err = {""};

	if (kube_access_load(r->cluster->conf->kubernetes.kubeconfig, &access, &err) == -1) {
		drop_text(r, no_access);
		return;
	}
	request->arg = r;
	r->fetch = kube_ask(r->cluster->discovery->fetcher, &access, path, request);
	kube_access_clear(&access);
}

/* --- which pod has the name --- */

static void on_pod(struct str item, void *arg)
{
	struct log_read *r = arg;
	struct kube_object object;
	struct err err = {""};
	json_t *json;

	if (kube_item_parse(item, &json, &object, &err) == -1) {
		r->is_broken = true;
		return;
	}
	if (strcmp(object.uid, r->uid) == 0)
		r->is_ours = true;
	else
		r->is_anothers = true;
	json_decref(json);
}

static size_t on_whose_part(struct str part, void *arg)
{
	struct log_read *r = arg;

	if (!r->is_broken && kube_list_feed(&r->list, part, on_pod, r) == -1)
		r->is_broken = true;
	return part.len;
}

static void on_whose_done(const struct fetch_result *result, void *arg)
{
	char version[KUBE_VERSION_MAX], more[KUBE_CONTINUE_MAX];
	struct log_read *r = arg;
	struct err err = {""};
	bool is_answered = result->status == 200 && !r->is_broken && r->list.too_long == 0 &&
			   kube_list_finish(&r->list, version, more, &err) == 0;

	r->fetch = NULL;
	clear_list(r);
	r->then(r, is_answered);
}

static void ask_whose(struct log_read *r, void (*then)(struct log_read *r, bool is_answered))
{
	struct fetch_request request = {.timeout_ms = WHOSE_TIMEOUT_MS,
		.max_bytes = PART_MAX,
		.on_part = on_whose_part,
		.done = on_whose_done};
	struct sbuf path;

	kube_list_init(&r->list);
	r->is_list = true;
	r->is_broken = r->is_ours = r->is_anothers = false;
	r->then = then;
	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_pod(&path, r->namespace, r->pod);
	ask(r, path.at, &request);
	sbuf_clear(&path);
}

/* --- its log --- */

static const char *problem_of(const struct fetch_result *result)
{
	static const struct {
		int status;
		const char *sentence;
	} rows[] = {
		{200, ""},
		{403, "The log was not kept: the role of the gateway's account "
		      "lacks " KUBE_LOG_RIGHT "."},
		{404, log_read_too_late},
		{0, "The log was not read to its end: the API server did not answer."},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].status == result->status)
			return rows[i].sentence;
	}
	return "The log was not kept: the API server did not give it.";
}

/* A pod that is gone meanwhile had the name as long as nobody else has it. */
static void after_log(struct log_read *r, bool is_answered)
{
	if (!is_answered)
		drop_text(r, not_told);
	else if (r->is_anothers)
		drop_text(r, anothers);
	else
		r->done(r, r->problem);
}

static void on_log_done(const struct fetch_result *result, void *arg)
{
	struct log_read *r = arg;

	r->fetch = NULL;
	if (result->status == 403)
		lacking_right_note(r->cluster, KUBE_RIGHT_LOGS);
	if (r->text.len > LOG_SHELF_TEXT)
		sbuf_cut(&r->text, r->text.len - LOG_SHELF_TEXT);
	r->problem = problem_of(result);
	if (r->text.len)
		ask_whose(r, after_log);
	else
		r->done(r, r->problem);
}

static size_t on_log_part(struct str part, void *arg)
{
	struct log_read *r = arg;

	sbuf_add_str(&r->text, part);
	if (r->text.len > LOG_SHELF_TEXT + SLACK)
		sbuf_cut(&r->text, r->text.len - LOG_SHELF_TEXT);
	return part.len;
}

static void ask_log(struct log_read *r)
{
	const struct kube_log_wish wish = {.namespace = r->namespace,
		.pod = r->pod,
		.container = r->container,
		.tail_lines = TAIL_LINES,
		.follow = r->follows};
	struct fetch_request request = {
		.timeout_ms = r->follows ? FOLLOW_TIMEOUT_MS : READ_TIMEOUT_MS,
		.max_bytes = SLACK,
		.waits = true,
		.on_part = on_log_part,
		.done = on_log_done};
	struct sbuf path;

	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_log(&path, &wish);
	ask(r, path.at, &request);
	sbuf_clear(&path);
}

static void before_log(struct log_read *r, bool is_answered)
{
	if (is_answered && r->is_ours)
		ask_log(r);
	else
		r->done(r, is_answered ? log_read_too_late : not_told);
}

/* What was told of a moment ago is asked for at once: it may be gone soon. */
void log_read_start(struct log_read *r)
{
	if (r->has_waited)
		ask_whose(r, before_log);
	else
		ask_log(r);
}

void log_read_keep(const struct log_read *r, struct log_shelf *shelf, const char *problem)
{
	struct err err = {""};
	const struct shelf_record record = {.app_id = r->app_id,
		.uid = r->uid,
		.driver = r->driver,
		.pod = r->state,
		.events = r->events,
		.problem = (char[512]){""},
		.text = r->text.at,
		.text_len = r->text.len};

	(void)str_copy(str_of(problem), record.problem, 512);
	if (log_shelf_put(shelf, &record, &err) == -1)
		log_warn("discovery", "cluster %s: the log of pod %.64s/%.128s cannot be kept: %s",
			r->cluster->name, r->namespace, r->pod, err.text);
}
