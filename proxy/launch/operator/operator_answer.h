/*
 * proxy/launch/operator/operator_answer.h - what an API server's answer to a write means, by its
 * status and its words: Status objects of Kubernetes, whose texts are the cluster's own.
 *
 * Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_ANSWER_H
#define SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_ANSWER_H

#include "base/net/fetch.h"
#include "proxy/launch/operator/operator_call.h"

struct operator_deed {	       /* what was tried */
	const char *verb;      /* of RBAC: "create" */
	const char *resources; /* "sparkapplications" */
	const char *group;     /* "sparkoperator.k8s.io"; "" */
	const char *namespace;
};

/* Of an answer that is not the one hoped for. */
void operator_answer_read(const struct operator_deed *deed, const struct fetch_result *answer,
	struct operator_result *out);

#endif
