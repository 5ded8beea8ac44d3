#include "auth/service/auth_session_open.h"

#include "auth/policy/scope.h"
#include "auth/roles/standing.h"
#include "auth/session/sign_in_link.h"
#include "auth/token/bearer.h"
#include "base/clock.h"
#include "conf/providers.h"

#include <stdlib.h>

static void note_old_sessions(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct old_sessions *out)
{
	struct question question = {.named = auth_session_ids(auth, rules, cookies, count)};

	while (auth_session_next(auth, &question)) {
		memcpy(out->at[out->count].key, question.key, DIGEST_LEN);
		out->count += str_copy(question.id, out->at[out->count].id, SESSION_ID_LEN + 1);
	}
}

struct open_pending *auth_session_open_pending(struct auth *auth, const struct auth_rules *rules,
	const struct str *cookies, size_t count, struct str client, sign_in_done *done, void *arg)
{
	struct open_pending *own =
		(struct open_pending *)auth_pending_sign_in(auth, sizeof *own, done, arg);
	struct auth_pending *pending = &own->base.base;

	if (!str_copy(client, pending->client, sizeof pending->client))
		pending->client[0] = '\0';
	note_old_sessions(auth, rules, cookies, count, &own->old);
	return own;
}

/* --- a request --- */

static struct open_request *open_request_of(struct keeper_request *request)
{
	return (struct open_request *)request;
}

void auth_session_open_clear(struct keeper_request *request)
{
	store_session_clear(&open_request_of(request)->opening.session);
}

struct open_request *auth_session_open_request(struct open_pending *pending, size_t size)
{
	struct keeper_request *request = auth_keeper_new(&pending->base.base, size);
	struct open_request *own = open_request_of(request);

	own->old = pending->old;
	own->opening.has_old = own->old.count > 0;
	memcpy(own->opening.old_key, own->old.at[0].key, DIGEST_LEN);
	request->work = auth_session_open_store;
	request->done = auth_session_open_done;
	request->clear = auth_session_open_clear;
	return own;
}

int auth_session_open_seal(struct open_request *request, const struct conf *conf,
	const struct keyring *ring, const struct session_data *data, int64_t credential_ends)
{
	struct store_session *session = &request->opening.session;
	struct session_data sealed = *data;
	char *site = mem_strdup(sign_in_site_name(request->base.site));
	int64_t now = clock_wall_s();

	sealed.site = site;
	session_new_id(request->id);
	if (session_key(str_of(request->id), session->key) == -1)
		abort(); /* it is one of ours */
	session->created_at = session->last_seen_at = now;
	session->expires_at = session_hard_end(conf, now, credential_ends);
	if (session_data_seal(ring, &sealed, str_of(request->id), session) == 0)
		request->base.who = session_data_identity(conf, data, session->expires_at);
	free(site);
	return request->base.who ? 0 : -1;
}

/* The first has ended with the opening. One that cannot be ended now is over when it is idle. */
static void end_old_sessions(struct auth_service *service, const struct old_sessions *old)
{
	struct store *store = service->store;

	for (size_t i = 1; i < old->count; i++)
		service_count(service, store->ops->session_end(store, old->at[i].key));
	if (old->count)
		service_note_end(service);
}

void auth_session_open_store(struct keeper_request *request)
{
	const struct open_request *own = open_request_of(request);
	struct auth_service *service = request->service;
	struct store *store = service->store;

	service->counted = UINT64_MAX; /* none: count again */
	switch (service_count(service, store->ops->session_open(store, &own->opening))) {
	case STORE_FOUND:
		end_old_sessions(service, &own->old);
		auth_keeper_answer(request, AUTH_OK, "");
		break;
	case STORE_NONE:
		auth_keeper_answer(
			request, AUTH_INVALID_TOKEN, "the link is unknown, was used or is too old");
		break;
	case STORE_FAILED:
		auth_keeper_answer(request, AUTH_UNAVAILABLE, "the store does not answer");
		break;
	}
}

void auth_session_open_done(struct auth_pending *pending, struct keeper_request *request)
{
	struct auth_result result = {request->status, NULL, ""};
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);

	if (request->status == AUTH_OK) {
		sign_in_pending_of(pending)->result.set_cookie = session_set_cookie(
			rules->conf, request->site, open_request_of(request)->id);
		result.who = request->who;
		request->who = NULL;
	} else {
		result.reason = auth_pending_reason(
			pending->auth, request->reason, "the identity provider refused");
	}
	share_drop(hold);
	auth_pending_answer(pending, result);
}

/* Seals what is known of the person, and sends it to the keeper. */
static void open_session(const struct auth_rules *rules, struct open_request *request,
	const struct session_data *data, int64_t credential_ends)
{
	if (auth_session_open_seal(request, rules->conf, rules->ring, data, credential_ends) == 0)
		auth_keeper_send(&request->base);
	else
		auth_keeper_answer(
			&request->base, AUTH_INVALID_TOKEN, "the token's subject is too long");
}

/* --- by a link --- */

void auth_sign_in_link(struct auth *auth, struct str link_secret, const struct str *old_cookies,
	size_t count, struct str client, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct open_pending *pending =
		auth_session_open_pending(auth, rules, old_cookies, count, client, done, arg);
	unsigned char hash[DIGEST_LEN];

	if (sign_in_link_hash(link_secret, hash) == -1) {
		auth_pending_answer_later(&pending->base.base,
			auth_refused(AUTH_INVALID_TOKEN, "this is no sign-in link"));
	} else {
		char issuer[STORE_ISSUER], subject[] = "admin", name[] = "Administrator",
					   via[] = "link";
		struct session_data data = {.issuer = issuer,
			.subject = subject,
			.name = name,
			.via = via,
			.client = pending->base.base.client,
			.role = ROLE_ADMIN};
		struct open_request *request = auth_session_open_request(pending, sizeof *request);

		memcpy(issuer, rules->issuer, sizeof issuer);
		request->opening.has_link = true;
		memcpy(request->opening.link, hash, DIGEST_LEN);
		open_session(rules, request, &data, 0);
	}
	share_drop(hold);
}

/* --- by a token --- */

/* The token is judged: opens the session, or says why not. Takes result.who. */
static void open_for_token(struct auth_pending *pending, struct auth_result result)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);
	char via[] = "token", scope[SCOPE_TEXT];

	if (result.status == AUTH_OK &&
		!str_copy(scope_text(result.who->scope), scope, sizeof scope))
		abort(); /* no longer text is read */
	if (result.status == AUTH_OK) {
		char *standing = standing_text_of(result.who->grants);
		struct str subject = conf_subject(
			rules->conf, str_of(result.who->issuer), str_of(result.who->subject));
		char *own_subject = mem_strndup(subject.at ? subject.at : "", subject.len);
		struct session_data data = {.issuer = result.who->issuer,
			.subject = own_subject,
			.name = result.who->name,
			.token_id = result.who->token_id,
			.scope = scope,
			.seen = result.who->seen,
			.standing = standing,
			.role = result.who->role,
			.via = via,
			.client = pending->client};
		open_session(rules,
			auth_session_open_request(
				(struct open_pending *)pending, sizeof(struct open_request)),
			&data, result.who->expires_at);
		free(standing);
		free(own_subject);
		identity_unref(result.who);
	} else {
		auth_pending_answer_later(pending, result);
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
	struct auth_pending *pending =
		&auth_session_open_pending(auth, rules, old_cookies, count, client, done, arg)
			 ->base.base;
	struct question question = {.token = trim(token), .client = client};

	size_t most = rules->conf->limit_head; /* as for those who send it in a head */
	share_drop(hold);
	if (question.token.len > most) {
		auth_pending_answer_later(
			pending, auth_refused(AUTH_INVALID_TOKEN, BEARER_TOO_LONG));
		return;
	}
	auth_pending_keep(pending, &question);
	pending->judged = open_for_token;
	struct auth_result result = auth_pending_run(pending);
	if (result.status != AUTH_LATER)
		open_for_token(pending, result);
}
