/* auth/backends/redis/store_redis_record.h - records asked for and read; nothing in Redis is
 * trusted to be well-formed. */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_RECORD_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_RECORD_H

#include "auth/backends/redis/link/store_redis_cmd.h"
#include "auth/backends/redis/link/store_redis_servers.h"

struct redisReply;

/* Puts HMGET of a record together. Without `sealed` for lists. */
void redis_cmd_session_get(struct redis_cmd *cmd, const unsigned char *key, bool has_sealed);
void redis_cmd_token_get(struct redis_cmd *cmd, struct str id);
/* Names and values of HSET: of all fields, and of those that a renewal changes. */
void redis_cmd_token_fields(struct redis_cmd *cmd, const struct store_token *token);
void redis_cmd_token_renewed(struct redis_cmd *cmd, const struct store_token *token);
void redis_cmd_launch_get(struct redis_cmd *cmd, struct str id);
void redis_cmd_launch_fields(struct redis_cmd *cmd, const struct store_launch *launch);
void redis_cmd_launch_changed(struct redis_cmd *cmd, const struct store_launch *launch);
/* A reply to these: FOUND fills `out` (clear it), NONE for what is not there or does not parse,
 * FAILED for an error reply or NULL. */
enum store_answer redis_record_session(struct redis_servers *servers,
	const struct redisReply *reply, const unsigned char *key, struct store_session *out);
enum store_answer redis_record_token(struct redis_servers *servers, const struct redisReply *reply,
	struct str id, struct store_token *out);
enum store_answer redis_record_launch(struct redis_servers *servers, const struct redisReply *reply,
	struct str id, struct store_launch *out);
bool redis_record_digest(const struct redisReply *reply, unsigned char out[static DIGEST_LEN]);
/* False when it can be no token's id. */
bool redis_record_is_id(struct str id);

#endif
