#include "auth/token/bearer.h"

/* b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static bool is_b64token(struct str s)
{
	while (s.len > 0 && s.at[s.len - 1] == '=')
		s.len--;
	return s.len > 0 && str_span_b64token(s) == s.len;
}

/* A form parameter's name, read as servers read it: "access%5ftoken" is the same name. */
static bool is_parameter(struct str name, struct str wanted)
{
	size_t at = 0;

	for (size_t i = 0; i < name.len; i++, at++) {
		char c = name.at[i];

		if (c == '%' && i + 2 < name.len && str_hex_digit(name.at[i + 1]) != -1 &&
			str_hex_digit(name.at[i + 2]) != -1) {
			c = (char)(str_hex_digit(name.at[i + 1]) << 4 |
				   str_hex_digit(name.at[i + 2]));
			i += 2;
		}
		if (at >= wanted.len || c != wanted.at[at])
			return false;
	}
	return at == wanted.len;
}

static bool query_has_token(struct str query)
{
	struct str rest = query, parameter;

	while (rest.at && str_next(&rest, '&', &parameter)) {
		ptrdiff_t end = str_find_byte(parameter, '=');
		struct str name = {parameter.at, end == -1 ? parameter.len : (size_t)end};

		if (is_parameter(name, STR("access_token")))
			return true;
	}
	return false;
}

static enum bearer_status refuse_field(
	enum bearer_status status, const char **reason, const char *text)
{
	*reason = text;
	return status;
}

enum bearer_status bearer_read(const struct str *values, size_t count, struct str query,
	struct str *token, const char **reason)
{
	*token = STR("");
	*reason = "";
	if (query_has_token(query))
		return refuse_field(
			BEARER_MALFORMED, reason, "a token in the query is not accepted");
	if (count == 0)
		return BEARER_ABSENT;
	if (count > 1)
		return refuse_field(BEARER_MALFORMED, reason, "more than one Authorization field");
	ptrdiff_t space = str_find_byte(values[0], ' ');
	struct str scheme = {values[0].at, space == -1 ? values[0].len : (size_t)space};
	if (!str_is_token(scheme))
		return refuse_field(BEARER_BROKEN, reason, "the Authorization field is malformed");
	if (!str_eq_nocase(scheme, STR("Bearer")))
		return BEARER_OTHER_SCHEME;
	*token = str_from(values[0], scheme.len + 1);
	if (token->len > BEARER_MAX)
		return refuse_field(BEARER_BROKEN, reason, BEARER_TOO_LONG);
	if (!is_b64token(*token))
		return refuse_field(BEARER_BROKEN, reason, "the bearer token is malformed");
	return BEARER_OK;
}
