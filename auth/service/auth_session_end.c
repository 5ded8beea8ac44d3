/* Sessions ended: by their owner, by the provider's logout, by an administrator. */
#include "auth/issuers/jwks_fetch.h"
#include "auth/jose/jwt.h"
#include "auth/oidc/logout_token.h"
#include "auth/oidc/oidc_url.h"
#include "auth/service/auth_session_open.h"
#include "auth/session/session_index.h"
#include "auth/token/token_follow.h"
#include "base/clock.h"
#include "base/log/log.h"
#include "conf/providers.h"

#include <stdlib.h>

/* --- signing out --- */

static int end_everywhere(struct auth_service *service, struct str issuer, struct str subject)
{
	const struct session_index person = {STORE_BY_PERSON, issuer, subject};

	return session_index_end(service->store, service->ring, &person);
}

struct sign_out_request {
	struct keeper_request base; /* first */
	struct old_sessions old;    /* what is ended */
	enum sign_out_scope scope;
	char *location; /* the answer: where the provider ends its own session, or NULL */
};

static void clear_sign_out(struct keeper_request *request)
{
	secret_free(((struct sign_out_request *)request)->location);
}

/* Ends what `data` was read from, by the scope; -1: the store does not answer. */
static int end_by_scope(const struct sign_out_request *own, const unsigned char *key,
	const struct session_data *data)
{
	struct auth_service *service = own->base.service;
	struct store *store = service->store;

	if (own->scope == SIGN_OUT_EVERYWHERE &&
		end_everywhere(service, str_of(data->issuer), str_of(data->subject)) == -1)
		return -1;
	return store->ops->session_end(store, key) == STORE_FAILED ? -1 : 0;
}

/* Where the session's provider ends its own; NULL: nowhere. */
static char *where_it_ends(
	const struct auth_service *service, enum auth_site site, const struct session_data *data)
{
	const struct conf_oidc *client = conf_provider_of(service->conf, str_of(data->issuer));
	struct provider_list *known = providers_list(service->providers);
	const struct oidc_provider *provider = provider_list_find(known, data->issuer);
	char *location = client && provider ? oidc_end_session_url(provider, service->conf, client,
						      site, str_of(data->id_token))
					    : NULL;

	provider_list_unref(known);
	return location;
}

static enum store_answer end_found(
	struct sign_out_request *own, size_t i, const struct store_session *session)
{
	struct auth_service *service = own->base.service;
	struct session_data data = {.role = ROLE_NONE};
	bool is_open =
		session_data_open(service->ring, str_of(own->old.at[i].id), session, &data) == 0;

	int result = end_by_scope(own, own->old.at[i].key, &data);
	service_note_end(service); /* a failure may have come after the first of several */
	if (result == 0 && own->location == NULL && is_open && strcmp(data.via, "oidc") == 0)
		own->location = where_it_ends(service, own->base.site, &data);
	session_data_clear(&data);
	return result == -1 ? STORE_FAILED : STORE_FOUND;
}

/* NONE: anybody may ask to end what is not there. */
static enum store_answer end_session(struct sign_out_request *own, size_t i)
{
	struct store *store = own->base.service->store;
	struct store_session session = {.version = 0};
	enum store_answer answer = store->ops->session_get(store, own->old.at[i].key, &session);

	if (answer == STORE_FOUND)
		answer = end_found(own, i, &session);
	store_session_clear(&session);
	return service_count(own->base.service, answer);
}

static void sign_out_on_keeper(struct keeper_request *request)
{
	struct sign_out_request *own = (struct sign_out_request *)request;
	enum store_answer answer = STORE_NONE;

	for (size_t i = 0; i < own->old.count && answer != STORE_FAILED; i++)
		answer = end_session(own, i);
	if (answer == STORE_FAILED)
		auth_keeper_answer(request, AUTH_UNAVAILABLE, "the store does not answer");
	else
		auth_keeper_answer(request, AUTH_OK, "");
}

/* The browser forgets its cookie only when the session is gone: else it could not try again. */
static void on_signed_out(struct auth_pending *pending, struct keeper_request *request)
{
	struct sign_out_request *own = (struct sign_out_request *)request;
	struct sign_in_result *result = &sign_in_pending_of(pending)->result;
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);

	if (request->status == AUTH_OK)
		result->set_cookie = session_clear_cookie(rules->conf, request->site);
	result->location = own->location;
	own->location = NULL;
	share_drop(hold);
	auth_pending_answer(
		pending, auth_refused(request->status,
				 auth_pending_reason(pending->auth, request->reason, "refused")));
}

void auth_sign_out(struct auth *auth, const struct str *cookies, size_t count,
	enum sign_out_scope scope, sign_in_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct open_pending *pending =
		auth_session_open_pending(auth, rules, cookies, count, STR(""), done, arg);
	struct sign_out_request *own =
		(struct sign_out_request *)auth_keeper_new(&pending->base.base, sizeof *own);

	share_drop(hold);
	own->base.done = on_signed_out;
	own->base.work = sign_out_on_keeper;
	own->base.clear = clear_sign_out;
	own->scope = scope;
	own->old = pending->old;
	if (own->old.count)
		auth_keeper_send(&own->base);
	else
		auth_keeper_answer(&own->base, AUTH_OK, "");
}

/* --- the provider ends sessions (S28) --- */

struct logout_request {
	struct keeper_request base; /* first */
	char *token;		    /* secret */
	struct jwks_waiter waiter;
	bool was_asked; /* the provider, for newer keys */
	bool is_fetched;
};

static void clear_logout(struct keeper_request *request)
{
	secret_free(((struct logout_request *)request)->token);
}

struct owner { /* of a session that the provider names by its own id */
	const struct keyring *ring;
	char subject[STORE_SUBJECT];
};

static void note_owner(void *arg, const struct store_session *session)
{
	struct owner *owner = arg;
	struct session_data label;

	if (session_data_open_label(owner->ring, session, &label) == -1)
		return;
	if (label.subject && !str_copy(str_of(label.subject), owner->subject, STORE_SUBJECT))
		owner->subject[0] = '\0';
	session_data_clear(&label);
}

/* The session that ended there. */
static struct session_index index_of(const struct logout_token *token)
{
	return (struct session_index){
		STORE_BY_PROVIDER_SID, str_of(token->issuer), str_of(token->sid)};
}

/* Before the sessions are gone: whose they are, where the provider does not say it. */
static int find_owner(struct auth_service *service, const struct logout_token *token, char *out)
{
	struct owner owner = {.ring = service->ring};
	const struct session_index there = index_of(token);

	if (token->subject && !str_copy(str_of(token->subject), owner.subject, STORE_SUBJECT))
		owner.subject[0] = '\0';
	if (token->subject == NULL && token->sid &&
		session_index_list(service->store, service->ring, &there, clock_wall_s(),
			note_owner, &owner) == -1)
		return -1;
	memcpy(out, owner.subject, STORE_SUBJECT);
	return 0;
}

/* By the provider's session where it names one we know; else all of its subject. */
static int end_named(struct auth_service *service, const struct logout_token *token)
{
	const struct session_index there = index_of(token);
	int ended = token->sid ? session_index_end(service->store, service->ring, &there) : 0;

	if (ended != 0 || token->subject == NULL)
		return ended;
	return end_everywhere(service, there.issuer, str_of(token->subject));
}

/* The person's own tokens, and the sessions: these last, for who tries again after a failure may
 * know only by them whose the tokens are. */
static int end_person(struct auth_service *service, const struct logout_token *token)
{
	char subject[STORE_SUBJECT];

	if (find_owner(service, token, subject) == -1)
		return -1;
	char *person = subject[0]
			       ? conf_person(service->conf, str_of(token->issuer), str_of(subject))
			       : NULL;
	int ended = person ? token_follow(auth_service_tokens(service), person, NULL, person) : 0;
	free(person);
	return ended == -1 ? -1 : end_named(service, token);
}

static void log_logout(const struct conf *conf, const struct logout_token *token, int ended)
{
	const struct conf_oidc *of = conf_provider_of(conf, str_of(token->issuer));
	char *person = token->subject
			       ? conf_person(conf, str_of(token->issuer), str_of(token->subject))
			       : NULL;
	char count[16];

	snprintf(count, sizeof count, "%d", ended);
	const struct log_field fields[] = {{"user", str_of(person), false},
		{"provider", str_of(conf_provider_name(of)), false},
		{"sessions", str_of(count), true}};
	log_fields(LOG_INFO, "sign_out", "the identity provider ended sessions", fields,
		ARRAY_LEN(fields));
	free(person);
}

/* NONE: it has taken effect. FAILED: perhaps in part. */
static enum store_answer end_and_note(
	struct auth_service *service, const struct logout_token *token)
{
	struct store *store = service->store;
	int ended = end_person(service, token);

	if (ended != 0) /* a failure may have come after the first of several */
		service_note_end(service);
	if (ended == -1)
		return STORE_FAILED;
	log_logout(service->conf, token, ended);
	return store->ops->once(store, token->jti, token->replay_until);
}

/* Noted when it has taken effect: after a failure the provider sends the same token again, and what
 * is ended already may be ended once more. Seen before, or not to be known: refused either way
 * (fails closed). */
static void end_once(struct keeper_request *request, const struct logout_token *token)
{
	struct auth_service *service = request->service;
	struct store *store = service->store;
	enum store_answer answer = store->ops->noted(store, token->jti);

	if (answer == STORE_NONE)
		answer = end_and_note(service, token);
	switch (service_count(service, answer)) {
	case STORE_FAILED:
		auth_keeper_answer(request, AUTH_UNAVAILABLE, "the store does not answer");
		break;
	case STORE_FOUND:
		auth_keeper_answer(request, AUTH_INVALID_TOKEN, "the logout token was used before");
		break;
	case STORE_NONE:
		auth_keeper_answer(request, AUTH_OK, "");
		break;
	}
}

static void judge_logout(struct keeper_request *request);

static void on_logout_keys(struct jwks_waiter *waiter, bool fetched)
{
	struct logout_request *own =
		(struct logout_request *)((char *)waiter - offsetof(struct logout_request, waiter));

	own->is_fetched = fetched;
	if (own->base.service->closed)
		auth_keeper_answer(&own->base, AUTH_UNAVAILABLE, "shutting down");
	else
		judge_logout(&own->base);
}

static void judge_logout_of(struct logout_request *own, const struct conf_oidc *oidc,
	const struct oidc_provider *provider)
{
	struct auth_service *service = own->base.service;
	struct logout_token token;
	struct err err = {""};
	enum keyset_verdict verdict =
		logout_token_check(service->keys, str_of(own->token), oidc->issuer, oidc->client_id,
			provider->id_token_algorithms, clock_wall_s(), &token, &err);

	if (verdict == KEYSET_UNKNOWN_KEY && !own->was_asked) {
		own->was_asked = true;
		own->waiter.done = on_logout_keys;
		jwks_fetch_unknown_kid(service->jwks, oidc->issuer, &own->waiter);
	} else if (verdict == KEYSET_OK) {
		end_once(&own->base, &token);
		logout_token_clear(&token);
	} else {
		bool is_open = verdict == KEYSET_NO_KEYS ||
			       (verdict == KEYSET_UNKNOWN_KEY && !own->is_fetched);
		auth_keeper_answer(
			&own->base, is_open ? AUTH_UNAVAILABLE : AUTH_INVALID_TOKEN, err.text);
	}
}

/* Whose it says it is, believed only to choose the keys. NULL: no provider's. */
static const struct conf_oidc *provider_of(const struct conf *conf, const char *token)
{
	char issuer[STORE_ISSUER] = "";
	struct jws jws;
	struct err err;

	if (jws_parse(str_of(token), &jws, &err) == 0) {
		jwt_peek_issuer(&jws, issuer);
		jws_clear(&jws);
	}
	return conf_provider_of(conf, str_of(issuer));
}

static void judge_logout(struct keeper_request *request)
{
	struct logout_request *own = (struct logout_request *)request;
	const struct auth_service *service = request->service;
	const struct conf_oidc *oidc = provider_of(service->conf, own->token);
	struct provider_list *known = providers_list(service->providers);
	const struct oidc_provider *provider =
		oidc ? provider_list_find(known, oidc->issuer) : NULL;

	if (provider)
		judge_logout_of(own, oidc, provider);
	else
		auth_keeper_answer(request, oidc ? AUTH_UNAVAILABLE : AUTH_INVALID_TOKEN,
			"the logout token is of no identity provider that is known");
	provider_list_unref(known);
}

static void on_logged_out(struct auth_pending *pending, struct keeper_request *request)
{
	auth_pending_answer(pending,
		auth_refused(request->status, auth_pending_reason(pending->auth, request->reason,
						      "the token is not valid")));
}

void auth_back_channel_logout(
	struct auth *auth, struct str logout_token, sign_in_done *done, void *arg)
{
	struct sign_in_pending *pending = auth_pending_sign_in(auth, sizeof *pending, done, arg);
	struct keeper_request *request =
		auth_keeper_new(&pending->base, sizeof(struct logout_request));

	request->done = on_logged_out;
	request->work = judge_logout;
	request->clear = clear_logout;
	if (logout_token.len > LOGOUT_TOKEN_BYTES) {
		auth_keeper_answer(request, AUTH_INVALID_TOKEN, "the logout token is too long");
		return;
	}
	((struct logout_request *)request)->token = mem_strndup(logout_token.at, logout_token.len);
	auth_keeper_send(request);
}
