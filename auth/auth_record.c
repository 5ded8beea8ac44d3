#include "auth/auth_int.h"

#include <stdlib.h>

/* This thread's connection, opened when it is first needed and again after it could not be. */
static struct store *reader(struct auth *auth)
{
	if (auth->store == NULL)
		auth->store = auth->service->store->ops->reader(auth->service->store, NULL);
	return auth->store;
}

static enum store_answer count_failure(struct auth *auth, enum store_answer answer)
{
	if (answer == STORE_FAILED)
		atomic_fetch_add(&auth->service->store_errors, 1);
	return answer;
}

/* Read before the record: a change in between leaves the entry out of date, never up to date. */
static uint64_t generation_of(struct auth *auth)
{
	return atomic_load_explicit(&auth->service->generation, memory_order_acquire);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* --- tokens --- */

static enum store_answer read_token(struct auth *auth, const char *id,
	const unsigned char key[static RECENT_KEY], uint64_t generation, struct recent_entry **out)
{
	struct store *store = reader(auth);
	struct store_token token;
	enum store_answer answer =
		store ? store->ops->token_get(store, str_of(id), &token) : STORE_FAILED;

	if (answer != STORE_FOUND) {
		recent_drop(auth->records, key);
		return count_failure(auth, answer);
	}
	*out = recent_put(auth->records, key);
	(*out)->generation = generation;
	(*out)->is_active = token.state == STATE_ACTIVE;
	(*out)->role = token.role;
	(*out)->ends_at = token.expires_at;
	(*out)->saved_at = later((*out)->saved_at, token.last_used_at);
	return STORE_FOUND;
}

enum store_answer auth_record_token(
	struct auth *auth, const char *id, int64_t now, struct recent_entry **out)
{
	uint64_t generation = generation_of(auth);
	unsigned char key[RECENT_KEY];

	if (strlen(id) != sizeof key)
		return STORE_NONE; /* none of our ids */
	memcpy(key, id, sizeof key);
	*out = recent_find(auth->records, key, now);
	if (*out && (*out)->generation == generation)
		return STORE_FOUND;
	return read_token(auth, id, key, generation, out);
}

/* --- sessions --- */

static enum store_answer read_session(struct auth *auth, const struct auth_rules *rules,
	const unsigned char key[static DIGEST_LEN], uint64_t generation, struct recent_entry **out)
{
	struct store *store = reader(auth);
	struct store_session session;
	enum store_answer answer =
		store ? store->ops->session_get(store, key, &session) : STORE_FAILED;

	if (answer != STORE_FOUND) {
		recent_drop(auth->sessions, key);
		return count_failure(auth, answer);
	}
	struct recent_entry *entry = recent_put(auth->sessions, key);
	entry->generation = generation;
	entry->ends_at = session_hard_end(rules->conf, session.created_at, session.expires_at);
	entry->saved_at = later(entry->saved_at, session.last_seen_at);
	entry->last_seen_at = later(entry->last_seen_at, session.last_seen_at);
	identity_unref(entry->who);
	entry->who =
		identity_new(str_of(session.issuer), str_of(session.subject), str_of(session.name),
			str_of(session.token_id), session.role, VIA_SESSION, entry->ends_at);
	*out = entry;
	return STORE_FOUND;
}

enum store_answer auth_record_session(struct auth *auth, const struct auth_rules *rules,
	const unsigned char key[static DIGEST_LEN], int64_t now, struct recent_entry **out)
{
	uint64_t generation = generation_of(auth);

	*out = recent_find(auth->sessions, key, now);
	if (*out && (*out)->generation == generation)
		return STORE_FOUND;
	return read_session(auth, rules, key, generation, out);
}

enum store_answer auth_record_session_again(struct auth *auth, const struct auth_rules *rules,
	const unsigned char key[static DIGEST_LEN], int64_t now, struct recent_entry **out)
{
	recent_drop(auth->sessions, key);
	return auth_record_session(auth, rules, key, now, out);
}

/* --- uses --- */

struct use {
	struct task task;
	struct auth_service *service; /* a reference */
	struct store_touch touch;
};

static void keep_use(struct task *task)
{
	struct use *use = (struct use *)task; /* its first member */
	struct auth_service *service = use->service;

	if (!service->closed) {
		if (service->touches_count == AUTH_TOUCHES_MAX)
			auth_service_flush(service);
		service->touches[service->touches_count++] = use->touch;
	}
	free(use);
	auth_service_unref(service);
}

void auth_record_touch(
	struct auth *auth, struct recent_entry *entry, struct store_touch *touch, int64_t interval)
{
	struct use *use;

	entry->last_seen_at = touch->at;
	if (touch->at - entry->saved_at < interval)
		return;
	entry->saved_at = touch->at;
	use = mem_alloc(1, sizeof *use);
	use->task.run = keep_use;
	use->service = auth_service_ref(auth->service);
	use->touch = *touch;
	inbox_post(auth->service->keeper, &use->task);
}
