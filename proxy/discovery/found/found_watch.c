#include "proxy/discovery/found/found_watch.h"

#include "proxy/discovery/found/found.h"
#include "proxy/discovery/kubernetes/kube_pod.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { MASTER_PORT = 8080, HISTORY_PORT = 18080, PORT_MAX = 65535 };

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static struct found_word word_of(const struct kube_object *object)
{
	return (struct found_word){
		object->namespace, object->name, object->uid, object->created_ms};
}

/* What was asked for, and nothing else. */
static bool is_in(const struct kube_watch *w, const struct kube_object *object)
{
	const char *wanted = w->namespace ? w->namespace : w->own_namespace;

	return strcmp(wanted, "*") == 0 || strcmp(wanted, object->namespace) == 0;
}

/* An address as numbers, so that nothing has to be looked up. */
static bool read_url(const char *ip, json_int_t port, struct url *url)
{
	unsigned char bytes[16];

	memset(url, 0, sizeof *url);
	if (port < 1 || port > PORT_MAX)
		return false;
	url->port = (uint16_t)port;
	memcpy(url->path, "/", 2);
	return (inet_pton(AF_INET, ip, bytes) == 1 || inet_pton(AF_INET6, ip, bytes) == 1) &&
	       str_copy(str_of(ip), url->host, sizeof url->host);
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

	copy_state(text_of(current, "currentStateSummary"), state);
	if (is_in(w, object))
		found_put_cluster(w, &word, state);
}

static void on_cluster_gone(struct kube_watch *w, const struct kube_object *object)
{
	struct found_word word = word_of(object);

	found_drop_cluster(w, &word);
}

static const struct kube_kind clusters = {
	.api = "/apis/spark.apache.org/v1",
	.plural = "sparkclusters",
	.words = "SparkClusters (spark.apache.org/v1)",
	.is_optional = true,
	.on_object = on_cluster,
	.on_gone = on_cluster_gone,
	.on_listed = found_listed,
	.on_end = found_unwatched,
};

/* --- pods of masters and of history servers --- */

static json_int_t port_named(const json_t *ports, const char *name, const char *key)
{
	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *port = json_array_get(ports, i);
		if (strcmp(text_of(port, "name"), name) == 0)
			return json_integer_value(json_object_get(port, key));
	}
	return 0;
}

static const json_t *containers_of(const json_t *pod)
{
	return json_object_get(json_object_get(pod, "spec"), "containers");
}

/* As the operator's StatefulSet calls it. */
static json_int_t web_port(const json_t *pod)
{
	const json_t *containers = containers_of(pod);
	json_int_t port = 0;

	for (size_t i = 0; port == 0 && i < json_array_size(containers); i++)
		port = port_named(json_object_get(json_array_get(containers, i), "ports"), "web",
			"containerPort");
	return port ? port : MASTER_PORT;
}

static bool has_arg(const json_t *container, const char *wanted)
{
	const json_t *args = json_object_get(container, "args");

	for (size_t i = 0; i < json_array_size(args); i++) {
		const char *arg = json_string_value(json_array_get(args, i));
		if (arg && strcmp(arg, wanted) == 0)
			return true;
	}
	return false;
}

/* The operator runs a history server as an application of its main class. */
static bool is_history(const json_t *pod)
{
	const json_t *containers = containers_of(pod);

	for (size_t i = 0; i < json_array_size(containers); i++) {
		if (has_arg(json_array_get(containers, i),
			    "org.apache.spark.deploy.history.HistoryServer"))
			return true;
	}
	return false;
}

static bool is_master(const json_t *pod)
{
	const json_t *labels = json_object_get(json_object_get(pod, "metadata"), "labels");

	return strcmp(text_of(labels, "spark-role"), "master") == 0;
}

static void on_pod(struct kube_watch *w, const struct kube_object *object)
{
	struct found_word word = word_of(object);
	enum found_role role = is_master(object->json) ? FOUND_MASTER : FOUND_HISTORY;
	struct kube_pod pod;
	struct url url = {.port = 0};

	if (!is_in(w, object) || (role == FOUND_HISTORY && !is_history(object->json)))
		return;
	kube_pod_read(object, &pod);
	bool has_port = pod.port != KUBE_UI_PORT; /* spark.ui.port is how the operator is told */
	json_int_t port = role == FOUND_MASTER ? web_port(object->json)
			  : has_port	       ? pod.port
					       : HISTORY_PORT;
	bool is_there = kube_is_live(&pod) && read_url(pod.ip, port, &url);
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
	.selector = "spark-role in (master,driver)",
	.is_optional = true,
	.on_object = on_pod,
	.on_gone = on_pod_gone,
	.on_listed = found_listed,
	.on_end = found_unwatched,
};

/* --- services of history servers --- */

static json_int_t history_port(const json_t *spec)
{
	const json_t *ports = json_object_get(spec, "ports");

	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *port = json_array_get(ports, i);
		json_int_t number = json_integer_value(json_object_get(port, "port"));
		json_int_t target = json_integer_value(json_object_get(port, "targetPort"));
		if (number == HISTORY_PORT || target == HISTORY_PORT)
			return number;
	}
	return port_named(ports, "spark-history", "port");
}

static void on_service(struct kube_watch *w, const struct kube_object *object)
{
	const json_t *spec = json_object_get(object->json, "spec");
	struct found_word word = word_of(object);
	struct url url = {.port = 0};
	bool is_there = read_url(text_of(spec, "clusterIP"), history_port(spec), &url);

	if (is_in(w, object))
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
	.is_optional = true,
	.on_object = on_service,
	.on_gone = on_service_gone,
	.on_listed = found_listed,
	.on_end = found_unwatched,
};

const struct kube_kind *const found_kinds[FOUND_KINDS] = {&clusters, &pods, &services};
