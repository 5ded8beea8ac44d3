/*
 * proxy/discovery/kubernetes/kube_status.h - what became of a pod's containers, and what Kubernetes
 * tells of a pod in its events, for people to read.
 *
 * Pure; parsed values borrow from the document. Messages are others' words: escaped where they are
 * shown.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_STATUS_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_STATUS_H

#include "base/err.h"

#include <jansson.h>

enum {
	KUBE_CONTAINERS_MAX = 16,
	KUBE_STATUS_CUT_MAX = 32 * 1024, /* bytes of JSON */
	KUBE_INCIDENT_CUT_MAX = 4 * 1024,
};

struct kube_container {
	const char *name;
	const char *state; /* "running", "waiting", "terminated"; "": nothing is told */
	const char *reason, *message;
	int64_t exit_code;	      /* of "terminated" */
	int64_t started_ms, ended_ms; /* wall; 0: unknown */
	int64_t restarts;
	bool is_driver;	  /* Spark's own name of the driver's container */
	bool is_executor; /* the same of an executor's */
};

struct kube_status {
	const char *namespace, *name, *uid;
	const char *phase, *reason, *message, *node;
	const char *role, *app_id; /* labels spark-role, spark-app-selector; "" */
	const char *owner;	   /* uid of the pod that it belongs to; "": it names none */
	int64_t created_ms;
	int64_t deleted_ms; /* when somebody asked that it goes; 0: nobody has */
	struct kube_container containers[KUBE_CONTAINERS_MAX];
	size_t containers_count; /* more of them are left out */
};

MUST_CHECK int kube_status_read(const json_t *pod, struct kube_status *out, struct err *err);
/* The container whose log is meant if none is named: Spark's own, else the only or the first one.
 * NULL: there is none. */
const struct kube_container *kube_status_main(const struct kube_status *status);
const struct kube_container *kube_status_find(const struct kube_status *status, const char *name);
bool kube_status_has_ended(const struct kube_status *status); /* its main container, or all */
/* Whether it ended badly by itself, and not because somebody deleted it. */
bool kube_status_has_failed(const struct kube_status *status);
/* Whether it is an executor of the application whose driver's pod has this uid. Whoever makes a pod
 * chooses its labels, but not the uid of a driver that it does not know. */
bool kube_status_is_executor(const struct kube_status *status, const char *namespace,
	const char *app_id, const char *driver_uid);
/* Gives a new value: of a pod what this file and kube_json.h read, and no other variable of its
 * containers, for they may hold secrets. What would be longer than KUBE_STATUS_CUT_MAX has only its
 * name, namespace, uid and age. */
json_t *kube_status_cut(const json_t *pod);

/* One event of Kubernetes. */
struct kube_incident {
	const char *type, *reason, *message, *source;
	const char *pod, *uid; /* what it is about */
	int64_t at_ms;	       /* wall: the last time that it happened; 0: unknown */
	int64_t count;	       /* at least 1 */
};
void kube_incident_read_any(const json_t *event, struct kube_incident *out);
/* The same of a pod's; -1: it is about something else. */
MUST_CHECK int kube_incident_read(const json_t *event, struct kube_incident *out, struct err *err);
/* Gives a new value: of an event what is read here, of its message the first KiB. NULL: that is
 * longer than KUBE_INCIDENT_CUT_MAX. */
json_t *kube_incident_cut(const json_t *event);

#endif
