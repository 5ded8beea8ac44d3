#include "auth/store_sqlite_int.h"

#include <assert.h>
#include <stdlib.h>

enum { TOKEN_KEPT_SECONDS = 30 * 24 * 3600, IDLE_SLACK_SECONDS = 120 };

#define TOKEN_COLUMNS                                                                              \
	"id, client_name, issuer, subject, created_by, note, last_used_from, role, state, "        \
	"created_at, expires_at, last_used_at"
#define SESSION_COLUMNS                                                                            \
	"key, issuer, subject, name, token_id, role, created_at, last_seen_at, expires_at"

const char *const store_sqlite_statements[SQL_ROWS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_VERSION] = "PRAGMA data_version",
	[SQL_TOKEN_ADD] = "INSERT INTO tokens(" TOKEN_COLUMNS
			  ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
	[SQL_TOKEN_GET] = "SELECT " TOKEN_COLUMNS " FROM tokens WHERE id = ?1",
	[SQL_TOKEN_LIST] = "SELECT " TOKEN_COLUMNS " FROM tokens ORDER BY created_at DESC, id DESC",
	[SQL_TOKEN_SET_STATE] = "UPDATE tokens SET state = CASE state WHEN 'revoked' THEN state"
				" ELSE ?2 END WHERE id = ?1",
	[SQL_TOKEN_TOUCH] = "UPDATE tokens SET last_used_at = ?2, last_used_from = ?3"
			    " WHERE id = ?1 AND last_used_at <= ?2",
	[SQL_TOKEN_PURGE] = "DELETE FROM tokens WHERE expires_at <= ?1",
	[SQL_SESSION_ADD] =
		"INSERT INTO sessions(" SESSION_COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
	[SQL_SESSION_GET] = "SELECT " SESSION_COLUMNS " FROM sessions WHERE key = ?1",
	[SQL_SESSION_END] = "DELETE FROM sessions WHERE key = ?1",
	[SQL_SESSION_TOUCH] = "UPDATE sessions SET last_seen_at = ?2"
			      " WHERE key = ?1 AND last_seen_at < ?2",
	[SQL_SESSION_PURGE] = "DELETE FROM sessions WHERE expires_at <= ?1 OR last_seen_at <= ?2",
	[SQL_LINK_CLEAR] = "DELETE FROM links",
	[SQL_LINK_ADD] = "INSERT INTO links(hash, role, created_at, expires_at, used_at)"
			 " VALUES(?1,?2,?3,?4,0)",
	[SQL_LINK_USE] = "UPDATE links SET used_at = ?2 WHERE hash = ?1 AND used_at = 0"
			 " AND expires_at > ?2 RETURNING role",
	[SQL_LINK_PURGE] = "DELETE FROM links WHERE expires_at <= ?1",
	[SQL_HAS_ADMIN] = "SELECT EXISTS(SELECT 1 FROM meta WHERE key = 'link_used')"
			  " OR EXISTS(SELECT 1 FROM tokens WHERE state = 'active'"
			  " AND role = 'admin' AND expires_at > ?1)"
			  " OR EXISTS(SELECT 1 FROM sessions WHERE role = 'admin'"
			  " AND expires_at > ?1)",
	[SQL_COUNT] = "SELECT (SELECT count(*) FROM sessions WHERE expires_at > ?1),"
		      " (SELECT count(*) FROM tokens WHERE state = 'active' AND role = 'user'"
		      " AND expires_at > ?1),"
		      " (SELECT count(*) FROM tokens WHERE state = 'active' AND role = 'admin'"
		      " AND expires_at > ?1)",
	[SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[SQL_META_SET] = "INSERT INTO meta(key, value) VALUES(?1, ?2)"
			 " ON CONFLICT(key) DO UPDATE SET value = ?2",
};

/* --- columns --- */

static enum role column_role(struct sqlite3_stmt *stmt, int at)
{
	const char *text = db_text(stmt, at);

	for (int role = ROLE_USER; text && role <= ROLE_ADMIN; role++) {
		if (strcmp(text, role_name(role)) == 0)
			return role;
	}
	return ROLE_NONE;
}

static enum token_state column_state(struct sqlite3_stmt *stmt, int at)
{
	const char *text = db_text(stmt, at);

	for (int state = STATE_ACTIVE; text && state < STATE_REVOKED; state++) {
		if (strcmp(text, token_state_name(state)) == 0)
			return state;
	}
	return STATE_REVOKED; /* default deny */
}

/* --- tokens --- */

static void read_token(struct sqlite3_stmt *stmt, struct store_token *out)
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
	};

	for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
		db_copy_text(stmt, i, texts[i].at, texts[i].size);
	out->role = column_role(stmt, 7);
	out->state = column_state(stmt, 8);
	out->created_at = db_number(stmt, 9);
	out->expires_at = db_number(stmt, 10);
	out->last_used_at = db_number(stmt, 11);
}

static int token_add(struct store *store, const struct store_token *t)
{
	struct db *db = db_of(store);

	db_lock(db);
	int result = db_run(db, SQL_TOKEN_ADD,
		ARGS(TEXT(t->id), TEXT(t->client_name), TEXT(t->issuer), TEXT(t->subject),
			TEXT(t->created_by), TEXT(t->note), TEXT(t->last_used_from),
			TEXT(role_name(t->role)), TEXT(token_state_name(t->state)),
			NUMBER(t->created_at), NUMBER(t->expires_at), NUMBER(t->last_used_at)));
	db_unlock(db);
	return result == -1 ? -1 : 0;
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

static int token_list(struct store *store, store_on_token *on_token, void *arg)
{
	struct db *db = db_of(store);
	struct store_token token;
	enum store_answer answer;

	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_TOKEN_LIST, NO_ARGS);
	while ((answer = db_step(db, stmt)) == STORE_FOUND) {
		read_token(stmt, &token);
		on_token(arg, &token);
	}
	db_done(stmt);
	db_unlock(db);
	return answer == STORE_FAILED ? -1 : 0;
}

static enum store_answer answer_of(int changed)
{
	return changed > 0 ? STORE_FOUND : changed == 0 ? STORE_NONE : STORE_FAILED;
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
	return answer_of(changed);
}

/* --- sessions --- */

static void read_session(struct sqlite3_stmt *stmt, struct store_session *out)
{
	memset(out, 0, sizeof *out);
	db_copy_hash(stmt, 0, out->key);
	db_copy_text(stmt, 1, out->issuer, sizeof out->issuer);
	db_copy_text(stmt, 2, out->subject, sizeof out->subject);
	db_copy_text(stmt, 3, out->name, sizeof out->name);
	db_copy_text(stmt, 4, out->token_id, sizeof out->token_id);
	out->role = column_role(stmt, 5);
	out->created_at = db_number(stmt, 6);
	out->last_seen_at = db_number(stmt, 7);
	out->expires_at = db_number(stmt, 8);
}

static int session_add(struct db *db, const struct store_session *s)
{
	return db_run(db, SQL_SESSION_ADD,
		ARGS(HASH(s->key), TEXT(s->issuer), TEXT(s->subject), TEXT(s->name),
			TEXT(s->token_id), TEXT(role_name(s->role)), NUMBER(s->created_at),
			NUMBER(s->last_seen_at), NUMBER(s->expires_at)));
}

/* Single use: the one UPDATE that finds the link unused wins. */
static enum store_answer link_use(
	struct db *db, const unsigned char *hash, int64_t now, enum role *role)
{
	struct sqlite3_stmt *stmt = db_query(db, SQL_LINK_USE, ARGS(HASH(hash), NUMBER(now)));
	enum store_answer answer = db_step(db, stmt);

	if (answer == STORE_FOUND) {
		*role = column_role(stmt, 0);
		/* RETURNING gives its row before the statement is done. */
		if (db_step(db, stmt) == STORE_FAILED)
			answer = STORE_FAILED;
	}
	db_done(stmt);
	if (answer == STORE_FOUND &&
		db_run(db, SQL_META_SET, ARGS(TEXT("link_used"), TEXT("1"))) == -1)
		return STORE_FAILED;
	return answer;
}

static enum store_answer open_in_transaction(struct db *db, struct store_opening *opening)
{
	struct store_session *session = &opening->session;

	if (opening->has_link) {
		enum store_answer link =
			link_use(db, opening->link, session->created_at, &session->role);
		if (link != STORE_FOUND)
			return link;
	}
	if (opening->has_old && db_run(db, SQL_SESSION_END, ARGS(HASH(opening->old_key))) == -1)
		return STORE_FAILED;
	return session_add(db, session) == -1 ? STORE_FAILED : STORE_FOUND;
}

static enum store_answer session_open(struct store *store, struct store_opening *opening)
{
	struct db *db = db_of(store);
	enum store_answer answer = STORE_FAILED;

	db_lock(db);
	if (db_run(db, SQL_BEGIN, NO_ARGS) != -1) {
		answer = open_in_transaction(db, opening);
		if (db_commit(db, answer == STORE_FAILED ? -1 : 0) == -1)
			answer = STORE_FAILED;
	}
	db_unlock(db);
	return answer;
}

static enum store_answer session_get(
	struct store *store, const unsigned char *key, struct store_session *out)
{
	struct db *db = db_of(store);

	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_SESSION_GET, ARGS(HASH(key)));
	enum store_answer answer = db_step(db, stmt);
	if (answer == STORE_FOUND)
		read_session(stmt, out);
	db_done(stmt);
	db_unlock(db);
	return answer;
}

/* Runs one statement under the lock; 0 or -1. */
static int run_alone(struct store *store, enum sql which, const struct arg *args, size_t count)
{
	struct db *db = db_of(store);

	db_lock(db);
	int result = db_run(db, which, args, count);
	db_unlock(db);
	return result == -1 ? -1 : 0;
}

static enum store_answer session_end(struct store *store, const unsigned char *key)
{
	struct db *db = db_of(store);

	db_lock(db);
	int changed = db_run(db, SQL_SESSION_END, ARGS(HASH(key)));
	db_unlock(db);
	return answer_of(changed);
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

static int link_add(struct store *store, const unsigned char *hash, enum role role,
	int64_t created_at, int64_t expires_at)
{
	struct db *db = db_of(store);

	db_lock(db);
	int result = db_run(db, SQL_BEGIN, NO_ARGS);
	if (result != -1)
		result = db_run(db, SQL_LINK_CLEAR, NO_ARGS);
	if (result != -1)
		result = db_run(db, SQL_LINK_ADD,
			ARGS(HASH(hash), TEXT(role_name(role)), NUMBER(created_at),
				NUMBER(expires_at)));
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
			.tokens_user = (unsigned)db_number(stmt, 1),
			.tokens_admin = (unsigned)db_number(stmt, 2)};
	db_done(stmt);
	db_unlock(db);
	return answer == STORE_FOUND ? 0 : -1;
}

static int purge(struct store *store, const struct conf *conf, int64_t now)
{
	/* Uses are saved a little late: what looks just idle here may not be. */
	int64_t idle = now - conf->session_idle_s - IDLE_SLACK_SECONDS;
	int a = run_alone(store, SQL_SESSION_PURGE, ARGS(NUMBER(now), NUMBER(idle)));
	int b = run_alone(store, SQL_LINK_PURGE, ARGS(NUMBER(now)));
	int c = run_alone(store, SQL_TOKEN_PURGE, ARGS(NUMBER(now - TOKEN_KEPT_SECONDS)));

	return a == 0 && b == 0 && c == 0 ? 0 : -1;
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

const struct store_ops store_sqlite_ops = {
	.reader = store_sqlite_reader,
	.close = store_sqlite_close,
	.poll = store_sqlite_poll,
	.token_add = token_add,
	.token_get = token_get,
	.token_list = token_list,
	.token_set_state = token_set_state,
	.session_open = session_open,
	.session_get = session_get,
	.session_end = session_end,
	.touch = touch,
	.link_add = link_add,
	.has_admin = has_admin,
	.count = count,
	.purge = purge,
	.meta_get = meta_get,
	.meta_set = meta_set,
};
