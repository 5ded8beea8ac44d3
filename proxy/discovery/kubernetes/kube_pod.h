/*
 * proxy/discovery/kubernetes/kube_pod.h - a driver's pod.
 *
 * Labels and ports were chosen by whoever made the pod; its address, phase and times are the
 * cluster's own. Pure; what is read borrows from the object.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_POD_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_POD_H

#include "proxy/discovery/kubernetes/kube_json.h"
#include "proxy/discovery/kubernetes/pod_life.h"
#include "proxy/discovery/kubernetes/pod_uis.h"

enum { KUBE_UI_PORT = 4040 }; /* spark.ui.port's default */

enum kube_phase { KUBE_PENDING, KUBE_RUNNING, KUBE_SUCCEEDED, KUBE_FAILED, KUBE_LOST };

struct kube_pod {
	const json_t *json; /* all of it; NULL: it is not there any more */
	const char *namespace, *name, *uid;
	const char *app_id;   /* spark-app-selector; "": it has none that fits into a path */
	const char *app_name; /* never "" */
	bool is_named_by_ui;  /* a UI named the id, when the pod may be old already */
	const char *user;     /* SPARK_USER that its driver was made with; "": none */
	enum kube_owner owner;
	const char *resource; /* of the owner its name, as a label has it; "" */
	const char *schedule; /* what makes such resources, in the same way; "" */
	const char *ip;	      /* of the pod, as written; "": none yet */
	uint16_t port;	      /* of its UI */
	bool tls;	      /* ... which is https */
	/* Without an app_id: where there may be UIs of applications, which their UIs name. */
	struct pod_ui uis[POD_UIS_MAX];
	size_t uis_count;
	const char *server; /* static: "Connect server", "Thrift server", or "" */
	bool is_history;    /* a history server, which its operator makes as it makes a driver */
	enum kube_phase phase;
	bool is_deleted;			  /* it is about to go */
	int64_t created_ms, started_ms, ended_ms; /* wall; 0: unknown */
	struct pod_life life;
};

void kube_pod_read(const struct kube_object *object, struct kube_pod *out);
struct url;
/* By an address as numbers, so that nothing would have to be looked up. False: it is none. */
MUST_CHECK bool kube_url(const char *ip, uint16_t port, bool tls, struct url *url);
/* Of its UI, by the pod's own address. */
MUST_CHECK bool kube_pod_url(const struct kube_pod *pod, struct url *url);
bool kube_is_live(const struct kube_pod *pod); /* it has not ended */

#endif
