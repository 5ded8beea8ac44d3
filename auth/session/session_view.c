#include "auth/session/session_view.h"

#include "base/text/json_value.h"
#include "conf/providers.h"

#include <stdio.h>
#include <stdlib.h>

void session_view_id(const unsigned char key[static DIGEST_LEN], char out[static SESSION_VIEW_ID])
{
	str_write_hex(key, STORE_KEY_PREFIX, out);
}

bool session_view_read_id(struct str id, unsigned char prefix[static STORE_KEY_PREFIX])
{
	return str_read_hex(id, prefix, STORE_KEY_PREFIX);
}

void session_view_label(
	const struct keyring *ring, const struct store_session *session, struct session_data *out)
{
	if (session_data_open_label(ring, session, out) == -1)
		*out = (struct session_data){.role = ROLE_NONE};
}

char *session_view_person(const struct conf *conf, const struct session_data *label)
{
	return label->issuer && label->subject
		       ? conf_person(conf, str_of(label->issuer), str_of(label->subject))
		       : NULL;
}

json_t *session_view_json(
	const struct conf *conf, const struct store_session *s, const struct session_data *label)
{
	char id[SESSION_VIEW_ID];
	char *person = session_view_person(conf, label);

	session_view_id(s->key, id);
	json_t *json = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", id,
		"issuer", json_value_text(label->issuer), "user", json_value_text(person), "name",
		json_value_text(label->name), "role",
		json_value_text(label->subject ? role_name(label->role) : NULL), "via",
		json_value_text(label->via), "client", json_value_text(label->client), "created_at",
		json_value_time(s->created_at), "last_seen_at", json_value_time(s->last_seen_at),
		"expires_at", json_value_time(s->expires_at));
	free(person);
	return json;
}
