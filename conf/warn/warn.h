/* conf/warn/warn.h - what a configuration says that is allowed and perhaps not meant. */
#ifndef SPARKGATE_CONF_WARN_WARN_H
#define SPARKGATE_CONF_WARN_WARN_H

#include "conf/conf.h"

/* Tells each, for --check and for the log of a start or a reload. */
void conf_warn(const struct conf *conf, conf_warning *tell, void *arg);

#endif
