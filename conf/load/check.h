/* conf/load/check.h - what one key cannot say alone. */
#ifndef SPARKGATE_CONF_LOAD_CHECK_H
#define SPARKGATE_CONF_LOAD_CHECK_H

#include "conf/load/load_error.h"

/* Derives what is not written (public URLs, folders) and refuses what does not go together. */
MUST_CHECK int check_conf(const struct loader *l);
/* Of the cluster with this index, after those before it. */
MUST_CHECK int check_cluster(const struct loader *l, size_t index);

#endif
