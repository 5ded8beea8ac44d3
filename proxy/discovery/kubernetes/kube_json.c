#include "proxy/discovery/kubernetes/kube_json.h"

#include "base/text/json_text.h"
#include "base/clock.h"
#include "base/text/json_value.h"

#include <stdio.h>

enum { FRAME_MAX = 64 * 1024 };

/* --- fields --- */

int64_t kube_time(const json_t *object, const char *key)
{
	int64_t ms = clock_read(json_value_member(object, key));

	return ms == -1 ? 0 : ms;
}

/* It goes into a query, and into nothing else. */
static bool is_version(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < KUBE_VERSION_MAX && str_span_printable(str_of(text)) == len;
}

/* --- any object --- */

static int object_read(const json_t *json, struct kube_object *out, struct err *err)
{
	const json_t *metadata = json_object_get(json, "metadata");

	*out = (struct kube_object){
		.json = json,
		.namespace = json_value_string(metadata, "namespace"),
		.name = json_value_string(metadata, "name"),
		.uid = json_value_string(metadata, "uid"),
		.created_ms = kube_time(metadata, "creationTimestamp"),
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
	const char *type = json_value_string(json, "type");

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
		out->message = json_value_string(object, "message");
		return 0;
	}
	out->version = json_value_string(json_object_get(object, "metadata"), "resourceVersion");
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
	const char *at = json_value_string(metadata, "resourceVersion");
	int rc = 0;

	version[0] = more[0] = '\0';
	if (json == NULL || !json_is_array(json_object_get(json, "items")) || !is_version(at) ||
		!str_copy(str_of(at), version, KUBE_VERSION_MAX) ||
		!str_copy(str_of(json_value_string(metadata, "continue")), more, KUBE_CONTINUE_MAX))
		rc = err_set(err, "the answer is not a list");
	json_decref(json);
	return rc;
}
