/*
 * proxy/discovery/spark/spark_acls.h - who an application's own configuration lets in: Spark's
 * view, modify and admin lists, out of the environment that its driver or a history server tells.
 *
 * Whoever made the application chose them; they open that application only. Pure.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_SPARK_SPARK_ACLS_H
#define SPARKGATE_PROXY_DISCOVERY_SPARK_SPARK_ACLS_H

#include "auth/policy/access.h"
#include "base/err.h"

#include <jansson.h>

enum { SPARK_ENVIRONMENT_MAX = 2 * 1024 * 1024 };

struct spark_acls {
	json_t *json; /* what the strings borrow from */
	struct access_lists lists;
};

/* /api/v1/applications/<id>/environment. What is not set is "". */
MUST_CHECK int spark_acls_parse(struct str body, struct spark_acls *out, struct err *err);
void spark_acls_clear(struct spark_acls *acls);

#endif
