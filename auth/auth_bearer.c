#include "auth/auth_int.h"

#include "auth/roles.h"
#include "base/clock.h"

#include <stdlib.h>

/* A text that lives as long as the worker: an error's own dies with it, and reasons are kept by
 * caches and log lines. There are as many as keyset_verify() has sentences. */
static const char *keep_reason(struct auth *auth, const struct err *err)
{
	for (size_t i = 0; i < auth->reasons_count; i++) {
		if (strcmp(auth->reasons[i], err->text) == 0)
			return auth->reasons[i];
	}
	if (auth->reasons_count == AUTH_REASONS_MAX)
		return "the token is not valid";
	return auth->reasons[auth->reasons_count++] = mem_strdup(err->text);
}

static struct str claim(const struct jwt_claims *claims, const char *name)
{
	return str_of(json_string_value(json_object_get(claims->json, name)));
}

/* What people call this subject; never a key (S31). */
static struct str display_name(const struct jwt_claims *claims)
{
	static const char *const names[] = {"name", "preferred_username", "client_name"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str name = claim(claims, names[i]);

		if (name.len > 0)
			return name;
	}
	return claims->subject;
}

/* Roles of our own tokens are on record, so that their claims are not asked. */
static struct identity *identify(const struct auth_rules *rules, const struct keyset_issuer *issuer,
	const struct jwt_claims *claims)
{
	if (!issuer->is_own)
		return identity_new(claims->issuer, claims->subject, display_name(claims), STR(""),
			roles_from_claims(rules->conf, claims->json), VIA_BEARER,
			claims->expires_at);
	bool is_client = str_starts(claims->subject, STR("client:"));
	return identity_new(claims->issuer, claims->subject,
		is_client ? display_name(claims) : claims->subject, claims->token_id,
		signer_role(claims->json), VIA_BEARER, claims->expires_at);
}

struct auth_result auth_bearer_check_record(
	struct auth *auth, const char *token_id, struct str client, int64_t now, enum role *role)
{
	struct recent_entry *record = NULL;
	struct store_touch touch = {.is_token = true, .at = now};

	switch (auth_record_token(auth, token_id, now, &record)) {
	case STORE_FAILED:
		return auth_refused(AUTH_UNAVAILABLE, "the store does not answer");
	case STORE_NONE:
		return auth_refused(AUTH_INVALID_TOKEN, "the token is not on record");
	case STORE_FOUND:
		break;
	}
	if (!record->is_active)
		return auth_refused(AUTH_INVALID_TOKEN, "the token was revoked");
	if (now >= record->ends_at)
		return auth_refused(AUTH_INVALID_TOKEN, "the token has expired");
	*role = record->role;
	if (str_copy(str_of(token_id), touch.id, sizeof touch.id)) {
		if (!str_copy(client, touch.from, sizeof touch.from))
			touch.from[0] = '\0';
		auth_record_touch(auth, record, &touch, SESSION_SAVE_SECONDS);
	}
	return auth_refused(AUTH_OK, "");
}

/* Takes `who`, whose signature and claims are good. */
static struct auth_result admit(
	struct auth *auth, struct identity *who, struct str client, int64_t now)
{
	struct auth_result result = {AUTH_OK, who, ""};
	enum role role = who->role;

	if (who->token_id[0] != '\0')
		result = auth_bearer_check_record(auth, who->token_id, client, now, &role);
	/* A token that says more than its record was not issued by us as it is. */
	if (result.status == AUTH_OK && role != who->role)
		result = auth_refused(AUTH_INVALID_TOKEN, "the token is not the one on record");
	if (result.status == AUTH_OK)
		result.who = who;
	else
		identity_unref(who);
	return result;
}

static struct auth_result verify(struct auth *auth, const struct auth_rules *rules,
	struct str token, struct str client, int64_t now, const char **refetch)
{
	const struct keyset_issuer *issuer = NULL;
	struct jwt_claims claims;
	struct err err = {""};
	enum keyset_verdict verdict =
		keyset_verify(rules->keys, token, now, &claims, &issuer, &err);

	if (verdict == KEYSET_OK) {
		struct identity *who = identify(rules, issuer, &claims);

		jwt_clear(&claims);
		if (issuer->is_own && who->token_id[0] == '\0') {
			identity_unref(who);
			return auth_refused(AUTH_INVALID_TOKEN, "the token is not on record");
		}
		token_cache_put(auth->tokens, token, rules->generation, who);
		return admit(auth, who, client, now);
	}
	if (verdict == KEYSET_NO_KEYS)
		return auth_refused(AUTH_UNAVAILABLE, "the issuer's keys are not known yet");
	if (verdict == KEYSET_UNKNOWN_KEY && refetch) {
		*refetch = issuer->issuer;
		return auth_refused(AUTH_LATER, "");
	}
	const char *reason = keep_reason(auth, &err);
	token_cache_put_bad(auth->tokens, token, now, rules->generation, reason);
	return auth_refused(AUTH_INVALID_TOKEN, reason);
}

struct auth_result auth_bearer_judge(struct auth *auth, const struct auth_rules *rules,
	struct str token, struct str client, const char **refetch)
{
	int64_t now = clock_wall_s();
	struct token_cache_found found =
		token_cache_find(auth->tokens, token, now, rules->generation);

	if (found.kind == TOKEN_GOOD)
		return admit(auth, identity_ref(found.who), client, now);
	if (found.kind == TOKEN_BAD)
		return auth_refused(AUTH_INVALID_TOKEN, found.reason);
	return verify(auth, rules, token, client, now, refetch);
}
