/*
 * auth/backends/sqlite/store_sqlite_int.h - between the parts of the SQLite store: a file
 * (store_sqlite.c), its statements (store_sqlite_sql.c, store_sqlite_statement.c), what is asked of
 * it (store_sqlite_rows.c, store_sqlite_session.c, store_sqlite_owner.c, store_sqlite_audit.c,
 * store_sqlite_launch.c, store_sqlite_device.c) and a server thread's reader
 * (store_sqlite_reader.c).
 */
#ifndef SPARKGATE_AUTH_BACKENDS_SQLITE_STORE_SQLITE_INT_H
#define SPARKGATE_AUTH_BACKENDS_SQLITE_STORE_SQLITE_INT_H

#include "auth/backends/sqlite/store_sqlite.h"
#include "auth/store/store_fields.h"

#include <pthread.h>
#include <sys/types.h>

struct sqlite3;
struct sqlite3_stmt;

enum sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_VERSION,
	SQL_TOKEN_ADD,
	SQL_TOKEN_GET,
	SQL_TOKEN_LIST,
	SQL_TOKEN_LIST_OF,
	SQL_TOKEN_LIVING,
	SQL_TOKEN_LIVING_OF,
	SQL_TOKEN_COUNT,
	SQL_TOKEN_SET_STATE,
	SQL_TOKEN_RENEW,
	SQL_TOKEN_TOUCH,
	SQL_TOKEN_END,
	SQL_TOKEN_PURGE,
	SQL_TOKEN_REVOKED_PURGE,
	SQL_TOKEN_TRIM,
	SQL_SESSION_ADD,
	SQL_SESSION_GET,
	SQL_SESSION_REPLACE,
	SQL_SESSION_END,
	SQL_SESSION_END_PERSON,
	SQL_SESSION_END_SID,
	SQL_SESSION_END_ALL,
	SQL_SESSION_LIST_PERSON,
	SQL_SESSION_LIST_SID,
	SQL_SESSION_LIST_ALL,
	SQL_SESSION_PAGE,
	SQL_SESSION_FIND,
	SQL_SESSION_TOUCH,
	SQL_SESSION_PURGE,
	SQL_LINK_CLEAR,
	SQL_LINK_ADD,
	SQL_LINK_USE,
	SQL_LINK_PURGE,
	SQL_HAS_ADMIN,
	SQL_COUNT,
	SQL_ONCE,
	SQL_NOTED,
	SQL_ONCE_PURGE,
	SQL_META_GET,
	SQL_META_SET,
	SQL_META_SETTLE,
	SQL_OWNER_ADD,
	SQL_OWNER_TOUCH,
	SQL_OWNER_GET,
	SQL_OWNER_CUT,
	SQL_OWNER_CUT_GROUP,
	SQL_OWNER_PURGE,
	SQL_DEVICE_ADD,
	SQL_DEVICE_GET,
	SQL_DEVICE_GET_BY_USER,
	SQL_DEVICE_SETTLE,
	SQL_DEVICE_TAKE,
	SQL_DEVICE_PURGE,
	SQL_AUDIT_ADD,
	SQL_AUDIT_CUT,
	SQL_AUDIT_LIST,
	SQL_AUDIT_LIST_USER,
	SQL_AUDIT_LIST_ACTION,
	SQL_AUDIT_LIST_APP,
	SQL_AUDIT_PURGE,
	SQL_LAUNCH_ADD,
	SQL_LAUNCH_GET,
	SQL_LAUNCH_BEFORE,
	SQL_LAUNCH_COUNT,
	SQL_LAUNCH_REPLACE,
	SQL_LAUNCH_LIST,
	SQL_LAUNCH_LIST_OF,
	SQL_LAUNCH_LIST_LIVE,
	SQL_LAUNCH_TRIM,
	SQL_LAUNCH_PURGE,
	SQL_ROWS
};
extern const char *const store_sqlite_statements[SQL_ROWS];

extern const struct store_ops store_sqlite_ops;
/* Its entries that are not in store_sqlite_rows.c. */
struct store_reader *store_sqlite_reader(
	struct store *store, struct event_base *base, struct err *err);
void store_sqlite_close(struct store *store);
enum store_answer store_sqlite_poll(struct store *store);
enum store_answer store_sqlite_session_open(
	struct store *store, const struct store_opening *opening);
enum store_answer store_sqlite_session_get(
	struct store *store, const unsigned char *key, struct store_session *out);
enum store_answer store_sqlite_session_replace(
	struct store *store, const struct store_session *session);
enum store_answer store_sqlite_session_end(struct store *store, const unsigned char *key);
int store_sqlite_session_end_all(
	struct store *store, enum store_index index, const unsigned char *key);
int store_sqlite_session_list(struct store *store, enum store_index index, const unsigned char *key,
	int64_t now, store_on_session *on_session, void *arg);

int store_sqlite_session_page(struct store *store, const struct store_session_query *query,
	store_on_session *on_session, void *arg);
enum store_answer store_sqlite_session_find(
	struct store *store, const unsigned char *prefix, unsigned char *key);

enum store_answer store_sqlite_noted(struct store *store, const unsigned char *key);
int store_sqlite_owners(struct store *store, struct store_owner *owners, size_t count, int64_t now);
enum store_answer store_sqlite_device_add(struct store *store, const struct store_device *device);
enum store_answer store_sqlite_device_get(
	struct store *store, bool by_user, const unsigned char *digest, struct store_device *out);
enum store_answer store_sqlite_device_settle(
	struct store *store, const struct store_device *device);
enum store_answer store_sqlite_device_take(struct store *store, const struct store_device *device);
int store_sqlite_audit_add(
	struct store *store, const struct store_audit *const *events, size_t count);
int store_sqlite_audit_list(struct store *store, const struct store_audit_query *query,
	char next[static STORE_AUDIT_ID], store_on_audit *on_event, void *arg);

enum store_added store_sqlite_launch_add(
	struct store *store, struct store_launch *launch, const struct store_launch_limits *limits);
enum store_answer store_sqlite_launch_get(
	struct store *store, struct str id, struct store_launch *out);
enum store_answer store_sqlite_launch_replace(
	struct store *store, struct store_launch *launch, unsigned running);
int store_sqlite_launch_list(struct store *store, const struct store_launch_query *query,
	char next[static STORE_LAUNCH_ID], store_on_launch *on_launch, void *arg);

/* Gives a connection for another thread to the same records; NULL with a reason. */
struct store *store_sqlite_connect(struct store *store, struct err *err);

/* One parameter: the first of them that is set. It must live until db_done(). */
struct arg {
	const char *text;
	const unsigned char *hash; /* DIGEST_LEN bytes */
	const struct store_bytes *bytes;
	int64_t number;
};
#define TEXT(s)                                                                                    \
	{                                                                                          \
		.text = (s)                                                                        \
	}
#define HASH(h)                                                                                    \
	{                                                                                          \
		.hash = (h)                                                                        \
	}
#define BYTES(b)                                                                                   \
	{                                                                                          \
		.bytes = (b)                                                                       \
	}
#define NUMBER(n)                                                                                  \
	{                                                                                          \
		.number = (n)                                                                      \
	}
#define ARGS(...) (const struct arg[]){__VA_ARGS__}, ARRAY_LEN(((const struct arg[]){__VA_ARGS__}))
#define NO_ARGS	  NULL, 0

struct db {
	struct store store; /* first: a store is its db */
	struct sqlite3 *sqlite;
	struct sqlite3_stmt *prepared[SQL_ROWS];
	pthread_mutex_t lock;
	_Atomic int refs;
	char *path; /* NULL: in memory */
	ino_t inode;
	int64_t data_version;
	int64_t reported_ms; /* 0: never */
};

struct db *db_of(struct store *store);
/* Every other function here is called between these two. */
void db_lock(struct db *db);
void db_unlock(struct db *db);

/* Logs, once a second at most: a broken store is met by every request. */
void db_report(struct db *db, const char *what);
/* The statement, bound and ready to step; NULL when it failed, which db_step() takes. */
struct sqlite3_stmt *db_query(struct db *db, enum sql which, const struct arg *args, size_t count);
/* FOUND: there is a row. NONE: no more. Failures are logged. */
enum store_answer db_step(struct db *db, struct sqlite3_stmt *stmt);
void db_done(struct sqlite3_stmt *stmt);
/* Runs a statement that gives no rows: how many rows it changed, or -1. */
MUST_CHECK int db_run(struct db *db, enum sql which, const struct arg *args, size_t count);
/* Ends a transaction: COMMIT, or ROLLBACK when `result` is -1 or the commit fails. 0 or -1. */
MUST_CHECK int db_commit(struct db *db, int result);

/* Borrowed until the statement is stepped again; at == NULL: there is none. */
struct str db_text(struct sqlite3_stmt *stmt, int at);
void db_copy_text(struct sqlite3_stmt *stmt, int at, char *out, size_t size);
/* All zero for what is none. */
void db_copy_digest(struct sqlite3_stmt *stmt, int at, unsigned char out[static DIGEST_LEN]);
int64_t db_number(struct sqlite3_stmt *stmt, int at);
/* Reads the columns from `at` on into the record's fields, which own what they are given. What no
 * gateway has written is read as what opens nothing. */
void db_read_fields(struct sqlite3_stmt *stmt, int at, const struct store_field *fields,
	size_t count, void *record);
/* The parameters that write these fields. */
void db_field_args(
	const struct store_field *fields, size_t count, const void *record, struct arg *out);
/* No sid is an empty blob, which equals no key. */
struct arg db_sid_arg(const unsigned char sid[static DIGEST_LEN]);
/* Of a number of changed rows. */
enum store_answer db_answer(int changed);

#endif
