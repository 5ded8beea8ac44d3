#include "proxy/discovery/kubernetes/kube_pod.h"

#include "base/text/json_value.h"
#include "base/text/url.h"
#include "proxy/guard/app_key.h"

#include <arpa/inet.h>

/* The first of these members that is a text with something in it. */
static const char *first_text(const json_t *object, const char *const *keys)
{
	for (; *keys; keys++) {
		const char *text = json_value_string(object, *keys);
		if (text[0])
			return text;
	}
	return "";
}

/* By the name that Spark, or its operator, gives the port. */
static uint16_t ui_port(const json_t *spec)
{
	static const char *const names[] = {"spark-driver-ui", "spark-ui"};

	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		uint16_t port = pod_uis_port_named(spec, str_of(names[n]));
		if (port)
			return port;
	}
	return KUBE_UI_PORT;
}

/* --- whose pod --- */

/* As Spark's submit writes it. Of a name that is there twice the last counts, as for the kubelet.
 */
static const char *user_of(const json_t *spec)
{
	const json_t *env = json_object_get(pod_driver_container(spec), "env");

	for (size_t i = json_array_size(env); i > 0; i--) {
		const json_t *one = json_array_get(env, i - 1);
		if (strcmp(json_value_string(one, "name"), "SPARK_USER") == 0)
			return json_value_string(one, "value");
	}
	return "";
}

/* Beside a sidecar that goes on, a pod whose driver has ended is "Running". NULL: it has not. */
static const json_t *driver_end(const json_t *status)
{
	const json_t *driver = pod_container_status(status, POD_DRIVER_CONTAINER);

	return json_object_get(json_object_get(driver, "state"), "terminated");
}

static enum kube_phase phase_of(const json_t *status)
{
	static const char *const words[] = {[KUBE_PENDING] = "Pending",
		[KUBE_RUNNING] = "Running",
		[KUBE_SUCCEEDED] = "Succeeded",
		[KUBE_FAILED] = "Failed"};
	const char *text = json_value_string(status, "phase");
	const json_t *end = driver_end(status);
	enum kube_phase phase = KUBE_LOST;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(text, words[i]) == 0)
			phase = (enum kube_phase)i;
	}
	if (phase != KUBE_RUNNING || !json_is_object(end))
		return phase;
	return json_integer_value(json_object_get(end, "exitCode")) == 0 ? KUBE_SUCCEEDED
									 : KUBE_FAILED;
}

static int64_t end_of(const json_t *status)
{
	const json_t *all = json_object_get(status, "containerStatuses");
	int64_t latest = kube_time(driver_end(status), "finishedAt");

	for (size_t i = 0; latest == 0 && i < json_array_size(all); i++) {
		const json_t *state = json_object_get(json_array_get(all, i), "state");
		latest = kube_time(json_object_get(state, "terminated"), "finishedAt");
	}
	return latest;
}

static const char *app_id(const json_t *labels)
{
	const char *id = json_value_string(labels, "spark-app-selector");

	return app_key_is_id(str_of(id)) ? id : "";
}

static const char *app_name(const json_t *metadata, const json_t *labels)
{
	static const char *const by_label[] = {"spark-app-name", "sparkoperator.k8s.io/app-name",
		"spark.operator/spark-app-name", NULL};
	static const char *const by_annotation[] = {"spark-app-name", NULL};
	const char *name = first_text(labels, by_label);

	if (name[0] == '\0') /* Spark 3.2 and before */
		name = first_text(json_object_get(metadata, "annotations"), by_annotation);
	return name[0] ? name : json_value_string(metadata, "name");
}

/* --- what runs in it --- */

static const struct {
	const char *class, *server; /* NULL: a history server */
} main_classes[] = {
	{"org.apache.spark.deploy.history.HistoryServer", NULL},
	{"org.apache.spark.sql.connect.service.SparkConnectServer", "Connect server"},
	{"org.apache.spark.sql.hive.thriftserver.HiveThriftServer2", "Thrift server"},
};

static void name_class(const char *word, struct kube_pod *out)
{
	for (size_t i = 0; i < ARRAY_LEN(main_classes); i++) {
		if (strcmp(word, main_classes[i].class) != 0)
			continue;
		out->is_history = main_classes[i].server == NULL;
		out->server = out->is_history ? "" : main_classes[i].server;
	}
}

/* spark-submit's first main class counts: what follows are arguments of the application. */
static void read_main_class(const json_t *container, struct kube_pod *out)
{
	static const char *const lists[] = {"command", "args"};

	for (size_t n = 0; n < ARRAY_LEN(lists); n++) {
		const json_t *words = json_object_get(container, lists[n]);
		for (size_t i = 0; i < json_array_size(words); i++) {
			const char *word = json_string_value(json_array_get(words, i));
			if (word && out->server[0] == '\0' && !out->is_history)
				name_class(word, out);
		}
	}
}

/* Of Kubeflow's SparkConnect, whose server is a pod without an application's id. */
static bool is_connect(const json_t *labels)
{
	return json_value_string(labels, "sparkoperator.k8s.io/connect-name")[0] != '\0';
}

static void read_uis(const json_t *pod, const json_t *labels, struct kube_pod *out)
{
	size_t count = pod_uis_read(pod, out->uis);

	if (is_connect(labels))
		out->server = "Connect server";
	if (out->app_id[0] == '\0' && count == 0 && is_connect(labels))
		out->uis[count++] = (struct pod_ui){.port = out->port};
	if (count) {
		out->port = out->uis[0].port;
		out->tls = out->uis[0].tls;
	}
	out->uis_count = out->app_id[0] ? 0 : count;
}

/* On the host's network some kubelets tell only the host's. */
static const char *address_of(const json_t *spec, const json_t *status)
{
	const char *ip = json_value_string(status, "podIP");

	if (ip[0] == '\0' && json_is_true(json_object_get(spec, "hostNetwork")))
		return json_value_string(status, "hostIP");
	return ip;
}

bool kube_url(const char *ip, uint16_t port, bool tls, struct url *url)
{
	unsigned char bytes[16];

	memset(url, 0, sizeof *url);
	url->port = port;
	url->tls = tls;
	memcpy(url->path, "/", 2);
	return (inet_pton(AF_INET, ip, bytes) == 1 || inet_pton(AF_INET6, ip, bytes) == 1) &&
	       str_copy(str_of(ip), url->host, sizeof url->host);
}

bool kube_pod_url(const struct kube_pod *pod, struct url *url)
{
	return kube_url(pod->ip, pod->port, pod->tls, url);
}

static void read_owner(const json_t *labels, struct kube_pod *out)
{
	static const struct {
		const char *label;
		enum kube_owner owner;
	} rows[] = {{"sparkoperator.k8s.io/app-name", KUBE_OWNER_KUBEFLOW},
		{"spark.operator/spark-app-name", KUBE_OWNER_APACHE},
		{"sparkoperator.k8s.io/connect-name", KUBE_OWNER_CONNECT}};

	out->schedule = json_value_string(labels, "sparkoperator.k8s.io/scheduled-app-name");
	out->resource = "";
	for (size_t i = 0; i < ARRAY_LEN(rows) && out->resource[0] == '\0'; i++) {
		out->resource = json_value_string(labels, rows[i].label);
		out->owner = out->resource[0] ? rows[i].owner : KUBE_OWNER_NONE;
	}
}

bool kube_is_live(const struct kube_pod *pod)
{
	return pod->phase != KUBE_SUCCEEDED && pod->phase != KUBE_FAILED;
}

void kube_pod_read(const struct kube_object *object, struct kube_pod *out)
{
	const json_t *metadata = json_object_get(object->json, "metadata");
	const json_t *spec = json_object_get(object->json, "spec");
	const json_t *labels = json_object_get(metadata, "labels");
	const json_t *status = json_object_get(object->json, "status");

	*out = (struct kube_pod){
		.json = object->json,
		.namespace = object->namespace,
		.name = object->name,
		.uid = object->uid,
		.app_id = app_id(labels),
		.app_name = app_name(metadata, labels),
		.user = user_of(spec),
		.ip = address_of(spec, status),
		.port = ui_port(spec),
		.phase = phase_of(status),
		.is_deleted = json_value_string(metadata, "deletionTimestamp")[0] != '\0',
		.created_ms = object->created_ms,
		.started_ms = kube_time(status, "startTime"),
		.ended_ms = end_of(status),
		.server = "",
	};
	read_main_class(pod_driver_container(spec), out);
	read_uis(object->json, labels, out);
	read_owner(labels, out);
	pod_life_read(object->json, &out->life);
}
