/*
 * proxy/process/gateway.h - the process: keeper, server threads, listeners, signals.
 *
 * The calling thread becomes the keeper: it polls clusters, fetches keys, writes the store and
 * serves the admin listener; the server threads serve requests.
 */
#ifndef SPARKGATE_PROXY_PROCESS_GATEWAY_H
#define SPARKGATE_PROXY_PROCESS_GATEWAY_H

#include "conf/conf.h"

/* Takes conf. Runs until SIGTERM or SIGINT and drains; SIGHUP reloads conf->file. Gives the
 * process's exit code. `joins`: it may share its addresses with gateways on the same store. SIGUSR2
 * starts the program again with `argv` (borrowed), which takes over. */
int gateway_run(struct conf *conf, bool joins, char *const *argv);

#endif
