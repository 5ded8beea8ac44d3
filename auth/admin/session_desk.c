#include "auth/admin/session_desk.h"

#include "auth/session/session_index.h"
#include "auth/token/audit.h"
#include "auth/token/token_follow.h"
#include "conf/providers.h"

#include <stdlib.h>

/* --- issuers that people come by --- */

enum { ISSUERS_MAX = 64 };

static size_t add_issuer(const char *issuers[static ISSUERS_MAX], size_t count, const char *issuer)
{
	for (size_t i = 0; i < count; i++) {
		if (issuer && strcmp(issuers[i], issuer) == 0)
			return count;
	}
	if (issuer && count < ISSUERS_MAX)
		issuers[count++] = issuer;
	return count;
}

static size_t find_issuers(
	const struct session_desk *desk, const char *only, const char *issuers[static ISSUERS_MAX])
{
	const struct conf *conf = desk->tokens->conf;
	size_t count = add_issuer(issuers, 0, only ? only : desk->tokens->issuer);

	if (only)
		return count;
	for (size_t i = 0; i < conf->oidc_count; i++)
		count = add_issuer(issuers, count, conf->oidc[i].issuer);
	for (size_t i = 0; i < conf->bearer_count; i++)
		count = add_issuer(issuers, count, conf->bearer[i].issuer);
	return count;
}

/* False: this issuer has no such person (S190). */
static bool find_person(const struct session_desk *desk, const char *issuer, const char *user,
	struct session_index *out)
{
	*out = (struct session_index){STORE_BY_PERSON, str_of(issuer),
		conf_subject(desk->tokens->conf, str_of(issuer), str_of(user))};
	return out->name.at != NULL;
}

static enum token_outcome fail(const struct session_desk *desk)
{
	token_desk_count(desk->tokens, STORE_FAILED);
	return TOKEN_UNAVAILABLE;
}

/* --- the list --- */

struct listing {
	const struct conf *conf;
	const struct keyring *ring;
	const char *issuer; /* or NULL */
	json_t *sessions;
	struct store_session_query *last;
};

static bool is_of(const char *issuer, const struct session_data *label)
{
	return issuer == NULL || (label->issuer && strcmp(label->issuer, issuer) == 0);
}

static void add_session(void *arg, const struct store_session *session)
{
	struct listing *listing = arg;
	struct session_data label;

	session_view_label(listing->ring, session, &label);
	if (is_of(listing->issuer, &label))
		json_array_append_new(
			listing->sessions, session_view_json(listing->conf, session, &label));
	session_data_clear(&label);
	listing->last->before_at = session->created_at;
	memcpy(listing->last->before_key, session->key, DIGEST_LEN);
}

static enum token_outcome list_person(const struct session_desk *desk,
	const struct session_desk_query *query, struct listing *listing)
{
	const char *issuers[ISSUERS_MAX];
	size_t count = find_issuers(desk, query->issuer, issuers);

	for (size_t i = 0; i < count; i++) {
		struct session_index person;
		if (!find_person(desk, issuers[i], query->user, &person))
			continue;
		if (session_index_list(desk->tokens->store, desk->ring, &person, query->page.now,
			    add_session, listing) == -1)
			return fail(desk);
	}
	listing->last->before_at = 0; /* that is all of them */
	return TOKEN_DONE;
}

enum token_outcome session_desk_list(const struct session_desk *desk,
	const struct session_desk_query *query, json_t *sessions, struct store_session_query *next)
{
	struct store *store = desk->tokens->store;
	struct listing listing = {desk->tokens->conf, desk->ring, query->issuer, sessions, next};

	*next = query->page;
	next->before_at = 0;
	if (query->user)
		return list_person(desk, query, &listing);
	int more = store->ops->session_page(store, &query->page, add_session, &listing);
	if (more == -1)
		return fail(desk);
	if (more == 0)
		next->before_at = 0;
	return TOKEN_DONE;
}

/* --- ending --- */

/* Other caches are told at once; other gateways hear of it from the store. */
static void tell_end(const struct session_desk *desk)
{
	if (desk->tokens->on_event)
		desk->tokens->on_event(desk->tokens->arg, TOKEN_CHANGED);
}

static enum token_outcome end_one(const struct session_desk *desk,
	const struct session_desk_order *order, struct session_data *label, int *ended)
{
	struct store *store = desk->tokens->store;
	unsigned char prefix[STORE_KEY_PREFIX], key[DIGEST_LEN];
	struct store_session session;

	if (!session_view_read_id(str_of(order->id), prefix))
		return TOKEN_UNKNOWN;
	enum store_answer answer = store->ops->session_find(store, prefix, key);
	if (answer == STORE_FOUND)
		answer = store->ops->session_get(store, key, &session);
	if (answer == STORE_FOUND) {
		session_view_label(desk->ring, &session, label); /* whose it was, for the record */
		store_session_clear(&session);
		answer = store->ops->session_end(store, key);
	}
	*ended = answer == STORE_FOUND;
	if (answer == STORE_FAILED)
		return fail(desk);
	return answer == STORE_FOUND ? TOKEN_DONE : TOKEN_UNKNOWN;
}

static enum token_outcome end_person(
	const struct session_desk *desk, const struct session_desk_order *order, int *ended)
{
	const char *issuers[ISSUERS_MAX];
	size_t count = find_issuers(desk, order->issuer, issuers);

	for (size_t i = 0; i < count; i++) {
		struct session_index person;
		if (!find_person(desk, issuers[i], order->user, &person))
			continue;
		int some = session_index_end(desk->tokens->store, desk->ring, &person);
		if (some == -1)
			return fail(desk);
		*ended += some;
	}
	return session_desk_end_tokens(desk->tokens, order->user, order->issuer, order->by) == -1
		       ? fail(desk)
		       : TOKEN_DONE;
}

enum token_outcome session_desk_end(
	const struct session_desk *desk, const struct session_desk_order *order, int *ended)
{
	struct session_data label = {.role = ROLE_NONE};

	*ended = 0;
	enum token_outcome outcome =
		order->id ? end_one(desk, order, &label, ended) : end_person(desk, order, ended);
	char *person = session_view_person(desk->tokens->conf, &label);
	tell_end(desk); /* a failure may have come after the first of several */
	if (outcome != TOKEN_UNKNOWN)
		audit_sessions(
			order->by, &(struct audit_sessions){.id = order->id,
					   .subject = order->id ? person : order->user,
					   .issuer = order->id ? label.issuer : order->issuer,
					   .user_name = order->by_name,
					   .ended = outcome == TOKEN_DONE ? *ended : -1});
	session_data_clear(&label);
	free(person);
	return outcome;
}

int session_desk_end_tokens(
	const struct token_desk *tokens, const char *user, const char *issuer, const char *by)
{
	if (issuer && strcmp(issuer, tokens->issuer) != 0 &&
		(conf_provider_of(tokens->conf, str_of(issuer)) == NULL ||
			conf_subject(tokens->conf, str_of(issuer), str_of(user)).at == NULL))
		return 0;
	return token_follow(tokens, user, NULL, by);
}
