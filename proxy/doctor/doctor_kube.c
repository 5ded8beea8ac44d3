/* An API server: whether it answers, and which rights the gateway's account has there, by its own
 * word (SelfSubjectAccessReview). */
#include "proxy/discovery/kubernetes/kube_access.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_right.h"
#include "proxy/doctor/doctor_int.h"

#include <stdlib.h>

enum { WHAT_LEN = 400 };

/* What each right is made of. `is_extra`: without it something is not shown, and all else works. */
static const struct review {
	enum kube_right right;
	const char *verbs[2], *group, *resource, *part;
	bool is_extra, is_for_clusters;
} reviews[] = {
	{KUBE_RIGHT_DRIVERS, {"list", "watch"}, "", "pods", "", false, false},
	{KUBE_RIGHT_LOGS, {"get", NULL}, "", "pods", "log", true, false},
	{KUBE_RIGHT_EVENTS, {"list", NULL}, "", "events", "", true, false},
	{KUBE_RIGHT_KUBEFLOW, {"list", "watch"}, "sparkoperator.k8s.io", "sparkapplications", "",
		true, false},
	{KUBE_RIGHT_APACHE, {"list", "watch"}, "spark.apache.org", "sparkapplications", "", true,
		false},
	{KUBE_RIGHT_CLUSTERS, {"list", "watch"}, "spark.apache.org", "sparkclusters", "", false,
		true},
	{KUBE_RIGHT_SERVICES, {"list", "watch"}, "", "services", "", false, true},
};

struct kube_visit {
	struct doctor *doctor;
	const struct conf_cluster *cluster;
	struct kube_access access;
	const char *what; /* the API server, for people */
};

static int ask_right(
	struct kube_visit *visit, const struct review *row, const char *verb, const char *namespace)
{
	struct doctor_answer answer = {.status = 0};
	struct doctor_wait wait = {visit->doctor, &answer};
	char *text = kube_review_text(
		&(struct kube_review){namespace, verb, row->group, row->resource, row->part});
	int result = -1; /* nobody said */

	kube_change(visit->doctor->fetcher, &visit->access, "POST", KUBE_REVIEWS,
		&(struct fetch_request){.post = text,
			.timeout_ms = DOCTOR_WAIT_MS,
			.max_bytes = DOCTOR_ANSWER_MAX,
			.done = doctor_on_done,
			.arg = &wait});
	doctor_wait(visit->doctor);
	if (answer.status == 201 || answer.status == 200)
		result = kube_review_read(str_of(answer.body));
	doctor_answer_clear(&answer);
	free(text);
	return result;
}

static void try_right(struct kube_visit *visit, const struct review *row, const char *namespace)
{
	const struct kube_right_row *words = &kube_rights[row->right];
	struct doctor *d = visit->doctor;
	char what[WHAT_LEN], todo[WHAT_LEN];
	int has = 1;

	for (size_t i = 0; i < ARRAY_LEN(row->verbs) && row->verbs[i] && has == 1; i++)
		has = ask_right(visit, row, row->verbs[i], namespace);
	snprintf(what, sizeof what, "rights of %s in %s", visit->cluster->name,
		strcmp(namespace, "*") == 0 ? "all namespaces" : namespace);
	snprintf(todo, sizeof todo, "apply %s, or bind its role in this namespace", words->see);
	if (has == 1)
		doctor_fine(d, what, "%s", words->needs);
	else if (has == -1)
		doctor_note(
			d, what, "the API server does not say whether there is %s", words->needs);
	else if (row->is_extra)
		doctor_note(d, what, "without %s %s; %s gives it", words->needs, words->without,
			words->see);
	else
		doctor_wrong(
			d, what, todo, "lacks %s: without it %s", words->needs, words->without);
}

static void try_namespace(struct kube_visit *visit, const char *namespace)
{
	for (size_t i = 0; i < ARRAY_LEN(reviews); i++) {
		if (!reviews[i].is_for_clusters || visit->cluster->kubernetes.clusters)
			try_right(visit, &reviews[i], namespace);
	}
}

static bool try_server(struct kube_visit *visit)
{
	struct doctor_answer answer = {.status = 0};
	struct doctor_wait wait = {visit->doctor, &answer};

	kube_ask(visit->doctor->fetcher, &visit->access, "/version",
		&(struct fetch_request){.timeout_ms = DOCTOR_WAIT_MS,
			.max_bytes = DOCTOR_ANSWER_MAX,
			.done = doctor_on_done,
			.arg = &wait});
	doctor_wait(visit->doctor);
	bool is_there = doctor_has_answer(
		visit->doctor, visit->what, "the kubeconfig's certificate-authority", &answer);
	if (is_there)
		doctor_compare_clocks(visit->doctor, visit->what, &answer);
	if (is_there && answer.status == 401)
		doctor_wrong(visit->doctor, visit->what,
			"renew the token or certificate of the kubeconfig",
			"it does not know the account (status 401)");
	else if (is_there)
		doctor_fine(visit->doctor, visit->what, "it answers");
	is_there = is_there && answer.status != 401;
	doctor_answer_clear(&answer);
	return is_there;
}

void doctor_try_kubernetes(struct doctor *d, const struct conf_cluster *cluster)
{
	const struct conf_kubernetes *kube = &cluster->kubernetes;
	struct kube_visit visit = {.doctor = d, .cluster = cluster};
	char what[WHAT_LEN];
	struct err err = {""};

	snprintf(what, sizeof what, "API server of %s", cluster->name);
	visit.what = what;
	if (kube_access_load(kube->kubeconfig, &visit.access, &err) == -1) {
		doctor_wrong(d, what,
			"set clusters[].kubernetes.kubeconfig, or run in a pod with a service "
			"account",
			"%s", err.text);
		return;
	}
	if (try_server(&visit)) {
		for (size_t i = 0; i < kube->namespaces.count; i++)
			try_namespace(&visit, kube->namespaces.at[i]);
		if (kube->namespaces.count == 0)
			try_namespace(&visit, visit.access.namespace);
	}
	kube_access_clear(&visit.access);
}
