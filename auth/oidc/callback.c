#include "auth/oidc/callback.h"

#include "auth/oidc/login_cookie.h"
#include "base/text/params.h"

/* How long each value may be, and what a longer one means. */
enum { STATE_MAX = LOGIN_STATE_MAX, ISSUER_MAX = 2048, ERROR_MAX = 63, DESCRIPTION_SHOWN = 255 };

static bool is_printable(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < 0x20 || text.at[i] > 0x7e)
			return false;
	}
	return true;
}

/* An empty value is no value (RFC 6749 §3.1). */
static int read_one(struct str query, const char *name, size_t max, char **out)
{
	struct sbuf value;
	int result = 0;

	sbuf_init_secret(&value, max);
	switch (params_get(query, name, &value)) {
	case PARAMS_ABSENT:
		break;
	case PARAMS_FOUND:
		if (!is_printable(sbuf_str(&value)))
			result = -1;
		else if (value.len > 0)
			*out = sbuf_take(&value);
		break;
	case PARAMS_BAD:
		result = -1;
		break;
	}
	sbuf_clear(&value);
	return result;
}

/* The one value that is words for people, in whatever language: what cannot be shown is replaced,
 * and more than a line is cut. */
static void read_description(struct str query, char **out)
{
	struct sbuf value;

	sbuf_init_secret(&value, query.len);
	if (params_get(query, "error_description", &value) == PARAMS_FOUND && value.len > 0) {
		*out = sbuf_take(&value);
		if (strlen(*out) > DESCRIPTION_SHOWN)
			(*out)[DESCRIPTION_SHOWN] = '\0';
		for (char *c = *out; *c; c++) {
			if (*c < 0x20 || *c > 0x7e)
				*c = '?';
		}
	}
	sbuf_clear(&value);
}

static int read_parameters(struct str query, struct callback *out, const char **reason)
{
	const struct {
		const char *name;
		size_t max;
		char **at;
		const char *reason;
	} rows[] = {
		{"state", STATE_MAX, &out->state, "the parameter state is malformed or repeated"},
		{"code", CALLBACK_CODE_MAX, &out->code,
			"the parameter code is malformed or repeated"},
		{"iss", ISSUER_MAX, &out->iss, "the parameter iss is malformed or repeated"},
		{"error", ERROR_MAX, &out->error, "the parameter error is malformed or repeated"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (read_one(query, rows[i].name, rows[i].max, rows[i].at) == -1) {
			*reason = rows[i].reason;
			return -1;
		}
	}
	read_description(query, &out->error_description);
	return 0;
}

/* Why these together make no answer; NULL when they do. */
static const char *fault_of_query(const struct callback *callback)
{
	if (callback->state == NULL)
		return "the parameter state is missing";
	if (callback->code && callback->error)
		return "there are both a code and an error";
	return callback->code || callback->error ? NULL : "there is neither a code nor an error";
}

int callback_parse(struct str query, struct callback *out, const char **reason)
{
	memset(out, 0, sizeof *out);
	*reason = "";
	if (read_parameters(query, out, reason) == 0) {
		const char *fault = fault_of_query(out);

		if (fault == NULL)
			return 0;
		*reason = fault;
	}
	callback_clear(out);
	return -1;
}

void callback_clear(struct callback *callback)
{
	secret_free(callback->code);
	secret_free(callback->state);
	secret_free(callback->iss);
	secret_free(callback->error);
	secret_free(callback->error_description);
	memset(callback, 0, sizeof *callback);
}
