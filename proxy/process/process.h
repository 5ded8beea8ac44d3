/* proxy/process/process.h - what the process asks of the kernel before it serves: no dumps of its
 * memory, and descriptors enough. */
#ifndef SPARKGATE_PROXY_PROCESS_PROCESS_H
#define SPARKGATE_PROXY_PROCESS_PROCESS_H

#include "conf/conf.h"

/* No core file, and nobody but root looks into our memory, which holds secrets (S69). */
void process_forbid_dumps(void);
/* Raises the limit of descriptors as far as it goes; lowers conf->limit_connections to what fits.
 * Before the conf is shared. */
void process_fit_descriptors(struct conf *conf);

#endif
