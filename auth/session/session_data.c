#include "auth/session/session_data.h"

#include "base/text/json_text.h"
#include "auth/keys/seal.h"
#include "auth/policy/scope.h"
#include "auth/roles/standing.h"
#include "conf/providers.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>

enum { NAME_SHOWN = 255 }; /* bytes */

static const char sealed_purpose[] = "session", label_purpose[] = "session label";

static const struct field {
	const char *name;
	size_t at; /* in struct session_data */
	bool is_in_label;
} fields[] = {
	{"issuer", offsetof(struct session_data, issuer), true},
	{"subject", offsetof(struct session_data, subject), true},
	{"name", offsetof(struct session_data, name), true},
	{"via", offsetof(struct session_data, via), true},
	{"client", offsetof(struct session_data, client), true},
	{"token_id", offsetof(struct session_data, token_id), false},
	{"scope", offsetof(struct session_data, scope), false},
	{"seen", offsetof(struct session_data, seen), false},
	{"standing", offsetof(struct session_data, standing), false},
	{"site", offsetof(struct session_data, site), false},
	{"sid", offsetof(struct session_data, sid), false},
	{"id_token", offsetof(struct session_data, id_token), false},
	{"refresh_token", offsetof(struct session_data, refresh_token), false},
};

static char **field_text(struct session_data *data, const struct field *field)
{
	return (char **)((char *)data + field->at);
}

static struct str text_in(const struct session_data *data, const struct field *field)
{
	char *text;

	memcpy(&text, (const char *)data + field->at, sizeof text);
	return text ? str_of(text) : STR("");
}

void session_data_clear(struct session_data *data)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		secret_free(*field_text(data, &fields[i]));
	memset(data, 0, sizeof *data);
}

/* --- JSON --- */

/* At a character's beginning: half of one would be no UTF-8. */
static struct str cut_name(struct str name)
{
	if (name.len <= NAME_SHOWN)
		return name;
	name.len = NAME_SHOWN;
	while (name.len > 0 && ((unsigned char)name.at[name.len] & 0xc0) == 0x80)
		name.len--;
	return name;
}

static json_t *encode(const struct session_data *data, bool is_label)
{
	json_t *json = json_pack("{s:s}", "role", role_name(data->role));
	int result = json ? 0 : -1;

	for (size_t i = 0; i < ARRAY_LEN(fields) && result == 0; i++) {
		struct str text = text_in(data, &fields[i]);

		if (is_label && !fields[i].is_in_label)
			continue;
		if (fields[i].at == offsetof(struct session_data, name))
			text = cut_name(text);
		result = json_object_set_new(json, fields[i].name, json_stringn(text.at, text.len));
	}
	if (result == 0 && !is_label)
		result = json_object_set_new(json, "refresh_at", json_integer(data->refresh_at));
	if (result == 0)
		return json;
	json_decref(json);
	return NULL;
}

static int decode_object(const json_t *json, struct session_data *out)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const json_t *value = json_object_get(json, fields[i].name);

		/* What is not there is of a label, or of a version that did not know it. */
		if (value && !json_is_string(value))
			return -1;
		*field_text(out, &fields[i]) = mem_strdup(value ? json_string_value(value) : "");
	}
	out->refresh_at = json_integer_value(json_object_get(json, "refresh_at"));
	return role_parse(str_of(json_string_value(json_object_get(json, "role"))), &out->role)
		       ? 0
		       : -1;
}

int session_data_decode(struct str text, struct session_data *out)
{
	json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
	int result = json_is_object(json) ? 0 : -1;

	memset(out, 0, sizeof *out);
	if (result == 0)
		result = decode_object(json, out);
	if (result == 0 && (out->issuer[0] == '\0' || out->subject[0] == '\0'))
		result = -1;
	if (result == -1)
		session_data_clear(out);
	json_decref(json);
	return result;
}

/* --- seals --- */

static struct str context_of(const struct store_session *session)
{
	return (struct str){(const char *)session->key, DIGEST_LEN};
}

/* Takes json. */
static int seal_json(const struct keyring *ring, const char *purpose, struct str id,
	const struct store_session *session, json_t *json, size_t max, struct store_bytes *out)
{
	char *text = json_text(json);
	size_t len = text ? strlen(text) : 0;
	int result = -1;

	if (text && len + SEAL_OVERHEAD <= max) {
		seal(ring, purpose, id, context_of(session), (struct str){text, len}, out);
		result = 0;
	}
	secret_free(text);
	json_decref(json);
	return result;
}

/* S31: with one byte less it would be another person. */
static bool fits(const char *text, size_t size)
{
	return text && text[0] != '\0' && strlen(text) < size;
}

static void write_indexes(
	const struct keyring *ring, const struct session_data *data, struct store_session *session)
{
	struct str issuer = str_of(data->issuer);

	session_data_person(ring, 0, issuer, str_of(data->subject), session->person);
	memset(session->provider_sid, 0, DIGEST_LEN);
	if (data->sid && data->sid[0] != '\0')
		session_data_provider_sid(
			ring, 0, issuer, str_of(data->sid), session->provider_sid);
}

int session_data_seal(const struct keyring *ring, const struct session_data *data, struct str id,
	struct store_session *session)
{
	session->sealed = session->label = (struct store_bytes){NULL, 0};
	if (!fits(data->issuer, STORE_ISSUER) || !fits(data->subject, STORE_SUBJECT))
		return -1;
	if (seal_json(ring, sealed_purpose, id, session, encode(data, false), STORE_SEALED,
		    &session->sealed) == -1 ||
		seal_json(ring, label_purpose, STR(""), session, encode(data, true), STORE_LABEL,
			&session->label) == -1) {
		store_session_clear(session);
		return -1;
	}
	write_indexes(ring, data, session);
	return 0;
}

static int open_bytes(const struct keyring *ring, const char *purpose, struct str id,
	const struct store_session *session, const struct store_bytes *bytes,
	struct session_data *out)
{
	struct str sealed = {(const char *)bytes->at, bytes->len};
	char *text = NULL;
	size_t len = 0;

	memset(out, 0, sizeof *out);
	if (unseal(ring, purpose, id, context_of(session), sealed, &text, &len) == -1)
		return -1;
	int result = session_data_decode((struct str){text, len}, out);
	seal_plain_free(text, len);
	return result;
}

int session_data_open(const struct keyring *ring, struct str id,
	const struct store_session *session, struct session_data *out)
{
	return open_bytes(ring, sealed_purpose, id, session, &session->sealed, out);
}

int session_data_open_label(
	const struct keyring *ring, const struct store_session *session, struct session_data *out)
{
	return open_bytes(ring, label_purpose, STR(""), session, &session->label, out);
}

/* --- who it is --- */

/* Names open what the configuration says today. A session that one of our tokens has opened has no
 * higher role than the token (S72). False: it is none of ours. */
static bool apply_standing(
	const struct conf *conf, const struct session_data *data, struct identity *who)
{
	if (data->standing == NULL || data->standing[0] == '\0')
		return true; /* the role alone: a link's, or of a version that kept no names */
	struct grants *grants = standing_read(conf, str_of(data->standing));
	if (grants)
		standing_apply(who, grants, who->token_id[0] ? data->role : ROLE_ADMIN);
	return grants != NULL;
}

struct identity *session_data_identity(
	const struct conf *conf, const struct session_data *data, int64_t ends_at)
{
	struct scope *scope = NULL;
	struct err err;

	if (data->scope && data->scope[0]) {
		scope = scope_parse(str_of(data->scope), &err);
		if (scope == NULL)
			return NULL;
	}
	char *person = conf_person(conf, str_of(data->issuer), str_of(data->subject));
	if (person == NULL) { /* S190 */
		scope_free(scope);
		return NULL;
	}
	struct identity *who = identity_new(str_of(data->issuer), str_of(person),
		str_of(data->name), str_of(data->token_id), data->role, VIA_SESSION, ends_at);
	free(person);
	identity_limit(who, scope);
	if (data->seen && data->seen[0])
		identity_note_seen(who, mem_strdup(data->seen));
	if (apply_standing(conf, data, who))
		return who;
	identity_unref(who);
	return NULL;
}

/* --- indexes --- */

bool session_data_person(const struct keyring *ring, int which, struct str issuer,
	struct str subject, unsigned char out[static DIGEST_LEN])
{
	const struct str parts[] = {issuer, subject};

	return keyring_digest(ring, which, "person", parts, ARRAY_LEN(parts), out);
}

bool session_data_provider_sid(const struct keyring *ring, int which, struct str issuer,
	struct str sid, unsigned char out[static DIGEST_LEN])
{
	const struct str parts[] = {issuer, sid};

	return keyring_digest(ring, which, "provider sid", parts, ARRAY_LEN(parts), out);
}
