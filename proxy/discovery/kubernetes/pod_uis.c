#include "proxy/discovery/kubernetes/pod_uis.h"

#include "base/text/json_value.h"
#include "proxy/discovery/kubernetes/kube_json.h"

#define ANNOTATION "sparkgate.io/ui"

enum { PORT_MAX = 65535 };

struct pod_ui_list {
	struct pod_ui *at;
	size_t count;
};

static const json_t *find_port(const json_t *container, struct str name)
{
	const json_t *ports = json_object_get(container, "ports");

	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *port = json_array_get(ports, i);
		if (str_eq(str_of(json_value_string(port, "name")), name))
			return json_object_get(port, "containerPort");
	}
	return NULL;
}

uint16_t pod_uis_port_named(const json_t *spec, struct str name)
{
	const json_t *containers = json_object_get(spec, "containers");

	for (size_t i = 0; name.len && i < json_array_size(containers); i++) {
		json_int_t port =
			json_integer_value(find_port(json_array_get(containers, i), name));
		if (port > 0 && port <= PORT_MAX)
			return (uint16_t)port;
	}
	return 0;
}

static void add(struct pod_ui_list *list, uint64_t port, bool tls, bool is_next)
{
	bool is_new = port >= POD_UI_PORT_MIN && port <= PORT_MAX && list->count < POD_UIS_MAX;

	for (size_t i = 0; i < list->count; i++)
		is_new = is_new && list->at[i].port != port;
	if (is_new)
		list->at[list->count++] = (struct pod_ui){(uint16_t)port, tls, is_next};
}

/* "4040-4060" */
static bool add_range(struct pod_ui_list *list, struct str text, bool tls)
{
	uint64_t first, last;
	struct str low;

	if (!str_next(&text, '-', &low) || !str_to_u64(low, &first) || !str_to_u64(text, &last) ||
		last > PORT_MAX)
		return false;
	for (uint64_t port = first; port <= last && list->count < POD_UIS_MAX; port++)
		add(list, port, tls, port > first);
	return true;
}

static void add_entry(struct pod_ui_list *list, struct str text, const json_t *spec)
{
	bool tls = str_starts(text, STR("https:"));
	uint64_t port;

	if (tls)
		text = str_from(text, 6);
	if (str_to_u64(text, &port))
		add(list, port, tls, false);
	else if (!add_range(list, text, tls))
		add(list, pod_uis_port_named(spec, text), tls, false);
}

size_t pod_uis_read(const json_t *pod, struct pod_ui out[static POD_UIS_MAX])
{
	const json_t *metadata = json_object_get(pod, "metadata");
	struct str rest =
		str_of(json_value_string(json_object_get(metadata, "annotations"), ANNOTATION));
	struct pod_ui_list list = {out, 0};
	struct str entry;

	while (list.count < POD_UIS_MAX && rest.len && str_next(&rest, ',', &entry))
		add_entry(&list, str_trim(entry), json_object_get(pod, "spec"));
	return list.count;
}
