#include "auth/oidc/logout_token.h"

#include <stdlib.h>

#define LOGOUT_EVENT "http://schemas.openid.net/event/backchannel-logout"

/* What makes it a logout token is this event, and that it can pass for no ID token. */
static int check_event(const json_t *claims, struct err *err)
{
	const json_t *events = json_object_get(claims, "events");

	if (!json_is_object(json_object_get(events, LOGOUT_EVENT)))
		return err_set(err, "the logout token has no logout event");
	if (json_object_get(claims, "nonce"))
		return err_set(err, "the logout token has a nonce");
	return 0;
}

static int check_age(const json_t *claims, int64_t now, struct logout_token *out, struct err *err)
{
	double iat = json_number_value(json_object_get(claims, "iat"));

	/* jwt_check() has refused what is not a number and what lies ahead, so the sum fits. */
	if (iat < (double)(now - LOGOUT_TOKEN_SECONDS))
		return err_set(err, "the logout token is too old");
	out->replay_until = (int64_t)iat + LOGOUT_TOKEN_SECONDS + 1;
	return 0;
}

/* Two issuers may use the same jti. No JSON string of ours has a NUL in it. */
static int read_jti(const struct jwt_claims *claims, struct logout_token *out, struct err *err)
{
	char *both;
	size_t len = claims->issuer.len + 1 + claims->token_id.len;

	if (claims->token_id.len == 0)
		return err_set(err, "the logout token has no jti");
	both = mem_alloc(len + 1, 1);
	memcpy(both, claims->issuer.at, claims->issuer.len);
	memcpy(both + claims->issuer.len + 1, claims->token_id.at, claims->token_id.len);
	digest_sha256((struct str){both, len}, out->jti);
	free(both);
	return 0;
}

static int read_target(const struct jwt_claims *claims, struct logout_token *out, struct err *err)
{
	const json_t *sid = json_object_get(claims->json, "sid");

	if (sid && (!json_is_string(sid) || json_string_length(sid) == 0))
		return err_set(err, "the logout token's sid is malformed");
	if (sid == NULL && claims->subject.len == 0)
		return err_set(err, "the logout token names neither a session nor a subject");
	out->issuer = mem_strndup(claims->issuer.at, claims->issuer.len);
	out->sid = mem_strdup(json_string_value(sid));
	if (claims->subject.len > 0)
		out->subject = mem_strndup(claims->subject.at, claims->subject.len);
	return 0;
}

static int read_claims(
	const struct jwt_claims *claims, int64_t now, struct logout_token *out, struct err *err)
{
	if (check_event(claims->json, err) == -1 || check_age(claims->json, now, out, err) == -1 ||
		read_jti(claims, out, err) == -1)
		return -1;
	return read_target(claims, out, err);
}

enum keyset_verdict logout_token_check(const struct keyset *set, struct str token,
	const char *issuer, const char *client_id, uint32_t algorithms, int64_t now,
	struct logout_token *out, struct err *err)
{
	const struct jwt_rules rules = {
		.issuer = issuer,
		.audiences = &client_id,
		.audiences_count = 1,
		.use = JWT_LOGOUT_TOKEN,
		.now = now,
		.skew = JWT_SKEW,
	};
	struct jwt_claims claims;
	struct jws jws;
	enum keyset_verdict verdict =
		keyset_verify_signature(set, issuer, algorithms, token, &jws, err);

	memset(out, 0, sizeof *out);
	if (verdict != KEYSET_OK)
		return verdict;
	verdict = KEYSET_BAD;
	if (jwt_check(&jws, &rules, &claims, err) == 0) {
		if (read_claims(&claims, now, out, err) == 0)
			verdict = KEYSET_OK;
		jwt_clear(&claims);
	}
	jws_clear(&jws);
	return verdict;
}

void logout_token_clear(struct logout_token *token)
{
	free(token->issuer);
	free(token->subject);
	free(token->sid);
	memset(token, 0, sizeof *token);
}
