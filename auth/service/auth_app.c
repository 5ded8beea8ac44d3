/* A session taken along to the host name of one application (app_origins). */
#include "auth/service/auth_int.h"

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

bool auth_app_named(
	const struct auth_rules *rules, const struct auth_request *req, struct question *question)
{
	char id[SESSION_ID_LEN + 1];

	if (!app_pass_cookie_read(rules->ring, &rules->conf->server.public_url, req->app,
		    req->cookies, req->cookies_count, id))
		return false;
	memcpy(question->app_id, id, sizeof id);
	OPENSSL_cleanse(id, sizeof id);
	question->id = str_of(question->app_id);
	return session_key(question->id, question->key) == 0;
}

/* --- a code is changed for a cookie --- */

static void redeem(struct keeper_request *request)
{
	struct auth_service *service = request->service;
	struct store *store = service->store;

	switch (auth_service_count(service,
		store->ops->once(store, request->key, clock_wall_s() + 2 * APP_CODE_SECONDS))) {
	case STORE_FAILED:
		auth_keeper_say(request, AUTH_UNAVAILABLE, "the store does not answer");
		break;
	case STORE_FOUND:
		auth_keeper_say(request, AUTH_INVALID_TOKEN, "the code has been used");
		break;
	case STORE_NONE:
		auth_keeper_say(request, AUTH_OK, "");
		break;
	}
	auth_keeper_return(request);
}

static void on_redeemed(struct auth_pending *pending, struct keeper_request *request)
{
	struct auth_result result = {request->status, NULL, ""};
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);

	result.reason = auth_keep_reason(pending->auth, request->reason, "refused");
	if (result.status == AUTH_OK)
		pending->signing.set_cookie =
			app_pass_cookie_new(rules->ring, &rules->conf->server.public_url,
				str_of(pending->app_label), pending->question.id);
	share_drop(hold);
	auth_pending_answer(pending, result);
}

/* The session is judged. With its cookie the browser has been here before, by this very code, too:
 * there is nothing to redeem. Else it must be the browser that asked: somebody else's code would
 * sign a person in as somebody else (S50). Takes result.who. */
static void enter(struct auth_pending *pending, struct auth_result result)
{
	struct keeper_request *request;

	identity_unref(result.who);
	result.who = NULL;
	if (result.status != AUTH_OK || pending->has_app_cookie) {
		auth_pending_answer_later(pending, result);
	} else if (!pending->is_app_browser) {
		auth_pending_answer_later(pending,
			auth_refused(AUTH_INVALID_TOKEN, "the code was made for another browser"));
	} else if (clock_wall_s() >= pending->app_code_ends_at) {
		auth_pending_answer_later(
			pending, auth_refused(AUTH_INVALID_TOKEN, "the code is too old"));
	} else {
		request = auth_keeper_new(pending);
		memcpy(request->key, pending->app_once, DIGEST_LEN);
		request->work = redeem;
		request->done = on_redeemed;
		auth_keeper_send(request);
	}
}

/* Takes what `code` holds. */
static void begin(struct auth_pending *pending, const struct auth_rules *rules,
	struct app_pass_code *code, const struct str *cookies, size_t count)
{
	struct question question = {.id = str_of(code->session)};
	char known[SESSION_ID_LEN + 1];

	pending->has_app_cookie = app_pass_cookie_read(rules->ring, &rules->conf->server.public_url,
					  str_of(pending->app_label), cookies, count, known) &&
				  CRYPTO_memcmp(known, code->session, SESSION_ID_LEN) == 0;
	OPENSSL_cleanse(known, sizeof known);
	pending->is_app_browser =
		app_pass_entry_is(&rules->conf->server.public_url, cookies, count, code->browser);
	memcpy(pending->app_once, code->once, DIGEST_LEN);
	pending->app_code_ends_at = code->ends_at;
	pending->signing.return_path = code->path;
	code->path = NULL;
	if (session_key(question.id, question.key) == -1) {
		auth_pending_answer_later(pending, auth_refused(AUTH_ABSENT, "no session"));
		return;
	}
	auth_pending_keep(pending, &question);
	pending->judged = enter;
	struct auth_result result = auth_pending_run(pending);
	if (result.status != AUTH_LATER)
		enter(pending, result);
}

void auth_app_enter(struct auth *auth, struct str label, struct str code, const struct str *cookies,
	size_t count, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct auth_pending *pending = auth_pending_new(auth, arg);
	struct app_pass_code read;

	pending->on_sign_in = done;
	if (!str_copy(label, pending->app_label, sizeof pending->app_label) ||
		app_pass_code_read(rules->ring, label, code, &read) == -1) {
		auth_pending_answer_later(
			pending, auth_refused(AUTH_INVALID_TOKEN, "this is no code for this host"));
	} else {
		begin(pending, rules, &read, cookies, count);
		app_pass_code_clear(&read);
	}
	share_drop(hold);
}
