/* A server thread's reads from SQLite, on a connection of its own. */
#include "auth/backends/sqlite/store_sqlite_int.h"

#include <stdlib.h>

struct reader {
	struct store_reader base; /* first: a store_reader is its reader */
	struct store *store;	  /* a connection of its own, but for a store in memory */
};

static struct store *store_of(struct store_reader *reader)
{
	return ((struct reader *)reader)->store;
}

static void read_session(struct store_reader *reader, const unsigned char *key,
	store_reader_on_session *done, void *arg)
{
	struct store_session session;
	enum store_answer answer = store_sqlite_session_get(store_of(reader), key, &session);

	if (answer != STORE_FOUND) {
		done(arg, answer, NULL);
		return;
	}
	done(arg, answer, &session);
	store_session_clear(&session);
}

static void read_token(
	struct store_reader *reader, struct str id, store_reader_on_token *done, void *arg)
{
	struct store_token token;
	enum store_answer answer = store_sqlite_ops.token_get(store_of(reader), id, &token);

	done(arg, answer, answer == STORE_FOUND ? &token : NULL);
}

static void reader_close(struct store_reader *reader)
{
	store_sqlite_close(store_of(reader));
	free(reader);
}

static const struct store_reader_ops reader_ops = {
	.session_get = read_session, .token_get = read_token, .close = reader_close};

struct store_reader *store_sqlite_reader(
	struct store *store, struct event_base *base, struct err *err)
{
	struct store *connection = store_sqlite_connect(store, err);
	struct reader *reader;

	(void)base; /* a file answers at once */
	if (connection == NULL)
		return NULL;
	reader = mem_alloc(1, sizeof *reader);
	reader->base.ops = &reader_ops;
	reader->store = connection;
	return &reader->base;
}
