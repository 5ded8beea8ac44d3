/* A session taken along to the host name of one application (app_origins). */
#include "auth/service/auth_keeper.h"
#include "auth/service/auth_pending.h"
#include "auth/session/app_pass.h"
#include "base/clock.h"

#include <openssl/crypto.h>

char *auth_app_code(struct auth *auth, const struct str *cookies, size_t count, struct str label,
	struct str browser, struct str path)
{
	unsigned char digest[DIGEST_LEN];
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	unsigned char key[DIGEST_LEN];
	struct str id;
	char *code = NULL;

	if (app_pass_entry_read(browser, digest) &&
		auth_session_named(auth, rules, cookies, count, &id, key))
		code = app_pass_code_new(rules->ring, label, id, digest, path, clock_wall_s());
	share_drop(hold);
	return code;
}

/* --- a code is changed for a cookie --- */

struct enter_pending {
	struct sign_in_pending base; /* first */
	char label[64];		     /* of the host that is entered */
	bool has_cookie, is_browser; /* of the session already; that asked for the code */
	unsigned char once[DIGEST_LEN];
	int64_t code_ends_at;
};

struct redeem_request {
	struct keeper_request base; /* first */
	unsigned char once[DIGEST_LEN];
};

static void redeem_on_keeper(struct keeper_request *request)
{
	const struct redeem_request *own = (struct redeem_request *)request;
	struct store *store = request->service->store;

	switch (service_count(request->service,
		store->ops->once(store, own->once, clock_wall_s() + 2 * APP_CODE_SECONDS))) {
	case STORE_FAILED:
		auth_keeper_answer(request, AUTH_UNAVAILABLE, "the store does not answer");
		break;
	case STORE_FOUND:
		auth_keeper_answer(request, AUTH_INVALID_TOKEN, "the code has been used");
		break;
	case STORE_NONE:
		auth_keeper_answer(request, AUTH_OK, "");
		break;
	}
}

static void on_redeemed(struct auth_pending *pending, struct keeper_request *request)
{
	struct enter_pending *own = (struct enter_pending *)pending;
	struct auth_result result = {request->status, NULL, ""};
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);

	result.reason = auth_pending_reason(pending->auth, request->reason, "refused");
	if (result.status == AUTH_OK)
		own->base.result.set_cookie = app_pass_cookie_new(rules->ring,
			&rules->conf->server.public_url, str_of(own->label), pending->question.id);
	share_drop(hold);
	auth_pending_answer(pending, result);
}

static void redeem_code(struct enter_pending *pending)
{
	struct keeper_request *request =
		auth_keeper_new(&pending->base.base, sizeof(struct redeem_request));

	memcpy(((struct redeem_request *)request)->once, pending->once, DIGEST_LEN);
	request->work = redeem_on_keeper;
	request->done = on_redeemed;
	auth_keeper_send(request);
}

/* The session is judged. With its cookie the browser has been here before, by this very code, too:
 * there is nothing to redeem. Else it must be the browser that asked: somebody else's code would
 * sign a person in as somebody else (S50). Takes result.who. */
static void enter_host(struct auth_pending *pending, struct auth_result result)
{
	struct enter_pending *own = (struct enter_pending *)pending;

	identity_unref(result.who);
	result.who = NULL;
	if (result.status != AUTH_OK || own->has_cookie)
		auth_pending_answer_later(pending, result);
	else if (!own->is_browser)
		auth_pending_answer_later(pending,
			auth_refused(AUTH_INVALID_TOKEN, "the code was made for another browser"));
	else if (clock_wall_s() >= own->code_ends_at)
		auth_pending_answer_later(
			pending, auth_refused(AUTH_INVALID_TOKEN, "the code is too old"));
	else
		redeem_code(own);
}

static bool has_cookie_of(const struct enter_pending *own, const struct auth_rules *rules,
	const struct app_pass_code *code, const struct str *cookies, size_t count)
{
	char known[COOKIES_TRIED][SESSION_ID_LEN + 1];
	bool is_among = false;

	size_t n = app_pass_cookie_read(rules->ring, &rules->conf->server.public_url,
		str_of(own->label), cookies, count, known);
	for (size_t i = 0; i < n; i++)
		is_among |= CRYPTO_memcmp(known[i], code->session, SESSION_ID_LEN) == 0;
	OPENSSL_cleanse(known, sizeof known);
	return is_among;
}

/* Takes what `code` holds. */
static void take_code(struct enter_pending *own, const struct auth_rules *rules,
	struct app_pass_code *code, const struct str *cookies, size_t count)
{
	const struct url *public_url = &rules->conf->server.public_url;
	struct auth_pending *pending = &own->base.base;
	struct question question = {.named = {.at = {str_of(code->session)}, .count = 1}};

	own->has_cookie = has_cookie_of(own, rules, code, cookies, count);
	own->is_browser = app_pass_entry_is(public_url, cookies, count, code->browser);
	memcpy(own->once, code->once, DIGEST_LEN);
	own->code_ends_at = code->ends_at;
	own->base.result.return_path = code->path;
	code->path = NULL;
	if (!auth_session_next(pending->auth, &question)) {
		auth_pending_answer_later(pending, auth_refused(AUTH_ABSENT, "no session"));
		return;
	}
	auth_pending_keep(pending, &question);
	pending->judged = enter_host;
	struct auth_result result = auth_pending_run(pending);
	if (result.status != AUTH_LATER)
		enter_host(pending, result);
}

void auth_app_enter(struct auth *auth, struct str label, struct str code, const struct str *cookies,
	size_t count, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct enter_pending *own =
		(struct enter_pending *)auth_pending_sign_in(auth, sizeof *own, done, arg);
	struct app_pass_code read;

	if (!str_copy(label, own->label, sizeof own->label) ||
		app_pass_code_read(rules->ring, label, code, &read) == -1) {
		auth_pending_answer_later(&own->base.base,
			auth_refused(AUTH_INVALID_TOKEN, "this is no code for this host"));
	} else {
		take_code(own, rules, &read, cookies, count);
		app_pass_code_clear(&read);
	}
	share_drop(hold);
}
