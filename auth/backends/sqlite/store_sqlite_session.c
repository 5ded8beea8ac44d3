/* Sessions in SQLite: opened, read, replaced, listed and ended. */
#include "auth/backends/sqlite/store_sqlite_int.h"

static const struct store_field key_field = {
	NULL, FIELD_DIGEST, offsetof(struct store_session, key), DIGEST_LEN};

static void read_session(struct sqlite3_stmt *stmt, size_t count, struct store_session *out)
{
	memset(out, 0, sizeof *out);
	db_read_fields(stmt, 0, &key_field, 1, out);
	db_read_fields(stmt, 1, store_session_fields, count, out);
}

/* --- opening --- */

static int session_add(struct db *db, const struct store_session *session)
{
	struct store_session first = *session;
	struct arg args[1 + STORE_SESSION_COUNT];

	first.version = 1;
	db_field_args(&key_field, 1, &first, args);
	db_field_args(store_session_fields, STORE_SESSION_COUNT, &first, args + 1);
	return db_run(db, SQL_SESSION_ADD, args, ARRAY_LEN(args));
}

/* Single use: the one UPDATE that finds the link unused wins. */
static enum store_answer link_use(struct db *db, const unsigned char *hash, int64_t now)
{
	int changed = db_run(db, SQL_LINK_USE, ARGS(HASH(hash), NUMBER(now)));

	if (changed > 0 && db_run(db, SQL_META_SET, ARGS(TEXT("link_used"), TEXT("1"))) == -1)
		return STORE_FAILED;
	return db_answer(changed);
}

static enum store_answer open_in_transaction(struct db *db, const struct store_opening *opening)
{
	const struct store_session *session = &opening->session;

	if (opening->has_link) {
		enum store_answer link = link_use(db, opening->link, session->created_at);
		if (link != STORE_FOUND)
			return link;
	}
	if (opening->has_old && db_run(db, SQL_SESSION_END, ARGS(HASH(opening->old_key))) == -1)
		return STORE_FAILED;
	return session_add(db, session) == -1 ? STORE_FAILED : STORE_FOUND;
}

enum store_answer store_sqlite_session_open(
	struct store *store, const struct store_opening *opening)
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

/* --- one session --- */

enum store_answer store_sqlite_session_get(
	struct store *store, const unsigned char *key, struct store_session *out)
{
	struct db *db = db_of(store);

	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_SESSION_GET, ARGS(HASH(key)));
	enum store_answer answer = db_step(db, stmt);
	if (answer == STORE_FOUND)
		read_session(stmt, STORE_SESSION_COUNT, out);
	db_done(stmt);
	db_unlock(db);
	return answer;
}

enum store_answer store_sqlite_session_replace(
	struct store *store, const struct store_session *session)
{
	struct db *db = db_of(store);

	db_lock(db);
	int changed = db_run(db, SQL_SESSION_REPLACE,
		ARGS(HASH(session->key), NUMBER((int64_t)session->version), BYTES(&session->sealed),
			BYTES(&session->label), db_sid_arg(session->provider_sid),
			NUMBER(session->expires_at)));
	db_unlock(db);
	return db_answer(changed);
}

enum store_answer store_sqlite_session_end(struct store *store, const unsigned char *key)
{
	struct db *db = db_of(store);

	db_lock(db);
	int changed = db_run(db, SQL_SESSION_END, ARGS(HASH(key)));
	db_unlock(db);
	return db_answer(changed);
}

/* --- all of an index entry --- */

int store_sqlite_session_end_all(
	struct store *store, enum store_index index, const unsigned char *key)
{
	static const enum sql by[] = {[STORE_BY_PERSON] = SQL_SESSION_END_PERSON,
		[STORE_BY_PROVIDER_SID] = SQL_SESSION_END_SID};
	struct db *db = db_of(store);
	int ended;

	db_lock(db);
	if (index == STORE_ALL)
		ended = db_run(db, SQL_SESSION_END_ALL, NO_ARGS);
	else
		ended = db_run(db, by[index], ARGS(HASH(key)));
	db_unlock(db);
	return ended;
}

static struct sqlite3_stmt *query_list(
	struct db *db, enum store_index index, const unsigned char *key, int64_t now)
{
	static const enum sql by[] = {[STORE_BY_PERSON] = SQL_SESSION_LIST_PERSON,
		[STORE_BY_PROVIDER_SID] = SQL_SESSION_LIST_SID};

	if (index == STORE_ALL)
		return db_query(db, SQL_SESSION_LIST_ALL, ARGS(NUMBER(now)));
	return db_query(db, by[index], ARGS(NUMBER(now), HASH(key)));
}

int store_sqlite_session_list(struct store *store, enum store_index index, const unsigned char *key,
	int64_t now, store_on_session *on_session, void *arg)
{
	struct db *db = db_of(store);
	struct store_session session;
	enum store_answer answer;

	db_lock(db);
	struct sqlite3_stmt *stmt = query_list(db, index, key, now);
	while ((answer = db_step(db, stmt)) == STORE_FOUND) {
		read_session(stmt, STORE_SESSION_LISTED_COUNT, &session);
		on_session(arg, &session);
		store_session_clear(&session);
	}
	db_done(stmt);
	db_unlock(db);
	return answer == STORE_FAILED ? -1 : 0;
}

int store_sqlite_session_page(struct store *store, const struct store_session_query *query,
	store_on_session *on_session, void *arg)
{
	struct db *db = db_of(store);
	struct store_session session;
	enum store_answer answer;
	size_t count = 0;

	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_SESSION_PAGE,
		ARGS(NUMBER(query->now), NUMBER(query->before_at ? query->before_at : INT64_MAX),
			HASH(query->before_key), NUMBER((int64_t)query->limit)));
	while ((answer = db_step(db, stmt)) == STORE_FOUND) {
		read_session(stmt, STORE_SESSION_LISTED_COUNT, &session);
		on_session(arg, &session);
		store_session_clear(&session);
		count++;
	}
	db_done(stmt);
	db_unlock(db);
	return answer == STORE_FAILED ? -1 : count == query->limit;
}

enum store_answer store_sqlite_session_find(
	struct store *store, const unsigned char *prefix, unsigned char *key)
{
	unsigned char least[DIGEST_LEN] = {0};
	struct store_session found = {.version = 0};
	struct db *db = db_of(store);

	memcpy(least, prefix, STORE_KEY_PREFIX);
	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_SESSION_FIND, ARGS(HASH(least)));
	enum store_answer answer = db_step(db, stmt);
	if (answer == STORE_FOUND)
		db_read_fields(stmt, 0, &key_field, 1, &found);
	db_done(stmt);
	db_unlock(db);
	if (answer != STORE_FOUND || memcmp(found.key, prefix, STORE_KEY_PREFIX) != 0)
		return answer == STORE_FAILED ? STORE_FAILED : STORE_NONE;
	memcpy(key, found.key, DIGEST_LEN);
	return STORE_FOUND;
}

enum store_answer store_sqlite_noted(struct store *store, const unsigned char *key)
{
	struct db *db = db_of(store);

	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_NOTED, ARGS(HASH(key)));
	enum store_answer answer = db_step(db, stmt);
	db_done(stmt);
	db_unlock(db);
	return answer;
}
