#include "auth/token_json.h"

#include "auth/command.h"

json_t *token_json(const struct store_token *t)
{
	bool is_client = str_starts(str_of(t->subject), STR("client:"));

	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
		"id", t->id, "token_type", role_name(t->role), "client_name",
		command_text(t->client_name), "user", command_text(is_client ? "" : t->subject),
		"subject", t->subject, "issuer", t->issuer, "role", role_name(t->role), "state",
		token_state_name(t->state), "created_by", command_text(t->created_by), "created_at",
		command_time(t->created_at), "expires_at", command_time(t->expires_at),
		"last_used_at", command_time(t->last_used_at), "last_used_from",
		command_text(t->last_used_from), "note", command_text(t->note));
}
