#include "proxy/request/exchange.h"

#include "base/block.h"
#include "base/clock.h"
#include "proxy/guard/ext_auth.h"
#include "proxy/request/access_log.h"
#include "proxy/request/exchange_audit.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdlib.h>

enum { CREDENTIAL_FIELDS = EXCHANGE_COOKIES };

void exchange_move(struct exchange *x, enum exchange_state state)
{
	/* Forward only; each later state may be entered from any earlier one but DONE. */
	assert(x->state < state && x->state != EXCHANGE_DONE);
	x->state = state;
}

static void write_id(uint64_t id, char out[static 17])
{
	char digits[STR_U64];
	struct str hex = str_of_u64(id, 16, digits);

	memset(out, '0', 16);
	memcpy(out + 16 - hex.len, hex.at, hex.len);
	out[16] = '\0';
}

struct exchange *exchange_new(
	struct server_thread *thread, struct front_request *req, void (*forget)(struct exchange *x))
{
	struct exchange *x = block_alloc(sizeof *x);

	x->thread = thread;
	x->req = req;
	x->asked = req;
	x->began_us = clock_mono_us();
	write_id(thread->next_id++, x->id);
	x->registry_hold = share_get(thread->registry);
	x->conf_hold = share_get(thread->conf);
	x->registry = x->registry_hold ? x->registry_hold->value : NULL;
	x->conf = x->conf_hold->value;
	x->origin = x->conf->server.origin;
	thread->exchanges++;
	x->forget = forget;
	return x;
}

static void exchange_free(struct exchange *x)
{
	x->forget(x);
	identity_unref(x->who);
	if (x->gathered)
		evbuffer_free(x->gathered);
	share_drop(x->registry_hold);
	share_drop(x->conf_hold);
	ext_auth_free(x->ext);
	access_log_forget(x);
	exchange_audit_free(x);
	free(x->home);
	block_free(x);
}

void exchange_finish(struct exchange *x, enum fault fault)
{
	exchange_move(x, EXCHANGE_DONE);
	x->fault = fault;
	access_log_write(x);
	x->thread->exchanges--;
	exchange_free(x);
}

bool exchange_leave(struct exchange *x)
{
	access_log_keep(x); /* the request's bytes are about to go */
	x->req = NULL;
	x->left = true;
	return x->state != EXCHANGE_AUTHENTICATING && x->state != EXCHANGE_SIGNING;
}

static void exchange_on_auth(void *arg, struct auth_result result)
{
	struct exchange *x = arg;

	x->who = result.who;
	x->auth_reason = result.reason;
	if (x->left)
		exchange_finish(x, FAULT_CLIENT_LEFT);
	else
		x->on_who(x, result.status);
}

static size_t collect_fields(const struct front_request *req, enum field id, struct str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < req->fields_count && n < CREDENTIAL_FIELDS; i++) {
		if (req->fields[i].kind.id == id)
			out[n++] = req->fields[i].value;
	}
	return n;
}

size_t exchange_cookies(const struct exchange *x, struct str *out)
{
	return collect_fields(x->req, FIELD_COOKIE, out);
}

struct auth_result exchange_ask_auth(struct exchange *x, bool is_quiet, auth_done *done, void *arg)
{
	struct str authorization[CREDENTIAL_FIELDS], cookies[CREDENTIAL_FIELDS];
	struct auth_request req = {.app = x->app_label,
		.authorization = authorization,
		.cookies = cookies,
		.query = x->target.query,
		.client = str_of(access_log_client(x)),
		.is_quiet = is_quiet};

	req.authorization_count = collect_fields(x->req, FIELD_AUTHORIZATION, authorization);
	req.cookies_count = collect_fields(x->req, FIELD_COOKIE, cookies);
	return auth_check(x->thread->auth, &req, done, arg);
}

void exchange_identify(
	struct exchange *x, void (*then)(struct exchange *x, enum auth_status status))
{
	x->on_who = then;
	exchange_move(x, EXCHANGE_AUTHENTICATING);
	struct auth_result result = exchange_ask_auth(x, false, exchange_on_auth, x);
	if (result.status != AUTH_LATER)
		exchange_on_auth(x, result);
}

static void take_newest(struct share_hold **hold, struct share_reader *reader)
{
	struct share_hold *newest = share_get(reader);

	share_drop(*hold);
	*hold = newest;
}

bool exchange_follow(struct exchange *x)
{
	take_newest(&x->registry_hold, x->thread->registry);
	take_newest(&x->conf_hold, x->thread->conf);
	x->registry = x->registry_hold->value;
	x->conf = x->conf_hold->value;
	x->origin = x->conf->server.origin;
	x->route = route_match(x->registry, x->conf->server.base, x->target.path);
	return x->route.kind == ROUTE_MOUNT && x->route.mount->kind == UI_OTHER;
}
