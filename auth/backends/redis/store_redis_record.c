#include "auth/backends/redis/store_redis_record.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

/* --- parts: false when it is not what a gateway has written --- */

static bool is_text(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING;
}

static struct str text_of(const redisReply *reply)
{
	return (struct str){reply->str, reply->len};
}

bool redis_record_digest(const struct redisReply *reply, unsigned char out[static DIGEST_LEN])
{
	if (!is_text(reply) || reply->len != REDIS_KEY_HEX)
		return false;
	for (size_t i = 0; i < DIGEST_LEN; i++) {
		int high = str_hex_digit(reply->str[2 * i]);
		int low = str_hex_digit(reply->str[2 * i + 1]);

		if (high == -1 || low == -1)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool read_number(const redisReply *reply, int64_t *out)
{
	uint64_t number;

	if (!is_text(reply) || !str_to_u64(text_of(reply), &number))
		return false;
	*out = (int64_t)number; /* at most 18 digits */
	return true;
}

static bool read_bytes(const redisReply *reply, size_t max, struct store_bytes *out)
{
	if (!is_text(reply) || reply->len > max)
		return false;
	if (reply->len == 0)
		return true;
	out->at = mem_alloc(reply->len, 1);
	memcpy(out->at, reply->str, reply->len);
	out->len = reply->len;
	return true;
}

static bool read_text(const redisReply *reply, char *out, size_t size)
{
	return is_text(reply) && memchr(reply->str, '\0', reply->len) == NULL &&
	       str_copy(text_of(reply), out, size);
}

/* --- whole replies --- */

static bool is_error(const redisReply *reply, const char *code)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, code, strlen(code)) == 0;
}

/* FOUND: `count` fields, the first of which is there. */
static enum store_answer judge(
	struct redis_servers *servers, const redisReply *reply, const char *what, size_t count)
{
	if (reply == NULL)
		return STORE_FAILED;
	if (is_error(reply, "WRONGTYPE")) {
		redis_servers_report(servers, "the key of a %s is something else", what);
		return STORE_NONE;
	}
	if (reply->type == REDIS_REPLY_ERROR) {
		redis_servers_report(servers, "%s", reply->str);
		return STORE_FAILED;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count)
		return STORE_FAILED;
	for (size_t i = 0; i < count; i++) {
		if (reply->element[i]->type != REDIS_REPLY_NIL)
			return STORE_FOUND;
	}
	return STORE_NONE;
}

/* Default deny: nobody signs in with what cannot be read. */
static enum store_answer malformed(struct redis_servers *servers, const char *what)
{
	redis_servers_report(servers, "a %s cannot be read", what);
	return STORE_NONE;
}

/* --- sessions --- */

static const char *const session_fields[] = {
	"person", "sid", "label", "version", "created", "seen", "expires", "sealed"};

void redis_cmd_session_get(struct redis_cmd *cmd, const unsigned char *key, bool has_sealed)
{
	redis_cmd_init(cmd, "HMGET");
	redis_cmd_key_hex(cmd, "session", key);
	for (size_t i = 0; i < (has_sealed ? REDIS_SESSION_FIELDS : REDIS_LABEL_FIELDS); i++)
		redis_cmd_text(cmd, session_fields[i]);
}

static bool read_session(redisReply *const *field, size_t count, struct store_session *out)
{
	int64_t version;

	if (!redis_record_digest(field[0], out->person) || !read_number(field[3], &version) ||
		!read_number(field[4], &out->created_at) ||
		!read_number(field[5], &out->last_seen_at) ||
		!read_number(field[6], &out->expires_at))
		return false;
	if (!is_text(field[1]) ||
		(field[1]->len != 0 && !redis_record_digest(field[1], out->provider_sid)))
		return false;
	out->version = (uint64_t)version;
	return read_bytes(field[2], STORE_LABEL, &out->label) &&
	       (count == REDIS_LABEL_FIELDS || read_bytes(field[7], STORE_SEALED, &out->sealed));
}

enum store_answer redis_record_session(struct redis_servers *servers,
	const struct redisReply *reply, const unsigned char *key, struct store_session *out)
{
	size_t count = reply && reply->elements == REDIS_LABEL_FIELDS ? REDIS_LABEL_FIELDS
								      : REDIS_SESSION_FIELDS;
	enum store_answer answer = judge(servers, reply, "session", count);

	if (answer != STORE_FOUND)
		return answer;
	memset(out, 0, sizeof *out);
	memcpy(out->key, key, DIGEST_LEN);
	if (read_session(reply->element, count, out))
		return STORE_FOUND;
	store_session_clear(out);
	return malformed(servers, "session");
}

/* --- tokens --- */

bool redis_record_is_id(struct str id)
{
	return id.len > 0 && id.len < STORE_ID && memchr(id.at, '\0', id.len) == NULL;
}

static const char *const token_fields[] = {"id", "client_name", "issuer", "subject", "created_by",
	"note", "used_from", "scope", "role", "state", "created", "used", "access_ttl",
	"refresh_ttl", "expires", "secret_ends", "ends", "serial", "secret", "family"};

void redis_cmd_token_get(struct redis_cmd *cmd, struct str id)
{
	redis_cmd_init(cmd, "HMGET");
	redis_cmd_key_str(cmd, "token", id);
	for (size_t i = 0; i < ARRAY_LEN(token_fields); i++)
		redis_cmd_text(cmd, token_fields[i]);
}

static void add_number(struct redis_cmd *cmd, const char *field, int64_t number)
{
	redis_cmd_text(cmd, field);
	redis_cmd_number(cmd, number);
}

void redis_cmd_token_renewed(struct redis_cmd *cmd, const struct store_token *t)
{
	add_number(cmd, "expires", t->expires_at);
	add_number(cmd, "secret_ends", t->secret_expires_at);
	add_number(cmd, "ends", t->ends_at);
	add_number(cmd, "serial", t->serial);
	redis_cmd_text(cmd, "secret");
	redis_cmd_hex(cmd, t->secret);
	redis_cmd_text(cmd, "family");
	redis_cmd_hex(cmd, t->family);
}

void redis_cmd_token_fields(struct redis_cmd *cmd, const struct store_token *t)
{
	const char *const texts[] = {t->id, t->client_name, t->issuer, t->subject, t->created_by,
		t->note, t->last_used_from, t->scope, role_name(t->role),
		token_state_name(t->state)};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		redis_cmd_text(cmd, token_fields[i]);
		redis_cmd_text(cmd, texts[i]);
	}
	add_number(cmd, "created", t->created_at);
	add_number(cmd, "used", t->last_used_at);
	add_number(cmd, "access_ttl", t->access_ttl);
	add_number(cmd, "refresh_ttl", t->refresh_ttl);
	redis_cmd_token_renewed(cmd, t);
}

static bool read_role(const redisReply *reply, enum role *out)
{
	for (int role = ROLE_NONE; is_text(reply) && role <= ROLE_ADMIN; role++) {
		if (str_eq(text_of(reply), str_of(role_name(role)))) {
			*out = role;
			return true;
		}
	}
	return false;
}

static bool read_state(const redisReply *reply, enum token_state *out)
{
	for (int state = STATE_ACTIVE; is_text(reply) && state <= STATE_REVOKED; state++) {
		if (str_eq(text_of(reply), str_of(token_state_name(state)))) {
			*out = state;
			return true;
		}
	}
	return false;
}

static bool read_token(redisReply *const *field, struct store_token *out)
{
	const struct {
		char *at;
		size_t size;
	} texts[] = {
		{out->id, sizeof out->id},
		{out->client_name, sizeof out->client_name},
		{out->issuer, sizeof out->issuer},
		{out->subject, sizeof out->subject},
		{out->created_by, sizeof out->created_by},
		{out->note, sizeof out->note},
		{out->last_used_from, sizeof out->last_used_from},
		{out->scope, sizeof out->scope},
	};
	int64_t *const numbers[] = {&out->created_at, &out->last_used_at, &out->access_ttl,
		&out->refresh_ttl, &out->expires_at, &out->secret_expires_at, &out->ends_at,
		&out->serial};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (!read_text(field[i], texts[i].at, texts[i].size))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (!read_number(field[10 + i], numbers[i]))
			return false;
	}
	return read_role(field[8], &out->role) && read_state(field[9], &out->state) &&
	       redis_record_digest(field[18], out->secret) &&
	       redis_record_digest(field[19], out->family);
}

enum store_answer redis_record_token(struct redis_servers *servers, const struct redisReply *reply,
	struct str id, struct store_token *out)
{
	enum store_answer answer = judge(servers, reply, "token", REDIS_TOKEN_FIELDS);

	if (answer != STORE_FOUND)
		return answer;
	memset(out, 0, sizeof *out);
	/* A record that was copied to another's key is nobody's. */
	if (read_token(reply->element, out) && str_eq(str_of(out->id), id))
		return STORE_FOUND;
	return malformed(servers, "token");
}
