#include "auth/session/session_index.h"

#include "auth/session/session_data.h"

#include <assert.h>

/* False: there is no such key of the ring. */
static bool write_key(const struct session_index *index, const struct keyring *ring, int which,
	unsigned char out[static DIGEST_LEN])
{
	assert(index->kind != STORE_ALL);
	return index->kind == STORE_BY_PERSON
		       ? session_data_person(ring, which, index->issuer, index->name, out)
		       : session_data_provider_sid(ring, which, index->issuer, index->name, out);
}

int session_index_end(
	struct store *store, const struct keyring *ring, const struct session_index *index)
{
	unsigned char key[DIGEST_LEN];
	int total = 0;

	for (int which = 0; write_key(index, ring, which, key); which++) {
		int ended = store->ops->session_end_all(store, index->kind, key);
		if (ended == -1)
			return -1;
		total += ended;
	}
	return total;
}

int session_index_list(struct store *store, const struct keyring *ring,
	const struct session_index *index, int64_t now, store_on_session *on_session, void *arg)
{
	unsigned char key[DIGEST_LEN];

	for (int which = 0; write_key(index, ring, which, key); which++) {
		if (store->ops->session_list(store, index->kind, key, now, on_session, arg) == -1)
			return -1;
	}
	return 0;
}
