/*
 * proxy/launch/operator/spark_application.h - a launch as the resource that an operator of Spark
 * takes: a table of kinds, and of the path at which each has what. Another operator is a column.
 *
 * What is the gateway's word comes last and overrides: person, sizes, image, account, labels. Of
 * the person's words none names a pod's template, volume, secret or account (S130), nor a file of
 * the operator's own (S131). Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_OPERATOR_SPARK_APPLICATION_H
#define SPARKGATE_PROXY_LAUNCH_OPERATOR_SPARK_APPLICATION_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

enum {
	/* The operators add "-driver", "-ui-svc" and the like, and names end at 63. */
	SPARK_NAME_SIZE = 40 + 1,
	SPARK_FILE_MAX = 1024 * 1024, /* what a ConfigMap takes */
	SPARK_FILE_NAME_MAX = 128,
};

#define SPARK_LABEL_LAUNCH "sparkgate.io/launch" /* the launch's id; on resource and pods */
#define SPARK_LABEL_PERSON "sparkgate.io/person" /* a digest of who launched it */

enum spark_operator { SPARK_KUBEFLOW, SPARK_APACHE, SPARK_OPERATORS };

struct spark_pair {
	const char *key, *value;
};

struct spark_pairs {
	const struct spark_pair *at;
	size_t count;
};

struct spark_process {
	unsigned cores, memory_mib;
};

struct spark_wish {		      /* borrows all of it */
	const char *id, *name, *user; /* of the launch, for people, and who launches it */
	const char *namespace;	      /* the configuration's */
	const char *resource;	      /* URI of its jar or script; NULL: `file` */
	const char *file;	      /* name of a file that travels as a ConfigMap; NULL */
	const char *main_class;	      /* NULL: none */
	const char *const *arguments;
	size_t arguments_count;
	struct spark_pairs environment, conf; /* the person's; the first is the driver's */
	struct spark_pairs profile_conf;      /* the administrator's: any key */
	struct spark_process driver, executor;
	unsigned executors;
	const char *profile, *image, *account, *version; /* image NULL: the operator's */
	int64_t keep_s; /* the resource goes so long after its end; its pods with it */
};

/* "sparkgate.io/v1"-like words of the configuration; false: none of ours. */
MUST_CHECK bool spark_operator_find(const char *kind, enum spark_operator *out);
const char *spark_operator_api(enum spark_operator kind); /* path, such as "/apis/x.io/v1" */

/* What its resource is called: the same for the same launch, whenever it is asked for, and no other
 * launch's. A label of DNS (RFC 1035) that begins with what people call it. */
void spark_application_name(const char *id, const char *name, char out[static SPARK_NAME_SIZE]);
/* Gives the resource of a wish that was checked. */
json_t *spark_application_make(enum spark_operator kind, const struct spark_wish *wish);
/* Gives the ConfigMap with the file of a launch, whose content is base64 already. */
json_t *spark_application_file(const struct spark_wish *wish, const char *base64);
/* What it is called, of the launch whose resource has this name. */
void spark_application_file_name(const char *name, char out[static SPARK_NAME_SIZE + 8]);
/* Whether a resource that is there, as the API server tells, is this launch's own. */
bool spark_application_is_of(const json_t *resource, const char *id);

#endif
