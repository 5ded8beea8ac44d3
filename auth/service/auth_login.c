/* A session opened by the OpenID provider: the way there, and the code that comes back. */
#include "auth/service/auth_int.h"

#include "auth/oidc/callback.h"
#include "auth/oidc/oidc_url.h"
#include "auth/token/token_follow.h"
#include "base/clock.h"
#include "base/log/log.h"

#include <stdlib.h>

enum { STATE_SECONDS = 600 };

struct auth_login auth_login_begin(
	struct auth *auth, const struct str *cookies, size_t count, struct str return_path)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct auth_login result = {
		.status = AUTH_UNAVAILABLE, .reason = "the identity provider does not answer"};

	if (rules->provider) {
		struct login_cookie_start start = login_cookie_begin(rules->ring, rules->conf,
			auth->site, rules->provider, cookies, count, return_path, clock_wall_s());
		result = (struct auth_login){AUTH_OK, start.location, start.set_cookie, ""};
	}
	share_drop(hold);
	return result;
}

/* --- the provider has sent the browser back: the keeper's half --- */

static void log_sign_in(const struct oidc_grant *grant, const char *outcome)
{
	const struct log_field fields[] = {{"user", grant->subject, false},
		{"decision", str_of(outcome), false}, {"reason", str_of(grant->reason), false}};

	log_fields(LOG_INFO, "sign_in", "single sign-on", fields, ARRAY_LEN(fields));
}

/* The texts of session_data are only read. */
static char *text_of(struct str text)
{
	return mem_strndup(text.at ? text.at : "", text.len);
}

static int prepare(struct keeper_request *request, const struct oidc_grant *grant)
{
	struct auth_service *service = request->service;
	struct session_data data = {.issuer = mem_strdup(service->conf->oidc.issuer),
		.subject = text_of(grant->subject),
		.name = text_of(grant->name.len ? grant->name : grant->subject),
		.role = grant->role,
		.scope = text_of(grant->scope),
		.via = mem_strdup("oidc"),
		.client = mem_strdup(request->client),
		.sid = text_of(grant->sid),
		.id_token =
			text_of(grant->id_token.len <= OIDC_HINT_MAX ? grant->id_token : STR("")),
		.refresh_token = text_of(grant->refresh_token),
		.refresh_at = grant->refresh_token.len ? grant->refresh_at : 0};
	int result = auth_open_prepare(request, service->conf, service->ring, &data, 0);

	session_data_clear(&data);
	return result;
}

/* What the provider gives a person now, their own tokens do not exceed. */
static bool follow(struct keeper_request *request, const struct oidc_grant *grant)
{
	if (!grant->is_whole) /* silence of one who might have said more ends nothing for good */
		return true;
	char *subject = text_of(grant->subject), *scope = text_of(grant->scope);
	int ended = token_follow(
		auth_service_tokens(request->service), subject, grant->role, scope, subject);
	free(subject);
	free(scope);
	return ended != -1;
}

static void on_exchanged(void *arg, const struct oidc_grant *grant)
{
	struct keeper_request *request = arg;

	throttle_end(request->service->codes, str_of(request->client),
		grant->answer != OIDC_OK && grant->answer != OIDC_SILENT, clock_mono_ms());
	log_sign_in(grant, grant->answer == OIDC_OK ? "allow" : "deny");
	if (grant->answer != OIDC_OK) {
		auth_keeper_say(request,
			grant->answer == OIDC_SILENT ? AUTH_UNAVAILABLE : AUTH_INVALID_TOKEN,
			grant->reason);
		auth_keeper_return(request);
	} else if (request->service->closed) {
		auth_keeper_say(request, AUTH_UNAVAILABLE, "shutting down");
		auth_keeper_return(request);
	} else if (!follow(request, grant)) {
		auth_keeper_say(request, AUTH_UNAVAILABLE, "the store does not answer");
		auth_keeper_return(request);
	} else if (prepare(request, grant) == -1) {
		auth_keeper_say(request, AUTH_INVALID_TOKEN, "the provider's tokens are too long");
		auth_keeper_return(request);
	} else {
		auth_open_store(request);
	}
}

/* Before anything is written or asked (S63). */
static bool may_exchange(struct keeper_request *request)
{
	switch (throttle_begin(request->service->codes, str_of(request->client), clock_mono_ms())) {
	case THROTTLE_GO:
		return true;
	case THROTTLE_SLOW:
		auth_keeper_say(request, AUTH_TOO_MANY, "too many sign-ins of this address failed");
		break;
	case THROTTLE_BUSY:
		auth_keeper_say(request, AUTH_UNAVAILABLE, "too many sign-ins are under way");
		break;
	}
	request->is_put_off = true;
	return false;
}

/* A state is good once (S21): the browser's cookie forgets it, and so that a copy of the cookie is
 * worth nothing the store remembers it. Asked before the code is spent: it could not be again. */
static void exchange(struct keeper_request *request)
{
	struct auth_service *service = request->service;
	struct store *store = service->store;
	struct str client = str_of(request->client);
	unsigned char key[DIGEST_LEN];

	if (!may_exchange(request)) {
		auth_keeper_return(request);
		return;
	}
	digest_sha256(str_of(request->login.state), key);
	switch (auth_service_count(
		service, store->ops->once(store, key, clock_wall_s() + STATE_SECONDS))) {
	case STORE_FAILED:
		auth_keeper_say(request, AUTH_UNAVAILABLE, "the store does not answer");
		break;
	case STORE_FOUND:
		auth_keeper_say(request, AUTH_ABSENT, "this sign-in has been used");
		break;
	case STORE_NONE:
		oidc_exchange(service->oidc, request->site, request->token, request->login.verifier,
			request->login.nonce, on_exchanged, request);
		return;
	}
	throttle_end(service->codes, client, false, clock_mono_ms());
	auth_keeper_return(request);
}

/* --- and the server thread's --- */

/* What providers say, in words that may be shown and logged (RFC 6749 §4.1.2.1, OpenID Connect Core
 * §3.1.2.6). */
static const char *refusal(const char *error)
{
	static const char *const known[] = {"access_denied", "invalid_request",
		"unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error",
		"temporarily_unavailable", "interaction_required", "login_required",
		"account_selection_required", "consent_required", "invalid_request_uri",
		"request_not_supported", "registration_not_supported"};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(error, known[i]) == 0)
			return known[i];
	}
	return "the identity provider refused";
}

/* AUTH_LATER: the code is to be exchanged. */
static struct auth_result judge_callback(
	const struct auth_rules *rules, const struct callback *callback)
{
	const struct oidc_provider *provider = rules->provider;

	if (provider == NULL)
		return auth_refused(AUTH_UNAVAILABLE, "the identity provider does not answer");
	/* Mix-up: another provider's answer (RFC 9207). */
	if (callback->iss ? strcmp(callback->iss, provider->issuer) != 0
			  : provider->iss_in_response)
		return auth_refused(
			AUTH_INVALID_TOKEN, "the answer is not the identity provider's");
	if (callback->error)
		return auth_refused(AUTH_INVALID_TOKEN, refusal(callback->error));
	return auth_refused(AUTH_LATER, "");
}

/* Who is put off may send the same answer again: the browser keeps its state. */
static void on_opened(struct auth_pending *pending, struct keeper_request *request)
{
	if (request->is_put_off) {
		secret_free(pending->signing.set_login_cookie);
		pending->signing.set_login_cookie = NULL;
	}
	auth_open_done(pending, request);
}

static void finish(struct auth_pending *pending, const struct auth_rules *rules,
	struct callback *callback, struct login_cookie *login)
{
	struct auth_result result = judge_callback(rules, callback);
	struct keeper_request *request;

	pending->signing.return_path = mem_strdup(login->return_path);
	if (result.status != AUTH_LATER) {
		auth_pending_answer_later(pending, result);
		login_cookie_clear(login);
		return;
	}
	request = auth_keeper_new(pending);
	request->token = callback->code;
	callback->code = NULL;
	request->login = *login; /* taken */
	memcpy(request->client, pending->client, sizeof request->client);
	request->opening.has_old = pending->has_old;
	memcpy(request->opening.old_key, pending->old_key, DIGEST_LEN);
	request->work = exchange;
	request->done = on_opened;
	auth_keeper_send(request);
}

void auth_login_finish(struct auth *auth, struct str query, const struct str *cookies, size_t count,
	struct str client, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct auth_pending *pending =
		auth_open_call(auth, rules, cookies, count, client, done, arg);
	struct callback callback;
	const char *reason = "";
	struct login_cookie login;

	if (callback_parse(query, &callback, &reason) == -1) {
		auth_pending_answer_later(pending, auth_refused(AUTH_MALFORMED, reason));
		share_drop(hold);
		return;
	}
	if (login_cookie_finish(rules->ring, rules->conf, auth->site, cookies, count,
		    str_of(callback.state), clock_wall_s(), &login,
		    &pending->signing.set_login_cookie))
		finish(pending, rules, &callback, &login);
	else
		auth_pending_answer_later(pending,
			auth_refused(AUTH_ABSENT, "this browser did not begin this sign-in"));
	callback_clear(&callback);
	share_drop(hold);
}
