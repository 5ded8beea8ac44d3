/*
 * proxy/launch/rules/artifact_folder.h - whether a URI of launch.allow stands in a folder of
 * artifacts that is not open to who names it (S164).
 *
 * Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_RULES_ARTIFACT_FOLDER_H
#define SPARKGATE_PROXY_LAUNCH_RULES_ARTIFACT_FOLDER_H

#include "auth/policy/identity.h"
#include "conf/conf.h"

/*
 * So many of its bytes a pattern has to spell out to admit it: "s3a://apps/bob/" of
 * "s3a://apps/bob/etl.py". 0: it stands in no folder of any cluster's artifacts, in one's own, or
 * in one that the profile shares. `uri` was read by resource_uri_read().
 */
size_t artifact_folder_of_others(const struct conf *conf, const struct conf_profile *profile,
	const struct identity *who, const char *uri);

#endif
