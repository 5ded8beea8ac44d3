/*
 * proxy/launch/rules/resource_uri.h - URIs of jars and Python files, in the one spelling that is
 * compared with clusters[].launch.allow and sent to Spark (S120).
 *
 * Spark and Hadoop read a URI in several ways: as a URI, as a path, as a list separated by commas,
 * as a pattern of files. Only what all of them read as one file is taken. Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_RULES_RESOURCE_URI_H
#define SPARKGATE_PROXY_LAUNCH_RULES_RESOURCE_URI_H

#include "base/err.h"
#include "conf/conf.h"

enum { RESOURCE_URI_MAX = 1024 };

enum resource_kind { RESOURCE_OTHER, RESOURCE_JAR, RESOURCE_PYTHON };

/* Into `out`, which has room for RESOURCE_URI_MAX + 1 bytes. -1 and what is wrong with it. */
MUST_CHECK int resource_uri_read(struct str text, char *out, struct err *err);
/* Of one that was read: whether a pattern admits it that spells out its first `spelled` bytes. */
bool resource_uri_is_allowed(const struct conf_names *patterns, const char *uri, size_t spelled);
enum resource_kind resource_uri_kind(const char *uri); /* by how it ends */
/* Its last segment; borrows. */
const char *resource_uri_leaf(const char *uri);

#endif
