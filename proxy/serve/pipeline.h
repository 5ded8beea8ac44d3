/*
 * proxy/serve/pipeline.h - the way of a request: guarded, routed, identified, decided, served.
 *
 * Top to bottom in pipeline.c, which alone knows all of those steps.
 */
#ifndef SPARKGATE_PROXY_SERVE_PIPELINE_H
#define SPARKGATE_PROXY_SERVE_PIPELINE_H

#include "proxy/front/front.h"

/* Front's on_request: `arg` is the server thread. */
void pipeline_begin(void *arg, struct front_request *req);
/* Front's on_refused: counts and logs a stream the reader ended. */
void pipeline_refused(void *arg, const char *peer, enum fault fault);

#endif
