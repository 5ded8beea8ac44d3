/* conf/load/secrets.h - the files that a configuration names: secrets, certificates, tokens. */
#ifndef SPARKGATE_CONF_LOAD_SECRETS_H
#define SPARKGATE_CONF_LOAD_SECRETS_H

#include "conf/load/load_error.h"

/* Names the systemd credentials in `folder` (NULL: none) as the files of the secrets they hold. */
MUST_CHECK int secrets_find_credentials(const struct loader *l, const char *folder);
/* Reads the secrets; other files must be readable. */
MUST_CHECK int secrets_read(const struct loader *l);

#endif
