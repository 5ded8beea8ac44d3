#include "auth/token/token_grant.h"

#include "auth/token/audit.h"
#include "auth/jose/keyset.h"
#include "auth/policy/scope.h"
#include "auth/roles/standing.h"
#include "base/clock.h"
#include "base/log/log.h"

#include <openssl/crypto.h>

/* --- the next tokens --- */

/* Somebody who was given a token of this family, or who copied one. */
static bool is_of_family(const struct store_token *record, const struct token_secret *secret)
{
	return CRYPTO_memcmp(record->family, secret->family, DIGEST_LEN) == 0;
}

static bool is_current_secret(const struct store_token *record, const struct token_secret *secret)
{
	return CRYPTO_memcmp(record->secret, secret->secret, DIGEST_LEN) == 0;
}

/* S36: one of the two who have it is a thief, and nobody knows which. */
static enum token_outcome end_family(const struct token_desk *desk, struct store_token *record)
{
	struct err err;

	audit_token(record->subject, STR(""), "reuse", record);
	log_warn("tokens",
		"a one-time token was shown twice: token %s and all it was renewed to end",
		record->id);
	return token_desk_change(desk, record->subject, record, STATE_REVOKED, true, &err) ==
			       TOKEN_UNAVAILABLE
		       ? TOKEN_UNAVAILABLE
		       : TOKEN_INVALID;
}

/* When nothing of the family is good any more, however often it is renewed (S70). */
static int64_t family_end(const struct conf *conf, const struct store_token *record)
{
	return record->created_at + conf->refresh_ttl_s.max;
}

static bool is_over(const struct conf *conf, const struct store_token *record)
{
	int64_t now = clock_wall_s();

	return now >= record->secret_expires_at ||
	       (record->serial > 0 && now >= family_end(conf, record));
}

/* TOKEN_DONE: the secret is of this record, which is alive; whether it is good now, or was. */
static enum token_outcome judge_secret(const struct token_desk *desk,
	const struct token_secret *secret, struct store_token *record)
{
	enum token_outcome outcome = token_desk_get(desk, str_of(secret->id), record);

	if (outcome != TOKEN_DONE)
		return outcome == TOKEN_UNKNOWN ? TOKEN_INVALID : outcome;
	if (!is_of_family(record, secret))
		return TOKEN_INVALID;
	if (record->state == STATE_REVOKED)
		return TOKEN_INVALID;
	/* What was used is told from what was not, whatever else holds. */
	if (is_current_secret(record, secret) &&
		(record->state != STATE_ACTIVE || is_over(desk->conf, record)))
		return TOKEN_INVALID;
	return TOKEN_DONE;
}

/* RFC 6749 §5.1 */
json_t *token_grant_answer(const struct store_token *record, const struct token_secrets *secrets)
{
	int64_t now = clock_wall_s();
	json_t *json = json_pack("{s:s, s:s, s:I, s:s}", "access_token", secrets->access,
		"token_type", "Bearer", "expires_in", (json_int_t)(record->expires_at - now), "id",
		record->id);

	if (secrets->refresh) {
		json_object_set_new(json, "refresh_token", json_string(secrets->refresh));
		json_object_set_new(
			json, "refresh_expires_in", json_integer(record->secret_expires_at - now));
	}
	if (record->scope[0])
		json_object_set_new(json, "scope", json_string(record->scope));
	return json;
}

static void limit_ttl(int64_t *ttl, int64_t most)
{
	if (*ttl > most)
		*ttl = most;
}

/* The policy may have become tighter since it was made. What is renewed does not outlive the
 * family; a first access token, which needs no renewal, has its own limit. */
static void limit_ttls(const struct conf *conf, struct store_token *record)
{
	int64_t left = family_end(conf, record) - clock_wall_s();

	limit_ttl(&record->access_ttl, conf->access_ttl_s.max);
	if (record->serial > 0)
		limit_ttl(&record->access_ttl, left);
	limit_ttl(&record->refresh_ttl, conf->refresh_ttl_s.max);
	limit_ttl(&record->refresh_ttl, left > 0 ? left : 0);
}

/* S88: two threads of one program, or a retry on a bad line, send the same refresh token at once. A
 * thief who is as fast has no more than that: who comes later with what was given ends all of it.
 * A registration token is for one receiver, and is good once. */
static enum token_outcome repeat_tokens(const struct token_desk *desk,
	const struct token_secret *secret, const struct issue_shown *shown,
	struct store_token *record, json_t **json)
{
	struct token_secrets secrets;

	if (secret->kind != TOKEN_REFRESH || record->state != STATE_ACTIVE ||
		is_over(desk->conf, record) || !issue_again(desk->signer, record, shown, &secrets))
		return end_family(desk, record);
	log_info("tokens",
		"token %s: a refresh token was sent again at once, and has the same answer",
		record->id);
	*json = token_grant_answer(record, &secrets);
	token_secrets_clear(&secrets);
	return TOKEN_DONE;
}

static enum token_outcome renew_tokens(const struct token_desk *desk,
	const struct issue_shown *shown, struct store_token *record, json_t **json)
{
	bool is_first = record->serial == 0;
	struct token_secrets secrets;

	limit_ttls(desk->conf, record);
	enum store_answer answer = issue_next(desk->store, desk->signer, record, shown, &secrets);
	token_desk_count(desk, answer);
	if (answer == STORE_FAILED)
		return TOKEN_UNAVAILABLE;
	if (answer == STORE_NONE)
		return TOKEN_CONFLICT;
	*json = token_grant_answer(record, &secrets);
	token_secrets_clear(&secrets);
	audit_token(record->subject, STR(""), is_first ? "register" : "refresh", record);
	return TOKEN_DONE;
}

enum token_outcome token_grant_next(
	const struct token_desk *desk, enum token_secret_kind kind, struct str text, json_t **json)
{
	struct token_secret secret;
	const struct issue_shown shown = {text, secret.family_text};
	struct store_token record;
	enum token_outcome outcome = TOKEN_INVALID;

	*json = NULL;
	if (!token_secret_parse(text, &secret) || secret.kind != kind)
		return TOKEN_INVALID;
	/* Another took it in between: the second look finds it used. */
	for (int look = 0; look < 2; look++) {
		outcome = judge_secret(desk, &secret, &record);
		if (outcome == TOKEN_DONE)
			outcome = is_current_secret(&record, &secret)
					  ? renew_tokens(desk, &shown, &record, json)
					  : repeat_tokens(desk, &secret, &shown, &record, json);
		if (outcome != TOKEN_CONFLICT)
			break;
	}
	OPENSSL_cleanse(&secret, sizeof secret);
	return outcome == TOKEN_CONFLICT ? TOKEN_INVALID : outcome;
}

/* --- whose it is --- */

struct shown { /* a token that somebody shows */
	struct store_token record;
	bool is_active; /* good as it is, now */
	bool is_access;
	int64_t issued_at, expires_at;
};

static enum token_outcome look_at_secret(
	const struct token_desk *desk, const struct token_secret *secret, struct shown *out)
{
	enum token_outcome outcome = token_desk_get(desk, str_of(secret->id), &out->record);

	if (outcome != TOKEN_DONE)
		return outcome;
	if (!is_of_family(&out->record, secret))
		return TOKEN_UNKNOWN;
	out->expires_at = out->record.secret_expires_at;
	out->is_active = is_current_secret(&out->record, secret) &&
			 out->record.state == STATE_ACTIVE && !is_over(desk->conf, &out->record);
	return TOKEN_DONE;
}

static enum token_outcome look_at_access(
	const struct token_desk *desk, struct str token, struct shown *out)
{
	const struct keyset_issuer *issuer = NULL;
	struct jwt_claims claims;
	struct err err;

	if (keyset_verify(desk->keys, token, clock_wall_s(), &claims, &issuer, &err) != KEYSET_OK)
		return TOKEN_UNKNOWN;
	enum token_outcome outcome =
		issuer->is_own
			? token_desk_get(desk, issue_record_id(claims.token_id), &out->record)
			: TOKEN_UNKNOWN;
	out->is_access = true;
	out->expires_at = claims.expires_at;
	out->issued_at = json_integer_value(json_object_get(claims.json, "iat"));
	out->is_active = outcome == TOKEN_DONE && out->record.state == STATE_ACTIVE;
	jwt_clear(&claims);
	return outcome;
}

static enum token_outcome look_at_shown(
	const struct token_desk *desk, struct str token, struct shown *out)
{
	struct token_secret secret;

	memset(out, 0, sizeof *out);
	if (!token_secret_parse(token, &secret))
		return look_at_access(desk, token, out);
	enum token_outcome outcome = look_at_secret(desk, &secret, out);
	OPENSSL_cleanse(&secret, sizeof secret);
	return outcome;
}

enum token_outcome token_grant_revoke(
	const struct token_desk *desk, struct str token, bool force, struct err *err)
{
	struct shown shown;
	enum token_outcome outcome = look_at_shown(desk, token, &shown);

	if (outcome == TOKEN_UNKNOWN)
		return TOKEN_DONE;
	if (outcome != TOKEN_DONE)
		return outcome;
	outcome = token_desk_change(
		desk, shown.record.subject, &shown.record, STATE_REVOKED, force, err);
	return outcome == TOKEN_UNKNOWN ? TOKEN_DONE : outcome;
}

/* --- what it is --- */

static bool may_know(const struct identity *caller, const struct store_token *record)
{
	enum action lacks;

	if (strcmp(caller->subject, record->subject) == 0)
		return caller->role != ROLE_NONE;
	return caller->role == ROLE_ADMIN &&
	       scope_allows(caller->scope, 1u << ACTION_TOKENS, &lacks);
}

/* With a standing, what its roles open today, and which these are. */
static void describe_roles(const struct conf *conf, const struct store_token *record, json_t *json)
{
	struct grants *grants = standing_read(conf, str_of(record->standing));
	struct grants_names names = grants_person(grants).names;
	enum role role = record->role;

	if (grants && grants_role(grants) < role)
		role = grants_role(grants);
	json_object_set_new(json, "role", json_string(role_name(role)));
	if (grants)
		json_object_set_new(json, "roles", json_array());
	for (size_t i = 0; i < names.count; i++)
		json_array_append_new(json_object_get(json, "roles"), json_string(names.at[i]));
	grants_unref(grants);
}

static json_t *describe_shown(const struct conf *conf, const struct shown *shown)
{
	const struct store_token *record = &shown->record;
	json_t *json = json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "active", 1,
		"client_id", record->client_name, "sub", record->subject, "username",
		record->subject, "iss", record->issuer, "aud", SIGNER_AUDIENCE, "exp",
		(json_int_t)shown->expires_at, "id", record->id);

	if (shown->is_access) {
		json_object_set_new(json, "token_type", json_string("Bearer"));
		json_object_set_new(json, "iat", json_integer(shown->issued_at));
	}
	if (record->scope[0])
		json_object_set_new(json, "scope", json_string(record->scope));
	describe_roles(conf, record, json);
	return json;
}

enum token_outcome token_grant_introspect(const struct token_desk *desk,
	const struct identity *caller, struct str token, json_t **json)
{
	struct shown shown;
	enum token_outcome outcome = look_at_shown(desk, token, &shown);

	*json = NULL;
	if (outcome == TOKEN_UNAVAILABLE)
		return outcome;
	if (outcome == TOKEN_DONE && shown.is_active && may_know(caller, &shown.record))
		*json = describe_shown(desk->conf, &shown);
	else
		*json = json_pack("{s:b}", "active", 0);
	return TOKEN_DONE;
}
