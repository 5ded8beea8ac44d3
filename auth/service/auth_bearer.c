/* A bearer token judged: ours by its record, an issuer's by its signature or its introspection. */
#include "auth/service/auth_judge.h"

#include "auth/issuers/groups_source.h"
#include "auth/issuers/introspect.h"
#include "auth/policy/roles.h"
#include "auth/policy/scope.h"
#include "auth/service/auth_store_view.h"
#include "auth/token/issue.h"
#include "base/clock.h"

#include <stdlib.h>

/* Roles of our own tokens are on record, so that their claims are not asked. NULL: the scope says
 * something that this version does not know. */
static struct identity *identify_own(const struct jwt_claims *claims)
{
	struct str name = roles_display_name(claims->json, claims->subject);
	const json_t *scope_claim = json_object_get(claims->json, "scope");
	bool is_client = str_starts(claims->subject, STR("client:"));
	struct scope *scope = NULL;

	if (scope_claim) {
		struct err err;
		scope = scope_parse(str_of(json_string_value(scope_claim)), &err);
		if (scope == NULL)
			return NULL;
	}
	struct identity *who = identity_new(claims->issuer, claims->subject,
		is_client ? name : claims->subject, issue_record_id(claims->token_id),
		signer_role(claims->json), VIA_BEARER, claims->expires_at);
	identity_limit(who, scope);
	return who;
}

static struct identity *identify_bearer(const struct auth_rules *rules,
	const struct keyset_issuer *issuer, const struct jwt_claims *claims)
{
	if (issuer->is_own)
		return identify_own(claims);
	struct identity *who = roles_identity(
		rules->conf, claims->json, claims->issuer, claims->subject, claims->expires_at);
	identity_note_seen(who, groups_source_seen(rules->conf->roles_claim, claims->json));
	return who;
}

struct auth_result auth_bearer_check_record(struct auth *auth, struct question *question,
	const char *token_id, int64_t now, enum role *role)
{
	struct record_cache_entry *record = NULL;
	struct store_touch touch = {.is_token = true, .at = now};

	switch (auth_store_view_token(auth, question, token_id, now, &record)) {
	case RECORD_LATER:
		return auth_refused(AUTH_LATER, "");
	case RECORD_SILENT:
		return auth_refused(AUTH_UNAVAILABLE, "the store does not answer");
	case RECORD_NONE:
		return auth_refused(AUTH_INVALID_TOKEN, "the token is not on record");
	case RECORD_FOUND:
		break;
	}
	if (!record->is_active)
		return auth_refused(AUTH_INVALID_TOKEN, "the token was revoked");
	*role = record->role;
	if (!question->is_quiet && now - record->saved_at >= SESSION_SAVE_SECONDS &&
		str_copy(str_of(token_id), touch.id, sizeof touch.id)) {
		if (!str_copy(question->client, touch.from, sizeof touch.from))
			touch.from[0] = '\0';
		auth_store_view_touch(auth, record, &touch, SESSION_SAVE_SECONDS);
	}
	return auth_refused(AUTH_OK, "");
}

/* Takes `who`, whose signature and claims are good. */
static struct auth_result admit_bearer(
	struct auth *auth, struct question *question, struct identity *who, int64_t now)
{
	struct auth_result result = {AUTH_OK, who, ""};
	enum role role = who->role;

	if (who->token_id[0] != '\0')
		result = auth_bearer_check_record(auth, question, who->token_id, now, &role);
	/* A token that says more than its record was not issued by us as it is. */
	if (result.status == AUTH_OK && role != who->role)
		result = auth_refused(AUTH_INVALID_TOKEN, "the token is not the one on record");
	if (result.status == AUTH_OK)
		result.who = who;
	else
		identity_unref(who);
	return result;
}

static struct auth_result lack(struct question *question, enum need need)
{
	question->need = need;
	return auth_refused(AUTH_LATER, "");
}

static struct auth_result take_verified(struct auth *auth, const struct auth_rules *rules,
	struct question *question, const struct keyset_issuer *issuer, struct jwt_claims *claims,
	int64_t now)
{
	struct identity *who = identify_bearer(rules, issuer, claims);

	jwt_clear(claims);
	if (who == NULL)
		return auth_refused(AUTH_INVALID_TOKEN, "the token's scope is not known");
	if (issuer->is_own && who->token_id[0] == '\0') {
		identity_unref(who);
		return auth_refused(AUTH_INVALID_TOKEN, "the token is not on record");
	}
	token_cache_put(auth->tokens, question->key, now, rules->generation, who, who->expires_at);
	return admit_bearer(auth, question, who, now);
}

/* What no issuer of signed tokens has made may be an opaque token of one who is asked. */
static bool is_for_introspection(const struct auth_rules *rules, const struct question *question,
	const struct keyset_issuer *issuer)
{
	return !question->introspected && introspect_is_configured(rules->conf) &&
	       (issuer == NULL || !issuer->is_for_bearer);
}

static struct auth_result verify_bearer(
	struct auth *auth, const struct auth_rules *rules, struct question *question, int64_t now)
{
	const struct keyset_issuer *issuer = NULL;
	struct jwt_claims claims;
	struct err err = {""};
	enum keyset_verdict verdict =
		keyset_verify(rules->keys, question->token, now, &claims, &issuer, &err);

	if (verdict == KEYSET_OK)
		return take_verified(auth, rules, question, issuer, &claims, now);
	if (verdict == KEYSET_NO_KEYS)
		return auth_refused(AUTH_UNAVAILABLE, "the issuer's keys are not known yet");
	if (verdict == KEYSET_UNKNOWN_KEY && !question->keys_asked) {
		question->issuer = issuer->issuer;
		return lack(question, NEED_KEYS);
	}
	if (is_for_introspection(rules, question, issuer))
		return lack(question, NEED_INTROSPECTION);
	if (question->refused == AUTH_UNAVAILABLE)
		return auth_refused(AUTH_UNAVAILABLE, question->why);
	const char *reason = question->refused == AUTH_OK
				     ? auth_pending_reason(auth, err.text, "the token is not valid")
				     : question->why;
	token_cache_put_bad(auth->tokens, question->key, now, rules->generation, reason);
	return auth_refused(AUTH_INVALID_TOKEN, reason);
}

struct auth_result auth_bearer_judge(
	struct auth *auth, const struct auth_rules *rules, struct question *question)
{
	int64_t now = clock_wall_s();
	struct token_cache_found found = token_cache_find(
		auth->tokens, question->token, now, rules->generation, question->key);

	if (found.kind == TOKEN_GOOD)
		return admit_bearer(auth, question, identity_ref(found.who), now);
	if (found.kind == TOKEN_BAD)
		return auth_refused(AUTH_INVALID_TOKEN, found.reason);
	return verify_bearer(auth, rules, question, now);
}
