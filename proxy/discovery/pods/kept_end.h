/*
 * proxy/discovery/pods/kept_end.h - what was kept of a pod that has ended, on its way to who asked.
 * Owns its texts.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_KEPT_END_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_KEPT_END_H

#include "proxy/discovery/shelf/log_shelf.h"

struct kept_end { /* all NULL: nothing was kept */
	char *uid;
	char *pod; /* JSON, as kube_status_cut() made it */
	char *log; /* NULL: there is none */
	size_t log_len;
	char *problem; /* why there is no log, or not the end of it; "" */
};

/* Takes the texts of `record`, which is clear afterwards. */
void kept_end_take(struct kept_end *kept, struct shelf_record *record);
void kept_end_clear(struct kept_end *kept);

#endif
