#include "proxy/discovery/kubernetes/pod_life.h"

#include "base/text/json_value.h"
#include "proxy/discovery/kubernetes/kube_json.h"

#include <stdio.h>

enum { GRACE_MAX_S = 7 * 24 * 3600 };

/* --- writing --- */

static void add(struct pod_life *life, const char *text)
{
	size_t used = strlen(life->reason), room = sizeof life->reason - 1 - used;
	size_t len = str_fit_chars(str_of(text), room);

	memcpy(life->reason + used, text, len);
	life->reason[used + len] = '\0';
}

/* "Evicted: the node was low on memory", after what is there. */
static bool add_why(struct pod_life *life, const char *reason, const char *message)
{
	if (reason[0] == '\0' && message[0] == '\0')
		return false;
	add(life, life->reason[0] ? "; " : "");
	add(life, reason);
	add(life, reason[0] && message[0] ? ": " : "");
	add(life, message);
	return true;
}

static bool add_told(struct pod_life *life, const json_t *object)
{
	return add_why(
		life, json_value_string(object, "reason"), json_value_string(object, "message"));
}

/* --- conditions --- */

static const json_t *condition(const json_t *status, const char *type, const char *value)
{
	const json_t *all = json_object_get(status, "conditions");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);
		if (strcmp(json_value_string(one, "type"), type) == 0 &&
			strcmp(json_value_string(one, "status"), value) == 0)
			return one;
	}
	return NULL;
}

/* --- containers --- */

static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};

static const json_t *state_of(const json_t *container, const char *state)
{
	return json_object_get(json_object_get(container, "state"), state);
}

static json_int_t exit_code(const json_t *terminated)
{
	return json_integer_value(json_object_get(terminated, "exitCode"));
}

const json_t *pod_driver_container(const json_t *spec)
{
	const json_t *containers = json_object_get(spec, "containers");
	size_t count = json_array_size(containers);

	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(containers, i);
		if (strcmp(json_value_string(one, "name"), POD_DRIVER_CONTAINER) == 0)
			return one;
	}
	return count == 1 ? json_array_get(containers, 0) : NULL;
}

const json_t *pod_container_status(const json_t *status, const char *name)
{
	const json_t *all = json_object_get(status, "containerStatuses");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);
		if (strcmp(json_value_string(one, "name"), name) == 0)
			return one;
	}
	return NULL;
}

/* Of the driver; NULL: it has not ended. */
static const json_t *driver_end(const json_t *pod, const json_t *status)
{
	const char *driver =
		json_value_string(pod_driver_container(json_object_get(pod, "spec")), "name");

	return state_of(pod_container_status(status, driver), "terminated");
}

/* Of whichever container did not end well, for what comes first lets the others not begin. */
static const json_t *bad_end(const json_t *status)
{
	for (size_t n = 0; n < ARRAY_LEN(lists); n++) {
		const json_t *all = json_object_get(status, lists[n]);
		for (size_t i = 0; i < json_array_size(all); i++) {
			const json_t *end = state_of(json_array_get(all, i), "terminated");
			if (exit_code(end) != 0)
				return end;
		}
	}
	return NULL;
}

/* Its own last message may be the end of its log; a runtime that could not start it wrote none. */
static bool is_runtimes(const char *reason)
{
	static const char *const of_containers[] = {"", "Completed", "Error", "OOMKilled"};

	for (size_t i = 0; i < ARRAY_LEN(of_containers); i++) {
		if (strcmp(reason, of_containers[i]) == 0)
			return false;
	}
	return true;
}

static void add_end(struct pod_life *life, const json_t *end)
{
	const char *reason = json_value_string(end, "reason");
	json_int_t code = exit_code(end);
	char text[32];

	if (end == NULL || (code == 0 && !is_runtimes(reason)))
		return;
	add_why(life, reason[0] ? reason : "Error", "");
	snprintf(text, sizeof text, ", exit code %d", (int)code);
	add(life, text);
	if (is_runtimes(reason) && json_value_string(end, "message")[0]) {
		add(life, ": ");
		add(life, json_value_string(end, "message"));
	}
}

/* Every container goes through these. */
static bool is_usual(const char *reason)
{
	return strcmp(reason, "ContainerCreating") == 0 || strcmp(reason, "PodInitializing") == 0;
}

/* The first that waits in this way. */
static const json_t *waiting(const json_t *status, bool usual)
{
	for (size_t n = 0; n < ARRAY_LEN(lists); n++) {
		const json_t *all = json_object_get(status, lists[n]);
		for (size_t i = 0; i < json_array_size(all); i++) {
			const json_t *one = json_array_get(all, i);
			const char *reason = json_value_string(state_of(one, "waiting"), "reason");
			if (reason[0] && is_usual(reason) == usual)
				return one;
		}
	}
	return NULL;
}

/* --- deletion --- */

/* 128 and the signal: SIGTERM, or SIGKILL when its time was up. */
static bool is_by_signal(const json_t *end)
{
	json_int_t code = exit_code(end);

	return strcmp(json_value_string(end, "reason"), "Error") == 0 &&
	       (code == 143 || code == 137);
}

/* The time in the metadata is when its containers are killed; it was deleted before. What had ended
 * by itself did not end by that. */
static bool is_end_of_deletion(const json_t *pod, const json_t *end)
{
	const json_t *metadata = json_object_get(pod, "metadata");
	int64_t latest = kube_time(metadata, "deletionTimestamp");
	json_int_t grace =
		json_integer_value(json_object_get(metadata, "deletionGracePeriodSeconds"));

	if (latest == 0 || !is_by_signal(end) || grace < 0 || grace > GRACE_MAX_S)
		return false;
	return kube_time(end, "finishedAt") >= latest - grace * 1000;
}

/* --- the whole --- */

static void say_end(struct pod_life *life, const json_t *pod, const json_t *end)
{
	const json_t *status = json_object_get(pod, "status");
	bool is_told = add_told(life, status);

	life->is_killed = is_end_of_deletion(pod, end);
	if (life->is_killed)
		add_why(life, "Its pod was deleted", "");

	if (end == NULL)
		end = bad_end(status);
	life->exit_code = (int)exit_code(end);
	add_end(life, end);
	if (!is_told)
		add_told(life, condition(status, "DisruptionTarget", "True"));
}

static void say_wait(struct pod_life *life, const json_t *status)
{
	const json_t *container = waiting(status, false);

	add_told(life, status);
	if (add_told(life, condition(status, "PodScheduled", "False")))
		return;
	if (container == NULL)
		container = waiting(status, true);
	if (container == NULL)
		return;
	add_told(life, state_of(container, "waiting"));
	add_end(life, json_object_get(json_object_get(container, "lastState"), "terminated"));
}

void pod_life_read(const json_t *pod, struct pod_life *out)
{
	const json_t *status = json_object_get(pod, "status");
	const char *phase = json_value_string(status, "phase");
	const json_t *end = driver_end(pod, status);

	out->reason[0] = '\0';
	out->exit_code = 0;
	out->is_killed = false;
	if (json_is_object(end) || strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0)
		say_end(out, pod, end);
	else
		say_wait(out, status);
}
