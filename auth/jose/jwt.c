#include "auth/jose/jwt.h"

#include "base/text/json_foreign.h"
#include "base/text/json_value.h"
#include "auth/jose/token_use.h"

#include <assert.h>

static struct str claim_text(const json_t *json, const char *name)
{
	struct str text = json_value_member(json, name);

	return text.at ? text : STR("");
}

/* How tokens tell what they are for: by the header's typ (RFC 8725 §3.11), by claims that only some
 * kinds have, and by what issuers write of it (token_use.h). */
static const struct use {
	const char *what;   /* with its article */
	const char *typ;    /* the explicit one; NULL: there is none */
	bool explicit_only; /* typ must be there */
	bool needs_subject, needs_exp, needs_iat;
	const char *foreign[5]; /* claims of other kinds; NULL at the end */
	unsigned others;	/* bits of enum token_use that the claims must not name */
	bool not_of_a_sign_in;	/* auth_time needs a scope beside it */
} uses[] = {
	[JWT_ACCESS_TOKEN] = {.what = "an access token",
		.typ = "at+jwt",
		.needs_subject = true,
		.needs_exp = true,
		.foreign = {"nonce", "at_hash", "c_hash", "events"},
		.others = TOKEN_USE_REFRESH | TOKEN_USE_ID | TOKEN_USE_LOGOUT,
		.not_of_a_sign_in = true},
	[JWT_ACCESS_TOKEN_ONLY] = {.what = "an access token",
		.typ = "at+jwt",
		.explicit_only = true,
		.needs_subject = true,
		.needs_exp = true},
	[JWT_ID_TOKEN] = {.what = "an ID token",
		.needs_subject = true,
		.needs_exp = true,
		.needs_iat = true,
		.foreign = {"events"},
		.others = TOKEN_USE_REFRESH | TOKEN_USE_ACCESS | TOKEN_USE_LOGOUT},
	[JWT_LOGOUT_TOKEN] = {.what = "a logout token",
		.typ = "logout+jwt",
		.needs_iat = true,
		.others = TOKEN_USE_REFRESH | TOKEN_USE_ACCESS | TOKEN_USE_ID},
};

/* A media type in typ may leave "application/" out (RFC 7515 §4.1.9). */
static bool is_explicit(struct str typ, const struct use *use)
{
	if (str_starts_nocase(typ, STR("application/")))
		typ = str_from(typ, strlen("application/"));
	return use->typ && str_eq_nocase(typ, str_of(use->typ));
}

/* What an issuer writes of a sign-in and not of what it allows, if nobody asked it for a nonce
 * (S150). */
static bool is_of_a_sign_in(const json_t *json)
{
	return json_object_get(json, "auth_time") && json_object_get(json, "scope") == NULL &&
	       json_object_get(json, "scp") == NULL &&
	       !(token_use_of_claims(json) & TOKEN_USE_ACCESS);
}

/* A token made for another use must not pass for this one (S18, S28). A plain JWT, whose typ says
 * nothing, gives itself away by its claims. */
static int check_use(struct str typ, const struct use *use, const json_t *json, struct err *err)
{
	if (is_explicit(typ, use))
		return 0;
	if (use->explicit_only || (typ.len > 0 && !str_eq_nocase(typ, STR("JWT"))))
		return err_set(err, "the token's typ is not that of %s", use->what);
	for (size_t i = 0; use->foreign[i]; i++) {
		if (json_object_get(json, use->foreign[i]))
			return err_set(err, "this is not %s", use->what);
	}
	if ((token_use_of_claims(json) & use->others) ||
		(use->not_of_a_sign_in && is_of_a_sign_in(json)))
		return err_set(err, "this is not %s", use->what);
	return 0;
}

/* Times stay doubles until they are known to fit: casting 1e300 to an integer is undefined (S18).
 */
static int64_t saturate(double seconds)
{
	if (seconds >= 9.2e18)
		return INT64_MAX;
	return seconds <= -9.2e18 ? INT64_MIN : (int64_t)seconds;
}

static int check_starts(const json_t *json, const struct jwt_rules *rules, struct err *err)
{
	static const char *const starts[] = {"nbf", "iat"};

	if (uses[rules->use].needs_iat && json_object_get(json, "iat") == NULL)
		return err_set(err, "the token's iat is missing");
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		const json_t *start = json_object_get(json, starts[i]);

		if (start == NULL)
			continue;
		if (!json_is_number(start))
			return err_set(err, "the token's %s is no number", starts[i]);
		if (json_number_value(start) > (double)rules->now + (double)rules->skew)
			return err_set(err, "the token is not valid yet");
	}
	return 0;
}

static int check_times(
	const json_t *json, const struct jwt_rules *rules, int64_t *expires_at, struct err *err)
{
	const json_t *exp = json_object_get(json, "exp");

	*expires_at = 0;
	if (exp || uses[rules->use].needs_exp) {
		if (!json_is_number(exp))
			return err_set(err, "the token's exp is missing or no number");
		if (json_number_value(exp) <= (double)rules->now - (double)rules->skew)
			return err_set(err, "the token has expired");
		*expires_at = saturate(json_number_value(exp));
	}
	return check_starts(json, rules, err);
}

static bool is_wanted_audience(const json_t *audience, const struct jwt_rules *rules)
{
	struct str name = {json_string_value(audience), json_string_length(audience)};

	for (size_t i = 0; i < rules->audiences_count; i++) {
		if (name.at && str_eq(name, str_of(rules->audiences[i])))
			return true;
	}
	return false;
}

static int check_audience(const json_t *aud, const struct jwt_rules *rules, struct err *err)
{
	bool found = rules->audiences_count == 0 || is_wanted_audience(aud, rules);

	if (aud && !json_is_string(aud) && !json_is_array(aud))
		return err_set(err, "the token's aud is malformed");
	for (size_t i = 0; i < json_array_size(aud); i++) {
		if (!json_is_string(json_array_get(aud, i)))
			return err_set(err, "the token's aud is malformed");
		found |= is_wanted_audience(json_array_get(aud, i), rules);
	}
	return found ? 0 : err_set(err, "the token is for another audience");
}

static int check_claims(
	struct str typ, const struct jwt_rules *rules, struct jwt_claims *out, struct err *err)
{
	const json_t *json = out->json, *jti = json_object_get(json, "jti");
	const struct use *use = &uses[rules->use];

	if (!json_is_object(json))
		return err_set(err, "the token's payload is not a JSON object");
	out->issuer = claim_text(json, "iss");
	out->subject = claim_text(json, "sub");
	out->token_id = claim_text(json, "jti");
	if (out->issuer.len == 0 || !str_eq(out->issuer, str_of(rules->issuer)))
		return err_set(err, "the token is of another issuer");
	if (out->subject.len == 0 && (use->needs_subject || json_object_get(json, "sub")))
		return err_set(err, "the token names no subject");
	if (jti && !json_is_string(jti))
		return err_set(err, "the token's jti is malformed");
	if (check_use(typ, use, json, err) == -1)
		return -1;
	if (check_times(json, rules, &out->expires_at, err) == -1)
		return -1;
	return check_audience(json_object_get(json, "aud"), rules, err);
}

static json_t *read_payload(const struct jws *jws)
{
	return json_foreign((struct str){jws->payload, jws->payload_len});
}

int jwt_check(const struct jws *jws, const struct jwt_rules *rules, struct jwt_claims *out,
	struct err *err)
{
	assert(rules->skew >= 0 && rules->skew <= JWT_SKEW);
	memset(out, 0, sizeof *out);
	out->json = jws->json ? json_incref(jws->json) : read_payload(jws);
	if (check_claims(str_of(jws->typ), rules, out, err) == 0)
		return 0;
	jwt_clear(out);
	return -1;
}

void jwt_clear(struct jwt_claims *claims)
{
	json_decref(claims->json);
	memset(claims, 0, sizeof *claims);
}

void jwt_peek_issuer(struct jws *jws, char out[static 512])
{
	if (jws->json == NULL)
		jws->json = read_payload(jws);
	/* Too long for the room is none: str_copy leaves it empty. */
	(void)str_copy(claim_text(jws->json, "iss"), out, 512);
}
