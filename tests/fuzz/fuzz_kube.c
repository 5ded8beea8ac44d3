/* What a Kubernetes API server sends, in which people's labels are: the first byte chooses a line
 * of a watch, a list that comes in pieces of that size, or a kubeconfig. */
#include "conf/load/kubeconfig.h"
#include "proxy/discovery/kubernetes/kube_pod.h"
#include "proxy/discovery/kubernetes/kube_resource.h"
#include "proxy/discovery/spark/spark_json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pod(const struct kube_object *object)
{
	struct kube_pod read, *pod = &read;

	kube_pod_read(object, pod);
	assert(pod->namespace[0] && pod->name[0] && pod->uid[0] && pod->app_name[0]);
	assert(pod->app_id[0] == '\0' || spark_id_is_good(str_of(pod->app_id)));
	assert(pod->port != 0 && pod->ip);
}

/* Whatever an object is, each kind reads something bounded out of it. */
static void check_resource(const struct kube_object *object)
{
	for (size_t i = 0; i < RESOURCE_KINDS; i++) {
		char key[KUBE_RESOURCE_KEY_SIZE];
		struct kube_resource r;
		bool is_good = kube_resource_read(&resource_kinds[i], object, &r);

		assert(r.word && r.word->state && r.app_id && r.schedule);
		assert(strlen(r.reason) <= KUBE_REASON_MAX);
		assert(str_span_printable(str_of(r.reason)) == strlen(r.reason));
		assert(kube_resource_key(resource_kinds[i].letter, object->namespace, object->name,
			       key) == is_good);
		assert(!is_good || strcmp(kube_resource_name(key), object->name) == 0);
	}
}

static void try_event(struct str line)
{
	struct kube_event event;

	if (kube_event_parse(line, &event, NULL) == -1) {
		assert(event.json == NULL);
		return;
	}
	if (event.type == KUBE_ERROR)
		assert(event.code > 0 && event.message);
	else
		assert(event.version[0] && strlen(event.version) < KUBE_VERSION_MAX);
	if (event.type < KUBE_BOOKMARK) {
		check_pod(&event.object);
		check_resource(&event.object);
	}
	kube_event_clear(&event);
}

static void on_item(struct str item, void *arg)
{
	size_t *count = arg;
	struct kube_object object;
	json_t *json;

	++*count;
	assert(item.len <= KUBE_OBJECT_MAX);
	if (kube_item_parse(item, &json, &object, NULL) == -1)
		return;
	check_pod(&object);
	check_resource(&object);
	json_decref(json);
}

/* However it is cut, it is the same list. */
static void try_list(struct str text, size_t piece)
{
	char version[2][KUBE_VERSION_MAX], more[2][KUBE_CONTINUE_MAX];
	size_t count[2] = {0, 0};
	int rc[2] = {0, 0};

	for (int i = 0; i < 2; i++) {
		struct kube_list list;
		size_t step = i ? piece : text.len;

		kube_list_init(&list);
		for (size_t at = 0; at < text.len && rc[i] == 0; at += step) {
			struct str rest = str_from(text, at);
			rest.len = rest.len < step ? rest.len : step;
			rc[i] = kube_list_feed(&list, rest, on_item, &count[i]);
		}
		if (rc[i] == 0)
			rc[i] = kube_list_finish(&list, version[i], more[i], NULL);
		assert(list.items == count[i] + list.too_long);
		kube_list_clear(&list);
	}
	assert(rc[0] == rc[1] && (rc[0] == -1 || strcmp(version[0], version[1]) == 0));
}

static void try_kubeconfig(struct str text)
{
	struct kubeconfig k;

	if (kubeconfig_parse("/a/kubeconfig", text, &k, NULL) == -1)
		return;
	assert(k.server.host[0] && (k.server.tls || url_host_is_loopback(k.server.host)));
	assert(k.token_file == NULL || k.token_file[0] == '/');
	kubeconfig_clear(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data + 1, size - 1};

	if (size == 0)
		return 0;
	if (data[0] == 'w')
		try_event(text);
	else if (data[0] == 'k')
		try_kubeconfig(text);
	else
		try_list(text, 1 + data[0] % 64);
	return 0;
}
