#include "proxy/launch/operator/operator_call.h"

#include "base/text/json_text.h"
#include "base/text/json_value.h"
#include "proxy/discovery/kubernetes/kube_access.h"
#include "proxy/discovery/kubernetes/kube_ask.h"
#include "proxy/discovery/kubernetes/kube_json.h"
#include "proxy/launch/operator/operator_answer.h"

#include <event2/event.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 20 * 1000, UID_SIZE = 128 };

#define PLURAL "sparkapplications"

struct operator_call {
	struct fetcher *fetcher;
	struct kube_access access;
	const char *api; /* static */
	char *namespace, *id, *name;
	enum { LOOKS, DELETES, MAKES } deeds;
	json_t *wanted; /* the resource, if it is to be made */
	struct fetch *fetch;
	struct event *soon; /* pending: it ends without a question */
	struct operator_deed deed;
	char uid[UID_SIZE];
	struct operator_result result;
	operator_done done;
	void *arg;
};

/* --- its end --- */

static void call_free(struct operator_call *call)
{
	kube_access_clear(&call->access);
	event_free(call->soon);
	json_decref(call->wanted);
	free(call->namespace);
	free(call->id);
	free(call->name);
	free(call);
}

void operator_call_cancel(struct operator_call *call)
{
	if (call->fetch)
		fetch_cancel(call->fetch);
	call_free(call);
}

static void finish(struct operator_call *call)
{
	call->result.uid = call->uid;
	call->done(&call->result, call->arg);
	call_free(call);
}

static void end_with(struct operator_call *call, enum operator_end end, const char *why)
{
	call->result.end = end;
	(void)str_copy(str_of(why), call->result.why, sizeof call->result.why);
	finish(call);
}

static void refuse(struct operator_call *call, const struct fetch_result *answer)
{
	operator_answer_read(&call->deed, answer, &call->result);
	finish(call);
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	finish(arg);
}

/* --- questions --- */

/* Waits for none: whoever has cancelled it is not told. */
static void ask(struct operator_call *call, const char *method, const char *path,
	const json_t *content, void (*then)(const struct fetch_result *answer, void *arg))
{
	char *text = json_text(content);
	const struct fetch_request request = {.post = text,
		.timeout_ms = TIMEOUT_MS,
		.max_bytes = 2 * KUBE_OBJECT_MAX,
		.done = then,
		.arg = call};

	call->fetch = method ? kube_change(call->fetcher, &call->access, method, path, &request)
			     : kube_ask_objects(call->fetcher, &call->access, path, &request);
	secret_free(text);
}

static void ask_of_kind(struct operator_call *call, const char *verb, const char *method,
	const json_t *content, void (*then)(const struct fetch_result *answer, void *arg))
{
	struct sbuf path;

	call->deed =
		(struct operator_deed){verb, PLURAL, call->api + strlen("/apis/"), call->namespace};
	sbuf_init(&path, KUBE_PATH_MAX);
	if (method == NULL)
		kube_path_of_named(&path, call->api, call->namespace, PLURAL, call->name);
	else if (strcmp(verb, "delete") == 0)
		kube_path_of_one(&path, call->api, call->namespace, PLURAL, call->name);
	else
		kube_path_of_kind(&path, call->api, call->namespace, PLURAL);
	ask(call, method, path.at, content, then);
	sbuf_clear(&path);
}

static json_t *take_answer(struct operator_call *call, const struct fetch_result *answer)
{
	struct err err = {""};

	call->fetch = NULL;
	return answer->status >= 200 && answer->status < 300 ? json_of_text(answer->body, &err)
							     : NULL;
}

/* False: it names none. */
static bool take_uid(struct operator_call *call, const json_t *object)
{
	const char *uid = json_value_string(json_object_get(object, "metadata"), "uid");

	return uid[0] && str_copy(str_of(uid), call->uid, sizeof call->uid);
}

/* --- what has the name --- */

static void go_on_with(struct operator_call *call);

/* Somebody else may have made something of that name: it is neither used nor deleted. */
static void on_found(const struct fetch_result *answer, void *arg)
{
	struct operator_call *call = arg;
	json_t *list = take_answer(call, answer);
	const json_t *one = json_array_get(json_object_get(list, "items"), 0);

	if (list == NULL)
		refuse(call, answer);
	else if (one == NULL && call->deeds != MAKES)
		end_with(call, OPERATOR_DONE, "");
	else if (one == NULL)
		end_with(call, OPERATOR_BUSY, "It was deleted at the same time. Try again.");
	else if (!spark_application_is_of(one, call->id) || !take_uid(call, one))
		end_with(call, OPERATOR_TAKEN,
			"Another SparkApplication, which no launch made, has its name.");
	else
		go_on_with(call);
	json_decref(list);
}

static void look(struct operator_call *call)
{
	ask_of_kind(call, "list", NULL, NULL, on_found);
}

/* --- it is deleted --- */

static void on_deleted(const struct fetch_result *answer, void *arg)
{
	struct operator_call *call = arg;
	bool is_gone = answer->status == 404;

	json_decref(take_answer(call, answer));
	if (is_gone || (answer->status >= 200 && answer->status < 300))
		end_with(call, OPERATOR_DONE, "");
	else if (answer->status == 409)
		end_with(call, OPERATOR_BUSY, "It changed at the same time. Try again.");
	else
		refuse(call, answer);
}

/* No other one that has the name since then. */
static void delete_it(struct operator_call *call)
{
	json_t *options =
		json_pack("{s:s, s:s, s:s, s:{s:s}}", "kind", "DeleteOptions", "apiVersion", "v1",
			"propagationPolicy", "Background", "preconditions", "uid", call->uid);

	ask_of_kind(call, "delete", "DELETE", options, on_deleted);
	json_decref(options);
}

/* --- it is made --- */

static void go_on_with(struct operator_call *call)
{
	if (call->deeds == DELETES)
		delete_it(call);
	else
		end_with(call, OPERATOR_DONE, "");
}

static void on_made(const struct fetch_result *answer, void *arg)
{
	struct operator_call *call = arg;
	json_t *made = take_answer(call, answer);

	if (answer->status == 409)
		look(call); /* its answer was lost the first time */
	else if (made && take_uid(call, made))
		go_on_with(call);
	else
		refuse(call, answer);
	json_decref(made);
}

/* --- a file that travels --- */

/* One that is there is of this launch: its name has a digest of an id that nobody knew before. */
static void on_map_made(const struct fetch_result *answer, void *arg)
{
	struct operator_call *call = arg;

	json_decref(take_answer(call, answer));
	if (answer->status == 201 || answer->status == 409)
		end_with(call, OPERATOR_DONE, "");
	else
		refuse(call, answer);
}

static void make_map(struct operator_call *call, const json_t *map)
{
	struct sbuf path;

	call->deed = (struct operator_deed){"create", "configmaps", "", call->namespace};
	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_kind(&path, "/api/v1", call->namespace, "configmaps");
	ask(call, "POST", path.at, map, on_map_made);
	sbuf_clear(&path);
}

static void on_map_gone(const struct fetch_result *answer, void *arg)
{
	struct operator_call *call = arg;

	json_decref(take_answer(call, answer));
	if (answer->status == 404 || (answer->status >= 200 && answer->status < 300))
		end_with(call, OPERATOR_DONE, "");
	else
		refuse(call, answer);
}

static void delete_map(struct operator_call *call)
{
	json_t *options = json_pack("{s:s, s:s}", "kind", "DeleteOptions", "apiVersion", "v1");
	char name[SPARK_NAME_SIZE + 8];
	struct sbuf path;

	call->deed = (struct operator_deed){"delete", "configmaps", "", call->namespace};
	spark_application_file_name(call->name, name);
	sbuf_init(&path, KUBE_PATH_MAX);
	kube_path_of_one(&path, "/api/v1", call->namespace, "configmaps", name);
	ask(call, "DELETE", path.at, options, on_map_gone);
	sbuf_clear(&path);
	json_decref(options);
}

/* --- starting --- */

static struct operator_call *call_new(const struct operator_place *place, const char *id,
	const char *name, operator_done done, void *arg)
{
	struct operator_call *call = mem_alloc(1, sizeof *call);
	struct err err = {""};

	call->fetcher = place->fetcher;
	call->api = spark_operator_api(place->kind);
	call->namespace = mem_strdup(place->namespace);
	call->id = mem_strdup(id);
	call->name = mem_strdup(name);
	call->done = done;
	call->arg = arg;
	call->soon = event_new(place->base, -1, 0, on_soon, call);
	if (kube_access_load(place->kubeconfig, &call->access, &err) == 0)
		return call;
	call->result.end = OPERATOR_LACKS;
	(void)str_copy(str_of(err.text), call->result.why, sizeof call->result.why);
	event_active(call->soon, EV_TIMEOUT, 0);
	return call;
}

static bool can_ask(const struct operator_call *call)
{
	return call->access.server[0] != '\0';
}

struct operator_call *operator_submit(const struct operator_place *place,
	const struct spark_wish *wish, json_t *resource, operator_done done, void *arg)
{
	char name[SPARK_NAME_SIZE];
	struct operator_call *call;

	spark_application_name(wish->id, wish->name, name);
	call = call_new(place, wish->id, name, done, arg);
	call->deeds = MAKES;
	call->wanted = resource;
	if (can_ask(call))
		ask_of_kind(call, "create", "POST", call->wanted, on_made);
	return call;
}

struct operator_call *operator_look(const struct operator_place *place, const char *id,
	const char *name, operator_done done, void *arg)
{
	struct operator_call *call = call_new(place, id, name, done, arg);

	if (can_ask(call))
		look(call);
	return call;
}

struct operator_call *operator_delete(const struct operator_place *place, const char *id,
	const char *name, operator_done done, void *arg)
{
	struct operator_call *call = operator_look(place, id, name, done, arg);

	call->deeds = DELETES;
	return call;
}

struct operator_call *operator_carry(const struct operator_place *place,
	const struct spark_wish *wish, const char *base64, operator_done done, void *arg)
{
	char name[SPARK_NAME_SIZE];
	struct operator_call *call;
	json_t *map = spark_application_file(wish, base64);

	spark_application_name(wish->id, wish->name, name);
	call = call_new(place, wish->id, name, done, arg);
	if (can_ask(call))
		make_map(call, map);
	json_decref(map);
	return call;
}

struct operator_call *operator_drop(const struct operator_place *place, const char *id,
	const char *name, operator_done done, void *arg)
{
	struct operator_call *call = call_new(place, id, name, done, arg);

	if (can_ask(call))
		delete_map(call);
	return call;
}
