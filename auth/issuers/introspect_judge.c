/* The verdict on an introspection answer: whether it is an access token's, and for us (S48). */
#include "auth/issuers/introspect.h"

#include "auth/jose/jwt.h"
#include "auth/jose/token_use.h"
#include "base/text/json_value.h"

#include <stdio.h>

static bool is_ours(const struct conf_bearer *row, const json_t *name)
{
	struct str text = json_value_str(name);

	for (size_t i = 0; text.at && i < row->audience.count; i++) {
		if (str_eq(text, str_of(row->audience.at[i])))
			return true;
	}
	return false;
}

static bool is_for_us(const struct conf_bearer *row, const json_t *claims)
{
	const json_t *aud = json_object_get(claims, "aud");

	if (row->insecure_no_audience || is_ours(row, aud))
		return true;
	for (size_t i = 0; i < json_array_size(aud); i++) {
		if (is_ours(row, json_array_get(aud, i)))
			return true;
	}
	return false;
}

/* Saturates: 1e300 cast to an integer is undefined. */
static int64_t whole(const json_t *number)
{
	double value = json_number_value(number);

	return value < 1e15 ? (int64_t)value : INT64_C(1000000000000000);
}

/* What only ID tokens have. An access token that repeats one says at least what it is for. */
static bool has_marks_of_an_id_token(const json_t *claims)
{
	static const char *const marks[] = {"nonce", "at_hash", "c_hash", "auth_time"};
	const json_t *scope = json_object_get(claims, "scope");

	if (json_object_get(claims, "token_type") || json_string_length(scope) > 0 ||
		json_array_size(scope) > 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		if (json_object_get(claims, marks[i]))
			return true;
	}
	return false;
}

/* Issuers call active whatever they made and not taken back: refresh tokens, ID tokens, codes
 * (S48). An answer that says nothing but whose client it is, is what they say of the last ones. */
static const char *fault_of_use(const json_t *claims)
{
	static const char *const told[] = {"sub", "scope", "token_type", "aud"};
	const unsigned foreign =
		TOKEN_USE_REFRESH | TOKEN_USE_ID | TOKEN_USE_LOGOUT | TOKEN_USE_OTHER;
	const json_t *type = json_object_get(claims, "token_type");
	bool is_told = false;

	if (type && !str_eq_nocase(str_of(json_string_value(type)), STR("bearer")))
		return "the token is no bearer token";
	if ((token_use_of_claims(claims) & foreign) || json_object_get(claims, "events") ||
		has_marks_of_an_id_token(claims))
		return "this is not an access token";
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		is_told |= json_object_get(claims, told[i]) != NULL;
	return is_told ? NULL : "the issuer does not say what the token is";
}

static const char *fault_of_times(const json_t *claims, int64_t now, int64_t *expires_at)
{
	const json_t *start = json_object_get(claims, "nbf");
	const json_t *end = json_object_get(claims, "exp");

	if (end && !json_is_number(end))
		return "the token's exp is not a number";
	*expires_at = end ? whole(end) : 0;
	if (end && *expires_at <= now)
		return "the token has expired";
	if (start && !json_is_number(start))
		return "the token's nbf is not a number";
	if (start && json_number_value(start) > (double)now + JWT_SKEW)
		return "the token is not valid yet";
	return NULL;
}

static const char *fault_of_claims(
	const struct conf_bearer *row, const json_t *claims, int64_t now, int64_t *expires_at)
{
	const json_t *issuer = json_object_get(claims, "iss");

	if (!json_is_true(json_object_get(claims, "active")))
		return "the issuer says that the token is not active";
	if (issuer &&
		(!json_is_string(issuer) || strcmp(json_string_value(issuer), row->issuer) != 0))
		return "the token is another issuer's";
	const char *fault = fault_of_use(claims);
	if (fault)
		return fault;
	if (!is_for_us(row, claims))
		return "the token was made for another service";
	return fault_of_times(claims, now, expires_at);
}

/* --- whose it is (S87) --- */

/* A token that somebody signed in for says at least one of these, even where it does not say who
 * that was. Its client_id would make one of all who use that client. */
static bool is_of_a_person(const json_t *claims)
{
	static const char *const marks[] = {"username", "user_name", "preferred_username", "name",
		"given_name", "family_name", "nickname", "email", "user_id", "uid", "auth_time",
		"acr", "amr", "sid"};
	struct str scope = json_value_member(claims, "scope"), word;

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		const json_t *mark = json_object_get(claims, marks[i]);

		if (mark && !json_is_null(mark))
			return true;
	}
	while (scope.at && str_next(&scope, ' ', &word)) {
		if (str_eq(word, STR("openid")))
			return true;
	}
	return false;
}

static const char *read_subject(const json_t *claims, struct introspect_result *result)
{
	struct str name = json_value_member(claims, "username");
	const json_t *subject = json_object_get(claims, "sub");

	if (subject && !json_is_null(subject)) {
		result->subject = json_value_str(subject);
	} else if (name.len > 0) {
		int len = snprintf(result->named, sizeof result->named, "username:%.*s",
			(int)name.len, name.at);
		if (len < 0 || (size_t)len >= sizeof result->named)
			return "the token's username is too long";
		result->subject = str_of(result->named);
	} else if (is_of_a_person(claims)) {
		return "the issuer does not say whose token it is: it gives no sub and no username";
	} else {
		result->subject = json_value_member(claims, "client_id");
	}
	return result->subject.len ? NULL : "the token has no subject";
}

void introspect_judge(const struct conf_bearer *row, const json_t *claims, int64_t now,
	struct introspect_result *result)
{
	*result = (struct introspect_result){.answer = INTROSPECT_INACTIVE, .claims = claims};
	result->issuer = str_of(row->issuer);
	result->reason = fault_of_claims(row, claims, now, &result->expires_at);
	if (result->reason)
		return;
	result->reason = read_subject(claims, result);
	if (result->reason)
		return;
	result->answer = INTROSPECT_ACTIVE;
	result->reason = "";
}
