/* Programs that wait for a person, as SQLite keeps them (S138). */
#include "auth/backends/sqlite/store_sqlite_int.h"

static enum store_answer change(
	struct store *store, enum sql which, const struct arg *args, size_t count)
{
	struct db *db = db_of(store);

	db_lock(db);
	int changed = db_run(db, which, args, count);
	db_unlock(db);
	return db_answer(changed);
}

enum store_answer store_sqlite_device_add(struct store *store, const struct store_device *d)
{
	return change(store, SQL_DEVICE_ADD,
		ARGS(HASH(d->key), HASH(d->user_code), HASH(d->source),
			TEXT(device_state_name(d->state)), NUMBER(d->created_at),
			NUMBER(d->expires_at), TEXT(d->text), NUMBER(STORE_DEVICES_OF),
			NUMBER(STORE_DEVICES)));
}

static void read_device(struct sqlite3_stmt *stmt, struct store_device *out)
{
	static const struct store_field columns[] = {
		{"", FIELD_DIGEST, offsetof(struct store_device, key), DIGEST_LEN},
		{"", FIELD_DIGEST, offsetof(struct store_device, user_code), DIGEST_LEN},
		{"", FIELD_DIGEST, offsetof(struct store_device, source), DIGEST_LEN},
	};

	db_read_fields(stmt, 0, columns, ARRAY_LEN(columns), out);
	if (!device_state_parse(db_text(stmt, 3), &out->state))
		out->state = DEVICE_DENIED;
	out->created_at = db_number(stmt, 4);
	out->expires_at = db_number(stmt, 5);
	db_copy_text(stmt, 6, out->text, sizeof out->text);
}

enum store_answer store_sqlite_device_get(
	struct store *store, bool by_user, const unsigned char *digest, struct store_device *out)
{
	struct db *db = db_of(store);

	db_lock(db);
	struct sqlite3_stmt *stmt =
		db_query(db, by_user ? SQL_DEVICE_GET_BY_USER : SQL_DEVICE_GET, ARGS(HASH(digest)));
	enum store_answer answer = db_step(db, stmt);
	if (answer == STORE_FOUND)
		read_device(stmt, out);
	db_done(stmt);
	db_unlock(db);
	return answer;
}

enum store_answer store_sqlite_device_settle(struct store *store, const struct store_device *d)
{
	return change(store, SQL_DEVICE_SETTLE,
		ARGS(HASH(d->key), TEXT(device_state_name(d->state)), NUMBER(d->expires_at),
			TEXT(d->text)));
}

enum store_answer store_sqlite_device_take(struct store *store, const struct store_device *d)
{
	return change(store, SQL_DEVICE_TAKE, ARGS(HASH(d->key)));
}
