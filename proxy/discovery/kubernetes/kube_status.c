#include "proxy/discovery/kubernetes/kube_status.h"

#include "base/clock.h"
#include "base/text/json_value.h"
#include "proxy/discovery/kubernetes/kube_json.h"
#include "proxy/discovery/kubernetes/pod_life.h"

#include <stdio.h>

enum { MESSAGE_KEPT = 1024 };

#define EXECUTOR_CONTAINER "spark-kubernetes-executor"

/* --- a pod --- */

static struct kube_container read_container(const char *name, const json_t *status)
{
	static const char *const states[] = {"running", "waiting", "terminated"};
	const json_t *all = json_object_get(status, "state"), *state = NULL;
	struct kube_container c = {.name = name, .state = ""};

	for (size_t i = 0; i < ARRAY_LEN(states) && state == NULL; i++) {
		state = json_object_get(all, states[i]);
		c.state = state ? states[i] : "";
	}
	c.reason = json_value_string(state, "reason");
	c.message = json_value_string(state, "message");
	c.exit_code = json_integer_value(json_object_get(state, "exitCode"));
	c.started_ms = kube_time(state, "startedAt");
	c.ended_ms = kube_time(state, "finishedAt");
	c.restarts = json_integer_value(json_object_get(status, "restartCount"));
	c.is_driver = strcmp(name, POD_DRIVER_CONTAINER) == 0;
	c.is_executor = strcmp(name, EXECUTOR_CONTAINER) == 0;
	return c;
}

static void read_containers(const json_t *pod, struct kube_status *out)
{
	const json_t *all = json_object_get(json_object_get(pod, "spec"), "containers");
	const json_t *status = json_object_get(pod, "status");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const char *name = json_value_string(json_array_get(all, i), "name");
		if (name[0] && out->containers_count < KUBE_CONTAINERS_MAX)
			out->containers[out->containers_count++] =
				read_container(name, pod_container_status(status, name));
	}
}

static const char *owner_of(const json_t *metadata)
{
	const json_t *all = json_object_get(metadata, "ownerReferences");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);
		if (strcmp(json_value_string(one, "kind"), "Pod") == 0)
			return json_value_string(one, "uid");
	}
	return "";
}

/* The API server writes until when it may take, and how long it was given. */
static int64_t deletion_of(const json_t *metadata)
{
	int64_t until_ms = kube_time(metadata, "deletionTimestamp");
	int64_t given_s =
		json_integer_value(json_object_get(metadata, "deletionGracePeriodSeconds"));

	return until_ms && given_s >= 0 && given_s < until_ms / 1000 ? until_ms - given_s * 1000
								     : until_ms;
}

int kube_status_read(const json_t *pod, struct kube_status *out, struct err *err)
{
	const json_t *metadata = json_object_get(pod, "metadata");
	const json_t *labels = json_object_get(metadata, "labels");
	const json_t *status = json_object_get(pod, "status");

	*out = (struct kube_status){
		.namespace = json_value_string(metadata, "namespace"),
		.name = json_value_string(metadata, "name"),
		.uid = json_value_string(metadata, "uid"),
		.phase = json_value_string(status, "phase"),
		.reason = json_value_string(status, "reason"),
		.message = json_value_string(status, "message"),
		.node = json_value_string(json_object_get(pod, "spec"), "nodeName"),
		.role = json_value_string(labels, "spark-role"),
		.app_id = json_value_string(labels, "spark-app-selector"),
		.owner = owner_of(metadata),
		.created_ms = kube_time(metadata, "creationTimestamp"),
		.deleted_ms = deletion_of(metadata),
	};
	read_containers(pod, out);
	if (out->namespace[0] == '\0' || out->name[0] == '\0' || out->uid[0] == '\0')
		return err_set(err, "not a pod");
	return 0;
}

const struct kube_container *kube_status_main(const struct kube_status *status)
{
	for (size_t i = 0; i < status->containers_count; i++) {
		const struct kube_container *c = &status->containers[i];
		if (c->is_driver || c->is_executor)
			return c;
	}
	return status->containers_count ? &status->containers[0] : NULL;
}

const struct kube_container *kube_status_find(const struct kube_status *status, const char *name)
{
	for (size_t i = 0; i < status->containers_count; i++) {
		if (strcmp(status->containers[i].name, name) == 0)
			return &status->containers[i];
	}
	return NULL;
}

static const struct kube_container *ended_container(const struct kube_status *status)
{
	const struct kube_container *main = kube_status_main(status);

	return main && strcmp(main->state, "terminated") == 0 ? main : NULL;
}

static bool is_phase(const struct kube_status *status, const char *phase)
{
	return strcmp(status->phase, phase) == 0;
}

bool kube_status_has_ended(const struct kube_status *status)
{
	return ended_container(status) || is_phase(status, "Failed") ||
	       is_phase(status, "Succeeded");
}

/* One that is evicted may have no container that says how it ended. */
bool kube_status_has_failed(const struct kube_status *status)
{
	const struct kube_container *end = ended_container(status);

	if (end == NULL)
		return is_phase(status, "Failed") && (status->deleted_ms == 0 || status->reason[0]);
	if (end->exit_code == 0)
		return false;
	return status->deleted_ms == 0 || end->ended_ms <= status->deleted_ms ||
	       strcmp(end->reason, "OOMKilled") == 0;
}

bool kube_status_is_executor(const struct kube_status *status, const char *namespace,
	const char *app_id, const char *driver_uid)
{
	return strcmp(status->namespace, namespace) == 0 && strcmp(status->role, "executor") == 0 &&
	       strcmp(status->app_id, app_id) == 0 &&
	       (status->owner[0] == '\0' || strcmp(status->owner, driver_uid) == 0);
}

/* --- what is kept of it --- */

/* Deep, of these members only. */
static json_t *pick(const json_t *object, const char *const *keys)
{
	json_t *out = json_object();

	for (; *keys; keys++) {
		const json_t *value = json_object_get(object, *keys);
		if (value)
			json_object_set_new(out, *keys, json_deep_copy(value));
	}
	return out;
}

static json_t *cut_annotations(const json_t *all)
{
	json_t *out = json_object(), *copy = json_deep_copy(all);
	const char *key;
	json_t *value;

	json_object_foreach(copy, key, value)
	{
		if (strcmp(key, "spark-app-name") == 0 ||
			str_starts(str_of(key), STR("sparkgate.io/")))
			json_object_set(out, key, value);
	}
	json_decref(copy);
	return out;
}

static json_t *cut_container(const json_t *container)
{
	static const char *const keys[] = {"name", "ports", NULL};
	const json_t *env = json_object_get(container, "env");
	json_t *out = pick(container, keys), *kept = json_array();

	for (size_t i = 0; i < json_array_size(env); i++) {
		const json_t *one = json_array_get(env, i);
		if (strcmp(json_value_string(one, "name"), "SPARK_USER") == 0)
			json_array_append_new(kept, json_deep_copy(one));
	}
	json_object_set_new(out, "env", kept);
	return out;
}

static json_t *cut_spec(const json_t *spec)
{
	static const char *const keys[] = {"nodeName", NULL};
	const json_t *all = json_object_get(spec, "containers");
	json_t *out = pick(spec, keys), *kept = json_array();

	for (size_t i = 0; i < json_array_size(all) && i < KUBE_CONTAINERS_MAX; i++)
		json_array_append_new(kept, cut_container(json_array_get(all, i)));
	json_object_set_new(out, "containers", kept);
	return out;
}

static bool is_long(const json_t *json)
{
	return json_dumpb(json, NULL, 0, JSON_COMPACT) > KUBE_STATUS_CUT_MAX;
}

/* S111: who makes a pod may fill any of it. */
static json_t *cut_to_names(const json_t *pod)
{
	static const char *const keys[] = {"namespace", "name", "uid", "creationTimestamp", NULL};

	return json_pack("{s:o}", "metadata", pick(json_object_get(pod, "metadata"), keys));
}

static json_t *cut_to_what_is_read(const json_t *pod)
{
	static const char *const of_metadata[] = {"namespace", "name", "uid", "labels",
		"creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
		"ownerReferences", NULL};
	static const char *const of_status[] = {
		"phase", "reason", "message", "startTime", "containerStatuses", "conditions", NULL};
	const json_t *metadata = json_object_get(pod, "metadata");
	json_t *out = json_object(), *kept = pick(metadata, of_metadata);

	json_object_set_new(
		kept, "annotations", cut_annotations(json_object_get(metadata, "annotations")));
	json_object_set_new(out, "metadata", kept);
	json_object_set_new(out, "spec", cut_spec(json_object_get(pod, "spec")));
	json_object_set_new(out, "status", pick(json_object_get(pod, "status"), of_status));
	return out;
}

json_t *kube_status_cut(const json_t *pod)
{
	json_t *out = cut_to_what_is_read(pod);

	if (!is_long(out))
		return out;
	json_decref(out);
	return cut_to_names(pod);
}

/* --- events --- */

static int64_t first_time(const json_t *event)
{
	static const char *const keys[] = {"lastTimestamp", "eventTime", "firstTimestamp", NULL};
	int64_t at = kube_time(json_object_get(event, "series"), "lastObservedTime");

	for (size_t i = 0; at == 0 && keys[i]; i++)
		at = kube_time(event, keys[i]);
	return at ? at : kube_time(json_object_get(event, "metadata"), "creationTimestamp");
}

void kube_incident_read_any(const json_t *event, struct kube_incident *out)
{
	const json_t *about = json_object_get(event, "involvedObject");
	int64_t count = json_integer_value(json_object_get(event, "count"));
	int64_t series =
		json_integer_value(json_object_get(json_object_get(event, "series"), "count"));
	const char *source = json_value_string(event, "reportingComponent");

	if (source[0] == '\0')
		source = json_value_string(json_object_get(event, "source"), "component");
	*out = (struct kube_incident){
		.type = json_value_string(event, "type"),
		.reason = json_value_string(event, "reason"),
		.message = json_value_string(event, "message"),
		.source = source,
		.pod = json_value_string(about, "name"),
		.uid = json_value_string(about, "uid"),
		.at_ms = first_time(event),
		.count = series > count ? series : count,
	};
	if (out->count < 1)
		out->count = 1;
}

int kube_incident_read(const json_t *event, struct kube_incident *out, struct err *err)
{
	const json_t *about = json_object_get(event, "involvedObject");

	kube_incident_read_any(event, out);
	if (strcmp(json_value_string(about, "kind"), "Pod") != 0 || out->uid[0] == '\0')
		return err_set(err, "not an event about a pod");
	return 0;
}

json_t *kube_incident_cut(const json_t *event)
{
	static const char *const keys[] = {"type", "reason", "reportingComponent", "lastTimestamp",
		"eventTime", "firstTimestamp", "series", "count", NULL};
	static const char *const of_pod[] = {"kind", "name", "uid", NULL};
	static const char *const of_source[] = {"component", NULL};
	static const char *const of_metadata[] = {"creationTimestamp", NULL};
	const struct str message = str_of(json_value_string(event, "message"));
	json_t *out = pick(event, keys);

	json_object_set_new(
		out, "message", json_stringn(message.at, str_fit_chars(message, MESSAGE_KEPT)));
	json_object_set_new(
		out, "involvedObject", pick(json_object_get(event, "involvedObject"), of_pod));
	json_object_set_new(out, "source", pick(json_object_get(event, "source"), of_source));
	json_object_set_new(out, "metadata", pick(json_object_get(event, "metadata"), of_metadata));
	if (json_dumpb(out, NULL, 0, JSON_COMPACT) <= KUBE_INCIDENT_CUT_MAX)
		return out;
	json_decref(out);
	return NULL;
}
