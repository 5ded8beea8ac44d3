/*
 * proxy/process/gateway_int.h - what the files of the gateway share: gateway.c (how it starts,
 * serves and stops) and gateway_leave.c (how it lets its clients go). The keeper's thread.
 */
#ifndef SPARKGATE_PROXY_PROCESS_GATEWAY_INT_H
#define SPARKGATE_PROXY_PROCESS_GATEWAY_INT_H

#include "auth/store/store_id.h"
#include "base/budget.h"
#include "proxy/front/redirect.h"
#include "proxy/sockets/handover.h"
#include "proxy/process/keeper_tasks.h"
#include "proxy/sockets/listeners.h"
#include "proxy/request/thread_shared.h"

enum { GATEWAY_SIGNALS = 4 };

struct gateway {
	struct conf *conf;
	struct event_base *base;
	struct inbox *inbox;
	struct event *inbox_event, *signals[GATEWAY_SIGNALS], *unready, *drain_tick, *tls_tick;
	struct front_tls *tls, *admin_tls; /* NULL: the listener speaks http */
	int64_t tls_told_s;		   /* that its certificate ends soon; 0: not yet */
	struct fetcher *fetcher;
	struct auth_service *auth;
	struct launcher *launcher;
	struct discovery *discovery;
	struct share_slot *registry, *conf_slot;
	struct budget memory, strangers;
	struct thread_shared shared;
	struct server_thread **threads;
	struct keeper_tasks tasks;
	char *const *argv;
	struct inherited inherited;
	struct handover *handover; /* another process starts, or has taken over; NULL: none */
	bool is_handed_over;
	int64_t settling_since; /* until what is named was asked once nobody is served; 0: past */
	struct listeners listeners;
	char store_id[STORE_ID_TEXT];
	struct crowd *crowd;
	struct redirect *redirect, *admin_redirect; /* NULL: none */
	struct admin *admin;
	struct service *service;
	int64_t draining_since;
};

/* Takes nothing new and finishes what is under way; asked again, at once. */
void gateway_drain(struct gateway *gw);
/* SIGUSR2: starts a process that takes over, after which this one drains. */
void gateway_hand_over(struct gateway *gw);

#endif
