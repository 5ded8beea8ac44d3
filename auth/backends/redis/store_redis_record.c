#include "auth/backends/redis/store_redis_record.h"

#include "auth/store/store_fields.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

/* --- parts: false when it is not what a gateway has written --- */

static bool is_string_reply(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING;
}

static struct str str_of_reply(const redisReply *reply)
{
	return (struct str){reply->str, reply->len};
}

bool redis_record_digest(const struct redisReply *reply, unsigned char out[static DIGEST_LEN])
{
	return is_string_reply(reply) && str_read_hex(str_of_reply(reply), out, DIGEST_LEN);
}

static bool read_number(const redisReply *reply, int64_t *out)
{
	uint64_t number;

	if (!is_string_reply(reply) || !str_to_u64(str_of_reply(reply), &number))
		return false;
	*out = (int64_t)number; /* at most 18 digits */
	return true;
}

static bool read_bytes(const redisReply *reply, size_t max, struct store_bytes *out)
{
	if (!is_string_reply(reply) || reply->len > max)
		return false;
	if (reply->len == 0)
		return true;
	out->at = mem_alloc(reply->len, 1);
	memcpy(out->at, reply->str, reply->len);
	out->len = reply->len;
	return true;
}

static bool read_text_reply(const redisReply *reply, char *out, size_t size)
{
	return is_string_reply(reply) && memchr(reply->str, '\0', reply->len) == NULL &&
	       str_copy(str_of_reply(reply), out, size);
}

/* --- whole replies --- */

static bool is_error(const redisReply *reply, const char *code)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, code, strlen(code)) == 0;
}

/* FOUND: `count` fields, the first of which is there. */
static enum store_answer judge_reply(
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
static enum store_answer refuse_malformed(struct redis_servers *servers, const char *what)
{
	redis_servers_report(servers, "a %s cannot be read", what);
	return STORE_NONE;
}

/* --- fields --- */

static void add_names(struct redis_cmd *cmd, const struct store_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		redis_cmd_text(cmd, fields[i].redis);
}

static void add_field(struct redis_cmd *cmd, const struct store_field *field, const void *record)
{
	const void *at = store_field_in(field, record);
	const struct store_bytes *bytes = at;

	redis_cmd_text(cmd, field->redis);
	if (field->kind == FIELD_NUMBER)
		redis_cmd_number(cmd, *(const int64_t *)at);
	else if (field->kind == FIELD_SID && !store_has_sid(at))
		redis_cmd_text(cmd, "");
	else if (field->kind == FIELD_DIGEST || field->kind == FIELD_SID)
		redis_cmd_hex(cmd, at);
	else if (field->kind == FIELD_SEALED || field->kind == FIELD_LABEL)
		redis_cmd_bytes(cmd, bytes->at, bytes->len);
	else
		redis_cmd_text(cmd, store_field_text(field, record));
}

static void add_token_fields(struct redis_cmd *cmd, const struct store_token *token, size_t from)
{
	for (size_t i = from; i < STORE_TOKEN_COUNT; i++)
		add_field(cmd, &store_token_fields[i], token);
}

static bool read_reply_field(const redisReply *reply, const struct store_field *field, void *record)
{
	void *to = store_field_of(field, record);

	switch (field->kind) {
	case FIELD_TEXT:
		return read_text_reply(reply, to, field->size);
	case FIELD_LATER: /* zeroed before */
		return reply->type == REDIS_REPLY_NIL || read_text_reply(reply, to, field->size);
	case FIELD_ROLE:
		return is_string_reply(reply) && role_parse(str_of_reply(reply), to);
	case FIELD_STATE:
		return is_string_reply(reply) && token_state_parse(str_of_reply(reply), to);
	case FIELD_LAUNCH:
		return is_string_reply(reply) && launch_state_parse(str_of_reply(reply), to);
	case FIELD_NUMBER:
		return read_number(reply, to);
	case FIELD_SID:
		return (is_string_reply(reply) && reply->len == 0) ||
		       redis_record_digest(reply, to);
	case FIELD_DIGEST:
		return redis_record_digest(reply, to);
	case FIELD_LABEL:
	case FIELD_SEALED:
		break;
	}
	return read_bytes(reply, field->size, to);
}

static bool read_reply_fields(
	redisReply *const *replies, const struct store_field *fields, size_t count, void *record)
{
	for (size_t i = 0; i < count; i++) {
		if (!read_reply_field(replies[i], &fields[i], record))
			return false;
	}
	return true;
}

/* --- sessions --- */

void redis_cmd_session_get(struct redis_cmd *cmd, const unsigned char *key, bool has_sealed)
{
	redis_cmd_init(cmd, "HMGET");
	redis_cmd_key_hex(cmd, "session", key);
	add_names(cmd, store_session_fields,
		has_sealed ? STORE_SESSION_COUNT : STORE_SESSION_LISTED_COUNT);
}

enum store_answer redis_record_session(struct redis_servers *servers,
	const struct redisReply *reply, const unsigned char *key, struct store_session *out)
{
	bool is_listed = reply && reply->elements == STORE_SESSION_LISTED_COUNT;
	size_t count = is_listed ? STORE_SESSION_LISTED_COUNT : STORE_SESSION_COUNT;
	enum store_answer answer = judge_reply(servers, reply, "session", count);

	if (answer != STORE_FOUND)
		return answer;
	memset(out, 0, sizeof *out);
	memcpy(out->key, key, DIGEST_LEN);
	if (read_reply_fields(reply->element, store_session_fields, count, out))
		return STORE_FOUND;
	store_session_clear(out);
	return refuse_malformed(servers, "session");
}

/* --- tokens --- */

bool redis_record_is_id(struct str id)
{
	return id.len > 0 && id.len < STORE_ID && memchr(id.at, '\0', id.len) == NULL;
}

void redis_cmd_token_get(struct redis_cmd *cmd, struct str id)
{
	redis_cmd_init(cmd, "HMGET");
	redis_cmd_key_str(cmd, "token", id);
	add_names(cmd, store_token_fields, STORE_TOKEN_COUNT);
}

void redis_cmd_token_fields(struct redis_cmd *cmd, const struct store_token *token)
{
	add_token_fields(cmd, token, 0);
}

void redis_cmd_token_renewed(struct redis_cmd *cmd, const struct store_token *token)
{
	add_token_fields(cmd, token, STORE_TOKEN_MADE_COUNT);
}

enum store_answer redis_record_token(struct redis_servers *servers, const struct redisReply *reply,
	struct str id, struct store_token *out)
{
	enum store_answer answer = judge_reply(servers, reply, "token", STORE_TOKEN_COUNT);

	if (answer != STORE_FOUND)
		return answer;
	memset(out, 0, sizeof *out);
	/* A record that was copied to another's key is nobody's. */
	if (read_reply_fields(reply->element, store_token_fields, STORE_TOKEN_COUNT, out) &&
		str_eq(str_of(out->id), id))
		return STORE_FOUND;
	return refuse_malformed(servers, "token");
}

/* --- launches --- */

void redis_cmd_launch_get(struct redis_cmd *cmd, struct str id)
{
	redis_cmd_init(cmd, "HMGET");
	redis_cmd_key_str(cmd, "launch", id);
	add_names(cmd, store_launch_fields, STORE_LAUNCH_COUNT);
}

void redis_cmd_launch_fields(struct redis_cmd *cmd, const struct store_launch *launch)
{
	for (size_t i = 0; i < STORE_LAUNCH_COUNT; i++)
		add_field(cmd, &store_launch_fields[i], launch);
}

void redis_cmd_launch_changed(struct redis_cmd *cmd, const struct store_launch *launch)
{
	for (size_t i = STORE_LAUNCH_COUNT - STORE_LAUNCH_CHANGED_COUNT; i < STORE_LAUNCH_COUNT;
		i++)
		add_field(cmd, &store_launch_fields[i], launch);
}

enum store_answer redis_record_launch(struct redis_servers *servers, const struct redisReply *reply,
	struct str id, struct store_launch *out)
{
	enum store_answer answer = judge_reply(servers, reply, "launch", STORE_LAUNCH_COUNT);

	if (answer != STORE_FOUND)
		return answer;
	memset(out, 0, sizeof *out);
	if (read_reply_fields(reply->element, store_launch_fields, STORE_LAUNCH_COUNT, out) &&
		str_eq(str_of(out->id), id))
		return STORE_FOUND;
	store_launch_clear(out);
	return refuse_malformed(servers, "launch");
}
