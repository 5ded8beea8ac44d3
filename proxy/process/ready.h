/*
 * proxy/process/ready.h - `sparkgate --ready`: is the gateway of this configuration, which runs on
 * this machine, ready? What a container's health check asks, with no other program in the image.
 */
#ifndef SPARKGATE_PROXY_PROCESS_READY_H
#define SPARKGATE_PROXY_PROCESS_READY_H

#include "conf/conf.h"

/* Asks /ready of the admin listener and waits for an answer, three seconds at most. 0: it is
 * ready; -1 and the reason when it is not, or does not answer. */
MUST_CHECK int ready_ask(const struct conf *conf, struct err *err);

#endif
