/* Launches in SQLite. Whether another may begin is counted in the transaction that adds it. */
#include "auth/backends/sqlite/store_sqlite_int.h"

#include "base/sbuf.h"

#include <stdlib.h>

struct counts { /* that have not ended */
	int64_t all, running, queued;
};

static int count_live(struct db *db, const unsigned char *quota, struct counts *out)
{
	struct sqlite3_stmt *stmt = db_query(db, SQL_LAUNCH_COUNT, ARGS(HASH(quota)));
	enum store_answer answer = db_step(db, stmt);

	if (answer == STORE_FOUND)
		*out = (struct counts){db_number(stmt, 0), db_number(stmt, 1), db_number(stmt, 2)};
	db_done(stmt);
	return answer == STORE_FOUND ? 0 : -1;
}

static enum store_answer read_launch(struct db *db, struct str id, struct store_launch *out)
{
	char *text = mem_strndup(id.at, id.len);
	struct sqlite3_stmt *stmt = db_query(db, SQL_LAUNCH_GET, ARGS(TEXT(text)));
	enum store_answer answer = db_step(db, stmt);

	if (answer == STORE_FOUND) {
		memset(out, 0, sizeof *out);
		db_read_fields(stmt, 0, store_launch_fields, STORE_LAUNCH_COUNT, out);
	}
	db_done(stmt);
	free(text);
	return answer;
}

/* What was added with this key: FAILED as an answer of the store, ADDED when there is nothing. */
static enum store_added find_before(struct db *db, struct store_launch *launch)
{
	char id[STORE_LAUNCH_ID];
	unsigned char request[DIGEST_LEN];
	struct store_launch old;

	if (!store_has_sid(launch->idempotency))
		return STORE_ADDED;
	struct sqlite3_stmt *stmt =
		db_query(db, SQL_LAUNCH_BEFORE, ARGS(HASH(launch->idempotency)));
	enum store_answer answer = db_step(db, stmt);
	if (answer == STORE_FOUND) {
		db_copy_text(stmt, 0, id, sizeof id);
		db_copy_digest(stmt, 1, request);
	}
	db_done(stmt);
	if (answer != STORE_FOUND)
		return answer == STORE_NONE ? STORE_ADDED : STORE_ADD_FAILED;
	if (memcmp(request, launch->request, DIGEST_LEN) != 0)
		return STORE_ADDED_OTHER;
	if (read_launch(db, str_of(id), &old) != STORE_FOUND)
		return STORE_ADD_FAILED;
	store_launch_clear(launch);
	*launch = old;
	return STORE_ADDED_BEFORE;
}

/* Who waits goes first: nobody overtakes the queue. */
static enum store_added choose_state(
	struct db *db, struct store_launch *launch, const struct store_launch_limits *limits)
{
	struct counts now;

	if (count_live(db, launch->quota, &now) == -1)
		return STORE_ADD_FAILED;
	if (now.all >= STORE_LAUNCHES_LIVE)
		return STORE_ADD_FULL;
	if (now.running < limits->running && now.queued == 0)
		launch->state = LAUNCH_STARTING;
	else if (now.queued < limits->queue)
		launch->state = LAUNCH_QUEUED;
	else
		return STORE_ADD_FULL;
	return STORE_ADDED;
}

static enum store_added add_launch(
	struct db *db, struct store_launch *launch, const struct store_launch_limits *limits)
{
	struct arg args[STORE_LAUNCH_COUNT];
	enum store_added added = find_before(db, launch);

	if (added == STORE_ADDED)
		added = choose_state(db, launch, limits);
	if (added != STORE_ADDED)
		return added;
	launch->version = 1;
	db_field_args(store_launch_fields, STORE_LAUNCH_COUNT, launch, args);
	if (db_run(db, SQL_LAUNCH_ADD, args, STORE_LAUNCH_COUNT) != 1 ||
		db_run(db, SQL_LAUNCH_TRIM,
			ARGS(HASH(launch->person), NUMBER(STORE_PURGE),
				NUMBER(STORE_LAUNCHES_ENDED))) == -1)
		return STORE_ADD_FAILED;
	return STORE_ADDED;
}

enum store_added store_sqlite_launch_add(
	struct store *store, struct store_launch *launch, const struct store_launch_limits *limits)
{
	struct db *db = db_of(store);
	enum store_added added = STORE_ADD_FAILED;

	db_lock(db);
	if (db_run(db, SQL_BEGIN, NO_ARGS) != -1)
		added = add_launch(db, launch, limits);
	if (db_commit(db, added == STORE_ADD_FAILED ? -1 : 0) == -1)
		added = STORE_ADD_FAILED;
	db_unlock(db);
	return added;
}

enum store_answer store_sqlite_launch_get(
	struct store *store, struct str id, struct store_launch *out)
{
	struct db *db = db_of(store);

	db_lock(db);
	enum store_answer answer = read_launch(db, id, out);
	db_unlock(db);
	return answer;
}

/* Whether it waits in the store and is to begin, while there is no room. */
static enum store_answer has_to_wait(
	struct db *db, const struct store_launch *launch, unsigned running)
{
	struct store_launch was;
	struct counts now;

	if (launch->state != LAUNCH_STARTING || running == 0)
		return STORE_NONE;
	enum store_answer answer = read_launch(db, str_of(launch->id), &was);
	if (answer != STORE_FOUND)
		return answer;
	store_launch_clear(&was);
	if (was.state != LAUNCH_QUEUED)
		return STORE_NONE;
	if (count_live(db, launch->quota, &now) == -1)
		return STORE_FAILED;
	return now.running >= running ? STORE_FOUND : STORE_NONE;
}

static int replace_launch(struct db *db, const struct store_launch *launch, unsigned running)
{
	enum { MADE = STORE_LAUNCH_COUNT - STORE_LAUNCH_CHANGED_COUNT };
	struct arg args[STORE_LAUNCH_CHANGED_COUNT + 2];
	enum store_answer waits = has_to_wait(db, launch, running);

	if (waits != STORE_NONE)
		return waits == STORE_FOUND ? 0 : -1;
	db_field_args(store_launch_fields + MADE, STORE_LAUNCH_CHANGED_COUNT, launch, args);
	args[STORE_LAUNCH_CHANGED_COUNT] = (struct arg)TEXT(launch->id);
	args[STORE_LAUNCH_CHANGED_COUNT + 1] = (struct arg)NUMBER(launch->version);
	return db_run(db, SQL_LAUNCH_REPLACE, args, ARRAY_LEN(args));
}

enum store_answer store_sqlite_launch_replace(
	struct store *store, struct store_launch *launch, unsigned running)
{
	struct db *db = db_of(store);

	db_lock(db);
	int changed = db_run(db, SQL_BEGIN, NO_ARGS);
	if (changed != -1)
		changed = replace_launch(db, launch, running);
	if (db_commit(db, changed == -1 ? -1 : 0) == -1)
		changed = -1;
	db_unlock(db);
	launch->version += changed > 0;
	return db_answer(changed);
}

/* Their names, one after the other; "" for all. No name is in another. */
static void name_states(unsigned states, char out[static 64])
{
	struct sbuf names;

	sbuf_init(&names, 63);
	for (int state = 0; state < LAUNCH_STATES; state++) {
		if (states & 1u << state)
			sbuf_printf(&names, "%s ", launch_state_name((enum launch_state)state));
	}
	(void)str_copy(sbuf_str(&names), out, 64);
	sbuf_clear(&names);
}

static struct sqlite3_stmt *query_launches(
	struct db *db, const struct store_launch_query *query, const char *states)
{
	const char *before = query->before[0] ? query->before : "g"; /* behind all ids */
	bool is_live = query->states && (query->states & ~(unsigned)LAUNCH_LIVE) == 0;

	if (query->person)
		return db_query(db, SQL_LAUNCH_LIST_OF,
			ARGS(TEXT(before), TEXT(states), NUMBER((int64_t)query->limit),
				HASH(query->person)));
	return db_query(db, is_live ? SQL_LAUNCH_LIST_LIVE : SQL_LAUNCH_LIST,
		ARGS(TEXT(before), TEXT(states), NUMBER((int64_t)query->limit)));
}

int store_sqlite_launch_list(struct store *store, const struct store_launch_query *query,
	char next[static STORE_LAUNCH_ID], store_on_launch *on_launch, void *arg)
{
	struct store_launch launch;
	struct db *db = db_of(store);
	enum store_answer answer;
	char states[64];
	size_t count = 0;

	next[0] = '\0';
	name_states(query->states, states);
	db_lock(db);
	struct sqlite3_stmt *stmt = query_launches(db, query, states);
	while ((answer = db_step(db, stmt)) == STORE_FOUND) {
		memset(&launch, 0, sizeof launch);
		db_read_fields(stmt, 0, store_launch_fields, STORE_LAUNCH_COUNT, &launch);
		memcpy(next, launch.id, STORE_LAUNCH_ID);
		count++;
		on_launch(arg, &launch);
		store_launch_clear(&launch);
	}
	db_done(stmt);
	db_unlock(db);
	if (count < query->limit)
		next[0] = '\0';
	return answer == STORE_FAILED ? -1 : 0;
}
