#include "proxy/discovery/kubernetes/kube_right.h"

#include "base/mem.h"
#include "base/text/json_text.h"

#include <string.h>

#define RESOURCES "k8s/overlays/resources/"
#define CLUSTERS  "k8s/overlays/spark-clusters/"
#define POD_LOGS  "k8s/overlays/pod-logs/"
#define NAMESPACE "k8s/base/spark-namespace.yaml"

const struct kube_right_row kube_rights[KUBE_RIGHTS] = {
	[KUBE_RIGHT_DRIVERS] = {"the verbs list and watch of pods", "no driver is shown",
		NAMESPACE},
	[KUBE_RIGHT_KUBEFLOW] = {"the verbs list and watch of sparkapplications "
				 "(sparkoperator.k8s.io)",
		"its applications are shown while they have pods only", RESOURCES},
	[KUBE_RIGHT_APACHE] = {"the verbs list and watch of sparkapplications (spark.apache.org)",
		"its applications are shown while they have pods only", RESOURCES},
	[KUBE_RIGHT_SCHEDULES] = {"the verbs list and watch of scheduledsparkapplications "
				  "(sparkoperator.k8s.io)",
		"schedules are not shown", RESOURCES},
	[KUBE_RIGHT_CONNECTS] = {"the verbs list and watch of sparkconnects (sparkoperator.k8s.io)",
		"Connect servers are shown while they have pods only", RESOURCES},
	[KUBE_RIGHT_CLUSTERS] = {"the verbs list and watch of sparkclusters (spark.apache.org)",
		"no SparkCluster is found", CLUSTERS},
	[KUBE_RIGHT_MASTERS] = {"the verbs list and watch of pods",
		"no master of a SparkCluster is found", NAMESPACE},
	[KUBE_RIGHT_SERVICES] = {"the verbs list and watch of services",
		"no history server of a SparkCluster is found by its service", CLUSTERS},
	[KUBE_RIGHT_PODS] = {"the verb list of pods", "no log or event is shown", NAMESPACE},
	[KUBE_RIGHT_LOGS] = {KUBE_LOG_RIGHT, "no log of a pod is shown or kept", POD_LOGS},
	[KUBE_RIGHT_EVENTS] = {"the verb list of events", "no event of a pod is shown or kept",
		POD_LOGS},
};

char *kube_right_words(enum kube_right right)
{
	const struct kube_right_row *row = &kube_rights[right];

	return mem_printf("the API server does not allow it (403): the gateway's role needs %s; "
			  "without that %s; %s gives it",
		row->needs, row->without, row->see);
}

char *kube_review_text(const struct kube_review *review)
{
	bool is_any = strcmp(review->namespace, "*") == 0;
	json_t *json = json_pack("{s:s, s:s, s:{s:{s:s, s:s, s:s, s:s, s:s}}}", "apiVersion",
		"authorization.k8s.io/v1", "kind", "SelfSubjectAccessReview", "spec",
		"resourceAttributes", "namespace", is_any ? "" : review->namespace, "verb",
		review->verb, "group", review->group, "resource", review->resource, "subresource",
		review->subresource);
	char *text = json_text(json);

	json_decref(json);
	return text;
}

int kube_review_read(struct str answer)
{
	struct err err = {""};
	json_t *json = json_of_text(answer, &err);
	const json_t *allowed = json_object_get(json_object_get(json, "status"), "allowed");
	int result = json_is_boolean(allowed) ? json_is_true(allowed) : -1;

	json_decref(json);
	return result;
}
