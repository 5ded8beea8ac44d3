#include "auth/auth_int.h"

#include "auth/app_pass.h"
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

	if (app_entry_read(browser, digest) &&
		auth_session_named(auth, rules, cookies, count, &id, key))
		code = app_code_new(rules->ring, label, id, digest, path, clock_wall_s());
	share_drop(hold);
	return code;
}

bool auth_app_named(
	const struct auth_rules *rules, const struct auth_request *req, struct question *question)
{
	char id[SESSION_ID_LEN + 1];

	if (!app_cookie_read(rules->ring, &rules->conf->server.public_url, req->app, req->cookies,
		    req->cookies_count, id))
		return false;
	memcpy(question->app_id, id, sizeof id);
	OPENSSL_cleanse(id, sizeof id);
	question->id = str_of(question->app_id);
	return session_key(question->id, question->key) == 0;
}

/* --- a code is changed for a cookie --- */

static void redeem(struct job *job)
{
	struct auth_service *service = job->service;
	struct store *store = service->store;

	switch (auth_service_count(service,
		store->ops->once(store, job->key, clock_wall_s() + 2 * APP_CODE_SECONDS))) {
	case STORE_FAILED:
		auth_job_say(job, AUTH_UNAVAILABLE, "the store does not answer");
		break;
	case STORE_FOUND:
		auth_job_say(job, AUTH_INVALID_TOKEN, "the code has been used");
		break;
	case STORE_NONE:
		auth_job_say(job, AUTH_OK, "");
		break;
	}
	auth_job_return(job);
}

static void on_redeemed(struct call *call, struct job *job)
{
	struct auth_result result = {job->status, NULL, ""};
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(call->auth, &hold);

	result.reason = auth_keep_reason(call->auth, job->reason, "refused");
	if (result.status == AUTH_OK)
		call->signing.set_cookie =
			app_cookie_new(rules->ring, &rules->conf->server.public_url,
				str_of(call->app_label), call->question.id);
	share_drop(hold);
	auth_call_answer(call, result);
}

/* The session is judged. With its cookie the browser has been here before, by this very code, too:
 * there is nothing to redeem. Else it must be the browser that asked: somebody else's code would
 * sign a person in as somebody else (S50). Takes result.who. */
static void enter(struct call *call, struct auth_result result)
{
	struct job *job;

	identity_unref(result.who);
	result.who = NULL;
	if (result.status != AUTH_OK || call->has_app_cookie) {
		auth_call_answer_later(call, result);
	} else if (!call->is_app_browser) {
		auth_call_answer_later(call,
			auth_refused(AUTH_INVALID_TOKEN, "the code was made for another browser"));
	} else if (clock_wall_s() >= call->app_code_ends_at) {
		auth_call_answer_later(
			call, auth_refused(AUTH_INVALID_TOKEN, "the code is too old"));
	} else {
		job = auth_job_new(call);
		memcpy(job->key, call->app_once, DIGEST_LEN);
		job->work = redeem;
		job->done = on_redeemed;
		auth_job_send(job);
	}
}

/* Takes what `code` holds. */
static void begin(struct call *call, const struct auth_rules *rules, struct app_code *code,
	const struct str *cookies, size_t count)
{
	struct question question = {.id = str_of(code->session)};
	char known[SESSION_ID_LEN + 1];

	call->has_app_cookie = app_cookie_read(rules->ring, &rules->conf->server.public_url,
				       str_of(call->app_label), cookies, count, known) &&
			       CRYPTO_memcmp(known, code->session, SESSION_ID_LEN) == 0;
	OPENSSL_cleanse(known, sizeof known);
	call->is_app_browser =
		app_entry_is(&rules->conf->server.public_url, cookies, count, code->browser);
	memcpy(call->app_once, code->once, DIGEST_LEN);
	call->app_code_ends_at = code->ends_at;
	call->signing.return_path = code->path;
	code->path = NULL;
	if (session_key(question.id, question.key) == -1) {
		auth_call_answer_later(call, auth_refused(AUTH_ABSENT, "no session"));
		return;
	}
	auth_call_keep(call, &question);
	call->judged = enter;
	struct auth_result result = auth_call_run(call);
	if (result.status != AUTH_LATER)
		enter(call, result);
}

void auth_app_enter(struct auth *auth, struct str label, struct str code, const struct str *cookies,
	size_t count, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct call *call = auth_call_new(auth, arg);
	struct app_code read;

	call->on_sign_in = done;
	if (!str_copy(label, call->app_label, sizeof call->app_label) ||
		app_code_read(rules->ring, label, code, &read) == -1) {
		auth_call_answer_later(
			call, auth_refused(AUTH_INVALID_TOKEN, "this is no code for this host"));
	} else {
		begin(call, rules, &read, cookies, count);
		app_code_clear(&read);
	}
	share_drop(hold);
}
