/*
 * proxy/process/service.h - the process as a service: its manager (systemd) is told when it serves,
 * reads its configuration again and ends, and that its threads' loops turn (base/net/notify.h).
 *
 * The keeper's thread. Without a manager nothing happens.
 */
#ifndef SPARKGATE_PROXY_PROCESS_SERVICE_H
#define SPARKGATE_PROXY_PROCESS_SERVICE_H

#include <stdbool.h>

struct event_base;
struct service;

/* Whether all loops turn. */
typedef bool service_on_look(void *arg);

/* Everything is open. While all loops turn, the manager's watchdog is told so, three times as often
 * as it wants; it ends and starts again a process that is silent (S54). Borrows arg. */
struct service *service_ready(struct event_base *base, service_on_look *look, void *arg);
void service_free(struct service *service);
/* Around a reload, whether it works or not. */
void service_reloads(void);
void service_has_reloaded(void);
void service_stops(void);
/* That process is this service's from now on. */
void service_has_moved(int pid);

#endif
