/* Tokens, links, leases and the rest in SQLite: what the keeper reads and writes. */
#include "auth/backends/sqlite/store_sqlite_int.h"

#include <assert.h>
#include <stdlib.h>

#define COLUMN(member, kind, redis)	 #member
#define NEXT_COLUMN(member, kind, redis) ", " #member
#define MARK(member, kind, redis)	 "?"
#define NEXT_MARK(member, kind, redis)	 ", ?"
#define NEXT_SET(member, kind, redis)	 ", " #member " = ?"
#define TOKEN_COLUMNS			 STORE_TOKEN_FIELDS(COLUMN, NEXT_COLUMN)
#define TOKEN_MARKS			 STORE_TOKEN_FIELDS(MARK, NEXT_MARK)
#define SESSION_COLUMNS			 "key" STORE_SESSION_FIELDS(NEXT_COLUMN, NEXT_COLUMN)
#define SESSION_MARKS			 "?" STORE_SESSION_FIELDS(NEXT_MARK, NEXT_MARK)
/* Keyset paging: an index leads straight to where the last page ended. */
#define TOKEN_PAGE " (created_at, id) < (?1, ?2) ORDER BY created_at DESC, id DESC LIMIT ?3"
/* purge() marks what has ended: what is not marked yet is a minute's worth. */
#define TOKEN_LIVING "state = 'active' AND ended = 0 AND ends_at > ?4 AND"
#define LIST_SESSIONS                                                                              \
	"SELECT key" STORE_SESSION_LISTED(NEXT_COLUMN, NEXT_COLUMN) " FROM sessions"               \
								    " WHERE expires_at > ?1"
#define NEWEST_FIRST " ORDER BY created_at DESC, key DESC"
/* What has no wish for them is ''. */
#define AUDIT_EVENTS "SELECT id, user, action, app_id, app_name, fields FROM audit"
#define AUDIT_PAGE                                                                                 \
	" id < ?1 AND id >= ?2 AND (?3 = '' OR user = ?3) AND (?4 = '' OR action = ?4)"            \
	" AND (?5 = '' OR app_id = ?5 OR app_name = ?5) ORDER BY id DESC LIMIT ?6"
#define AUDIT_OF_APP                                                                               \
	"SELECT seq FROM audit INDEXED BY audit_of_app WHERE app_id = ?5 UNION"                    \
	" SELECT seq FROM audit INDEXED BY audit_of_app_name WHERE app_name = ?5"

const char *const store_sqlite_statements[SQL_ROWS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_VERSION] = "PRAGMA data_version",
	[SQL_TOKEN_ADD] = "INSERT INTO tokens(" TOKEN_COLUMNS ") VALUES(" TOKEN_MARKS ")",
	[SQL_TOKEN_GET] = "SELECT " TOKEN_COLUMNS " FROM tokens WHERE id = ?1",
	[SQL_TOKEN_LIST] = "SELECT " TOKEN_COLUMNS " FROM tokens WHERE" TOKEN_PAGE,
	[SQL_TOKEN_LIST_OF] =
		"SELECT " TOKEN_COLUMNS " FROM tokens WHERE subject = ?4 AND" TOKEN_PAGE,
	[SQL_TOKEN_LIVING] = "SELECT " TOKEN_COLUMNS " FROM tokens INDEXED BY tokens_living"
			     " WHERE " TOKEN_LIVING TOKEN_PAGE,
	[SQL_TOKEN_LIVING_OF] = "SELECT " TOKEN_COLUMNS " FROM tokens INDEXED BY tokens_living_of"
				" WHERE subject = ?5 AND " TOKEN_LIVING TOKEN_PAGE,
	[SQL_TOKEN_COUNT] = "SELECT count(*) FROM tokens INDEXED BY tokens_living_of WHERE"
			    " subject = ?1 AND state = 'active' AND ended = 0 AND ends_at > ?2",
	[SQL_TOKEN_SET_STATE] = "UPDATE tokens SET state = CASE state WHEN 'revoked' THEN state"
				" ELSE ?2 END WHERE id = ?1",
	[SQL_TOKEN_RENEW] = "UPDATE tokens SET ended = 0" STORE_TOKEN_RENEWED(
		NEXT_SET, NEXT_SET) " WHERE id = ? AND secret = ? AND state = 'active'",
	[SQL_TOKEN_TOUCH] = "UPDATE tokens SET last_used_at = ?2, last_used_from = ?3"
			    " WHERE id = ?1 AND last_used_at <= ?2",
	[SQL_TOKEN_END] = "UPDATE tokens SET ended = 1 WHERE id IN (SELECT id FROM tokens"
			  " INDEXED BY tokens_ending WHERE ended = 0 AND ends_at <= ?1 LIMIT ?2)",
	[SQL_TOKEN_PURGE] = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens"
			    " INDEXED BY tokens_by_end WHERE ends_at <= ?1 LIMIT ?2)",
	[SQL_TOKEN_REVOKED_PURGE] =
		"DELETE FROM tokens WHERE id IN (SELECT id FROM tokens INDEXED BY tokens_revoked"
		" WHERE state = 'revoked' AND ends_at <= ?1 LIMIT ?2)",
	[SQL_TOKEN_TRIM] = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens"
			   " INDEXED BY tokens_dead_of WHERE subject = ?1"
			   " AND (state <> 'active' OR ended <> 0)"
			   " ORDER BY created_at DESC, id DESC LIMIT ?2 OFFSET ?3)",
	[SQL_SESSION_ADD] = "INSERT INTO sessions(" SESSION_COLUMNS ") VALUES(" SESSION_MARKS ")",
	[SQL_SESSION_GET] = "SELECT " SESSION_COLUMNS " FROM sessions WHERE key = ?1",
	[SQL_SESSION_REPLACE] =
		"UPDATE sessions SET sealed = ?3, label = ?4, provider_sid = ?5, expires_at = ?6,"
		" version = version + 1 WHERE key = ?1 AND version = ?2",
	[SQL_SESSION_END] = "DELETE FROM sessions WHERE key = ?1",
	[SQL_SESSION_END_PERSON] = "DELETE FROM sessions WHERE person = ?1",
	[SQL_SESSION_END_SID] = "DELETE FROM sessions WHERE provider_sid = ?1",
	[SQL_SESSION_END_ALL] = "DELETE FROM sessions",
	[SQL_SESSION_LIST_PERSON] = LIST_SESSIONS " AND person = ?2" NEWEST_FIRST,
	[SQL_SESSION_LIST_SID] = LIST_SESSIONS " AND provider_sid = ?2" NEWEST_FIRST,
	[SQL_SESSION_LIST_ALL] = LIST_SESSIONS NEWEST_FIRST,
	[SQL_SESSION_PAGE] =
		LIST_SESSIONS " AND (created_at, key) < (?2, ?3)" NEWEST_FIRST " LIMIT ?4",
	[SQL_SESSION_FIND] = "SELECT key FROM sessions WHERE key >= ?1 ORDER BY key LIMIT 1",
	[SQL_SESSION_TOUCH] = "UPDATE sessions SET last_seen_at = ?2"
			      " WHERE key = ?1 AND last_seen_at < ?2",
	[SQL_SESSION_PURGE] = "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions"
			      " WHERE expires_at <= ?1 OR last_seen_at <= ?2 LIMIT ?3)",
	[SQL_LINK_CLEAR] = "DELETE FROM links",
	[SQL_LINK_ADD] = "INSERT INTO links(hash, created_at, expires_at, used_at)"
			 " VALUES(?1,?2,?3,0)",
	[SQL_LINK_USE] = "UPDATE links SET used_at = ?2 WHERE hash = ?1 AND used_at = 0"
			 " AND expires_at > ?2",
	[SQL_LINK_PURGE] = "DELETE FROM links WHERE hash IN"
			   " (SELECT hash FROM links WHERE expires_at <= ?1 LIMIT ?2)",
	[SQL_HAS_ADMIN] = "SELECT EXISTS(SELECT 1 FROM meta WHERE key = 'link_used')"
			  " OR EXISTS(SELECT 1 FROM tokens WHERE state = 'active'"
			  " AND role = 'admin' AND scope = '' AND ends_at > ?1)",
	[SQL_COUNT] = "SELECT (SELECT count(*) FROM sessions WHERE expires_at > ?1),"
		      " (SELECT count(*) FROM tokens WHERE state = 'active'"
		      " AND role IN ('custom', 'user', 'admin') AND ends_at > ?1),"
		      " (SELECT count(*) FROM tokens WHERE state = 'active' AND role = 'admin'"
		      " AND scope = '' AND ends_at > ?1)",
	[SQL_ONCE] = "INSERT INTO seen(key, until) VALUES(?1, ?2) ON CONFLICT(key) DO NOTHING",
	[SQL_NOTED] = "SELECT 1 FROM seen WHERE key = ?1",
	[SQL_ONCE_PURGE] = "DELETE FROM seen WHERE key IN"
			   " (SELECT key FROM seen WHERE until <= ?1 LIMIT ?2)",
	[SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[SQL_META_SET] = "INSERT INTO meta(key, value) VALUES(?1, ?2)"
			 " ON CONFLICT(key) DO UPDATE SET value = ?2",
	[SQL_META_SETTLE] = "INSERT INTO meta(key, value) VALUES(?1, ?2)"
			    " ON CONFLICT(key) DO NOTHING",
	[SQL_OWNER_ADD] = "INSERT INTO owners(key, namespace, asked_at) VALUES(?1, ?2, ?3)"
			  " ON CONFLICT(key) DO NOTHING",
	/* Once a day is enough: what is asked for at every start costs no write. */
	[SQL_OWNER_TOUCH] = "UPDATE owners SET asked_at = ?2 WHERE key = ?1"
			    " AND asked_at < ?2 - 86400",
	[SQL_OWNER_GET] = "SELECT namespace FROM owners WHERE key = ?1 AND asked_at > ?2",
	[SQL_OWNER_CUT] = "DELETE FROM owners WHERE key IN (SELECT key FROM owners"
			  " WHERE namespace = ?1 ORDER BY asked_at DESC LIMIT -1 OFFSET ?2)",
	[SQL_OWNER_CUT_GROUP] = "DELETE FROM owners WHERE key IN (SELECT key FROM owners"
				" WHERE namespace >= ?1 || char(31)"
				" AND namespace < ?1 || char(32)"
				" ORDER BY asked_at DESC LIMIT -1 OFFSET ?2)",
	[SQL_OWNER_PURGE] = "DELETE FROM owners WHERE key IN"
			    " (SELECT key FROM owners WHERE asked_at <= ?1 LIMIT ?2)",
	[SQL_AUDIT_ADD] = "INSERT INTO audit(id, user, action, app_id, app_name, fields)"
			  " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(id) DO NOTHING",
	/* By numbers without gaps: to count them would take a look at all. */
	[SQL_AUDIT_CUT] = "DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?1",
	[SQL_AUDIT_LIST] = AUDIT_EVENTS " WHERE" AUDIT_PAGE,
	[SQL_AUDIT_LIST_USER] =
		AUDIT_EVENTS " INDEXED BY audit_of_user WHERE user = ?3 AND" AUDIT_PAGE,
	[SQL_AUDIT_LIST_ACTION] =
		AUDIT_EVENTS " INDEXED BY audit_of_action WHERE action = ?4 AND" AUDIT_PAGE,
	[SQL_AUDIT_LIST_APP] = AUDIT_EVENTS " WHERE seq IN (" AUDIT_OF_APP ") AND" AUDIT_PAGE,
	[SQL_AUDIT_PURGE] = "DELETE FROM audit WHERE seq IN"
			    " (SELECT seq FROM audit WHERE id < ?1 ORDER BY id LIMIT ?2)",
};

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
	const struct arg kept = NUMBER(now - STORE_TOKEN_KEPT_S),
			 owned = NUMBER(now - STORE_OWNER_KEPT_S);
	char stamp[STORE_AUDIT_STAMP + 1];
	const struct arg audited = TEXT(stamp);
	const struct {
		enum sql which;
		struct arg args[3];
		size_t count;
	} steps[] = {{SQL_SESSION_PURGE, {at, idle, most}, 3}, {SQL_LINK_PURGE, {at, most}, 2},
		{SQL_TOKEN_PURGE, {kept, most}, 2}, {SQL_TOKEN_REVOKED_PURGE, {at, most}, 2},
		{SQL_ONCE_PURGE, {at, most}, 2}, {SQL_TOKEN_END, {at, most}, 2},
		{SQL_OWNER_PURGE, {owned, most}, 2}, {SQL_AUDIT_PURGE, {audited, most}, 2}};
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
	.audit_add = store_sqlite_audit_add,
	.audit_list = store_sqlite_audit_list,
	.meta_get = meta_get,
	.meta_set = meta_set,
	.meta_settle = meta_settle,
};
