/* conf/warn/warn_roles.h - rows of auth.roles that can do nothing, or less than they seem to. */
#ifndef SPARKGATE_CONF_LOAD_WARN_ROLES_H
#define SPARKGATE_CONF_LOAD_WARN_ROLES_H

#include "conf/warn/warn.h"

void warn_roles(const struct conf *conf, conf_warning *tell, void *arg);

#endif
