/* A bearer token judged: ours by its record, an issuer's by its signature or its introspection. */
#include "auth/service/auth_judge.h"

#include "auth/issuers/groups_source.h"
#include "auth/issuers/introspect.h"
#include "auth/policy/scope.h"
#include "auth/roles/roles.h"
#include "auth/roles/standing.h"
#include "auth/service/auth_store_view.h"
#include "auth/token/issue.h"
#include "base/clock.h"
#include "conf/providers.h"

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

/* A token that says more than its record was not issued by us as it is. What it is worth by its
 * standing may be less. */
static bool is_on_record(const struct identity *who, enum role on_record)
{
	return who->grants ? who->role <= on_record : who->role == on_record;
}

/* Takes `who`, whose signature and claims are good. */
static struct auth_result admit_bearer(
	struct auth *auth, struct question *question, struct identity *who, int64_t now)
{
	struct auth_result result = {AUTH_OK, who, ""};
	enum role role = who->role;

	if (who->token_id[0] != '\0')
		result = auth_bearer_check_record(auth, question, who->token_id, now, &role);
	if (result.status == AUTH_OK && who->token_id[0] != '\0' && !is_on_record(who, role))
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

/* --- what its maker was --- */

/* The record's standing, if it is the one that was signed (S71). AUTH_OK without an identity; or it
 * is to be read first, or why not. */
static struct auth_result find_standing(
	struct auth *auth, struct question *question, const struct identity *who, int64_t now)
{
	enum role role = ROLE_NONE;
	struct auth_result result =
		auth_bearer_check_record(auth, question, who->token_id, now, &role);

	if (result.status != AUTH_OK)
		return result;
	if (role != who->role)
		return auth_refused(AUTH_INVALID_TOKEN, "the token is not the one on record");
	if (question->standing)
		return result;
	auth_store_view_forget_token(auth, question, who->token_id);
	return auth_bearer_check_record(auth, question, who->token_id, now, &role);
}

/* Gives the token the roles that its maker held when it was made, as far as they open something
 * today, and no higher role than was signed (S72). */
static struct auth_result take_standing(const struct auth_rules *rules,
	const struct question *question, const struct jwt_claims *claims, struct identity *who)
{
	struct grants *grants = NULL;

	if (signer_standing_is(claims->json, question->standing))
		grants = standing_read(rules->conf, str_of(question->standing));
	if (grants == NULL)
		return auth_refused(AUTH_INVALID_TOKEN, "the token is not the one on record");
	standing_apply(who, grants, who->role);
	return auth_refused(AUTH_OK, "");
}

static struct auth_result check_own(struct auth *auth, const struct auth_rules *rules,
	struct question *question, const struct jwt_claims *claims, struct identity *who,
	int64_t now)
{
	if (who->token_id[0] == '\0')
		return auth_refused(AUTH_INVALID_TOKEN, "the token is not on record");
	if (!signer_has_standing(claims->json))
		return auth_refused(AUTH_OK, "");
	struct auth_result result = find_standing(auth, question, who, now);
	return result.status == AUTH_OK ? take_standing(rules, question, claims, who) : result;
}

/* --- signed tokens --- */

static const char *claim_of(const struct conf *conf, struct str issuer)
{
	return conf_roles_claim(conf, conf_provider_of(conf, issuer));
}

static struct auth_result take_verified(struct auth *auth, const struct auth_rules *rules,
	struct question *question, const struct keyset_issuer *issuer,
	const struct jwt_claims *claims, int64_t now)
{
	struct auth_result result = auth_refused(AUTH_OK, "");
	struct identity *who =
		issuer->is_own ? identify_own(claims)
			       : standing_identity(rules->conf, claims->json, claims->issuer,
					 claims->subject, claims->expires_at);

	if (who == NULL)
		return auth_refused(AUTH_INVALID_TOKEN,
			issuer->is_own ? "the token's scope is not known" : IDENTITY_NOT_THEIRS);
	if (!issuer->is_own)
		identity_note_seen(who,
			groups_source_seen(claim_of(rules->conf, claims->issuer), claims->json));
	if (issuer->is_own)
		result = check_own(auth, rules, question, claims, who, now);
	if (result.status != AUTH_OK) {
		identity_unref(who);
		return result;
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

	if (verdict == KEYSET_OK) {
		struct auth_result result =
			take_verified(auth, rules, question, issuer, &claims, now);
		jwt_clear(&claims);
		return result;
	}
	if (verdict == KEYSET_NO_KEYS)
		return auth_refused(AUTH_ISSUER_SILENT, "the issuer's keys are not known yet");
	if (verdict == KEYSET_UNKNOWN_KEY && !question->keys_asked) {
		question->issuer = issuer->issuer;
		return lack(question, NEED_KEYS);
	}
	if (verdict == KEYSET_UNKNOWN_KEY && !question->keys_fetched)
		return auth_refused(AUTH_ISSUER_SILENT,
			"the token's key is not known, and no newer keys can be had now");
	if (is_for_introspection(rules, question, issuer))
		return lack(question, NEED_INTROSPECTION);
	if (auth_is_undecided(question->refused))
		return auth_refused(question->refused, question->why);
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
