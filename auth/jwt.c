#include "auth/jwt.h"

#include <assert.h>

enum { SKEW_MAX = 60 };

static struct str text_of(const json_t *json, const char *name)
{
	const json_t *member = json_object_get(json, name);

	if (!json_is_string(member))
		return STR("");
	return (struct str){json_string_value(member), json_string_length(member)};
}

static bool is_access_token(struct str typ)
{
	return str_eq_nocase(typ, STR("at+jwt")) || str_eq_nocase(typ, STR("application/at+jwt"));
}

/*
 * A token made for another use must not pass for an access token (RFC 8725 §3.11, S18): the
 * header's typ says so when it is explicit; a plain JWT gives itself away by the claims that only
 * ID tokens have, and by how Keycloak (typ) and Cognito (token_use) mark theirs.
 */
static int check_use(struct str typ, bool access_token_only, const json_t *json, struct err *err)
{
	static const char *const id_token_only[] = {"nonce", "at_hash", "c_hash", "events"};
	static const struct {
		const char *claim, *value;
	} other_uses[] = {{"typ", "ID"}, {"typ", "Refresh"}, {"typ", "Offline"}, {"typ", "Logout"},
		{"token_use", "id"}};

	if (is_access_token(typ))
		return 0;
	if (access_token_only || (typ.len > 0 && !str_eq_nocase(typ, STR("JWT"))))
		return err_set(err, "the token's typ is not that of an access token");
	for (size_t i = 0; i < ARRAY_LEN(id_token_only); i++) {
		if (json_object_get(json, id_token_only[i]))
			return err_set(err, "this is not an access token");
	}
	for (size_t i = 0; i < ARRAY_LEN(other_uses); i++) {
		if (str_eq(text_of(json, other_uses[i].claim), str_of(other_uses[i].value)))
			return err_set(err, "this is not an access token");
	}
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

static int check_times(
	const json_t *json, const struct jwt_rules *rules, int64_t *expires_at, struct err *err)
{
	static const char *const starts[] = {"nbf", "iat"};
	const json_t *exp = json_object_get(json, "exp");
	double now = (double)rules->now, skew = (double)rules->skew;

	if (!json_is_number(exp))
		return err_set(err, "the token's exp is missing or no number");
	if (json_number_value(exp) <= now - skew)
		return err_set(err, "the token has expired");
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		const json_t *start = json_object_get(json, starts[i]);

		if (start == NULL)
			continue;
		if (!json_is_number(start))
			return err_set(err, "the token's %s is no number", starts[i]);
		if (json_number_value(start) > now + skew)
			return err_set(err, "the token is not valid yet");
	}
	*expires_at = saturate(json_number_value(exp));
	return 0;
}

static bool is_wanted(const json_t *audience, const struct jwt_rules *rules)
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
	bool found = rules->audiences_count == 0 || is_wanted(aud, rules);

	if (aud && !json_is_string(aud) && !json_is_array(aud))
		return err_set(err, "the token's aud is malformed");
	for (size_t i = 0; i < json_array_size(aud); i++) {
		if (!json_is_string(json_array_get(aud, i)))
			return err_set(err, "the token's aud is malformed");
		found |= is_wanted(json_array_get(aud, i), rules);
	}
	return found ? 0 : err_set(err, "the token is for another audience");
}

static int check_claims(
	struct str typ, const struct jwt_rules *rules, struct jwt_claims *out, struct err *err)
{
	const json_t *json = out->json, *jti = json_object_get(json, "jti");

	if (!json_is_object(json))
		return err_set(err, "the token's payload is not a JSON object");
	out->issuer = text_of(json, "iss");
	out->subject = text_of(json, "sub");
	out->token_id = text_of(json, "jti");
	if (out->issuer.len == 0 || !str_eq(out->issuer, str_of(rules->issuer)))
		return err_set(err, "the token is of another issuer");
	if (out->subject.len == 0)
		return err_set(err, "the token names no subject");
	if (jti && !json_is_string(jti))
		return err_set(err, "the token's jti is malformed");
	if (check_use(typ, rules->access_token_only, json, err) == -1)
		return -1;
	if (check_times(json, rules, &out->expires_at, err) == -1)
		return -1;
	return check_audience(json_object_get(json, "aud"), rules, err);
}

int jwt_check(const struct jws *jws, const struct jwt_rules *rules, struct jwt_claims *out,
	struct err *err)
{
	assert(rules->skew >= 0 && rules->skew <= SKEW_MAX);
	memset(out, 0, sizeof *out);
	out->json = json_loadb(jws->payload, jws->payload_len, JSON_REJECT_DUPLICATES, NULL);
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

void jwt_peek_issuer(const struct jws *jws, char out[static 512])
{
	json_t *json = json_loadb(jws->payload, jws->payload_len, JSON_REJECT_DUPLICATES, NULL);

	/* Too long for the room is none: str_copy leaves it empty. */
	(void)str_copy(text_of(json, "iss"), out, 512);
	json_decref(json);
}
