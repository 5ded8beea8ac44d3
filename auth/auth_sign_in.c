#include "auth/auth_int.h"

#include "auth/link.h"
#include "base/clock.h"

#include <openssl/crypto.h>

/* --- opening a session --- */

static void open_on_keeper(struct job *job)
{
	struct store *store = job->service->store;

	job->answer = store->ops->session_open(store, &job->opening);
	if (job->answer == STORE_FAILED)
		atomic_fetch_add(&job->service->store_errors, 1);
	job->service->counted = UINT64_MAX; /* none: count again */
	if (job->answer == STORE_FOUND && job->opening.has_old)
		auth_service_note_change(job->service);
	auth_job_return(job);
}

static void on_opened(struct call *call, struct job *job)
{
	const struct store_session *session = &job->opening.session;
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(call->auth, &hold);
	struct auth_result result = auth_refused(AUTH_OK, "");
	char *set_cookie = NULL;

	if (job->answer == STORE_FAILED) {
		result = auth_refused(AUTH_UNAVAILABLE, "the store does not answer");
	} else if (job->answer == STORE_NONE) {
		result = auth_refused(
			AUTH_INVALID_TOKEN, "the link is unknown, was used or is too old");
	} else {
		set_cookie = session_set_cookie(&rules->conf->server.public_url, call->id);
		result.who = identity_new(str_of(session->issuer), str_of(session->subject),
			str_of(session->name), str_of(session->token_id), session->role,
			VIA_SESSION, session->expires_at);
	}
	share_drop(hold);
	auth_call_answer(call, result, set_cookie);
}

/* A job that opens a session with a new id (S22) and ends the one the cookies named. */
static struct job *opening_job(
	struct call *call, const struct auth_rules *rules, int64_t credential_ends)
{
	struct job *job = auth_job_new(call);
	struct store_session *session = &job->opening.session;
	int64_t now = clock_wall_s();

	session_new_id(call->id);
	digest_sha256(str_of(call->id), session->key);
	session->created_at = session->last_seen_at = now;
	session->expires_at = session_hard_end(rules->conf, now, credential_ends);
	job->opening.has_old = call->has_old;
	memcpy(job->opening.old_key, call->old_key, DIGEST_LEN);
	job->work = open_on_keeper;
	job->done = on_opened;
	return job;
}

static struct call *sign_in_call(struct auth *auth, const struct auth_rules *rules,
	const struct str *old_cookies, size_t count, sign_in_done *done, void *arg)
{
	struct call *call = auth_call_new(auth, arg);

	call->on_sign_in = done;
	call->has_old = auth_session_named(rules, old_cookies, count, call->old_key);
	return call;
}

void auth_sign_in_link(struct auth *auth, struct str link_secret, const struct str *old_cookies,
	size_t count, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct call *call = sign_in_call(auth, rules, old_cookies, count, done, arg);
	unsigned char hash[DIGEST_LEN];

	if (link_hash(link_secret, hash) == -1) {
		auth_call_answer_later(
			call, auth_refused(AUTH_INVALID_TOKEN, "this is no sign-in link"));
	} else {
		struct job *job = opening_job(call, rules, 0);
		struct store_session *session = &job->opening.session;

		memcpy(session->issuer, rules->issuer, sizeof session->issuer);
		memcpy(session->subject, "admin", sizeof "admin");
		memcpy(session->name, "Administrator", sizeof "Administrator");
		job->opening.has_link = true;
		memcpy(job->opening.link, hash, DIGEST_LEN);
		auth_job_send(job);
	}
	share_drop(hold);
}

/* --- by a token --- */

/* The identity is the key of a person: kept whole or not at all (S31). The name may be cut. */
static int describe(const struct identity *who, struct store_session *session)
{
	struct str name = str_of(who->name);

	if (!str_copy(str_of(who->issuer), session->issuer, sizeof session->issuer) ||
		!str_copy(str_of(who->subject), session->subject, sizeof session->subject) ||
		!str_copy(str_of(who->token_id), session->token_id, sizeof session->token_id))
		return -1;
	if (name.len >= sizeof session->name)
		name.len = sizeof session->name - 1;
	memcpy(session->name, name.at, name.len);
	session->role = who->role;
	return 0;
}

/* The token is judged: opens the session, or says why not. Takes result.who. */
static void open_for_token(
	struct call *call, const struct auth_rules *rules, struct auth_result result)
{
	if (result.status != AUTH_OK) {
		auth_call_answer_later(call, result);
		return;
	}
	struct store_session described = {.role = ROLE_NONE};
	if (describe(result.who, &described) == -1) {
		identity_unref(result.who);
		auth_call_answer_later(
			call, auth_refused(AUTH_INVALID_TOKEN, "the token's subject is too long"));
		return;
	}
	struct job *job = opening_job(call, rules, result.who->expires_at);
	struct store_session *session = &job->opening.session;
	memcpy(described.key, session->key, DIGEST_LEN);
	described.created_at = session->created_at;
	described.last_seen_at = session->last_seen_at;
	described.expires_at = session->expires_at;
	*session = described;
	identity_unref(result.who);
	auth_job_send(job);
}

static void judge_token(struct call *call, const struct auth_rules *rules, bool may_wait);

static void on_refetched(struct call *call, struct job *job)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(call->auth, &hold);

	(void)job;
	judge_token(call, rules, false);
	share_drop(hold);
}

static void judge_token(struct call *call, const struct auth_rules *rules, bool may_wait)
{
	const char *issuer = NULL;
	struct auth_result result = auth_bearer_judge(call->auth, rules, str_of(call->token),
		str_of(call->client), may_wait ? &issuer : NULL);

	if (result.status == AUTH_LATER)
		auth_job_refetch(call, issuer, on_refetched);
	else
		open_for_token(call, rules, result);
}

void auth_sign_in_token(struct auth *auth, struct str token, const struct str *old_cookies,
	size_t count, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct call *call = sign_in_call(auth, rules, old_cookies, count, done, arg);

	/* Pasted out of a terminal, it may come with the line's end. */
	while (token.len > 0 && strchr(" \t\r\n", token.at[token.len - 1]))
		token.len--;
	while (token.len > 0 && strchr(" \t\r\n", token.at[0]))
		token = str_from(token, 1);
	if (token.len > JWS_MAX) {
		auth_call_answer_later(
			call, auth_refused(AUTH_INVALID_TOKEN, "the token is too long"));
	} else {
		call->token = mem_strndup(token.at, token.len);
		judge_token(call, rules, true);
	}
	share_drop(hold);
}

/* --- signing out --- */

static void end_on_keeper(struct job *job)
{
	struct store *store = job->service->store;

	/* No change, no note: anybody may ask to end what is not there. */
	job->answer = store->ops->session_end(store, job->opening.old_key);
	if (job->answer == STORE_FOUND)
		auth_service_note_change(job->service);
	else if (job->answer == STORE_FAILED)
		atomic_fetch_add(&job->service->store_errors, 1);
	auth_job_return(job);
}

/* The browser forgets its cookie only when the session is gone: else it could not try again. */
static void on_ended(struct call *call, struct job *job)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(call->auth, &hold);

	if (job->answer == STORE_FAILED)
		auth_call_answer(
			call, auth_refused(AUTH_UNAVAILABLE, "the store does not answer"), NULL);
	else
		auth_call_answer(call, auth_refused(AUTH_OK, ""),
			session_clear_cookie(&rules->conf->server.public_url));
	share_drop(hold);
}

void auth_sign_out(
	struct auth *auth, const struct str *cookies, size_t count, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct call *call = sign_in_call(auth, rules, cookies, count, done, arg);
	struct job *job = auth_job_new(call);

	job->done = on_ended;
	job->work = end_on_keeper;
	memcpy(job->opening.old_key, call->old_key, DIGEST_LEN);
	share_drop(hold);
	if (call->has_old) {
		auth_job_send(job);
	} else {
		job->answer = STORE_NONE;
		auth_job_return(job);
	}
}
