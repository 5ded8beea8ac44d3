#include "proxy/discovery/found/found_watch.h"

#include "base/text/json_value.h"
#include "proxy/discovery/found/found.h"
#include "proxy/discovery/kubernetes/kube_pod.h"

#include <stdlib.h>

enum { MASTER_PORT = 8080, HISTORY_PORT = 18080, PORT_MAX = 65535 };

static struct found_word word_of(const struct kube_object *object)
{
	return (struct found_word){
		object->namespace, object->name, object->uid, object->created_ms};
}

static bool find_url(const char *ip, json_int_t port, struct url *url)
{
	return port > 0 && port <= PORT_MAX && kube_url(ip, (uint16_t)port, false, url);
}

/* --- SparkClusters --- */

/* A word of a few letters, for people; "" if it is anything else. */
static void copy_state(const char *text, char out[static FOUND_STATE_MAX])
{
	size_t len = strlen(text);

	out[0] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (!str_is_alnum(text[i]))
			return;
	}
	(void)str_copy(str_of(text), out, FOUND_STATE_MAX);
}

static void on_cluster(struct kube_watch *w, const struct kube_object *object)
{
	const json_t *status = json_object_get(object->json, "status");
	const json_t *current = json_object_get(status, "currentState");
	struct found_word word = word_of(object);
	char state[FOUND_STATE_MAX];

	copy_state(json_value_string(current, "currentStateSummary"), state);
	found_put_cluster(w, &word, state);
}

static void on_cluster_gone(struct kube_watch *w, const struct kube_object *object)
{
	struct found_word word = word_of(object);

	found_drop_cluster(w, &word);
}

static const struct kube_kind clusters = {
	.api = "/apis/spark.apache.org/v1",
	.older_api = "/apis/spark.apache.org/v1beta1",
	.plural = "sparkclusters",
	.words = "SparkClusters (spark.apache.org/v1)",
	.right = KUBE_RIGHT_CLUSTERS,
	.is_optional = true,
	.on_object = on_cluster,
	.on_gone = on_cluster_gone,
	.on_listed = found_listed,
	.on_end = found_unwatched,
};

/* --- pods of masters and of history servers --- */

static bool is_master(const json_t *pod)
{
	const json_t *labels = json_object_get(json_object_get(pod, "metadata"), "labels");

	return strcmp(json_value_string(labels, "spark-role"), "master") == 0;
}

/* As the operator's StatefulSet calls it. */
static uint16_t web_port(const json_t *pod)
{
	uint16_t port = pod_uis_port_named(json_object_get(pod, "spec"), STR("web"));

	return port ? port : MASTER_PORT;
}

static uint16_t history_port_of(const struct kube_pod *pod)
{
	/* spark.ui.port is how the operator is told. */
	return pod->port != KUBE_UI_PORT ? pod->port : HISTORY_PORT;
}

/* The operator runs a history server as an application of its main class. */
static void on_pod(struct kube_watch *w, const struct kube_object *object)
{
	struct found_word word = word_of(object);
	enum found_role role = is_master(object->json) ? FOUND_MASTER : FOUND_HISTORY;
	struct kube_pod pod;
	struct url url;

	kube_pod_read(object, &pod);
	if (role == FOUND_HISTORY && !pod.is_history)
		return;
	uint16_t port = role == FOUND_MASTER ? web_port(object->json) : history_port_of(&pod);
	bool is_there = kube_is_live(&pod) && find_url(pod.ip, port, &url);
	found_put_server(w, role, &word, is_there ? &url : NULL);
}

static void on_pod_gone(struct kube_watch *w, const struct kube_object *object)
{
	struct found_word word = word_of(object);

	found_put_server(w, FOUND_MASTER, &word, NULL);
}

static const struct kube_kind pods = {
	.api = "/api/v1",
	.plural = "pods",
	.words = "pods of masters and history servers",
	.right = KUBE_RIGHT_MASTERS,
	.selector = "spark-role in (master,driver)",
	.is_optional = true,
	.on_object = on_pod,
	.on_gone = on_pod_gone,
	.on_listed = found_listed,
	.on_end = found_unwatched,
};

/* --- services of history servers --- */

/* By its number, else by its name. */
static json_int_t history_port(const json_t *spec)
{
	const json_t *ports = json_object_get(spec, "ports");
	json_int_t named = 0;

	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *port = json_array_get(ports, i);
		json_int_t number = json_integer_value(json_object_get(port, "port"));
		json_int_t target = json_integer_value(json_object_get(port, "targetPort"));
		if (number == HISTORY_PORT || target == HISTORY_PORT)
			return number;
		if (named == 0 && strcmp(json_value_string(port, "name"), "spark-history") == 0)
			named = number;
	}
	return named;
}

static void on_service(struct kube_watch *w, const struct kube_object *object)
{
	const json_t *spec = json_object_get(object->json, "spec");
	struct found_word word = word_of(object);
	struct url url;
	bool is_there = find_url(json_value_string(spec, "clusterIP"), history_port(spec), &url);

	found_put_server(w, FOUND_HISTORY, &word, is_there ? &url : NULL);
}

static void on_service_gone(struct kube_watch *w, const struct kube_object *object)
{
	struct found_word word = word_of(object);

	found_put_server(w, FOUND_HISTORY, &word, NULL);
}

static const struct kube_kind services = {
	.api = "/api/v1",
	.plural = "services",
	.words = "services",
	.right = KUBE_RIGHT_SERVICES,
	.is_optional = true,
	.on_object = on_service,
	.on_gone = on_service_gone,
	.on_listed = found_listed,
	.on_end = found_unwatched,
};

const struct kube_kind *const found_kinds[FOUND_KINDS] = {&clusters, &pods, &services};
