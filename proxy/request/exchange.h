/*
 * proxy/request/exchange.h - one request from its head to the end of its answer.
 *
 * guard -> route -> who -> may they -> upstream -> relay -> finish, top to bottom in exchange.c; a
 * state moved by one function, an end with one reason. Everything of a request lives in its
 * exchange.
 */
#ifndef SPARKGATE_PROXY_REQUEST_EXCHANGE_H
#define SPARKGATE_PROXY_REQUEST_EXCHANGE_H

#include "proxy/front/front.h"

struct server_thread;

/* Front's on_request: `arg` is the server thread. */
void exchange_begin(void *arg, struct front_request *req);
/* Front's on_refused: counts and logs a stream the reader ended. */
void exchange_refused(void *arg, const char *peer, enum fault fault);

#endif
