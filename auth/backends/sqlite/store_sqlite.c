/* An SQLite file: opened, migrated, and polled for what other processes wrote. */
#include "auth/backends/sqlite/store_sqlite_int.h"

#include "base/clock.h"
#include "base/files/folder.h"
#include "base/log/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };

/* Row n takes a file from user_version n to n + 1; rows are never changed, only added. */
static const char *const migrations[] = {
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE tokens(id TEXT PRIMARY KEY, client_name TEXT NOT NULL, issuer TEXT NOT NULL,"
	" subject TEXT NOT NULL, created_by TEXT NOT NULL, note TEXT NOT NULL,"
	" last_used_from TEXT NOT NULL, role TEXT NOT NULL, state TEXT NOT NULL,"
	" created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
	" last_used_at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX tokens_by_age ON tokens(created_at, id);"
	"CREATE INDEX tokens_by_subject ON tokens(subject);"
	"CREATE INDEX tokens_alive ON tokens(state, role, expires_at);"
	"CREATE TABLE sessions(key BLOB PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL,"
	" name TEXT NOT NULL, token_id TEXT NOT NULL, role TEXT NOT NULL,"
	" created_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL,"
	" expires_at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX sessions_by_end ON sessions(expires_at);"
	"CREATE TABLE links(hash BLOB PRIMARY KEY, role TEXT NOT NULL, created_at INTEGER NOT NULL,"
	" expires_at INTEGER NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;",
	/* Sealed sessions cannot be made of plain ones without their cookies: people sign in again.
	 */
	"DROP TABLE sessions;"
	"CREATE TABLE sessions(key BLOB PRIMARY KEY NOT NULL, person BLOB NOT NULL,"
	" provider_sid BLOB NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,"
	" last_seen_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, label BLOB NOT NULL,"
	" sealed BLOB NOT NULL);"
	"CREATE INDEX sessions_by_end ON sessions(expires_at);"
	"CREATE INDEX sessions_by_person ON sessions(person);"
	"CREATE INDEX sessions_by_provider_sid ON sessions(provider_sid);"
	"CREATE INDEX sessions_by_age ON sessions(created_at, key);"
	"DROP TABLE links;"
	"CREATE TABLE links(hash BLOB PRIMARY KEY, created_at INTEGER NOT NULL,"
	" expires_at INTEGER NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE seen(key BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX seen_by_end ON seen(until);",
	"DROP INDEX tokens_by_subject; CREATE INDEX tokens_of ON tokens(subject, created_at, id);",
	/* Tokens of before have no refresh token: they end when they expire. */
	"ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE tokens ADD COLUMN secret_expires_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE tokens ADD COLUMN ends_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE tokens ADD COLUMN access_ttl INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE tokens ADD COLUMN refresh_ttl INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE tokens ADD COLUMN serial INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE tokens ADD COLUMN secret BLOB NOT NULL DEFAULT x'';"
	"ALTER TABLE tokens ADD COLUMN family BLOB NOT NULL DEFAULT x'';"
	"UPDATE tokens SET ends_at = expires_at, access_ttl = expires_at - created_at;"
	"DROP INDEX tokens_alive;"
	"CREATE INDEX tokens_alive ON tokens(state, role, ends_at);"
	"CREATE INDEX tokens_by_end ON tokens(ends_at);",
	/* Of 100,000 tokens few are alive: these lead to them past all the others. */
	"ALTER TABLE tokens ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX tokens_living ON tokens(created_at, id)"
	" WHERE state = 'active' AND ended = 0;"
	"CREATE INDEX tokens_living_of"
	" ON tokens(subject, created_at, id, ends_at, state, ended)" /* all that a count reads */
	" WHERE state = 'active' AND ended = 0;"
	"CREATE INDEX tokens_ending ON tokens(ends_at) WHERE ended = 0;",
	"CREATE TABLE owners(key BLOB PRIMARY KEY, namespace TEXT NOT NULL,"
	" asked_at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX owners_of ON owners(namespace, asked_at);"
	"CREATE INDEX owners_by_age ON owners(asked_at);",
	/* What is dead, by whose it is and by when it would have ended (S64). */
	"CREATE INDEX tokens_dead_of ON tokens(subject, created_at, id)"
	" WHERE state <> 'active' OR ended <> 0;"
	"CREATE INDEX tokens_revoked ON tokens(ends_at) WHERE state = 'revoked';",
	"ALTER TABLE tokens ADD COLUMN standing TEXT NOT NULL DEFAULT '';",
	"CREATE TABLE audit(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, user TEXT NOT NULL,"
	" action TEXT NOT NULL, app_id TEXT NOT NULL, app_name TEXT NOT NULL,"
	" fields TEXT NOT NULL);"
	"CREATE INDEX audit_of_user ON audit(user, id);"
	"CREATE INDEX audit_of_action ON audit(action, id);"
	"CREATE INDEX audit_of_app ON audit(app_id);"
	"CREATE INDEX audit_of_app_name ON audit(app_name);",
	"CREATE TABLE launches(id TEXT PRIMARY KEY, person BLOB NOT NULL, quota BLOB NOT NULL,"
	" idempotency BLOB NOT NULL, request BLOB NOT NULL, issuer TEXT NOT NULL,"
	" subject TEXT NOT NULL, person_name TEXT NOT NULL, user TEXT NOT NULL,"
	" cluster TEXT NOT NULL, profile TEXT NOT NULL, name TEXT NOT NULL,"
	" created_at INTEGER NOT NULL, version INTEGER NOT NULL, app_id TEXT NOT NULL,"
	" state TEXT NOT NULL, updated_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,"
	" json BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE UNIQUE INDEX launches_once ON launches(idempotency) WHERE idempotency <> x'';"
	"CREATE INDEX launches_of ON launches(person, id, state);"
	"CREATE INDEX launches_live ON launches(id, quota, state)"
	" WHERE state IN ('queued', 'starting', 'running');"
	"CREATE INDEX launches_ended ON launches(ended_at) WHERE ended_at > 0;",
	"CREATE TABLE devices(key BLOB PRIMARY KEY, user_code BLOB NOT NULL UNIQUE,"
	" source BLOB NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL,"
	" expires_at INTEGER NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX devices_of ON devices(source, expires_at);"
	"CREATE INDEX devices_by_end ON devices(expires_at);",
};

/* --- opening --- */

/* SQLite gives the WAL beside it the mode of the file, but makes the file itself with the umask. */
static int make_file(struct db *db, struct err *err)
{
	struct stat st = {.st_mode = 0};

	if (folder_make_above(db->path, err) == -1)
		return -1;
	int fd = open(db->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_set(err, "cannot open %s: %s", db->path, strerror(errno));
	folder_give_file(fd, db->path);
	int result = fstat(fd, &st);
	if (result == 0 && (st.st_mode & 077) != 0)
		result = fchmod(fd, 0600);
	if (result == -1)
		err_set(err, "cannot make %s private: %s", db->path, strerror(errno));
	db->inode = st.st_ino;
	close(fd);
	return result;
}

static int refuse_file(struct db *db, const char *what, struct err *err)
{
	return err_set(err, "%s %s: %s", what, db->path ? db->path : "the store in memory",
		sqlite3_errmsg(db->sqlite));
}

/* SQLite's own handler waits ever longer, up to 100 ms, and hardly ever meets the gap between two
 * writes of a busy gateway: the command line would starve. */
static int on_busy(void *arg, int waited_ms)
{
	const struct timespec pause = {0, 1000 * 1000};

	(void)arg;
	nanosleep(&pause, NULL);
	return waited_ms < BUSY_MS;
}

static int connect_file(struct db *db, int flags, struct err *err)
{
	if (sqlite3_open_v2(db->path ? db->path : ":memory:", &db->sqlite, flags, NULL) !=
		SQLITE_OK)
		return refuse_file(db, "cannot open", err);
	sqlite3_extended_result_codes(db->sqlite, 1);
	sqlite3_busy_handler(db->sqlite, on_busy, NULL);
	/* FULL: a revocation that was answered survives a power cut too. What is deleted is
	 * overwritten: names of plain sessions, tokens in sealed ones. */
	if (sqlite3_exec(db->sqlite,
		    "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA temp_store = "
		    "MEMORY; PRAGMA secure_delete = ON",
		    NULL, NULL, NULL) != SQLITE_OK)
		return refuse_file(db, "cannot use", err);
	return 0;
}

static int read_pragma(struct db *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt = NULL;
	int result = -1;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW) {
		*out = sqlite3_column_int64(stmt, 0);
		result = 0;
	}
	sqlite3_finalize(stmt);
	return result;
}

/* Inside a transaction: another process may be doing the same. */
static int migrate_file(struct db *db, struct err *err)
{
	int64_t version = 0;

	if (read_pragma(db, "PRAGMA user_version", &version) == -1)
		return refuse_file(db, "cannot read", err);
	if (version < 0 || version > (int64_t)ARRAY_LEN(migrations))
		return err_set(err,
			"%s was written by a newer sparkgate (schema %lld, this one knows %zu)",
			db->path, (long long)version, ARRAY_LEN(migrations));
	for (; version < (int64_t)ARRAY_LEN(migrations); version++) {
		char *mark = mem_printf("PRAGMA user_version = %lld", (long long)version + 1);
		int code = sqlite3_exec(db->sqlite, migrations[version], NULL, NULL, NULL);

		if (code == SQLITE_OK)
			code = sqlite3_exec(db->sqlite, mark, NULL, NULL, NULL);
		free(mark);
		if (code != SQLITE_OK)
			return refuse_file(db, "cannot prepare", err);
	}
	return 0;
}

/* Where waiting might be a deadlock SQLite refuses at once, without asking its handler: so it does
 * when two turn a new file to WAL together. The other one will be done soon. */
static int run_patiently(struct db *db, const char *sql)
{
	int64_t until = clock_mono_ms() + BUSY_MS;
	int code;

	do {
		code = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);
	} while ((code & 0xff) == SQLITE_BUSY && clock_mono_ms() < until && on_busy(NULL, 0));
	return code;
}

static int prepare_file(struct db *db, struct err *err)
{
	if (run_patiently(db, "PRAGMA journal_mode = WAL") != SQLITE_OK ||
		sqlite3_exec(db->sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return refuse_file(db, "cannot write", err);
	int result = migrate_file(db, err);
	if (sqlite3_exec(db->sqlite, result == 0 ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL) !=
			SQLITE_OK &&
		result == 0)
		result = refuse_file(db, "cannot write", err);
	return result;
}

static struct db *db_new(const char *path)
{
	struct db *db = mem_alloc(1, sizeof *db);

	db->store.ops = &store_sqlite_ops;
	db->path = mem_strdup(path);
	db->refs = 1;
	pthread_mutex_init(&db->lock, NULL);
	return db;
}

struct store *store_sqlite_open(const char *path, struct err *err)
{
	struct db *db = db_new(path);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;

	if ((path && make_file(db, err) == -1) || connect_file(db, flags, err) == -1 ||
		prepare_file(db, err) == -1 ||
		read_pragma(db, "PRAGMA data_version", &db->data_version) == -1) {
		store_sqlite_close(&db->store);
		return NULL;
	}
	return &db->store;
}

struct store *store_sqlite_connect(struct store *store, struct err *err)
{
	struct db *writer = db_of(store), *db;

	if (writer->path == NULL) { /* a second connection would see another database */
		writer->refs++;
		return store;
	}
	db = db_new(writer->path);
	if (connect_file(db, SQLITE_OPEN_READONLY | SQLITE_OPEN_FULLMUTEX, err) == -1) {
		store_sqlite_close(&db->store);
		return NULL;
	}
	return &db->store;
}

void store_sqlite_close(struct store *store)
{
	struct db *db = db_of(store);

	if (--db->refs > 0)
		return;
	for (size_t i = 0; i < SQL_ROWS; i++)
		sqlite3_finalize(db->prepared[i]);
	sqlite3_close(db->sqlite);
	pthread_mutex_destroy(&db->lock);
	free(db->path);
	free(db);
}

/* The open file lives on unseen when somebody removes or replaces it: nothing written would last.
 */
static bool is_in_place(const struct db *db)
{
	struct stat st;

	return db->path == NULL || (stat(db->path, &st) == 0 && st.st_ino == db->inode);
}

enum store_answer store_sqlite_poll(struct store *store)
{
	struct db *db = db_of(store);

	db_lock(db);
	struct sqlite3_stmt *stmt = db_query(db, SQL_VERSION, NO_ARGS);
	enum store_answer answer = db_step(db, stmt);
	int64_t version = answer == STORE_FOUND ? db_number(stmt, 0) : 0;
	db_done(stmt);
	if (answer == STORE_FOUND && version == db->data_version)
		answer = STORE_NONE;
	if (answer == STORE_FOUND)
		db->data_version = version;
	if (!is_in_place(db)) {
		db_report(db, "the file is gone or was replaced");
		answer = STORE_FAILED;
	}
	db_unlock(db);
	return answer;
}
