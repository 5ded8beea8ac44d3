/*
 * proxy/launch/operator/operator_target.h - a cluster on which a Spark operator starts
 * applications, as its files share it: one namespace, and what is asked of it at the moment.
 *
 *   operator_target.c  the table of functions; orders made, looked for, ended; how far they are
 *   operator_errand.c  one question on its way to its one answer
 *   operator_logs.c    where the log of an order's driver or executor is
 *   operator_events.c  what Kubernetes tells of an order's resource and pods
 *
 * The keeper's thread.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_TARGET_H
#define SPARKGATE_PROXY_LAUNCH_OPERATOR_OPERATOR_TARGET_H

#include "proxy/launch/operator/operator_errand.h"
#include "proxy/launch/operator/operator_state.h"
#include "proxy/launch/target/launch_target.h"

struct operator_target {
	struct launch_target target; /* first */
	struct launch_world world;
	struct conf *conf;
	const struct conf_cluster *cluster; /* of conf */
	enum spark_operator kind;
	struct operator_errand_list errands;
	char lacks[LAUNCH_REASON]; /* what the last submission was told; "" */
	int64_t lacks_ms;	   /* monotonic: when */
};

void operator_logs(struct launch_target *target, const struct launch_order *order,
	const struct launch_log_wish *wish, launch_on_log *done, void *arg);
void operator_events(struct launch_target *target, const struct launch_order *order,
	launch_done *done, void *arg);

#endif
