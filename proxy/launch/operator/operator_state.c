#include "proxy/launch/operator/operator_state.h"

#include "proxy/discovery/known/cluster.h"
#include "proxy/discovery/kubernetes/kube_watch.h"
#include "proxy/discovery/resources/known_resource.h"

/* --- what its driver's pod says --- */

static bool is_its(const struct app *a, const struct known_resource *r)
{
	return a->resource && strcmp(a->resource, r->key) == 0 &&
	       a->pod_created_ms >= r->created_ms;
}

/* Of several runs the last one; NULL: no pod was seen. */
static const struct app *find_run(const struct cluster *c, const struct known_resource *r)
{
	const struct app *newest = NULL;

	for (const struct known_ui *ui = c->known[KNOWN_UI_APP]; ui; ui = ui->hh.next) {
		const struct app *a = (const struct app *)ui;

		if (is_its(a, r) && (newest == NULL || a->pod_created_ms > newest->pod_created_ms))
			newest = a;
	}
	return newest;
}

static void add_run(const struct app *a, struct operator_state *out)
{
	bool is_over = out->stage >= OPERATOR_FINISHED;

	if (!is_over && !a->running)
		return; /* an earlier run */
	out->app_id = a->known.id;
	if (a->reason)
		out->reason = a->reason;
	if (is_over && a->exit_code)
		out->exit_code = a->exit_code;
	if (out->stage == OPERATOR_WAITS && strcmp(a->state, "RUNNING") == 0)
		out->stage = OPERATOR_RUNS;
}

/* --- what its operator says --- */

static const struct {
	const char *state; /* kube_resource.c */
	enum operator_stage stage;
} ends[] = {
	{"FINISHED", OPERATOR_FINISHED},
	{"FAILED", OPERATOR_FAILED},
	{"REFUSED", OPERATOR_FAILED},
	{"KILLED", OPERATOR_KILLED},
	{"DELETED", OPERATOR_KILLED},
};

static enum operator_stage end_of(const char *state)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (strcmp(ends[i].state, state) == 0)
			return ends[i].stage;
	}
	return OPERATOR_UNKNOWN;
}

/* Where the operator does not say how it ended, its pod may. */
static enum operator_stage stage_of(const struct known_resource *r, const struct app *run)
{
	static const enum operator_stage stages[] = {[RESOURCE_WAITS] = OPERATOR_WAITS,
		[RESOURCE_RUNS] = OPERATOR_RUNS,
		[RESOURCE_IDLE] = OPERATOR_SUSPENDED};
	enum operator_stage stage;

	if (r->word->stage != RESOURCE_ENDED)
		return stages[r->word->stage];
	stage = end_of(r->word->state);
	if (stage == OPERATOR_UNKNOWN && run)
		stage = end_of(run->state);
	return stage == OPERATOR_UNKNOWN ? OPERATOR_FAILED : stage;
}

static void read_resource(
	const struct cluster *c, const struct known_resource *r, struct operator_state *out)
{
	const struct app *run = find_run(c, r);

	out->stage = stage_of(r, run);
	out->reason = r->reason ? r->reason : "";
	if (r->app_id && r->word->is_of_this_run)
		out->app_id = r->app_id;
	if (run)
		add_run(run, out);
	if (out->stage >= OPERATOR_FINISHED)
		out->ended_ms = r->ended_ms;
	if (strcmp(r->word->state, "DELETED") == 0)
		out->reason = "Its resource was deleted.";
}

/* --- nothing is known of it --- */

static bool is_of(const struct kube_watch *w, enum spark_operator kind, const char *namespace)
{
	const char *its = kube_watch_namespace(w);

	return strcmp(w->kind->api, spark_operator_api(kind)) == 0 &&
	       strcmp(w->kind->plural, "sparkapplications") == 0 &&
	       (strcmp(its, "*") == 0 || strcmp(its, namespace) == 0);
}

static const struct kube_watch *find_watch(
	const struct cluster *c, enum spark_operator kind, const char *namespace)
{
	for (size_t i = 0; i < c->others_count; i++) {
		if (is_of(c->others[i], kind, namespace))
			return c->others[i];
	}
	return NULL;
}

static void read_watch(const struct kube_watch *w, struct operator_state *out)
{
	if (w && w->up) {
		out->stage = OPERATOR_ABSENT;
		return;
	}
	out->reason = "The gateway has not heard of its resources yet.";
	if (w == NULL)
		out->reason = "The gateway does not watch the namespace of launches.";
	else if (w->lack && strcmp(w->lack, "not allowed") == 0)
		out->reason = "The role of the gateway\xe2\x80\x99s account lacks the verbs list "
			      "and watch of sparkapplications.";
	else if (w->lack)
		out->reason = "The cluster does not know SparkApplications: their operator is not "
			      "installed.";
}

void operator_state_read(const struct discovery *d, struct str cluster, enum spark_operator kind,
	const char *namespace, const char *name, struct operator_state *out)
{
	static const char letters[] = {KUBE_OWNER_KUBEFLOW, KUBE_OWNER_APACHE};
	const struct cluster *c = cluster_find(d, cluster);
	char key[KUBE_RESOURCE_KEY_SIZE];
	const struct known_resource *r = NULL;

	*out = (struct operator_state){.stage = OPERATOR_UNKNOWN, .reason = "", .app_id = ""};
	if (c && kube_resource_key(letters[kind], namespace, name, key))
		r = known_resource_find(c, key);
	if (r)
		read_resource(c, r, out);
	else if (c)
		read_watch(find_watch(c, kind, namespace), out);
}
