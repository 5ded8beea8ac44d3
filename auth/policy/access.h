/*
 * auth/policy/access.h - what somebody may do, and with what: role, custom roles and scope
 * together.
 *
 * Everything that shows or hides something of a cluster asks here, so that every list agrees with
 * every page (S44). Answers are bits, 1u << action (policy.h); 0: it is not even named to them.
 * Pure; any thread.
 */
#ifndef SPARKGATE_AUTH_POLICY_ACCESS_H
#define SPARKGATE_AUTH_POLICY_ACCESS_H

#include "auth/policy/policy.h"

/* Who an application's own configuration names (spark.ui.view.acls, spark.modify.acls,
 * spark.admin.acls and their .groups): Spark's lists, separated by commas; "*": everybody. */
struct access_lists {
	const char *view, *view_groups, *modify, *modify_groups, *admin, *admin_groups; /* or "" */
};

struct access_cluster { /* borrowed */
	const char *name;
	/* Of one that Kubernetes has a resource for: the cluster of the configuration that it was
	 * found by, and the namespace that it is in with all that runs there. NULL or "": the
	 * configuration has it. */
	const char *finder, *namespace;
};

struct access_app { /* an application, as the cluster knows it; borrowed */
	const char *cluster;
	const char *finder; /* of its cluster; NULL or "": none */
	const char *id;
	const char *name, *user, *namespace; /* NULL or "": nobody knows */
	const char *other_name;		     /* it is called so, too; NULL or "": it is not */
	const struct access_lists *lists;    /* NULL: nobody knows */
};
unsigned access_to_app(const struct identity *who, const struct access_app *app);
/* One of this cluster that nothing else is known of. Borrows. */
struct access_app access_app_in(const struct access_cluster *cluster, const char *id);

/* The pages that are about a whole cluster: master, workers, the list of a history server. Those
 * who do not see all of its applications get them filtered. What they may do with *some*
 * application there: whether it is this one, access_to_app() says. */
unsigned access_to_lists(const struct identity *who, const struct access_cluster *cluster);
/* Whether they see every application of the cluster there is or will be: nothing is filtered. */
bool access_to_all_apps(const struct identity *who, const struct access_cluster *cluster);
/* What they may do with every application there: for what is about no application alone, such as
 * the master's log, its environment, or a driver submitted in cluster mode. */
unsigned access_to_whole_cluster(const struct identity *who, const struct access_cluster *cluster);
/* A UI under `uis:`; `roles` as its row has them: of admin and user, only these may (count 0: all).
 * Rows of custom roles open it by its name. */
unsigned access_to_ui(const struct identity *who, const struct access_cluster *cluster,
	const char *ui, char *const *roles, size_t roles_count);
/* Whether the cluster is named to them at all. */
bool access_to_cluster(const struct identity *who, const struct access_cluster *cluster);
/* What they may do somewhere: what is never theirs is refused by its right name. */
unsigned access_anywhere(const struct identity *who);
/* Whether they may read an event of the audit, which is about this ("": about no cluster, about no
 * application). The right is for all events; a scope narrows it. */
bool access_to_event(const struct identity *who, const struct access_app *about);

#endif
