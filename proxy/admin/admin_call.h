/*
 * proxy/admin/admin_call.h - one request to the admin listener: a web call (proxy/web/), with what
 * its three sites keep beside.
 *
 *   admin_call.c    its life: when its client leaves, when it is answered
 *   admin_probe.c   /ping, /ready, /metrics, for anybody
 *   api.c           /api/v1/..., for bearer tokens; api_tokens.c, api_sessions.c, api_audit.c and
 *                   api_describe.c serve it
 *   admin_pages.c   pages, for who has signed in here; admin_tokens.c, admin_sessions.c and
 *                   admin_audit.c serve them
 */
#ifndef SPARKGATE_PROXY_ADMIN_ADMIN_CALL_H
#define SPARKGATE_PROXY_ADMIN_ADMIN_CALL_H

#include "auth/token/token_manager.h"
#include "base/share.h"
#include "proxy/launch/api/launch_api.h"
#include "proxy/request/metrics.h"
#include "proxy/request/thread_shared.h"
#include "proxy/web/web_serve.h"

#include <jansson.h>

struct admin {
	struct event_base *base;
	struct inbox *inbox; /* the keeper's */
	struct launch_question_list questions;
	struct front *front;
	struct auth_service *service;
	struct auth *auth;
	struct metrics *metrics; /* of signing in here */
	const struct thread_shared *shared;
	unsigned port; /* really listened on */
	uint64_t next_id;
	const struct discovery *discovery;
	struct server_thread *const *threads;
	size_t count;
	struct pulse *pulse; /* of the server threads */
	struct crowd *crowd;
	struct artifact_bench *bench;
	bool draining;
};

struct admin_call {
	struct web_call web; /* first: admin_call_of() */
	struct admin *admin;
	struct conf *conf;		  /* a reference: as it was when the request came */
	char form_token[AUTH_FORM_TOKEN]; /* of the session's pages; or "" */
	struct share_reader *reader;	  /* of the registry; NULL: nothing was asked of it */
	struct share_hold *registry;
	json_t *body; /* an object; NULL: none is taken */
	bool waits;   /* for content */
};

struct admin_call *admin_call_new(
	struct admin *admin, struct front_request *req, const struct web_site *site);
struct admin_call *admin_call_of(struct web_call *call);
/* What a site of this listener does with a call unless it has more to do. */
void admin_add_no_fields(const struct web_call *call, bool is_page, struct sbuf *out);
struct launch_home admin_launches(struct web_call *call);
/* Held no longer than the call: an old one is large. */
const struct registry *admin_registry(struct web_call *call);
void admin_on_wait(struct web_call *call, enum web_wait what);
void admin_on_answer(struct web_call *call, int status, size_t len);
void admin_on_end(struct web_call *call, enum fault fault);

/* What knows who may do what with a token; borrows. */
const struct token_desk *admin_token_rules(struct web_call *call);
/* What the answers of the token manager are on a page and in the API. */
enum fault admin_fault_of(enum token_outcome outcome);
/* Refuses by it; `reason` may be NULL or "". */
void admin_refuse(struct web_call *call, enum token_outcome outcome, const char *reason);

/* Whether they have this right somewhere. False: refused, and answered. */
MUST_CHECK bool admin_has_right(struct web_call *call, enum action action);

/* The three sites. */
extern const struct web_site admin_probe_site, admin_api_site, admin_pages_site;
bool admin_api_is_path(struct str target); /* below /api/ */
bool admin_probe_is_path(struct str target);
/* S0, S5: only what a browser holds for this origin; a name that somebody rebinds to our address is
 * none of it. */
MUST_CHECK enum fault admin_check_origin(struct admin_call *call);
/* Guards the request, then serves it as web_serve() does. */
void admin_pages_serve(struct admin_call *call);

#endif
