/* The audit in SQLite: events added, the oldest of too many forgotten, and looked for (S77). */
#include "auth/backends/sqlite/store_sqlite_int.h"

static int add_event(struct db *db, const struct store_audit *event)
{
	return db_run(db, SQL_AUDIT_ADD,
		ARGS(TEXT(event->id), TEXT(event->user), TEXT(event->action), TEXT(event->app_id),
			TEXT(event->app_name), TEXT(event->fields)));
}

int store_sqlite_audit_add(
	struct store *store, const struct store_audit *const *events, size_t count)
{
	struct db *db = db_of(store);

	db_lock(db);
	int result = db_run(db, SQL_BEGIN, NO_ARGS);
	for (size_t i = 0; result != -1 && i < count; i++)
		result = add_event(db, events[i]);
	if (result != -1)
		result = db_run(db, SQL_AUDIT_CUT, ARGS(NUMBER(STORE_AUDIT_EVENTS)));
	result = db_commit(db, result);
	db_unlock(db);
	return result;
}

/* --- looking --- */

static const char *text_or_none(const char *text)
{
	return text ? text : "";
}

static struct sqlite3_stmt *query_events(
	struct db *db, const struct store_audit_query *query, const char *below, const char *from)
{
	enum sql which = query->app	 ? SQL_AUDIT_LIST_APP
			 : query->user	 ? SQL_AUDIT_LIST_USER
			 : query->action ? SQL_AUDIT_LIST_ACTION
					 : SQL_AUDIT_LIST;

	return db_query(db, which,
		ARGS(TEXT(below), TEXT(from), TEXT(text_or_none(query->user)),
			TEXT(text_or_none(query->action)), TEXT(text_or_none(query->app)),
			NUMBER((int64_t)query->limit)));
}

/* False: no gateway wrote it. */
static bool read_event(struct sqlite3_stmt *stmt, struct store_audit *out)
{
	const char **parts[] = {
		&out->user, &out->action, &out->app_id, &out->app_name, &out->fields};

	db_copy_text(stmt, 0, out->id, sizeof out->id);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		*parts[i] = db_text(stmt, (int)i + 1).at;
		if (*parts[i] == NULL)
			return false;
	}
	return store_audit_is_id(str_of(out->id));
}

int store_sqlite_audit_list(struct store *store, const struct store_audit_query *query,
	char next[static STORE_AUDIT_ID], store_on_audit *on_event, void *arg)
{
	char below[STORE_AUDIT_ID], from[STORE_AUDIT_STAMP + 1];
	struct db *db = db_of(store);
	struct store_audit event;
	enum store_answer answer;
	size_t count = 0;

	next[0] = '\0';
	store_audit_bounds(query, below, from);
	db_lock(db);
	struct sqlite3_stmt *stmt = query_events(db, query, below, from);
	while ((answer = db_step(db, stmt)) == STORE_FOUND) {
		count++;
		if (!read_event(stmt, &event))
			continue;
		memcpy(next, event.id, STORE_AUDIT_ID);
		on_event(arg, &event);
	}
	db_done(stmt);
	db_unlock(db);
	if (count < query->limit)
		next[0] = '\0';
	return answer == STORE_FAILED ? -1 : 0;
}
