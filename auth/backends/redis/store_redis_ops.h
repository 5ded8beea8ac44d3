/* auth/backends/redis/store_redis_ops.h - entries of struct store_ops, by file. */
#ifndef SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_OPS_H
#define SPARKGATE_AUTH_BACKENDS_REDIS_STORE_REDIS_OPS_H

#include "auth/store/store.h"

struct redis_watch;

enum store_answer redis_session_open(struct store *store, const struct store_opening *opening);
enum store_answer redis_session_get(
	struct store *store, const unsigned char *key, struct store_session *out);
enum store_answer redis_session_replace(struct store *store, const struct store_session *session);
enum store_answer redis_session_end(struct store *store, const unsigned char *key);
int redis_session_end_all(struct store *store, enum store_index index, const unsigned char *key);
int redis_session_list(struct store *store, enum store_index index, const unsigned char *key,
	int64_t now, store_on_session *on_session, void *arg);
int redis_session_page(struct store *store, const struct store_session_query *query,
	store_on_session *on_session, void *arg);
enum store_answer redis_session_find(
	struct store *store, const unsigned char *prefix, unsigned char *key);

int redis_token_add(struct store *store, const struct store_token *token);
enum store_answer redis_token_get(struct store *store, struct str id, struct store_token *out);
int redis_token_list(struct store *store, const struct store_token_query *query,
	store_on_token *on_token, void *arg);
int64_t redis_token_count(struct store *store, const char *subject, int64_t now, unsigned most);
enum store_answer redis_token_set_state(struct store *store, struct str id, enum token_state state);
enum store_answer redis_token_renew(
	struct store *store, const struct store_token *token, const unsigned char *was);

int redis_touch(struct store *store, const struct store_touch *touches, size_t count);
int redis_link_add(
	struct store *store, const unsigned char *hash, int64_t created_at, int64_t expires_at);
enum store_answer redis_has_admin(struct store *store, int64_t now);
int redis_count(struct store *store, int64_t now, struct store_counts *out);
enum store_answer redis_purge(struct store *store, const struct conf *conf, int64_t now);
enum store_answer redis_once(struct store *store, const unsigned char *key, int64_t until);
enum store_answer redis_noted(struct store *store, const unsigned char *key);
enum store_answer redis_lease_take(
	struct store *store, const unsigned char *key, const unsigned char *holder, int64_t ms);
void redis_lease_drop(struct store *store, const unsigned char *key, const unsigned char *holder);
int redis_owners(struct store *store, struct store_owner *owners, size_t count, int64_t now);
enum store_answer redis_device_add(struct store *store, const struct store_device *device);
enum store_answer redis_device_get(
	struct store *store, bool by_user, const unsigned char *digest, struct store_device *out);
enum store_answer redis_device_settle(struct store *store, const struct store_device *device);
enum store_answer redis_device_take(struct store *store, const struct store_device *device);
int redis_audit_add(struct store *store, const struct store_audit *const *events, size_t count);
int redis_audit_list(struct store *store, const struct store_audit_query *query,
	char next[static STORE_AUDIT_ID], store_on_audit *on_event, void *arg);
enum store_added redis_launch_add(
	struct store *store, struct store_launch *launch, const struct store_launch_limits *limits);
enum store_answer redis_launch_get(struct store *store, struct str id, struct store_launch *out);
enum store_answer redis_launch_replace(
	struct store *store, struct store_launch *launch, unsigned running);
int redis_launch_list(struct store *store, const struct store_launch_query *query,
	char next[static STORE_LAUNCH_ID], store_on_launch *on_launch, void *arg);
enum store_answer redis_meta_get(struct store *store, const char *key, char *out, size_t size);
int redis_meta_set(struct store *store, const char *key, const char *value);
int redis_meta_settle(
	struct store *store, const char *key, const char *value, char *out, size_t size);

int redis_lacks(struct store *store, struct sbuf *out);

struct store_reader *redis_reader(struct store *store, struct event_base *base, struct err *err);
int redis_watch(
	struct store *store, struct event_base *base, store_on_change *on_change, void *arg);
void redis_watch_close(struct redis_watch *watch); /* NULL is fine */

#endif
