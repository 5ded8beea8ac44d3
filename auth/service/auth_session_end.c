/* Sessions ended: by their owner, by the provider's logout, by an administrator. */
#include "auth/service/auth_int.h"

#include "auth/token/bearer.h"
#include "auth/token/token_follow.h"
#include "auth/oidc/logout_token.h"
#include "auth/oidc/oidc_url.h"
#include "base/clock.h"
#include "base/log/log.h"

#include <stdlib.h>

/* --- signing out --- */

/* All of this person's, however long ago: the index may be under either key of the ring. */
static int end_everywhere(struct auth_service *service, const struct session_data *data)
{
	struct store *store = service->store;
	unsigned char person[DIGEST_LEN];
	int ended = 0;

	for (int which = 0; which < 2; which++) {
		if (!session_data_person(service->ring, which, str_of(data->issuer),
			    str_of(data->subject), person))
			continue;
		int n = store->ops->session_end_all(store, STORE_BY_PERSON, person);
		if (n == -1)
			return -1;
		ended += n;
	}
	return ended;
}

/* Ends what `data` was read from, by the scope; -1: the store does not answer. */
static int end_by_scope(struct keeper_request *request, const struct session_data *data)
{
	struct auth_service *service = request->service;
	struct store *store = service->store;

	if (request->scope == SIGN_OUT_EVERYWHERE && end_everywhere(service, data) == -1)
		return -1;
	return store->ops->session_end(store, request->key) == STORE_FAILED ? -1 : 0;
}

static void end_found(struct keeper_request *request, const struct store_session *session)
{
	struct auth_service *service = request->service;
	struct session_data data = {.role = ROLE_NONE};
	bool is_open = session_data_open(service->ring, str_of(request->id), session, &data) == 0;

	if (end_by_scope(request, &data) == -1) {
		auth_service_count(service, STORE_FAILED);
		auth_keeper_say(request, AUTH_UNAVAILABLE, "the store does not answer");
	} else {
		auth_service_note_end(service);
		auth_keeper_say(request, AUTH_OK, "");
		if (is_open && service->provider && strcmp(data.via, "oidc") == 0)
			request->location = oidc_end_session_url(service->provider, service->conf,
				request->site, str_of(data.id_token));
	}
	session_data_clear(&data);
}

static void end_on_keeper(struct keeper_request *request)
{
	struct auth_service *service = request->service;
	struct store_session session = {.version = 0};

	switch (auth_service_count(service,
		service->store->ops->session_get(service->store, request->key, &session))) {
	case STORE_FAILED:
		auth_keeper_say(request, AUTH_UNAVAILABLE, "the store does not answer");
		break;
	case STORE_NONE: /* anybody may ask to end what is not there */
		auth_keeper_say(request, AUTH_OK, "");
		break;
	case STORE_FOUND:
		end_found(request, &session);
		break;
	}
	store_session_clear(&session);
	auth_keeper_return(request);
}

/* The browser forgets its cookie only when the session is gone: else it could not try again. */
static void on_ended(struct auth_pending *pending, struct keeper_request *request)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);

	if (request->status == AUTH_OK)
		pending->signing.set_cookie = session_clear_cookie(request->site,
			&sign_in_site_listen(rules->conf, request->site)->public_url);
	pending->signing.location = request->location;
	request->location = NULL;
	share_drop(hold);
	auth_pending_answer(
		pending, auth_refused(request->status,
				 auth_keep_reason(pending->auth, request->reason, "refused")));
}

void auth_sign_out(struct auth *auth, const struct str *cookies, size_t count,
	enum sign_out_scope scope, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct auth_pending *pending =
		auth_open_call(auth, rules, cookies, count, STR(""), done, arg);
	struct keeper_request *request = auth_keeper_new(pending);

	request->done = on_ended;
	request->work = end_on_keeper;
	request->scope = scope;
	memcpy(request->key, pending->old_key, DIGEST_LEN);
	memcpy(request->id, pending->old_id, sizeof request->id);
	share_drop(hold);
	if (pending->has_old) {
		auth_keeper_send(request);
	} else {
		auth_keeper_say(request, AUTH_OK, "");
		auth_keeper_return(request);
	}
}

/* --- the provider ends sessions (S28) --- */

struct owner { /* of a session that the provider names by its own id */
	const struct keyring *ring;
	char subject[STORE_SUBJECT];
};

static void on_session(void *arg, const struct store_session *session)
{
	struct owner *owner = arg;
	struct session_data label;

	if (session_data_open_label(owner->ring, session, &label) == -1)
		return;
	if (label.subject && !str_copy(str_of(label.subject), owner->subject, STORE_SUBJECT))
		owner->subject[0] = '\0';
	session_data_clear(&label);
}

/* Before the sessions are gone: whose they are, where the provider does not say it. */
static int find_owner(struct auth_service *service, const struct logout_token *token, char *out)
{
	struct owner owner = {.ring = service->ring};
	struct str issuer = str_of(service->conf->oidc.issuer);
	struct store *store = service->store;
	unsigned char key[DIGEST_LEN];

	if (token->subject && !str_copy(str_of(token->subject), owner.subject, STORE_SUBJECT))
		owner.subject[0] = '\0';
	for (int which = 0; which < 2 && token->subject == NULL && token->sid; which++) {
		if (session_data_provider_sid(
			    service->ring, which, issuer, str_of(token->sid), key) &&
			store->ops->session_list(store, STORE_BY_PROVIDER_SID, key, clock_wall_s(),
				on_session, &owner) == -1)
			return -1;
	}
	memcpy(out, owner.subject, STORE_SUBJECT);
	return 0;
}

/* By the provider's session where it names one we know; else all of its subject. */
static int end_named(struct auth_service *service, const struct logout_token *token)
{
	struct str issuer = str_of(service->conf->oidc.issuer);
	struct store *store = service->store;
	unsigned char key[DIGEST_LEN];
	int ended = 0;

	for (int which = 0; which < 2 && token->sid; which++) {
		if (!session_data_provider_sid(
			    service->ring, which, issuer, str_of(token->sid), key))
			continue;
		int n = store->ops->session_end_all(store, STORE_BY_PROVIDER_SID, key);
		if (n == -1)
			return -1;
		ended += n;
	}
	if (ended > 0 || token->subject == NULL)
		return ended;
	char *subject = mem_strdup(token->subject), *name = mem_strdup(service->conf->oidc.issuer);
	const struct session_data person = {.issuer = name, .subject = subject};
	ended = end_everywhere(service, &person);
	free(subject);
	free(name);
	return ended;
}

/* The person's sessions, and with them the person's own tokens. */
static int end_person(struct auth_service *service, const struct logout_token *token)
{
	char subject[STORE_SUBJECT];

	if (find_owner(service, token, subject) == -1)
		return -1;
	int ended = end_named(service, token);
	if (ended != -1 && subject[0] &&
		token_follow(auth_service_tokens(service), subject, ROLE_NONE, "", subject) == -1)
		return -1;
	return ended;
}

static void log_logout(const struct logout_token *token, int ended)
{
	char count[16];

	snprintf(count, sizeof count, "%d", ended);
	const struct log_field fields[] = {
		{"user", str_of(token->subject), false}, {"sessions", str_of(count), true}};
	log_fields(LOG_INFO, "sign_out", "the identity provider ended sessions", fields,
		ARRAY_LEN(fields));
}

/* Seen before, or not to be known: refused either way (fails closed). */
static void end_once(struct keeper_request *request, const struct logout_token *token)
{
	struct auth_service *service = request->service;
	struct store *store = service->store;
	enum store_answer answer = auth_service_count(
		service, store->ops->once(store, token->jti, token->replay_until));
	int ended;

	if (answer == STORE_FOUND) {
		auth_keeper_say(request, AUTH_INVALID_TOKEN, "the logout token was used before");
		return;
	}
	ended = answer == STORE_NONE ? end_person(service, token) : -1;
	if (ended == -1) {
		auth_keeper_say(request, AUTH_UNAVAILABLE, "the store does not answer");
		return;
	}
	if (ended > 0)
		auth_service_note_end(service);
	log_logout(token, ended);
	auth_keeper_say(request, AUTH_OK, "");
}

static void judge_logout(struct keeper_request *request);

static void on_keys(struct jwks_waiter *waiter, bool fetched)
{
	struct keeper_request *request =
		(struct keeper_request *)((char *)waiter - offsetof(struct keeper_request, waiter));

	(void)fetched;
	if (request->service->closed)
		auth_keeper_return(request);
	else
		judge_logout(request);
}

static void judge_logout(struct keeper_request *request)
{
	struct auth_service *service = request->service;
	const struct conf_oidc *oidc = &service->conf->oidc;
	const struct oidc_provider *provider = service->provider;
	struct logout_token token;
	struct err err = {""};

	if (oidc->issuer == NULL || provider == NULL) {
		auth_keeper_say(request, oidc->issuer ? AUTH_UNAVAILABLE : AUTH_INVALID_TOKEN,
			"no identity provider is known");
		auth_keeper_return(request);
		return;
	}
	enum keyset_verdict verdict = logout_token_check(service->keys, str_of(request->token),
		oidc->issuer, oidc->client_id, provider->id_token_algorithms, clock_wall_s(),
		&token, &err);
	if (verdict == KEYSET_UNKNOWN_KEY && !request->was_asked) {
		request->was_asked = true;
		request->waiter.done = on_keys;
		jwks_fetch_unknown_kid(service->jwks, oidc->issuer, &request->waiter);
		return;
	}
	if (verdict == KEYSET_OK) {
		end_once(request, &token);
		logout_token_clear(&token);
	} else {
		auth_keeper_say(request,
			verdict == KEYSET_NO_KEYS ? AUTH_UNAVAILABLE : AUTH_INVALID_TOKEN,
			err.text);
	}
	auth_keeper_return(request);
}

static void on_logged_out(struct auth_pending *pending, struct keeper_request *request)
{
	auth_pending_answer(pending,
		auth_refused(request->status, auth_keep_reason(pending->auth, request->reason,
						      "the token is not valid")));
}

void auth_back_channel_logout(
	struct auth *auth, struct str logout_token, sign_in_done *done, void *arg)
{
	struct auth_pending *pending = auth_pending_new(auth, arg);
	struct keeper_request *request = auth_keeper_new(pending);

	pending->on_sign_in = done;
	request->done = on_logged_out;
	request->work = judge_logout;
	if (logout_token.len <= BEARER_MAX) {
		request->token = mem_strndup(logout_token.at, logout_token.len);
		auth_keeper_send(request);
	} else {
		auth_keeper_say(request, AUTH_INVALID_TOKEN, "the logout token is too long");
		auth_keeper_return(request);
	}
}
