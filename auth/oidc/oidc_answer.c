#include "auth/oidc/oidc_answer.h"

#include "base/text/json_foreign.h"
#include "base/text/json_value.h"

#include <string.h>

enum { EXPIRES_MAX = 10 * 366 * 86400 };

/* Null is how some providers write "none". */
static const json_t *member_of(const json_t *json, const char *name)
{
	const json_t *member = json_object_get(json, name);

	return json_is_null(member) ? NULL : member;
}

/* What comes from elsewhere and is shown to people: cut, and printable ASCII but for what would
 * need a second look in a log line (RFC 6749 §5.2 has it without " and \). */
static void copy_printable(const json_t *member, char *out, size_t size)
{
	struct str text = json_value_str(member);
	size_t len = text.len < size ? text.len : size - 1;

	for (size_t i = 0; i < len; i++) {
		char c = text.at[i];

		out[i] = c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? '?' : c;
	}
	out[len] = '\0';
}

/* Visible characters only: a token goes into a header field of ours (RFC 6749 appendix A). */
static bool is_token(struct str text)
{
	return text.len > 0 && str_span_graphic(text) == text.len;
}

static int read_token(
	const json_t *json, const char *name, size_t most, char **out, struct err *err)
{
	const json_t *member = member_of(json, name);
	struct str text = json_value_str(member);

	if (member == NULL)
		return 0;
	if (!json_is_string(member) || !is_token(text))
		return err_set(err, "the provider's %s is malformed", name);
	if (text.len > most)
		return err_set(err, "the provider's %s is too long: %zu bytes, and %zu are taken",
			name, text.len, most);
	*out = mem_strndup(text.at, text.len);
	return 0;
}

/* A number; some providers write it as a string. */
static int read_expires_in(const json_t *member, int64_t *out, struct err *err)
{
	double seconds = json_number_value(member);
	uint64_t digits;

	*out = -1;
	if (member == NULL)
		return 0;
	if (json_is_string(member)) {
		if (!str_to_u64(json_value_str(member), &digits))
			return err_set(err, "the provider's expires_in is no number");
		seconds = (double)digits;
	} else if (!json_is_number(member) || seconds < 0) {
		return err_set(err, "the provider's expires_in is no number");
	}
	*out = seconds < EXPIRES_MAX ? (int64_t)seconds : EXPIRES_MAX;
	return 0;
}

static int read_tokens(const json_t *json, struct oidc_answer *out, struct err *err)
{
	const json_t *type = json_object_get(json, "token_type");
	const struct {
		const char *name;
		char **at;
		size_t most;
	} rows[] = {
		{"access_token", &out->access_token, OIDC_ANSWER_TOKEN_MAX},
		{"id_token", &out->id_token, OIDC_ANSWER_TOKEN_MAX},
		{"refresh_token", &out->refresh_token, OIDC_ANSWER_REFRESH_MAX},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (read_token(json, rows[i].name, rows[i].most, rows[i].at, err) == -1)
			return -1;
	}
	if (out->access_token == NULL)
		return err_set(err, "the provider's answer has no access_token");
	if (!json_is_string(type) || !str_eq_nocase(json_value_str(type), STR("Bearer")))
		return err_set(err, "the provider's token_type is not Bearer");
	return read_expires_in(member_of(json, "expires_in"), &out->expires_in, err);
}

static int read_answer(const json_t *json, struct oidc_answer *out, struct err *err)
{
	const json_t *error = member_of(json, "error");

	if (!json_is_object(json))
		return err_set(err, "the provider's answer is not a JSON object");
	if (error == NULL)
		return read_tokens(json, out, err);
	if (!json_is_string(error) || json_string_length(error) == 0)
		return err_set(err, "the provider's error is malformed");
	copy_printable(error, out->error, sizeof out->error);
	copy_printable(
		member_of(json, "error_description"), out->description, sizeof out->description);
	return 0;
}

int oidc_answer_parse(struct str body, struct oidc_answer *out, struct err *err)
{
	json_t *json = json_foreign(body);
	int result;

	*out = (struct oidc_answer){.expires_in = -1};
	result = read_answer(json, out, err);
	json_decref(json);
	if (result == -1)
		oidc_answer_clear(out);
	return result;
}

void oidc_answer_clear(struct oidc_answer *answer)
{
	secret_free(answer->access_token);
	secret_free(answer->id_token);
	secret_free(answer->refresh_token);
	*answer = (struct oidc_answer){.expires_in = -1};
}

json_t *oidc_answer_userinfo(struct str body, struct str subject, struct err *err)
{
	json_t *json = json_foreign(body);
	const json_t *sub = json_object_get(json, "sub");

	if (!json_is_object(json))
		err_set(err, "the provider's userinfo is not a JSON object");
	else if (!json_is_string(sub) || !str_eq(json_value_str(sub), subject))
		err_set(err, "the provider's userinfo is about another subject");
	else
		return json;
	json_decref(json);
	return NULL;
}
