/* Prepared statements of one connection: bound, run, and their columns read. */
#include "auth/backends/sqlite/store_sqlite_int.h"

#include "base/clock.h"
#include "base/log/log.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>

struct db *db_of(struct store *store)
{
	return (struct db *)store;
}

void db_lock(struct db *db)
{
	pthread_mutex_lock(&db->lock);
}

void db_unlock(struct db *db)
{
	pthread_mutex_unlock(&db->lock);
}

/* --- statements --- */

void db_report(struct db *db, const char *what)
{
	int64_t now = clock_mono_ms();

	if (db->reported_ms != 0 && now - db->reported_ms < 1000)
		return;
	db->reported_ms = now;
	log_err("store", "sqlite: %s", what);
}

static int bind_arg(sqlite3_stmt *stmt, int at, const struct arg *arg)
{
	if (arg->text)
		return sqlite3_bind_text(stmt, at, arg->text, -1, SQLITE_STATIC);
	if (arg->hash)
		return sqlite3_bind_blob(stmt, at, arg->hash, DIGEST_LEN, SQLITE_STATIC);
	if (arg->bytes) /* a NULL pointer would be SQL's NULL */
		return sqlite3_bind_blob(stmt, at,
			arg->bytes->at ? (const void *)arg->bytes->at : "", (int)arg->bytes->len,
			SQLITE_STATIC);
	return sqlite3_bind_int64(stmt, at, arg->number);
}

struct sqlite3_stmt *db_query(struct db *db, enum sql which, const struct arg *args, size_t count)
{
	sqlite3_stmt **stmt = &db->prepared[which];

	if (*stmt == NULL && sqlite3_prepare_v3(db->sqlite, store_sqlite_statements[which], -1,
				     SQLITE_PREPARE_PERSISTENT, stmt, NULL) != SQLITE_OK)
		return NULL;
	assert((size_t)sqlite3_bind_parameter_count(*stmt) == count);
	for (size_t i = 0; i < count; i++) {
		if (bind_arg(*stmt, (int)i + 1, &args[i]) != SQLITE_OK)
			abort(); /* types and sizes are ours */
	}
	return *stmt;
}

enum store_answer db_step(struct db *db, struct sqlite3_stmt *stmt)
{
	switch (stmt ? sqlite3_step(stmt) : SQLITE_ERROR) {
	case SQLITE_ROW:
		return STORE_FOUND;
	case SQLITE_DONE:
		return STORE_NONE;
	default:
		db_report(db, sqlite3_errmsg(db->sqlite));
		return STORE_FAILED;
	}
}

void db_done(struct sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
}

int db_run(struct db *db, enum sql which, const struct arg *args, size_t count)
{
	sqlite3_stmt *stmt = db_query(db, which, args, count);
	int result = db_step(db, stmt) == STORE_NONE ? sqlite3_changes(db->sqlite) : -1;

	sqlite3_reset(stmt);
	return result;
}

int db_commit(struct db *db, int result)
{
	if (result != -1 && db_run(db, SQL_COMMIT, NO_ARGS) != -1)
		return 0;
	/* Some failures have rolled back already. */
	if (!sqlite3_get_autocommit(db->sqlite) && db_run(db, SQL_ROLLBACK, NO_ARGS) == -1)
		log_err("store", "sqlite: a transaction could not be rolled back");
	return -1;
}

struct str db_text(struct sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return (struct str){text, text ? (size_t)sqlite3_column_bytes(stmt, at) : 0};
}

void db_copy_text(struct sqlite3_stmt *stmt, int at, char *out, size_t size)
{
	struct str text = db_text(stmt, at);

	/* Nothing longer is ever written, and a cut text would be another one. */
	if (text.at == NULL || !str_copy(text, out, size))
		out[0] = '\0';
}

void db_copy_digest(struct sqlite3_stmt *stmt, int at, unsigned char out[static DIGEST_LEN])
{
	const void *bytes = sqlite3_column_blob(stmt, at);

	if (bytes && sqlite3_column_bytes(stmt, at) == DIGEST_LEN)
		memcpy(out, bytes, DIGEST_LEN);
	else
		memset(out, 0, DIGEST_LEN);
}

/* Empty also for what is longer than `max`, which is not ours. */
static struct store_bytes bytes_at(struct sqlite3_stmt *stmt, int at, size_t max)
{
	const void *bytes = sqlite3_column_blob(stmt, at);
	size_t len = (size_t)sqlite3_column_bytes(stmt, at);
	struct store_bytes out = {NULL, 0};

	if (bytes == NULL || len > max)
		return out;
	out.at = mem_alloc(len, 1);
	out.len = len;
	memcpy(out.at, bytes, len);
	return out;
}

static void read_column(
	struct sqlite3_stmt *stmt, int at, const struct store_field *field, void *record)
{
	void *to = store_field_of(field, record);

	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_LATER:
		db_copy_text(stmt, at, to, field->size);
		break;
	case FIELD_ROLE:
		if (!role_parse(db_text(stmt, at), to))
			*(enum role *)to = ROLE_NONE; /* default deny */
		break;
	case FIELD_STATE:
		if (!token_state_parse(db_text(stmt, at), to))
			*(enum token_state *)to = STATE_REVOKED;
		break;
	case FIELD_LAUNCH:
		if (!launch_state_parse(db_text(stmt, at), to))
			*(enum launch_state *)to = LAUNCH_FAILED;
		break;
	case FIELD_NUMBER:
		*(int64_t *)to = db_number(stmt, at);
		break;
	case FIELD_DIGEST:
	case FIELD_SID:
		db_copy_digest(stmt, at, to);
		break;
	case FIELD_LABEL:
	case FIELD_SEALED:
		*(struct store_bytes *)to = bytes_at(stmt, at, field->size);
		break;
	}
}

void db_read_fields(struct sqlite3_stmt *stmt, int at, const struct store_field *fields,
	size_t count, void *record)
{
	for (size_t i = 0; i < count; i++)
		read_column(stmt, at + (int)i, &fields[i], record);
}

struct arg db_sid_arg(const unsigned char sid[static DIGEST_LEN])
{
	static const struct store_bytes none = {NULL, 0};

	if (store_has_sid(sid))
		return (struct arg)HASH(sid);
	return (struct arg)BYTES(&none);
}

static struct arg field_arg(const struct store_field *field, const void *record)
{
	const void *at = store_field_in(field, record);

	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_LATER:
	case FIELD_ROLE:
	case FIELD_STATE:
	case FIELD_LAUNCH:
		return (struct arg)TEXT(store_field_text(field, record));
	case FIELD_NUMBER:
		return (struct arg)NUMBER(*(const int64_t *)at);
	case FIELD_SID:
		return db_sid_arg(at);
	case FIELD_DIGEST:
		return (struct arg)HASH(at);
	case FIELD_LABEL:
	case FIELD_SEALED:
		break;
	}
	return (struct arg)BYTES(at);
}

void db_field_args(
	const struct store_field *fields, size_t count, const void *record, struct arg *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = field_arg(&fields[i], record);
}

int64_t db_number(struct sqlite3_stmt *stmt, int at)
{
	return sqlite3_column_int64(stmt, at);
}

enum store_answer db_answer(int changed)
{
	return changed > 0 ? STORE_FOUND : changed == 0 ? STORE_NONE : STORE_FAILED;
}
