/*
 * proxy/launch/operator/spark_words.h - the words of a launch that a person chose, judged for a
 * Kubernetes operator: which of them would be about a pod, or be read where spark-submit runs,
 * which is the operator's own pod (S130, S131).
 *
 * Beside what a profile's may_set opens: what is refused here is refused for all. Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_OPERATOR_SPARK_WORDS_H
#define SPARKGATE_PROXY_LAUNCH_OPERATOR_SPARK_WORDS_H

#include "base/err.h"

enum spark_language { SPARK_SCALA, SPARK_PYTHON, SPARK_R };

/* By the end of its program's name. */
enum spark_language spark_words_language(const char *file);
const char *spark_words_of(enum spark_language language); /* as Kubeflow's operator calls it */

struct spark_wish;
/* Each: -1 with why. The first is all of them. */
MUST_CHECK int spark_words_check(const struct spark_wish *wish, struct err *err);
MUST_CHECK int spark_words_check_conf(const char *key, const char *value, struct err *err);
MUST_CHECK int spark_words_check_environment(const char *name, struct err *err);
MUST_CHECK int spark_words_check_resource(const char *uri, struct err *err);
MUST_CHECK int spark_words_check_file(const char *name, struct err *err);
MUST_CHECK int spark_words_check_class(const char *name, struct err *err);

#endif
