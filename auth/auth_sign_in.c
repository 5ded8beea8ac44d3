#include "auth/auth_int.h"

#include "auth/link.h"
#include "auth/session_data.h"
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
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(call->auth, &hold);
	struct auth_result result = call->result;
	char *set_cookie = NULL;

	if (job->answer == STORE_FAILED)
		result = auth_refused(AUTH_UNAVAILABLE, "the store does not answer");
	else if (job->answer == STORE_NONE)
		result = auth_refused(
			AUTH_INVALID_TOKEN, "the link is unknown, was used or is too old");
	else
		set_cookie = session_set_cookie(&rules->conf->server.public_url, call->id);
	if (job->answer != STORE_FOUND)
		identity_unref(call->result.who);
	share_drop(hold);
	auth_call_answer(call, result, set_cookie);
}

/* What answers the call when the job is done. */
static struct auth_result opened(const struct session_data *data, int64_t ends_at)
{
	return (struct auth_result){AUTH_OK,
		identity_new(str_of(data->issuer), str_of(data->subject), str_of(data->name),
			str_of(data->token_id ? data->token_id : ""), data->role, VIA_SESSION,
			ends_at),
		""};
}

/* Opens a session with a new id (S22) and ends the one the cookies named; `link` may be NULL. */
static void open_session(struct call *call, const struct auth_rules *rules,
	const struct session_data *data, int64_t credential_ends, const unsigned char *link)
{
	struct store_opening opening = {.has_old = call->has_old, .has_link = link != NULL};
	struct store_session *session = &opening.session;
	int64_t now = clock_wall_s();

	session_new_id(call->id);
	session->created_at = session->last_seen_at = now;
	session->expires_at = session_hard_end(rules->conf, now, credential_ends);
	if (session_key(str_of(call->id), session->key) == -1 ||
		session_data_seal(rules->ring, data, str_of(call->id), session) == -1) {
		auth_call_answer_later(
			call, auth_refused(AUTH_INVALID_TOKEN, "the token's subject is too long"));
		return;
	}
	memcpy(opening.old_key, call->old_key, DIGEST_LEN);
	if (link)
		memcpy(opening.link, link, DIGEST_LEN);
	call->result = opened(data, session->expires_at);
	struct job *job = auth_job_new(call);
	job->opening = opening; /* the blobs are the job's now */
	job->work = open_on_keeper;
	job->done = on_opened;
	auth_job_send(job);
}

static struct call *sign_in_call(struct auth *auth, const struct auth_rules *rules,
	const struct str *old_cookies, size_t count, sign_in_done *done, void *arg)
{
	struct call *call = auth_call_new(auth, arg);
	struct session_name old;

	call->on_sign_in = done;
	call->has_old = auth_session_named(rules, old_cookies, count, &old);
	if (call->has_old)
		memcpy(call->old_key, old.key, DIGEST_LEN);
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
		struct session_data data = {.issuer = mem_strdup(rules->issuer),
			.subject = mem_strdup("admin"),
			.name = mem_strdup("Administrator"),
			.role = ROLE_ADMIN,
			.via = mem_strdup("link")};

		open_session(call, rules, &data, 0, hash);
		session_data_clear(&data);
	}
	share_drop(hold);
}

/* --- by a token --- */

/* The token is judged: opens the session, or says why not. Takes result.who. */
static void open_for_token(
	struct call *call, const struct auth_rules *rules, struct auth_result result)
{
	const struct identity *who = result.who;

	if (result.status != AUTH_OK) {
		auth_call_answer_later(call, result);
		return;
	}
	struct session_data data = {.issuer = mem_strdup(who->issuer),
		.subject = mem_strdup(who->subject),
		.name = mem_strdup(who->name),
		.token_id = mem_strdup(who->token_id),
		.role = who->role,
		.via = mem_strdup("token")};
	open_session(call, rules, &data, who->expires_at, NULL);
	session_data_clear(&data);
	identity_unref(result.who);
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
