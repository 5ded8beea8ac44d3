/* Tokens, links, leases and the rest in SQLite: what the keeper reads and writes. */
#include "auth/backends/sqlite/store_sqlite_int.h"

#include <assert.h>
#include <stdlib.h>

/* --- tokens --- */

static void read_token(struct sqlite3_stmt *stmt, struct store_token *out)
{
	db_read_fields(stmt, 0, store_token_fields, STORE_TOKEN_COUNT, out);
}

static int add_row(struct db *db, const struct store_token *t)
{
	struct arg args[STORE_TOKEN_COUNT];

	db_field_args(store_token_fields, STORE_TOKEN_COUNT, t, args);
	return db_run(db, SQL_TOKEN_ADD, args, ARRAY_LEN(args));
}

static int token_add(struct store *store, const struct store_token *t)
{
	struct db *db = db_of(store);

	db_lock(db);
	int result = db_run(db, SQL_BEGIN, NO_ARGS);
	if (result != -1)
		result = db_run(db, SQL_TOKEN_TRIM,
			ARGS(TEXT(t->subject), NUMBER(STORE_PURGE), NUMBER(STORE_DEAD_KEPT)));
	if (result != -1)
		result = add_row(db, t);
	result = db_commit(db, result);
	db_unlock(db);
	return result;
}

/* A str as the NUL-terminated text of an id; false when it can be none. */
static bool id_text(struct str id, char out[STORE_ID])
{
	return id.len > 0 && memchr(id.at, '\0', id.len) == NULL && str_copy(id, out, STORE_ID);
}

static enum store_answer token_get(struct store *store, struct str id, struct store_token *out)
{
	struct db *db = db_of(store);
	char text[STORE_ID];

	if (!id_text(id, text))
		return STORE_NONE;
	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_TOKEN_GET, ARGS(TEXT(text)));
	enum store_answer answer = db_step(db, stmt);
	if (answer == STORE_FOUND)
		read_token(stmt, out);
	db_done(stmt);
	db_unlock(db);
	return answer;
}

static struct sqlite3_stmt *query_page(struct db *db, const struct store_token_query *query)
{
	const struct arg before = NUMBER(query->before_id[0] ? query->before_at : INT64_MAX);
	const struct arg id = TEXT(query->before_id), limit = NUMBER((int64_t)query->limit);
	const struct arg subject = TEXT(query->subject ? query->subject : "");
	const struct arg alive = NUMBER(query->alive_at);

	if (query->alive_at == 0 && query->subject == NULL)
		return db_query(db, SQL_TOKEN_LIST, ARGS(before, id, limit));
	if (query->alive_at == 0)
		return db_query(db, SQL_TOKEN_LIST_OF, ARGS(before, id, limit, subject));
	if (query->subject == NULL)
		return db_query(db, SQL_TOKEN_LIVING, ARGS(before, id, limit, alive));
	return db_query(db, SQL_TOKEN_LIVING_OF, ARGS(before, id, limit, alive, subject));
}

static int token_list(struct store *store, const struct store_token_query *query,
	store_on_token *on_token, void *arg)
{
	struct db *db = db_of(store);
	struct store_token token;
	enum store_answer answer;
	int count = 0;

	db_lock(db);
	struct sqlite3_stmt *stmt = query_page(db, query);
	while ((answer = db_step(db, stmt)) == STORE_FOUND) {
		read_token(stmt, &token);
		on_token(arg, &token);
		count++;
	}
	db_done(stmt);
	db_unlock(db);
	return answer == STORE_FAILED ? -1 : count;
}

static int64_t token_count(struct store *store, const char *subject, int64_t now, unsigned most)
{
	struct db *db = db_of(store);
	int64_t count = -1;

	(void)most;
	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_TOKEN_COUNT, ARGS(TEXT(subject), NUMBER(now)));
	if (db_step(db, stmt) == STORE_FOUND)
		count = db_number(stmt, 0);
	db_done(stmt);
	db_unlock(db);
	return count;
}

static enum store_answer token_set_state(struct store *store, struct str id, enum token_state state)
{
	struct db *db = db_of(store);
	char text[STORE_ID];

	if (!id_text(id, text))
		return STORE_NONE;
	db_lock(db);
	int changed =
		db_run(db, SQL_TOKEN_SET_STATE, ARGS(TEXT(text), TEXT(token_state_name(state))));
	db_unlock(db);
	return db_answer(changed);
}

static enum store_answer token_renew(
	struct store *store, const struct store_token *t, const unsigned char *was)
{
	enum { RENEWED = STORE_TOKEN_COUNT - STORE_TOKEN_MADE_COUNT };
	struct arg args[RENEWED + 2];
	struct db *db = db_of(store);

	db_field_args(store_token_fields + STORE_TOKEN_MADE_COUNT, RENEWED, t, args);
	args[RENEWED] = (struct arg)TEXT(t->id);
	args[RENEWED + 1] = (struct arg)HASH(was);
	db_lock(db);
	int changed = db_run(db, SQL_TOKEN_RENEW, args, ARRAY_LEN(args));
	db_unlock(db);
	return db_answer(changed);
}

/* --- uses --- */

/* Runs one statement under the lock; 0 or -1. */
static int run_alone(struct store *store, enum sql which, const struct arg *args, size_t count)
{
	struct db *db = db_of(store);

	db_lock(db);
	int result = db_run(db, which, args, count);
	db_unlock(db);
	return result == -1 ? -1 : 0;
}

static int touch_one(struct db *db, const struct store_touch *t)
{
	if (t->is_token)
		return db_run(db, SQL_TOKEN_TOUCH, ARGS(TEXT(t->id), NUMBER(t->at), TEXT(t->from)));
	return db_run(db, SQL_SESSION_TOUCH, ARGS(HASH(t->key), NUMBER(t->at)));
}

static int touch(struct store *store, const struct store_touch *touches, size_t count)
{
	struct db *db = db_of(store);

	db_lock(db);
	int result = db_run(db, SQL_BEGIN, NO_ARGS);
	for (size_t i = 0; result != -1 && i < count; i++)
		result = touch_one(db, &touches[i]);
	result = db_commit(db, result);
	db_unlock(db);
	return result;
}

/* --- links, counts, meta --- */

static int link_add(
	struct store *store, const unsigned char *hash, int64_t created_at, int64_t expires_at)
{
	struct db *db = db_of(store);

	db_lock(db);
	int result = db_run(db, SQL_BEGIN, NO_ARGS);
	if (result != -1)
		result = db_run(db, SQL_LINK_CLEAR, NO_ARGS);
	if (result != -1)
		result = db_run(
			db, SQL_LINK_ADD, ARGS(HASH(hash), NUMBER(created_at), NUMBER(expires_at)));
	result = db_commit(db, result);
	db_unlock(db);
	return result;
}

static enum store_answer has_admin(struct store *store, int64_t now)
{
	struct db *db = db_of(store);

	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_HAS_ADMIN, ARGS(NUMBER(now)));
	enum store_answer answer = db_step(db, stmt);
	if (answer == STORE_FOUND && db_number(stmt, 0) == 0)
		answer = STORE_NONE;
	db_done(stmt);
	db_unlock(db);
	return answer;
}

static int count(struct store *store, int64_t now, struct store_counts *out)
{
	struct db *db = db_of(store);

	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_COUNT, ARGS(NUMBER(now)));
	enum store_answer answer = db_step(db, stmt);
	if (answer == STORE_FOUND)
		*out = (struct store_counts){.sessions = (unsigned)db_number(stmt, 0),
			.tokens_user = (unsigned)(db_number(stmt, 1) - db_number(stmt, 2)),
			.tokens_admin = (unsigned)db_number(stmt, 2)};
	db_done(stmt);
	db_unlock(db);
	return answer == STORE_FOUND ? 0 : -1;
}

/* A transaction for each kind: a server thread's read of a store in memory waits for one of them at
 * most.
 */
static enum store_answer purge(struct store *store, const struct conf *conf, int64_t now)
{
	const struct arg most = NUMBER(STORE_PURGE);
	/* Uses are saved a little late: what looks just idle here may not be. */
	const struct arg at = NUMBER(now),
			 idle = NUMBER(now - conf->session_idle_s - STORE_IDLE_SLACK_S);
	const struct arg launched = NUMBER(now - STORE_LAUNCH_KEPT_S);
	const struct arg kept = NUMBER(now - STORE_TOKEN_KEPT_S),
			 owned = NUMBER(now - STORE_OWNER_KEPT_S),
			 told = NUMBER(now - STORE_DEVICE_KEPT_S);
	char stamp[STORE_AUDIT_STAMP + 1];
	const struct arg audited = TEXT(stamp);
	const struct {
		enum sql which;
		struct arg args[3];
		size_t count;
	} steps[] = {{SQL_SESSION_PURGE, {at, idle, most}, 3}, {SQL_LINK_PURGE, {at, most}, 2},
		{SQL_TOKEN_PURGE, {kept, most}, 2}, {SQL_TOKEN_REVOKED_PURGE, {at, most}, 2},
		{SQL_ONCE_PURGE, {at, most}, 2}, {SQL_TOKEN_END, {at, most}, 2},
		{SQL_OWNER_PURGE, {owned, most}, 2}, {SQL_DEVICE_PURGE, {told, most}, 2},
		{SQL_AUDIT_PURGE, {audited, most}, 2}, {SQL_LAUNCH_PURGE, {launched, most}, 2}};
	enum store_answer answer = STORE_NONE;
	struct db *db = db_of(store);

	store_audit_stamp((now - conf->audit_keep_s) * 1000, stamp);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		db_lock(db);
		int gone = db_run(db, steps[i].which, steps[i].args, steps[i].count);
		db_unlock(db);
		if (gone == -1)
			return STORE_FAILED;
		if (gone == STORE_PURGE)
			answer = STORE_FOUND;
	}
	return answer;
}

static enum store_answer once(struct store *store, const unsigned char *key, int64_t until)
{
	struct db *db = db_of(store);

	db_lock(db);
	int added = db_run(db, SQL_ONCE, ARGS(HASH(key), NUMBER(until)));
	db_unlock(db);
	return added == -1 ? STORE_FAILED : added == 0 ? STORE_FOUND : STORE_NONE;
}

/* The command line takes no leases, so there is nobody to share with. */
static enum store_answer lease_take(
	struct store *store, const unsigned char *key, const unsigned char *holder, int64_t ms)
{
	(void)store;
	(void)key;
	(void)holder;
	(void)ms;
	return STORE_FOUND;
}

static void lease_drop(struct store *store, const unsigned char *key, const unsigned char *holder)
{
	(void)store;
	(void)key;
	(void)holder;
}

static enum store_answer meta_get(struct store *store, const char *key, char *out, size_t size)
{
	struct db *db = db_of(store);

	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_META_GET, ARGS(TEXT(key)));
	enum store_answer answer = db_step(db, stmt);
	if (answer == STORE_FOUND)
		db_copy_text(stmt, 0, out, size);
	db_done(stmt);
	db_unlock(db);
	return answer;
}

static int meta_set(struct store *store, const char *key, const char *value)
{
	return run_alone(store, SQL_META_SET, ARGS(TEXT(key), TEXT(value)));
}

static int meta_settle(
	struct store *store, const char *key, const char *value, char *out, size_t size)
{
	if (run_alone(store, SQL_META_SETTLE, ARGS(TEXT(key), TEXT(value))) == -1)
		return -1;
	return meta_get(store, key, out, size) == STORE_FOUND && out[0] != '\0' ? 0 : -1;
}

const struct store_ops store_sqlite_ops = {
	.is_shared = false,
	.reader = store_sqlite_reader,
	.close = store_sqlite_close,
	.poll = store_sqlite_poll,
	.token_add = token_add,
	.token_get = token_get,
	.token_list = token_list,
	.token_count = token_count,
	.token_set_state = token_set_state,
	.token_renew = token_renew,
	.session_open = store_sqlite_session_open,
	.session_get = store_sqlite_session_get,
	.session_replace = store_sqlite_session_replace,
	.session_end = store_sqlite_session_end,
	.session_end_all = store_sqlite_session_end_all,
	.session_list = store_sqlite_session_list,
	.session_page = store_sqlite_session_page,
	.session_find = store_sqlite_session_find,
	.touch = touch,
	.link_add = link_add,
	.has_admin = has_admin,
	.count = count,
	.purge = purge,
	.once = once,
	.noted = store_sqlite_noted,
	.lease_take = lease_take,
	.lease_drop = lease_drop,
	.owners = store_sqlite_owners,
	.device_add = store_sqlite_device_add,
	.device_get = store_sqlite_device_get,
	.device_settle = store_sqlite_device_settle,
	.device_take = store_sqlite_device_take,
	.audit_add = store_sqlite_audit_add,
	.audit_list = store_sqlite_audit_list,
	.launch_add = store_sqlite_launch_add,
	.launch_get = store_sqlite_launch_get,
	.launch_replace = store_sqlite_launch_replace,
	.launch_list = store_sqlite_launch_list,
	.meta_get = meta_get,
	.meta_set = meta_set,
	.meta_settle = meta_settle,
};
