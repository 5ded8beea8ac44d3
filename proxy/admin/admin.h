/*
 * proxy/admin/admin.h - the admin listener: /ping, /ready, /metrics, the API of tokens and their
 * pages, on its own origin (S0, S12).
 *
 * Runs on the keeper's loop through the same front as everything else.
 */
#ifndef SPARKGATE_PROXY_ADMIN_ADMIN_H
#define SPARKGATE_PROXY_ADMIN_ADMIN_H

#include "base/inbox.h"
#include "conf/conf.h"
#include "proxy/serve/server_thread.h"

struct front_tls;
struct admin;
struct auth_service;
struct discovery;
struct event_base;

/* `listen_fd` is taken, `port` its own; `shared` and `threads` are borrowed; `inbox` is the
 * keeper's. */
struct admin *admin_new(struct event_base *keeper, struct inbox *inbox, int listen_fd,
	unsigned port, const struct thread_shared *shared, const struct conf *conf,
	struct auth_service *service, struct server_thread *const *threads, size_t count);
void admin_free(struct admin *admin);
/* What /ready describes; borrowed, and NULL before it ends. */
void admin_set_discovery(struct admin *admin, const struct discovery *discovery);
void admin_set_conf(struct admin *admin, const struct conf *conf); /* reload */
/* A server thread's loop stands still: /ping fails. The keeper's thread. */
bool admin_sees_stalled(const struct admin *admin);
/* As front_use_tls(). */
void admin_use_tls(struct admin *admin, struct front_tls *tls, int64_t hsts_s);
/* /ready says no from now on: the gateway is draining. */
void admin_drain(struct admin *admin);
/* Its listener is another process's, or the next one's: as front_drain(). Does not change what
 * /ready says. Asked again, does nothing. */
void admin_leave(struct admin *admin, int64_t idle_ms);
bool admin_has_connections(const struct admin *admin);

#endif
