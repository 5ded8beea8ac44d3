#include "tests/support/store_world.h"

#include "auth/backends/store_open.h"
#include "auth/backends/sqlite/store_sqlite.h"
#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

int store_world_memory(void **state)
{
	struct store_world *w = mem_alloc(1, sizeof *w);

	w->store = store_open_memory(NULL);
	*state = w;
	return w->store ? 0 : -1;
}

int store_world_file(void **state)
{
	struct store_world *w = mem_alloc(1, sizeof *w);

	w->folder = scratch_new();
	w->path = mem_printf("%s/data/state.db", w->folder);
	w->store = store_sqlite_open(w->path, NULL);
	*state = w;
	return w->store ? 0 : -1;
}

int store_world_free(void **state)
{
	struct store_world *w = *state;

	if (w->store)
		w->store->ops->close(w->store);
	scratch_free(w->folder);
	free(w->path);
	free(w);
	return 0;
}

struct store_opening store_world_session(unsigned char mark)
{
	static unsigned char sealed[] = "sealed", label[] = "label";
	struct store_opening opening = {.session = {.sealed = {sealed, sizeof sealed},
						.label = {label, sizeof label},
						.created_at = STORE_WORLD_NOW,
						.last_seen_at = STORE_WORLD_NOW,
						.expires_at = STORE_WORLD_NOW + 100}};

	memset(opening.session.key, mark, DIGEST_LEN);
	memset(opening.session.person, 'p', DIGEST_LEN);
	return opening;
}

enum store_answer store_world_open(struct store *store, unsigned char mark)
{
	struct store_opening opening = store_world_session(mark);

	return store->ops->session_open(store, &opening);
}

enum store_answer store_world_get(struct store *store, unsigned char mark)
{
	struct store_session session;
	unsigned char key[DIGEST_LEN];

	memset(key, mark, sizeof key);
	enum store_answer answer = store->ops->session_get(store, key, &session);
	if (answer == STORE_FOUND)
		store_session_clear(&session);
	return answer;
}

static void expect_bytes(const struct store_bytes *got, const struct store_bytes *want)
{
	assert_int_equal(got->len, want->len);
	assert_memory_equal(got->at, want->at, want->len);
}

void store_world_expect_same(const struct store_session *got, const struct store_session *want)
{
	assert_memory_equal(got->key, want->key, DIGEST_LEN);
	assert_memory_equal(got->person, want->person, DIGEST_LEN);
	assert_memory_equal(got->provider_sid, want->provider_sid, DIGEST_LEN);
	expect_bytes(&got->sealed, &want->sealed);
	expect_bytes(&got->label, &want->label);
	assert_int_equal(got->created_at, want->created_at);
	assert_int_equal(got->last_seen_at, want->last_seen_at);
	assert_int_equal(got->expires_at, want->expires_at);
}
