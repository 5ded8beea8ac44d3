/*
 * proxy/discovery/kubernetes/kube_access.h - the way to a Kubernetes API server and what opens it,
 * as they are now.
 *
 * Read anew for every connection, for the kubelet replaces a pod's token and people replace
 * kubeconfigs. Blocking reads of small files, on the keeper.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_ACCESS_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_ACCESS_H

#include "conf/load/kubeconfig.h"

struct kube_access {
	char server[288];    /* "https://10.96.0.1:443" and the path, no slash at the end */
	char *ca;	     /* PEM; NULL: the system's authorities */
	char *certificate;   /* PEM; NULL: none */
	char *key;	     /* PEM */
	char *authorization; /* "Authorization: Bearer ..."; NULL: none */
	char namespace[KUBE_NAMESPACE_MAX]; /* one's own */
};

/* `kubeconfig` NULL: the file that $KUBECONFIG names, else what Kubernetes gives every pod
 * (KUBERNETES_SERVICE_HOST, and a service account's folder). */
MUST_CHECK int kube_access_load(const char *kubeconfig, struct kube_access *out, struct err *err);
/* The second half of that: `folder` has the files token, ca.crt and namespace. */
MUST_CHECK int kube_access_load_account(
	const char *folder, struct kube_access *out, struct err *err);
void kube_access_clear(struct kube_access *access); /* wipes what is secret */

#endif
