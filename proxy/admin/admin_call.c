#include "proxy/admin/admin_call.h"

#include "auth/policy/access.h"
#include "auth/token/audit.h"
#include "proxy/web/web_fault.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct admin_call *admin_call_of(struct web_call *call)
{
	static_assert(
		offsetof(struct admin_call, web) == 0, "a web_call's own call is where it is");
	return (struct admin_call *)call;
}

/* --- its client --- */

static void admin_on_closed(void *arg)
{
	struct admin_call *call = arg;

	call->web.req = NULL; /* who it was comes later, and frees the call */
	if (call->waits)
		admin_on_end(&call->web, FAULT_CLIENT_LEFT);
}

static void admin_on_held(void *arg)
{
	struct admin_call *call = arg;

	call->waits = false;
	call->web.then(&call->web);
}

static void admin_on_piece(void *arg, struct evbuffer *bytes, bool is_last)
{
	struct admin_call *call = arg;

	call->web.work->on_piece(call->web.work_arg, bytes, is_last);
}

static void admin_on_content_fault(void *arg, enum fault fault)
{
	struct admin_call *call = arg;

	call->waits = false;
	if (call->web.work)
		call->web.work->on_content_fault(call->web.work_arg, fault);
	else
		web_fault(&call->web, fault, NULL);
}

struct admin_call *admin_call_new(
	struct admin *admin, struct front_request *req, const struct web_site *site)
{
	static const struct front_handler handler = {.on_closed = admin_on_closed,
		.on_held = admin_on_held,
		.on_piece = admin_on_piece,
		.on_content_fault = admin_on_content_fault};
	struct admin_call *call = mem_alloc(1, sizeof *call);

	call->admin = admin;
	call->conf = conf_share(auth_service_conf(admin->service));
	web_call_init(&call->web, site, req, call->conf, admin->next_id++);
	call->web.auth = admin->auth;
	call->web.memory = admin->shared->memory;
	call->web.strangers = admin->shared->strangers;
	call->web.bench = admin->bench;
	front_set_handler(req, &handler, call);
	return call;
}

/* --- its site --- */

void admin_add_no_fields(const struct web_call *call, bool is_page, struct sbuf *out)
{
	(void)call, (void)is_page, (void)out;
}

const struct registry *admin_registry(struct web_call *web)
{
	struct admin_call *call = admin_call_of(web);

	if (call->reader == NULL) {
		call->reader = share_reader_new(call->admin->shared->registry);
		call->registry = share_get(call->reader);
	}
	return call->registry ? call->registry->value : NULL;
}

struct launch_home admin_launches(struct web_call *web)
{
	struct admin *admin = admin_call_of(web)->admin;

	return (struct launch_home){admin->base, admin->inbox, &admin->questions,
		admin->shared->ask_launches, admin->shared->suspect_arg};
}

void admin_on_wait(struct web_call *call, enum web_wait what)
{
	admin_call_of(call)->waits = what == WEB_WAIT_CONTENT || what == WEB_WAIT_WORK;
}

void admin_on_answer(struct web_call *call, int status, size_t len)
{
	(void)call, (void)status, (void)len;
}

void admin_on_end(struct web_call *web, enum fault fault)
{
	struct admin_call *call = admin_call_of(web);

	audit_come_from(NULL, NULL); /* it borrows from the call */
	(void)fault;
	web_end_work(web);
	identity_unref(web->who);
	json_decref(call->body);
	share_drop(call->registry);
	share_reader_free(call->reader);
	conf_unref(call->conf);
	explicit_bzero(call, sizeof *call);
	free(call);
}

/* --- the token manager --- */

const struct token_desk *admin_token_rules(struct web_call *call)
{
	const struct token_desk *desk = auth_service_tokens(admin_call_of(call)->admin->service);

	audit_come_from(web_client(call), call->id); /* until the next one asks for them */
	return desk;
}

enum fault admin_fault_of(enum token_outcome outcome)
{
	static const enum fault faults[] = {[TOKEN_DONE] = FAULT_NONE,
		[TOKEN_INVALID] = FAULT_BAD_REQUEST,
		[TOKEN_FORBIDDEN] = FAULT_FORBIDDEN,
		[TOKEN_UNKNOWN] = FAULT_NOT_FOUND,
		[TOKEN_CONFLICT] = FAULT_CONFLICT,
		[TOKEN_UNAVAILABLE] = FAULT_STORE_DOWN};

	return faults[outcome];
}

void admin_refuse(struct web_call *call, enum token_outcome outcome, const char *reason)
{
	if (outcome == TOKEN_UNKNOWN)
		reason = "There is no such token.";
	else if (reason && reason[0] == '\0')
		reason = NULL;
	web_fault(call, admin_fault_of(outcome), reason);
}

/* --- rights --- */

bool admin_has_right(struct web_call *call, enum action action)
{
	char why[96];

	if (access_anywhere(call->who) & 1u << action)
		return true;
	snprintf(why, sizeof why, "this needs the right \"%s\"; a limited token names it, too",
		action_name(action));
	web_fault(call, FAULT_FORBIDDEN, why);
	return false;
}
