#include "proxy/web/web_call.h"

#include "base/clock.h"
#include "base/text/params.h"
#include "proxy/guard/client_address.h"
#include "proxy/web/web_row.h"

#include <event2/buffer.h>

enum { KNOWN_MS = 1000 }; /* what is taken away is refused within a second (S37) */

static void write_call_id(uint64_t id, char out[static 17])
{
	for (int i = 0; i < 16; i++)
		out[i] = "0123456789abcdef"[id >> (60 - 4 * i) & 15];
	out[16] = '\0';
}

void web_call_init(struct web_call *call, const struct web_site *site, struct front_request *req,
	const struct conf *conf, uint64_t id)
{
	call->site = site;
	call->req = req;
	call->asked = req;
	call->conf = conf;
	call->listen = site->id == AUTH_SITE_ADMIN ? &conf->admin : &conf->server;
	call->origin = call->listen->origin;
	write_call_id(id, call->id);
}

const char *web_client(struct web_call *call)
{
	if (call->client[0] == '\0')
		client_address_of(call->conf, call->req, call->client);
	return call->client;
}

/* --- what came with it --- */

bool web_is_get(const struct web_call *call)
{
	return str_eq(call->req->method, STR("GET")) || str_eq(call->req->method, STR("HEAD"));
}

static size_t collect_fields(const struct front_request *req, enum field id, struct str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < req->fields_count && n < WEB_COOKIES; i++) {
		if (req->fields[i].kind.id == id)
			out[n++] = req->fields[i].value;
	}
	return n;
}

size_t web_cookies(const struct web_call *call, struct str *out)
{
	return collect_fields(call->req, FIELD_COOKIE, out);
}

struct str web_form(const struct web_call *call)
{
	size_t len = evbuffer_get_length(call->req->body);

	if (web_is_get(call))
		return call->target.query.at ? call->target.query : STR("");
	return (struct str){len ? (const char *)evbuffer_pullup(call->req->body, -1) : "", len};
}

bool web_field(const struct web_call *call, const char *name, char *out, size_t size)
{
	struct sbuf value;
	enum params_found found;
	bool fits = true;

	sbuf_init_secret(&value, size); /* it may be a token */
	found = params_get(web_form(call), name, &value);
	if (found == PARAMS_FOUND)
		fits = str_copy(str_trim(sbuf_str(&value)), out, size);
	else
		out[0] = '\0';
	sbuf_clear(&value);
	return found != PARAMS_BAD && fits;
}

void web_next(const struct web_call *call, struct sbuf *out)
{
	char given[WEB_FIELD_MAX];

	if (!web_field(call, "next", given, sizeof given))
		given[0] = '\0';
	call->site->return_path(call, str_of(given), out);
}

/* --- who asks --- */

bool web_is_signed_in(const struct web_call *call)
{
	return call->who && call->who->via != VIA_BEARER;
}

struct auth_result web_ask_auth(struct web_call *call, bool is_quiet, auth_done *done, void *arg)
{
	struct str authorization[WEB_COOKIES], cookies[WEB_COOKIES];
	struct auth_request req = {.app = call->app_label,
		.authorization = authorization,
		.cookies = cookies,
		.client = str_of(web_client(call)),
		.is_quiet = is_quiet};

	if (call->site->takes_bearer) {
		req.authorization_count =
			collect_fields(call->req, FIELD_AUTHORIZATION, authorization);
		req.query = call->target.query;
	}
	if (call->site->takes_cookies || (call->row && call->row->who == WEB_EITHER))
		req.cookies_count = web_cookies(call, cookies);
	return auth_check(call->auth, &req, done, arg);
}

bool web_is_there(struct web_call *call)
{
	if (call->req == NULL)
		call->site->on_end(call, FAULT_CLIENT_LEFT);
	else
		return true;
	return false;
}

static void web_on_auth(void *arg, struct auth_result result)
{
	struct web_call *call = arg;

	identity_unref(call->who);
	call->who = result.who;
	call->known_ms = clock_mono_ms();
	call->auth_status = result.status;
	call->auth_reason = result.reason;
	if (web_is_there(call))
		call->then(call);
}

static void ask_who(struct web_call *call, bool is_quiet, enum web_wait what,
	void (*then)(struct web_call *call))
{
	call->then = then;
	call->site->on_wait(call, what);
	struct auth_result result = web_ask_auth(call, is_quiet, web_on_auth, call);
	if (result.status != AUTH_LATER)
		web_on_auth(call, result);
}

void web_identify(struct web_call *call, void (*then)(struct web_call *call))
{
	ask_who(call, false, WEB_WAIT_AUTH, then);
}

void web_still_known(struct web_call *call, void (*known)(struct web_call *call),
	void (*again)(struct web_call *call))
{
	if (call->who && clock_mono_ms() - call->known_ms >= KNOWN_MS)
		ask_who(call, true, WEB_WAIT_AGAIN, again);
	else
		known(call);
}

/* --- what goes on --- */

void web_wait_for(struct web_call *call, const struct web_work *work, void *arg)
{
	call->work = work;
	call->work_arg = arg;
	call->site->on_wait(call, WEB_WAIT_WORK);
}

void web_end_work(struct web_call *call)
{
	const struct web_work *work = call->work;

	call->work = NULL;
	if (work)
		work->free(call->work_arg);
}
