/* Whose an application is, as SQLite keeps it: the namespace and the user that were told first
 * (S43, S73). */
#include "auth/backends/sqlite/store_sqlite_int.h"

/* In one transaction, for thousands are asked for at a start. */

/* 1: it was settled now. */
static int claim_application(struct db *db, const struct store_owner *owner, int64_t now)
{
	return db_run(db, SQL_OWNER_ADD, ARGS(HASH(owner->key), TEXT(owner->name), NUMBER(now)));
}

static int answer_owner(struct db *db, struct store_owner *owner, int64_t now)
{
	char name[STORE_OWNER];
	struct sqlite3_stmt *stmt = db_query(
		db, SQL_OWNER_GET, ARGS(HASH(owner->key), NUMBER(now - STORE_OWNER_KEPT_S)));
	enum store_answer found = db_step(db, stmt);

	if (found == STORE_FOUND)
		db_copy_text(stmt, 0, name, sizeof name);
	db_done(stmt);
	if (found != STORE_FOUND)
		return found == STORE_FAILED ? -1 : 0;
	memcpy(owner->name, name, sizeof name);
	owner->is_settled = true;
	return db_run(db, SQL_OWNER_TOUCH, ARGS(HASH(owner->key), NUMBER(now)));
}

/* A user may have any byte in their name, and pushes out nobody by it. */
static size_t group_len(const char *name)
{
	return strncmp(name, "name ", 5) == 0 ? strcspn(name, STORE_OWNER_GROUP) : strlen(name);
}

static bool are_of_one_group(const char *a, const char *b)
{
	size_t len = group_len(a);

	return group_len(b) == len && memcmp(a, b, len) == 0;
}

/* The oldest of a namespace, a user or a group that has too many. */
static int cut_name(struct db *db, const char *name)
{
	char group[STORE_OWNER];
	size_t len = name ? group_len(name) : 0;

	if (name == NULL)
		return 0;
	if (name[len] == '\0')
		return db_run(db, SQL_OWNER_CUT, ARGS(TEXT(name), NUMBER(STORE_OWNERS)));
	memcpy(group, name, len);
	group[len] = '\0';
	return db_run(db, SQL_OWNER_CUT_GROUP, ARGS(TEXT(group), NUMBER(STORE_OWNERS)));
}

static int ask_owners(struct db *db, struct store_owner *owners, size_t count, int64_t now)
{
	const char *grown = NULL;
	int result = 0;

	for (size_t i = 0; i < count && result != -1; i++) {
		struct store_owner *o = &owners[i];
		int added = o->is_claim ? claim_application(db, o, now) : 0;

		if (added > 0 && grown && !are_of_one_group(grown, o->name))
			result = cut_name(db, grown);
		if (added > 0)
			grown = o->name;
		if (added == -1 || result == -1 || answer_owner(db, o, now) == -1)
			return -1;
	}
	return result == -1 ? -1 : cut_name(db, grown);
}

int store_sqlite_owners(struct store *store, struct store_owner *owners, size_t count, int64_t now)
{
	struct db *db = db_of(store);

	db_lock(db);
	int result = db_run(db, SQL_BEGIN, NO_ARGS);
	if (result != -1)
		result = ask_owners(db, owners, count, now);
	result = db_commit(db, result == -1 ? -1 : 0);
	db_unlock(db);
	for (size_t i = 0; i < count && result == -1; i++)
		owners[i].is_settled = false; /* it was rolled back */
	return result;
}
