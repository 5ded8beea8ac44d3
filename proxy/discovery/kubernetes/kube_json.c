#include "proxy/discovery/kubernetes/kube_json.h"

#include "base/text/json_text.h"
#include "base/clock.h"
#include "proxy/guard/app_key.h"
#include "proxy/discovery/spark/spark_json.h"

#include <stdio.h>

#define DRIVER_CONTAINER "spark-kubernetes-driver"

enum { FRAME_MAX = 64 * 1024, PORT_MAX = 65535 };

/* --- fields --- */

static const char *kube_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The first of these members that is a text with something in it. */
static const char *first_text(const json_t *object, const char *const *keys)
{
	for (; *keys; keys++) {
		const char *text = kube_text(object, *keys);
		if (text[0])
			return text;
	}
	return "";
}

/* RFC 3339 in whole seconds, as Kubernetes writes it. */
static int64_t time_of(const json_t *object, const char *key)
{
	const char *text = kube_text(object, key);
	char copy[32];

	if (strlen(text) != 20)
		return 0;
	snprintf(copy, sizeof copy, "%.19s.000Z", text);
	return clock_parse(str_of(copy));
}

/* It goes into a query, and into nothing else. */
static bool is_version(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < KUBE_VERSION_MAX && str_span_printable(str_of(text)) == len;
}

/* --- a pod --- */

/* By the name that Spark, or its operator, gives the port. */
static const json_t *find_port(const json_t *container, const char *name)
{
	const json_t *ports = json_object_get(container, "ports");

	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *port = json_array_get(ports, i);
		if (strcmp(kube_text(port, "name"), name) == 0)
			return json_object_get(port, "containerPort");
	}
	return NULL;
}

static uint16_t ui_port(const json_t *spec)
{
	static const char *const names[] = {"spark-driver-ui", "spark-ui"};
	const json_t *containers = json_object_get(spec, "containers");

	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		for (size_t i = 0; i < json_array_size(containers); i++) {
			const json_t *port = find_port(json_array_get(containers, i), names[n]);
			json_int_t number = json_integer_value(port);
			if (number > 0 && number <= PORT_MAX)
				return (uint16_t)number;
		}
	}
	return KUBE_UI_PORT;
}

/* The driver among sidecars, whose name a pod template may have changed. NULL: nothing tells. */
static const json_t *driver_container(const json_t *spec)
{
	const json_t *containers = json_object_get(spec, "containers");
	size_t count = json_array_size(containers);

	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(containers, i);
		if (strcmp(kube_text(one, "name"), DRIVER_CONTAINER) == 0)
			return one;
	}
	return count == 1 ? json_array_get(containers, 0) : NULL;
}

/* As Spark's submit writes it. Of a name that is there twice the last counts, as for the kubelet.
 */
static const char *user_of(const json_t *spec)
{
	const json_t *env = json_object_get(driver_container(spec), "env");

	for (size_t i = json_array_size(env); i > 0; i--) {
		const json_t *one = json_array_get(env, i - 1);
		if (strcmp(kube_text(one, "name"), "SPARK_USER") == 0)
			return kube_text(one, "value");
	}
	return "";
}

/* Beside a sidecar that goes on, a pod whose driver has ended is "Running". NULL: it has not. */
static const json_t *driver_end(const json_t *status)
{
	const json_t *all = json_object_get(status, "containerStatuses");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);
		if (strcmp(kube_text(one, "name"), DRIVER_CONTAINER) == 0)
			return json_object_get(json_object_get(one, "state"), "terminated");
	}
	return NULL;
}

static enum kube_phase phase_of(const json_t *status)
{
	static const char *const words[] = {[KUBE_PENDING] = "Pending",
		[KUBE_RUNNING] = "Running",
		[KUBE_SUCCEEDED] = "Succeeded",
		[KUBE_FAILED] = "Failed"};
	const char *text = kube_text(status, "phase");
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
	int64_t latest = time_of(driver_end(status), "finishedAt");

	for (size_t i = 0; latest == 0 && i < json_array_size(all); i++) {
		const json_t *state = json_object_get(json_array_get(all, i), "state");
		latest = time_of(json_object_get(state, "terminated"), "finishedAt");
	}
	return latest;
}

static const char *app_id(const json_t *labels)
{
	const char *id = kube_text(labels, "spark-app-selector");

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
	return name[0] ? name : kube_text(metadata, "name");
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
		.namespace = object->namespace,
		.name = object->name,
		.uid = object->uid,
		.app_id = app_id(labels),
		.app_name = app_name(metadata, labels),
		.user = user_of(spec),
		.ip = kube_text(status, "podIP"),
		.port = ui_port(spec),
		.phase = phase_of(status),
		.created_ms = object->created_ms,
		.started_ms = time_of(status, "startTime"),
		.ended_ms = end_of(status),
	};
}

/* --- any object --- */

static int object_read(const json_t *json, struct kube_object *out, struct err *err)
{
	const json_t *metadata = json_object_get(json, "metadata");

	*out = (struct kube_object){
		.json = json,
		.namespace = kube_text(metadata, "namespace"),
		.name = kube_text(metadata, "name"),
		.uid = kube_text(metadata, "uid"),
		.created_ms = time_of(metadata, "creationTimestamp"),
	};
	if (out->namespace[0] == '\0' || out->name[0] == '\0' || out->uid[0] == '\0')
		return err_set(err, "not an object of a namespace");
	return 0;
}

/* --- a line of a watch --- */

static int event_type(const json_t *json)
{
	static const char *const words[] = {[KUBE_ADDED] = "ADDED",
		[KUBE_MODIFIED] = "MODIFIED",
		[KUBE_DELETED] = "DELETED",
		[KUBE_BOOKMARK] = "BOOKMARK",
		[KUBE_ERROR] = "ERROR"};
	const char *type = kube_text(json, "type");

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(type, words[i]) == 0)
			return (int)i;
	}
	return -1;
}

static int event_read(struct kube_event *out, struct err *err)
{
	const json_t *object = json_object_get(out->json, "object");
	int type = event_type(out->json);

	if (type == -1 || !json_is_object(object))
		return err_set(err, "not an event");
	out->type = (enum kube_type)type;
	out->version = "";
	out->message = "";
	if (out->type == KUBE_ERROR) {
		json_int_t code = json_integer_value(json_object_get(object, "code"));
		out->code = code > 0 && code < 1000 ? (int)code : 500;
		out->message = kube_text(object, "message");
		return 0;
	}
	out->version = kube_text(json_object_get(object, "metadata"), "resourceVersion");
	if (!is_version(out->version))
		return err_set(err, "an event without a resourceVersion");
	return out->type == KUBE_BOOKMARK ? 0 : object_read(object, &out->object, err);
}

int kube_event_parse(struct str line, struct kube_event *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	out->json = json_of_text(line, err);
	if (out->json == NULL)
		return -1;
	if (event_read(out, err) == 0)
		return 0;
	kube_event_clear(out);
	return -1;
}

void kube_event_clear(struct kube_event *event)
{
	json_decref(event->json);
	memset(event, 0, sizeof *event);
}

/* --- a list --- */

int kube_item_parse(struct str text, json_t **json, struct kube_object *out, struct err *err)
{
	*json = json_of_text(text, err);
	if (*json == NULL)
		return -1;
	if (object_read(*json, out, err) == 0)
		return 0;
	json_decref(*json);
	*json = NULL;
	return -1;
}

void kube_list_init(struct kube_list *list)
{
	memset(list, 0, sizeof *list);
	sbuf_init(&list->frame, FRAME_MAX);
	sbuf_init(&list->item, KUBE_OBJECT_MAX);
}

void kube_list_clear(struct kube_list *list)
{
	sbuf_clear(&list->frame);
	sbuf_clear(&list->item);
}

static void end_item(struct kube_list *list, void (*on_item)(struct str item, void *arg), void *arg)
{
	list->items++;
	if (list->item.overflow)
		list->too_long++;
	else
		on_item(sbuf_str(&list->item), arg);
	sbuf_reset(&list->item);
}

/* A byte inside of a text. At the top level it may be a member's name. */
static void take_text(struct kube_list *list, char c)
{
	if (list->is_escaped) {
		list->is_escaped = false;
	} else if (c == '\\') {
		list->is_escaped = true;
	} else if (c == '"') {
		list->in_string = false;
		return;
	}
	if (list->depth == 1 && list->key_len < sizeof list->key)
		list->key[list->key_len++] = c;
}

static bool is_items(const struct kube_list *list)
{
	return str_eq((struct str){list->key, list->key_len}, STR("items"));
}

/* Outside of texts: only brackets and quotes count. True: a bracket of the list itself. */
static bool take_mark(struct kube_list *list, char c)
{
	bool is_own = false;

	if (c == '"') {
		list->in_string = true;
		list->key_len = 0;
	} else if (c == '{' || c == '[') {
		is_own = list->depth == 1 && c == '[' && is_items(list);
		list->in_items |= is_own;
		list->depth++;
	} else if ((c == '}' || c == ']') && list->depth > 0) {
		list->depth--;
		is_own = list->in_items && list->depth == 1;
		list->in_items &= !is_own;
	}
	return is_own;
}

/* Between items there are commas and white space. */
static bool is_between(const struct kube_list *list, char c)
{
	return list->depth == 2 && list->item.len == 0 && !list->item.overflow &&
	       (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

int kube_list_feed(struct kube_list *list, struct str bytes,
	void (*on_item)(struct str item, void *arg), void *arg)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.at[i];
		bool is_own = false;

		if (list->in_string)
			take_text(list, c);
		else
			is_own = take_mark(list, c);
		if (!list->in_items || is_own) {
			sbuf_putc(&list->frame, c);
			continue;
		}
		if (is_between(list, c))
			continue;
		sbuf_putc(&list->item, c);
		if (list->depth == 2 && !list->in_string && c == '}')
			end_item(list, on_item, arg);
	}
	return list->frame.overflow ? -1 : 0;
}

int kube_list_finish(const struct kube_list *list, char version[static KUBE_VERSION_MAX],
	char more[static KUBE_CONTINUE_MAX], struct err *err)
{
	json_t *json = list->depth == 0 && !list->in_string
			       ? json_of_text(sbuf_str(&list->frame), err)
			       : NULL;
	const json_t *metadata = json_object_get(json, "metadata");
	const char *at = kube_text(metadata, "resourceVersion");
	int rc = 0;

	version[0] = more[0] = '\0';
	if (json == NULL || !json_is_array(json_object_get(json, "items")) || !is_version(at) ||
		!str_copy(str_of(at), version, KUBE_VERSION_MAX) ||
		!str_copy(str_of(kube_text(metadata, "continue")), more, KUBE_CONTINUE_MAX))
		rc = err_set(err, "the answer is not a list");
	json_decref(json);
	return rc;
}
