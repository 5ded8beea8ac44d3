/*
 * proxy/discovery/kubernetes/pod_uis.h - at which ports a pod says that UIs of Spark are.
 *
 * The annotation sparkgate.io/ui is for drivers that no spark-submit made (notebooks, servers), of
 * which one pod may have several, and for UIs at other ports: "4040", "4040-4060",
 * "https:4440,jupyter-ui". Whoever made the pod wrote it. Pure.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_POD_UIS_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_POD_UIS_H

#include "base/str.h"

#include <jansson.h>

enum {
	POD_UIS_MAX = 32,
	POD_UI_PORT_MIN = 1024,
};

struct pod_ui {
	uint16_t port;
	bool tls;
	bool is_next; /* of a range: Spark takes it when the one before is taken */
};

/* How many; what is not understood is left out, and what is more than POD_UIS_MAX. */
size_t pod_uis_read(const json_t *pod, struct pod_ui out[static POD_UIS_MAX]);
/* Of a port of any container, by its name; 0: there is none. */
uint16_t pod_uis_port_named(const json_t *spec, struct str name);

#endif
