#include "auth/token/token_json.h"

#include "base/text/json_value.h"

json_t *token_json(const struct store_token *t)
{
	bool is_client = str_starts(str_of(t->subject), STR("client:"));
	bool is_pending = t->serial == 0;

	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o}",
		"id", t->id, "token_type", role_name(t->role), "client_name",
		json_value_text(t->client_name), "user",
		json_value_text(is_client ? "" : t->subject), "subject", t->subject, "issuer",
		t->issuer, "role", role_name(t->role), "state", token_state_name(t->state),
		"created_by", json_value_text(t->created_by), "created_at",
		json_value_time(t->created_at), "expires_at", json_value_time(t->expires_at),
		"last_used_at", json_value_time(t->last_used_at), "last_used_from",
		json_value_text(t->last_used_from), "note", json_value_text(t->note), "scope",
		json_value_text(t->scope), "refresh_expires_at",
		json_value_time(is_pending ? 0 : t->secret_expires_at), "registration_expires_at",
		json_value_time(is_pending ? t->secret_expires_at : 0));
}

json_t *token_json_new(const struct store_token *token, const struct token_secrets *secrets)
{
	const struct {
		const char *name, *secret;
	} members[] = {{"access_token", secrets->access}, {"refresh_token", secrets->refresh},
		{"registration_token", secrets->registration}};
	json_t *json = token_json(token);

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		if (members[i].secret)
			json_object_set_new(json, members[i].name, json_string(members[i].secret));
	}
	return json;
}
