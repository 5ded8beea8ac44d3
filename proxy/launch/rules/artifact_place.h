/*
 * proxy/launch/rules/artifact_place.h - whose artifacts somebody may use: the storage of a cluster
 * where they may launch by a profile of theirs (S115), folders that their profiles share, and what
 * Spark calls a file.
 *
 * Pure; borrows from the configuration.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_RULES_ARTIFACT_PLACE_H
#define SPARKGATE_PROXY_LAUNCH_RULES_ARTIFACT_PLACE_H

#include "conf/conf.h"
#include "proxy/launch/artifacts/artifact_name.h"

enum artifact_choice {
	ARTIFACT_PLACE_FOUND,
	ARTIFACT_PLACE_NONE,	/* there is no storage for them, or none that is called so */
	ARTIFACT_PLACE_SEVERAL, /* and they did not say which */
};

/* The storage of this cluster (at == NULL: of the only one that they may use). */
enum artifact_choice artifact_place_find(const struct conf *conf, const struct identity *who,
	struct str cluster, const struct conf_cluster **out);
/* Whether they may read what is called so there; a file of their own always. */
bool artifact_place_shows(const struct conf_cluster *cluster, const struct identity *who,
	const struct artifact_name *name);
/* The same of changing it. */
bool artifact_place_lets_write(const struct conf_cluster *cluster, const struct identity *who,
	const struct artifact_name *name);
/* For each folder that their profiles share, in their order: may repeat. */
void artifact_place_each_shared(const struct conf_cluster *cluster, const struct identity *who,
	void (*each)(void *arg, const char *folder, bool lets_write), void *arg);

/* What Spark reads: "s3a://apps/ann/etl.py". */
void artifact_place_add_uri(const struct conf_cluster *cluster, const struct identity *who,
	const struct artifact_name *name, struct sbuf *out);

#endif
