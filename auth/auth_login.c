#include "auth/auth_int.h"

#include "auth/callback.h"
#include "auth/oidc_url.h"
#include "base/clock.h"
#include "base/log.h"

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
		struct login_start start = login_begin(rules->ring, rules->conf, auth->site,
			rules->provider, cookies, count, return_path, clock_wall_s());
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

static int prepare(struct job *job, const struct oidc_grant *grant)
{
	struct auth_service *service = job->service;
	struct session_data data = {.issuer = mem_strdup(service->conf->oidc.issuer),
		.subject = text_of(grant->subject),
		.name = text_of(grant->name.len ? grant->name : grant->subject),
		.role = grant->role,
		.scope = text_of(grant->scope),
		.via = mem_strdup("oidc"),
		.client = mem_strdup(job->client),
		.sid = text_of(grant->sid),
		.id_token =
			text_of(grant->id_token.len <= OIDC_HINT_MAX ? grant->id_token : STR("")),
		.refresh_token = text_of(grant->refresh_token),
		.refresh_at = grant->refresh_token.len ? grant->refresh_at : 0};
	int result = auth_open_prepare(job, service->conf, service->ring, &data, 0);

	session_data_clear(&data);
	return result;
}

/* What the provider gives a person now, their own tokens do not exceed. */
static bool follow(struct job *job, const struct oidc_grant *grant)
{
	if (!grant->is_whole) /* silence of one who might have said more ends nothing for good */
		return true;
	char *subject = text_of(grant->subject), *scope = text_of(grant->scope);
	int ended = auth_service_follow(job->service, subject, grant->role, scope);
	free(subject);
	free(scope);
	return ended != -1;
}

static void on_exchanged(void *arg, const struct oidc_grant *grant)
{
	struct job *job = arg;

	throttle_end(job->service->codes, str_of(job->client),
		grant->answer != OIDC_OK && grant->answer != OIDC_SILENT, clock_mono_ms());
	log_sign_in(grant, grant->answer == OIDC_OK ? "allow" : "deny");
	if (grant->answer != OIDC_OK) {
		auth_job_say(job,
			grant->answer == OIDC_SILENT ? AUTH_UNAVAILABLE : AUTH_INVALID_TOKEN,
			grant->reason);
		auth_job_return(job);
	} else if (job->service->closed) {
		auth_job_say(job, AUTH_UNAVAILABLE, "shutting down");
		auth_job_return(job);
	} else if (!follow(job, grant)) {
		auth_job_say(job, AUTH_UNAVAILABLE, "the store does not answer");
		auth_job_return(job);
	} else if (prepare(job, grant) == -1) {
		auth_job_say(job, AUTH_INVALID_TOKEN, "the provider's tokens are too long");
		auth_job_return(job);
	} else {
		auth_open_store(job);
	}
}

/* Before anything is written or asked (S63). */
static bool may_exchange(struct job *job)
{
	switch (throttle_begin(job->service->codes, str_of(job->client), clock_mono_ms())) {
	case THROTTLE_GO:
		return true;
	case THROTTLE_SLOW:
		auth_job_say(job, AUTH_TOO_MANY, "too many sign-ins of this address failed");
		break;
	case THROTTLE_BUSY:
		auth_job_say(job, AUTH_UNAVAILABLE, "too many sign-ins are under way");
		break;
	}
	job->is_put_off = true;
	return false;
}

/* A state is good once (S21): the browser's cookie forgets it, and so that a copy of the cookie is
 * worth nothing the store remembers it. Asked before the code is spent: it could not be again. */
static void exchange(struct job *job)
{
	struct auth_service *service = job->service;
	struct store *store = service->store;
	struct str client = str_of(job->client);
	unsigned char key[DIGEST_LEN];

	if (!may_exchange(job)) {
		auth_job_return(job);
		return;
	}
	digest_sha256(str_of(job->login.state), key);
	switch (auth_service_count(
		service, store->ops->once(store, key, clock_wall_s() + STATE_SECONDS))) {
	case STORE_FAILED:
		auth_job_say(job, AUTH_UNAVAILABLE, "the store does not answer");
		break;
	case STORE_FOUND:
		auth_job_say(job, AUTH_ABSENT, "this sign-in has been used");
		break;
	case STORE_NONE:
		oidc_exchange(service->oidc, job->site, job->token, job->login.verifier,
			job->login.nonce, on_exchanged, job);
		return;
	}
	throttle_end(service->codes, client, false, clock_mono_ms());
	auth_job_return(job);
}

/* --- and the worker's --- */

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
static void on_opened(struct call *call, struct job *job)
{
	if (job->is_put_off) {
		secret_free(call->signing.set_login_cookie);
		call->signing.set_login_cookie = NULL;
	}
	auth_open_done(call, job);
}

static void finish(struct call *call, const struct auth_rules *rules, struct callback *callback,
	struct login *login)
{
	struct auth_result result = judge_callback(rules, callback);
	struct job *job;

	call->signing.return_path = mem_strdup(login->return_path);
	if (result.status != AUTH_LATER) {
		auth_call_answer_later(call, result);
		login_clear(login);
		return;
	}
	job = auth_job_new(call);
	job->token = callback->code;
	callback->code = NULL;
	job->login = *login; /* taken */
	memcpy(job->client, call->client, sizeof job->client);
	job->opening.has_old = call->has_old;
	memcpy(job->opening.old_key, call->old_key, DIGEST_LEN);
	job->work = exchange;
	job->done = on_opened;
	auth_job_send(job);
}

void auth_login_finish(struct auth *auth, struct str query, const struct str *cookies, size_t count,
	struct str client, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct call *call = auth_open_call(auth, rules, cookies, count, client, done, arg);
	struct callback callback;
	const char *reason = "";
	struct login login;

	if (callback_parse(query, &callback, &reason) == -1) {
		auth_call_answer_later(call, auth_refused(AUTH_MALFORMED, reason));
		share_drop(hold);
		return;
	}
	if (login_finish(rules->ring, rules->conf, auth->site, cookies, count,
		    str_of(callback.state), clock_wall_s(), &login,
		    &call->signing.set_login_cookie))
		finish(call, rules, &callback, &login);
	else
		auth_call_answer_later(
			call, auth_refused(AUTH_ABSENT, "this browser did not begin this sign-in"));
	callback_clear(&callback);
	share_drop(hold);
}
