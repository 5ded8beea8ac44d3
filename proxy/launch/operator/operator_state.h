/*
 * proxy/launch/operator/operator_state.h - how far a launch on Kubernetes is, from what discovery's
 * watches of resources and pods know: nothing is asked.
 *
 * The operator says what became of the resource, the pod why it waits and how its driver ended.
 * The keeper's thread.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_STATE_H
#define SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_STATE_H

#include "proxy/launch/operator/spark_application.h"

struct discovery;

enum operator_stage {
	OPERATOR_UNKNOWN,   /* nobody watches resources, or not all are listed yet; `reason` */
	OPERATOR_ABSENT,    /* it is not there, and was not seen before */
	OPERATOR_WAITS,	    /* for its operator, its driver's pod, or another run */
	OPERATOR_SUSPENDED, /* until somebody resumes it */
	OPERATOR_RUNS,
	OPERATOR_FINISHED, /* this and what follows is the end */
	OPERATOR_FAILED,
	OPERATOR_KILLED,
};

struct operator_state { /* texts are discovery's, until the event loop goes on */
	enum operator_stage stage;
	const char *reason; /* why it waits, or how it ended; "" */
	const char *app_id; /* of the run that it is about; "" */
	int exit_code;	    /* of the driver, if it failed; 0: it did not, or nobody knows */
	int64_t ended_ms;   /* wall; 0 */
};

void operator_state_read(const struct discovery *d, struct str cluster, enum spark_operator kind,
	const char *namespace, const char *name, struct operator_state *out);

#endif
