#include "auth/auth_int.h"

#include "auth/bearer.h"
#include "auth/link.h"
#include "auth/scope.h"
#include "base/clock.h"

#include <stdlib.h>

int auth_open_prepare(struct job *job, const struct conf *conf, const struct keyring *ring,
	const struct session_data *data, int64_t credential_ends)
{
	struct store_session *session = &job->opening.session;
	struct session_data sealed = *data;
	char *site = mem_strdup(site_name(job->site));
	int64_t now = clock_wall_s();

	sealed.site = site;
	session_new_id(job->id);
	if (session_key(str_of(job->id), session->key) == -1)
		abort(); /* it is one of ours */
	session->created_at = session->last_seen_at = now;
	session->expires_at = session_hard_end(conf, now, credential_ends);
	if (session_data_seal(ring, &sealed, str_of(job->id), session) == 0)
		job->who = auth_session_identity(data, session->expires_at);
	free(site);
	return job->who ? 0 : -1;
}

void auth_open_store(struct job *job)
{
	struct auth_service *service = job->service;
	struct store *store = service->store;

	job->answer = auth_service_count(service, store->ops->session_open(store, &job->opening));
	service->counted = UINT64_MAX; /* none: count again */
	if (job->answer == STORE_FOUND && job->opening.has_old)
		auth_service_note_end(service);
	if (job->answer == STORE_FAILED)
		auth_job_say(job, AUTH_UNAVAILABLE, "the store does not answer");
	else if (job->answer == STORE_NONE)
		auth_job_say(
			job, AUTH_INVALID_TOKEN, "the link is unknown, was used or is too old");
	else
		auth_job_say(job, AUTH_OK, "");
	auth_job_return(job);
}

void auth_open_done(struct call *call, struct job *job)
{
	struct auth_result result = {job->status, NULL, ""};
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(call->auth, &hold);

	if (job->status == AUTH_OK) {
		call->signing.set_cookie = session_set_cookie(
			job->site, &site_listen(rules->conf, job->site)->public_url, job->id);
		result.who = job->who;
		job->who = NULL;
	} else {
		result.reason =
			auth_keep_reason(call->auth, job->reason, "the identity provider refused");
	}
	share_drop(hold);
	auth_call_answer(call, result);
}

struct call *auth_open_call(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str client, sign_in_done *done, void *arg)
{
	struct call *call = auth_call_new(auth, arg);
	struct str id;

	call->on_sign_in = done;
	if (!str_copy(client, call->client, sizeof call->client))
		call->client[0] = '\0';
	call->has_old = auth_session_named(auth, rules, cookies, count, &id, call->old_key);
	if (call->has_old && !str_copy(id, call->old_id, sizeof call->old_id))
		call->has_old = false;
	return call;
}

static struct job *opening_job(struct call *call)
{
	struct job *job = auth_job_new(call);

	job->opening.has_old = call->has_old;
	memcpy(job->opening.old_key, call->old_key, DIGEST_LEN);
	job->work = auth_open_store;
	job->done = auth_open_done;
	return job;
}

/* Seals what is known of the person, and sends it to the keeper. */
static void open_session(const struct auth_rules *rules, struct job *job,
	const struct session_data *data, int64_t credential_ends)
{
	if (auth_open_prepare(job, rules->conf, rules->ring, data, credential_ends) == 0) {
		auth_job_send(job);
		return;
	}
	auth_job_say(job, AUTH_INVALID_TOKEN, "the token's subject is too long");
	auth_job_return(job);
}

/* --- by a link --- */

void auth_sign_in_link(struct auth *auth, struct str link_secret, const struct str *old_cookies,
	size_t count, struct str client, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct call *call = auth_open_call(auth, rules, old_cookies, count, client, done, arg);
	unsigned char hash[DIGEST_LEN];

	if (link_hash(link_secret, hash) == -1) {
		auth_call_answer_later(
			call, auth_refused(AUTH_INVALID_TOKEN, "this is no sign-in link"));
	} else {
		char issuer[STORE_ISSUER], subject[] = "admin", name[] = "Administrator",
					   via[] = "link";
		struct session_data data = {.issuer = issuer,
			.subject = subject,
			.name = name,
			.via = via,
			.client = call->client,
			.role = ROLE_ADMIN};
		struct job *job = opening_job(call);

		memcpy(issuer, rules->issuer, sizeof issuer);
		job->opening.has_link = true;
		memcpy(job->opening.link, hash, DIGEST_LEN);
		open_session(rules, job, &data, 0);
	}
	share_drop(hold);
}

/* --- by a token --- */

/* The token is judged: opens the session, or says why not. Takes result.who. */
static void open_for_token(struct call *call, struct auth_result result)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(call->auth, &hold);
	char via[] = "token", narrowed[SCOPE_TEXT];

	if (result.status == AUTH_OK &&
		!str_copy(scope_text(result.who->scope), narrowed, sizeof narrowed))
		abort(); /* no longer text is read */
	if (result.status == AUTH_OK) {
		struct session_data data = {.issuer = result.who->issuer,
			.subject = result.who->subject,
			.name = result.who->name,
			.token_id = result.who->token_id,
			.scope = narrowed,
			.role = result.who->role,
			.via = via,
			.client = call->client};
		open_session(rules, opening_job(call), &data, result.who->expires_at);
		identity_unref(result.who);
	} else {
		auth_call_answer_later(call, result);
	}
	share_drop(hold);
}

static struct str trim(struct str token)
{
	/* Pasted out of a terminal, it may come with the line's end. */
	while (token.len > 0 && strchr(" \t\r\n", token.at[token.len - 1]))
		token.len--;
	while (token.len > 0 && strchr(" \t\r\n", token.at[0]))
		token = str_from(token, 1);
	return token;
}

void auth_sign_in_token(struct auth *auth, struct str token, const struct str *old_cookies,
	size_t count, struct str client, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct call *call = auth_open_call(auth, rules, old_cookies, count, client, done, arg);
	struct question question = {.token = trim(token), .client = client};

	share_drop(hold);
	if (question.token.len > BEARER_MAX) {
		auth_call_answer_later(
			call, auth_refused(AUTH_INVALID_TOKEN, "the token is too long"));
		return;
	}
	auth_call_keep(call, &question);
	call->judged = open_for_token;
	struct auth_result result = auth_call_run(call);
	if (result.status != AUTH_LATER)
		open_for_token(call, result);
}
