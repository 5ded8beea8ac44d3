/* Tokens in Redis: added, read, renewed, listed, counted and revoked; and programs that wait for
 * some (S138). */
#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"
#include "auth/backends/redis/store_redis_record.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 10000 };

/* The set that counts it, or "". */
static const char *alive_set(const struct store_token *token)
{
	static const char *const sets[] = {[ROLE_NONE] = "",
		[ROLE_CUSTOM] = "tokens:user",
		[ROLE_USER] = "tokens:user",
		[ROLE_ADMIN] = "tokens:admin"};

	enum role role = token->role == ROLE_ADMIN && token->scope[0] ? ROLE_USER : token->role;

	return token->state == STATE_ACTIVE ? sets[role] : "";
}

int redis_token_add(struct store *store, const struct store_token *token)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_TOKEN_ADD);
	redis_cmd_key_str(&cmd, "token", str_of(token->id));
	redis_cmd_text(&cmd, token->id);
	redis_cmd_number(&cmd, token->created_at);
	redis_cmd_number(&cmd, token->ends_at);
	redis_cmd_text(&cmd, alive_set(token));
	redis_cmd_text(&cmd, token->subject);
	redis_cmd_number(&cmd, STORE_DEAD_KEPT);
	redis_cmd_token_fields(&cmd, token);
	return redis_call_number(redis_store_of(store), &cmd) == 1 ? 0 : -1;
}

enum store_answer redis_token_get(struct store *store, struct str id, struct store_token *out)
{
	struct redis_store *r = redis_store_of(store);
	struct redis_cmd cmd;

	if (!redis_record_is_id(id))
		return STORE_NONE;
	redis_cmd_token_get(&cmd, id);
	redisReply *reply = redis_ask(r, &cmd);
	enum store_answer answer = redis_record_token(r->servers, reply, id, out);
	freeReplyObject(reply);
	return answer;
}

enum store_answer redis_token_set_state(struct store *store, struct str id, enum token_state state)
{
	struct redis_store *r = redis_store_of(store);
	struct redis_cmd cmd;

	if (!redis_record_is_id(id))
		return STORE_NONE;
	redis_cmd_script(&cmd, REDIS_TOKEN_STATE);
	redis_cmd_key_str(&cmd, "token", id);
	redis_cmd_bytes(&cmd, id.at, id.len);
	redis_cmd_text(&cmd, token_state_name(state));
	redis_cmd_text(&cmd, r->servers->channel);
	return redis_call_answer(r, &cmd);
}

enum store_answer redis_token_renew(
	struct store *store, const struct store_token *token, const unsigned char *was)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_TOKEN_RENEW);
	redis_cmd_key_str(&cmd, "token", str_of(token->id));
	redis_cmd_text(&cmd, token->id);
	redis_cmd_hex(&cmd, was);
	redis_cmd_number(&cmd, token->ends_at);
	redis_cmd_token_renewed(&cmd, token);
	return redis_call_answer(redis_store_of(store), &cmd);
}

/* --- a page of them --- */

struct listing {
	struct redis_store *store;
	const struct store_token_query *query;
	store_on_token *on_token;
	void *arg;
	int64_t at; /* the last one looked at */
	char id[STORE_ID];
	size_t count; /* that were wanted */
};

static bool is_wanted_token(const struct store_token_query *query, const struct store_token *token)
{
	return query->alive_at == 0 ||
	       (token->state == STATE_ACTIVE && token->ends_at > query->alive_at);
}

static void look_at_token(struct listing *listing, const struct store_token *token)
{
	listing->at = token->created_at;
	memcpy(listing->id, token->id, sizeof listing->id);
	if (listing->count == listing->query->limit || !is_wanted_token(listing->query, token))
		return;
	listing->count++;
	listing->on_token(listing->arg, token);
}

/* -1: the store does not answer. Else how many ids there were; what cannot be read is passed over,
 * and is the page's end no more than it is its content. */
static int read_tokens(struct listing *listing, const redisReply *ids)
{
	struct redis_cmd *cmds = mem_alloc(STORE_PAGE, sizeof *cmds);
	struct str id[STORE_PAGE];
	redisReply *replies[STORE_PAGE];
	struct store_token token;
	size_t count = 0;

	for (size_t i = 0; i < ids->elements && i < STORE_PAGE; i++) {
		id[count] = (struct str){ids->element[i]->str, ids->element[i]->len};
		if (ids->element[i]->type == REDIS_REPLY_STRING && redis_record_is_id(id[count])) {
			redis_cmd_token_get(&cmds[count], id[count]);
			count++;
		}
	}
	redis_call_many(listing->store, cmds, count, replies);
	for (size_t i = 0; i < count; i++) {
		if (replies[i] && redis_record_token(listing->store->servers, replies[i], id[i],
					  &token) == STORE_FOUND)
			look_at_token(listing, &token);
		freeReplyObject(replies[i]);
	}
	free(cmds);
	return listing->store->connection ? (int)ids->elements : -1;
}

/* Asked about somebody who may have no token, Redis need not hear a name (S26); "": of all. */
static const char *digest_of(const char *subject, char digest[static REDIS_SHA1HEX])
{
	digest[0] = '\0';
	if (subject && subject[0])
		redis_sha1hex(str_of(subject), digest);
	return digest;
}

static int read_page(struct listing *listing)
{
	char digest[REDIS_SHA1HEX];
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_TOKEN_PAGE);
	redis_cmd_key(&cmd, listing->query->alive_at ? "living" : "tokens");
	redis_cmd_text(&cmd, digest_of(listing->query->subject, digest));
	if (listing->id[0])
		redis_cmd_number(&cmd, listing->at);
	else
		redis_cmd_text(&cmd, "+inf");
	redis_cmd_text(&cmd, listing->id);
	redis_cmd_number(&cmd, STORE_PAGE);
	redisReply *ids = redis_call(listing->store, &cmd);
	int got = ids && ids->type == REDIS_REPLY_ARRAY ? read_tokens(listing, ids) : -1;
	freeReplyObject(ids);
	return got;
}

int redis_token_list(struct store *store, const struct store_token_query *query,
	store_on_token *on_token, void *arg)
{
	struct listing listing = {.store = redis_store_of(store),
		.query = query,
		.on_token = on_token,
		.arg = arg,
		.at = query->before_at};
	int got = STORE_PAGE;

	memcpy(listing.id, query->before_id, sizeof listing.id);
	for (int round = 0; got == STORE_PAGE && listing.count < query->limit; round++) {
		got = round < ROUNDS_MAX ? read_page(&listing) : -1;
		if (got == -1)
			return -1;
	}
	return (int)listing.count;
}

int64_t redis_token_count(struct store *store, const char *subject, int64_t now, unsigned most)
{
	char digest[REDIS_SHA1HEX];
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_TOKEN_COUNT);
	redis_cmd_key(&cmd, "living");
	redis_cmd_text(&cmd, digest_of(subject, digest));
	redis_cmd_number(&cmd, now);
	redis_cmd_number(&cmd, most);
	return redis_call_number(redis_store_of(store), &cmd);
}

/* --- programs that wait for a person --- */

enum store_answer redis_device_add(struct store *store, const struct store_device *d)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_DEVICE_ADD);
	redis_cmd_key_hex(&cmd, "device", d->key);
	redis_cmd_hex(&cmd, d->key);
	redis_cmd_hex(&cmd, d->user_code);
	redis_cmd_hex(&cmd, d->source);
	redis_cmd_text(&cmd, device_state_name(d->state));
	redis_cmd_number(&cmd, d->created_at);
	redis_cmd_number(&cmd, d->expires_at);
	redis_cmd_number(&cmd, (d->expires_at - d->created_at + STORE_DEVICE_KEPT_S) * 1000);
	redis_cmd_number(&cmd, STORE_DEVICES_OF);
	redis_cmd_number(&cmd, STORE_DEVICES);
	redis_cmd_text(&cmd, d->text);
	return redis_call_answer(redis_store_of(store), &cmd);
}

/* NONE: no program has this code. */
static enum store_answer find_key(
	struct redis_store *r, const unsigned char *user_code, unsigned char key[static DIGEST_LEN])
{
	enum store_answer answer = STORE_NONE;
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "GET");
	redis_cmd_key_hex(&cmd, "device_code", user_code);
	redisReply *reply = redis_call(r, &cmd);
	if (reply == NULL)
		return STORE_FAILED;
	if (redis_record_digest(reply, key))
		answer = STORE_FOUND;
	freeReplyObject(reply);
	return answer;
}

static struct str text_at(const redisReply *reply, size_t at)
{
	const redisReply *one = reply->element[at];

	return one->type == REDIS_REPLY_STRING ? (struct str){one->str, one->len} : STR("");
}

static bool read_time(struct str text, int64_t *out)
{
	uint64_t number;

	if (!str_to_u64(text, &number))
		return false;
	*out = (int64_t)number; /* at most 18 digits */
	return true;
}

/* Nothing in Redis is trusted to be well-formed: nobody is let in by what cannot be read. */
static bool read_device(const redisReply *reply, struct store_device *out)
{
	struct str text = text_at(reply, 5);

	return redis_record_digest(reply->element[0], out->user_code) &&
	       redis_record_digest(reply->element[1], out->source) &&
	       device_state_parse(text_at(reply, 2), &out->state) &&
	       read_time(text_at(reply, 3), &out->created_at) &&
	       read_time(text_at(reply, 4), &out->expires_at) &&
	       memchr(text.at, '\0', text.len) == NULL &&
	       str_copy(text, out->text, sizeof out->text);
}

enum store_answer redis_device_get(
	struct store *store, bool by_user, const unsigned char *digest, struct store_device *out)
{
	static const char *const fields[] = {
		"user_code", "source", "state", "created", "expires", "text"};
	struct redis_store *r = redis_store_of(store);
	enum store_answer answer = STORE_FOUND;
	struct redis_cmd cmd;

	memcpy(out->key, digest, DIGEST_LEN);
	if (by_user)
		answer = find_key(r, digest, out->key);
	if (answer != STORE_FOUND)
		return answer;
	redis_cmd_init(&cmd, "HMGET");
	redis_cmd_key_hex(&cmd, "device", out->key);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		redis_cmd_text(&cmd, fields[i]);
	redisReply *reply = redis_call(r, &cmd);
	if (reply == NULL)
		return STORE_FAILED;
	bool is_read = reply->type == REDIS_REPLY_ARRAY && reply->elements == ARRAY_LEN(fields) &&
		       read_device(reply, out);
	freeReplyObject(reply);
	return is_read ? STORE_FOUND : STORE_NONE;
}

enum store_answer redis_device_settle(struct store *store, const struct store_device *d)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_DEVICE_SETTLE);
	redis_cmd_key_hex(&cmd, "device", d->key);
	redis_cmd_hex(&cmd, d->key);
	redis_cmd_hex(&cmd, d->source);
	redis_cmd_text(&cmd, device_state_name(d->state));
	redis_cmd_number(&cmd, d->expires_at);
	redis_cmd_text(&cmd, d->text);
	return redis_call_answer(redis_store_of(store), &cmd);
}

enum store_answer redis_device_take(struct store *store, const struct store_device *d)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_DEVICE_TAKE);
	redis_cmd_key_hex(&cmd, "device", d->key);
	redis_cmd_hex(&cmd, d->key);
	redis_cmd_hex(&cmd, d->user_code);
	redis_cmd_hex(&cmd, d->source);
	return redis_call_answer(redis_store_of(store), &cmd);
}
