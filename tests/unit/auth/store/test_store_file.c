/* The SQLite store as a file: its mode, its damage, and who else has it open. */
#include "auth/backends/sqlite/store_sqlite.h"
#include "auth/backends/sqlite/store_sqlite_int.h"
#include "tests/support/scratch.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
	char *folder, *path;
	struct store *store;
};

static int open_file(void **state)
{
	struct fixture *f = mem_alloc(1, sizeof *f);

	f->folder = scratch_new();
	f->path = mem_printf("%s/data/state.db", f->folder);
	f->store = store_sqlite_open(f->path, NULL);
	*state = f;
	return f->store ? 0 : -1;
}

static int close_file(void **state)
{
	struct fixture *f = *state;

	if (f->store)
		f->store->ops->close(f->store);
	scratch_free(f->folder);
	free(f->path);
	free(f);
	return 0;
}

static enum store_answer open_session(struct store *store, unsigned char mark)
{
	struct store_opening opening = {.session = {.expires_at = 1}};

	memset(opening.session.key, mark, DIGEST_LEN);
	return store->ops->session_open(store, &opening);
}

static enum store_answer get_session(struct store *store, unsigned char mark)
{
	struct store_session session;
	unsigned char key[DIGEST_LEN];

	memset(key, mark, sizeof key);
	enum store_answer answer = store->ops->session_get(store, key, &session);
	if (answer == STORE_FOUND)
		store_session_clear(&session);
	return answer;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void s34_file_and_folder_are_the_owners_alone(void **state)
{
	struct fixture *f = *state;
	char *wal = mem_printf("%s-wal", f->path), *folder = mem_printf("%s/data", f->folder);

	assert_int_equal(open_session(f->store, 1), STORE_FOUND);
	assert_int_equal(mode_of(f->path), 0600);
	assert_int_equal(mode_of(wal), 0600);
	assert_int_equal(mode_of(folder), 0700);
	free(wal);
	free(folder);
}

static void s34_file_that_others_may_read_is_made_private(void **state)
{
	struct fixture *f = *state;

	f->store->ops->close(f->store);
	assert_int_equal(chmod(f->path, 0644), 0);
	f->store = store_sqlite_open(f->path, NULL);
	assert_non_null(f->store);
	assert_int_equal(mode_of(f->path), 0600);
}

static void store_keeps_what_it_has_over_a_restart(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_session(f->store, 1), STORE_FOUND);
	assert_int_equal(f->store->ops->meta_set(f->store, "issuer", "a"), 0);
	assert_int_equal(f->store->ops->meta_set(f->store, "issuer", "b"), 0);
	f->store->ops->close(f->store);
	f->store = store_sqlite_open(f->path, NULL);
	char issuer[STORE_ISSUER];
	assert_int_equal(get_session(f->store, 1), STORE_FOUND);
	assert_int_equal(
		f->store->ops->meta_get(f->store, "issuer", issuer, sizeof issuer), STORE_FOUND);
	assert_string_equal(issuer, "b");
	assert_int_equal(
		f->store->ops->meta_get(f->store, "other", issuer, sizeof issuer), STORE_NONE);
}

static void poll_tells_of_another_processes_writes_only(void **state)
{
	struct fixture *f = *state;
	struct store *other = store_sqlite_open(f->path, NULL);

	f->store->ops->poll(f->store);
	assert_int_equal(open_session(f->store, 1), STORE_FOUND);
	assert_int_equal(f->store->ops->poll(f->store), STORE_NONE);
	assert_int_equal(open_session(other, 2), STORE_FOUND);
	assert_int_equal(f->store->ops->poll(f->store), STORE_FOUND);
	assert_int_equal(f->store->ops->poll(f->store), STORE_NONE);
	other->ops->close(other);
}

static void poll_fails_when_the_file_is_removed_or_replaced(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(f->store->ops->poll(f->store), STORE_FAILED);
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(f->store->ops->poll(f->store), STORE_FAILED);
}

/* As version 1 of the schema left it, where the next ones change it. */
static void write_version_1(const char *path)
{
	static const char sql[] =
		"CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
		"CREATE TABLE tokens(id TEXT PRIMARY KEY, client_name TEXT NOT NULL,"
		" issuer TEXT NOT NULL, subject TEXT NOT NULL, created_by TEXT NOT NULL,"
		" note TEXT NOT NULL, last_used_from TEXT NOT NULL, role TEXT NOT NULL,"
		" state TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
		" last_used_at INTEGER NOT NULL) WITHOUT ROWID;"
		"CREATE INDEX tokens_by_age ON tokens(created_at, id);"
		"CREATE INDEX tokens_by_subject ON tokens(subject);"
		"CREATE INDEX tokens_alive ON tokens(state, role, expires_at);"
		"CREATE TABLE sessions(key BLOB PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;"
		"CREATE TABLE links(hash BLOB PRIMARY KEY, role TEXT NOT NULL) WITHOUT ROWID;"
		"INSERT INTO meta VALUES('issuer', 'i');"
		"INSERT INTO tokens VALUES('old', 'c', 'i', 's', 'b', '', '', 'user', 'active',"
		" 1000, 1600, 0);"
		"INSERT INTO sessions VALUES(zeroblob(32), 'Ann in plain text');"
		"PRAGMA user_version = 1;";
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void s26_plain_sessions_of_an_older_file_are_gone_without_a_trace(void **state)
{
	struct fixture *f = *state;
	char issuer[STORE_ISSUER];

	f->store->ops->close(f->store);
	assert_int_equal(unlink(f->path), 0);
	write_version_1(f->path);
	assert_true(scratch_has(f->folder, STR("Ann in plain text")));
	f->store = store_sqlite_open(f->path, NULL);
	assert_non_null(f->store);
	assert_int_equal(
		f->store->ops->meta_get(f->store, "issuer", issuer, sizeof issuer), STORE_FOUND);
	assert_int_equal(get_session(f->store, 0), STORE_NONE);
	assert_int_equal(open_session(f->store, 1), STORE_FOUND);
	f->store->ops->close(f->store);
	assert_false(scratch_has(f->folder, STR("Ann in plain text")));
	f->store = store_sqlite_open(f->path, NULL);
	assert_int_equal(get_session(f->store, 1), STORE_FOUND);
}

static void token_of_an_older_file_ends_when_it_expires_and_has_no_refresh_token(void **state)
{
	static const unsigned char none[DIGEST_LEN];
	struct fixture *f = *state;
	struct store_token token;

	f->store->ops->close(f->store);
	assert_int_equal(unlink(f->path), 0);
	write_version_1(f->path);
	f->store = store_sqlite_open(f->path, NULL);
	assert_non_null(f->store);
	assert_int_equal(f->store->ops->token_get(f->store, STR("old"), &token), STORE_FOUND);
	assert_int_equal(token.state, STATE_ACTIVE);
	assert_int_equal(token.expires_at, 1600);
	assert_int_equal(token.ends_at, 1600);
	assert_int_equal(token.access_ttl, 600);
	assert_int_equal(token.serial, 1);
	assert_int_equal(token.secret_expires_at + token.refresh_ttl, 0);
	assert_memory_equal(token.secret, none, DIGEST_LEN);
	assert_string_equal(token.scope, "");
	assert_string_equal(token.standing, "");
}

static void file_of_a_newer_version_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = {""};
	const unsigned char later[4] = {0, 0, 0, 99};

	f->store->ops->close(f->store);
	FILE *file = fopen(f->path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, 60, SEEK_SET), 0); /* user_version, SQLite file format §1.3 */
	assert_int_equal(fwrite(later, 1, 4, file), 4);
	fclose(file);
	f->store = store_sqlite_open(f->path, &err);
	assert_null(f->store);
	assert_non_null(strstr(err.text, "newer sparkgate"));
}

static void file_that_is_no_database_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = {""};
	char *path = scratch_write(f->folder, "other",
		"this is a text, and longer than a header is: "
		"0123456789012345678901234567890123456789012345678901234567890123456789");
	struct store *store = store_sqlite_open(path, &err);

	assert_null(store);
	assert_non_null(strstr(err.text, path));
	free(path);
}

/* "": an index leads to every row that is looked at, in the order that is wanted. */
static void find_slow_step(sqlite3 *db, const char *sql, char *out, size_t size)
{
	char *text = mem_printf("EXPLAIN QUERY PLAN %s", sql);
	sqlite3_stmt *stmt;

	out[0] = '\0';
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(stmt, 3);
		bool is_scan = strstr(step, "SCAN ") && !strstr(step, "CONSTANT ROW");

		/* There is one link at most, and a person has few sessions to sort. */
		if ((is_scan && !strstr(step, "SCAN links")) ||
			(strstr(step, "TEMP B-TREE") && strstr(sql, "FROM tokens")))
			snprintf(out, size, "%s", step);
	}
	sqlite3_finalize(stmt);
	free(text);
}

static void no_statement_looks_at_every_row(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db;
	char step[128];

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	for (int i = 0; i < SQL_ROWS; i++) {
		bool is_of_all = i == SQL_SESSION_LIST_ALL || i == SQL_SESSION_END_ALL ||
				 i == SQL_SESSION_PURGE /* once a minute */ ||
				 i == SQL_LAUNCH_COUNT; /* STORE_LAUNCHES_LIVE at most */

		if (strstr(store_sqlite_statements[i], "PRAGMA"))
			continue;
		find_slow_step(db, store_sqlite_statements[i], step, sizeof step);
		if (step[0] && !is_of_all)
			fail_msg("%s\n%s", store_sqlite_statements[i], step);
	}
	sqlite3_close(db);
}

static void *open_and_write(void *arg)
{
	struct fixture *f = arg;
	struct store *store = store_sqlite_open(f->path, NULL);
	int result = store ? store->ops->meta_set(store, "k", "v") : -1;

	if (store)
		store->ops->close(store);
	return result == 0 ? arg : NULL;
}

static void gateway_and_command_line_may_start_at_once(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[8];

	f->store->ops->close(f->store);
	f->store = NULL;
	unlink(f->path);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_and_write, f), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		void *result;
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_non_null(result);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_file, close_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(s34_file_and_folder_are_the_owners_alone),
		T(s34_file_that_others_may_read_is_made_private),
		T(store_keeps_what_it_has_over_a_restart),
		T(poll_tells_of_another_processes_writes_only),
		T(poll_fails_when_the_file_is_removed_or_replaced),
		T(s26_plain_sessions_of_an_older_file_are_gone_without_a_trace),
		T(token_of_an_older_file_ends_when_it_expires_and_has_no_refresh_token),
		T(file_of_a_newer_version_is_refused),
		T(file_that_is_no_database_is_refused),
		T(no_statement_looks_at_every_row),
		T(gateway_and_command_line_may_start_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
