#include "auth/token/audit.h"

#include "base/log/log.h"

static _Thread_local struct str from_client, from_request; /* at == NULL: none */

void audit_come_from(const char *client, const char *request_id)
{
	from_client = str_of(client);
	from_request = str_of(request_id);
}

void audit_token(
	const char *user, struct str name, const char *what, const struct store_token *token)
{
	const struct log_field fields[] = {{"user", str_of(user), false},
		{"user_name", log_clip(name), false}, {"token_id", str_of(token->id), false},
		{"subject", str_of(token->subject), false}, {"decision", str_of(what), false},
		{"client", from_client, false}, {"request_id", from_request, false}};

	log_audit("tokens", fields, ARRAY_LEN(fields));
}

void audit_device(const struct identity *who, const char *what, const char *client_name,
	const char *asked_from)
{
	const struct log_field fields[] = {{"user", str_of(who->subject), false},
		{"user_name", log_clip(identity_name_beside(who)), false},
		{"decision", str_of(what), false},
		{"device_client", log_clip(str_of(client_name)), false},
		{"device_from", str_of(asked_from), false}, {"client", from_client, false},
		{"request_id", from_request, false}};

	log_audit("tokens", fields, ARRAY_LEN(fields));
}

void audit_link(const char *user)
{
	const struct log_field fields[] = {
		{"user", str_of(user), false}, {"decision", STR("link"), false}};

	log_audit("sessions", fields, ARRAY_LEN(fields));
}

void audit_sessions(const char *user, const struct audit_sessions *what)
{
	bool has_failed = what->ended < 0;
	char digits[STR_U64];
	struct str count = str_of_u64(has_failed ? 0 : (uint64_t)what->ended, 10, digits);
	const struct log_field fields[] = {{"user", str_of(user), false},
		{"user_name", log_clip(str_of(what->user_name)), false},
		{"client", from_client, false}, {"request_id", from_request, false},
		{"session_id", str_of(what->id), false}, {"subject", str_of(what->subject), false},
		{"issuer", str_of(what->issuer), false}, {"decision", STR("end"), false},
		{"sessions", has_failed ? STR("") : count, true},
		{"reason", has_failed ? STR("store_failed") : STR(""), false}};

	log_audit("sessions", fields, ARRAY_LEN(fields));
}
