#include "auth/auth_int.h"

#include "auth/session_data.h"

#include <stdlib.h>

/* This thread's reader, opened when it is first needed and again after it could not be. */
static struct store_reader *reader(struct auth *auth)
{
	if (auth->reader == NULL)
		auth->reader = auth->service->store->ops->reader(auth->service->store, NULL, NULL);
	return auth->reader;
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

struct token_answer {
	enum store_answer answer;
	struct store_token token;
};

static void on_token(void *arg, enum store_answer answer, const struct store_token *token)
{
	struct token_answer *got = arg;

	got->answer = answer;
	if (answer == STORE_FOUND)
		got->token = *token;
}

static enum store_answer read_token(struct auth *auth, const char *id,
	const unsigned char key[static RECENT_KEY], uint64_t generation, struct recent_entry **out)
{
	struct store_reader *store = reader(auth);
	struct token_answer got = {.answer = STORE_FAILED};

	if (store)
		store->ops->token_get(store, str_of(id), on_token, &got);
	if (got.answer != STORE_FOUND) {
		recent_drop(auth->records, key);
		return count_failure(auth, got.answer);
	}
	*out = recent_put(auth->records, key);
	(*out)->generation = generation;
	(*out)->is_active = got.token.state == STATE_ACTIVE;
	(*out)->role = got.token.role;
	(*out)->ends_at = got.token.expires_at;
	(*out)->saved_at = later((*out)->saved_at, got.token.last_used_at);
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

struct session_answer {
	enum store_answer answer;
	struct store_session session;
};

static void on_session(void *arg, enum store_answer answer, struct store_session *session)
{
	struct session_answer *got = arg;

	got->answer = answer;
	if (answer != STORE_FOUND)
		return;
	got->session = *session;
	session->sealed = session->label = (struct store_bytes){NULL, 0};
}

static void keep_session(struct recent_entry *entry, const struct auth_rules *rules,
	const struct store_session *session, const struct session_data *data)
{
	entry->ends_at = session_hard_end(rules->conf, session->created_at, session->expires_at);
	entry->saved_at = later(entry->saved_at, session->last_seen_at);
	entry->last_seen_at = later(entry->last_seen_at, session->last_seen_at);
	identity_unref(entry->who);
	entry->who = identity_new(str_of(data->issuer), str_of(data->subject), str_of(data->name),
		str_of(data->token_id), data->role, VIA_SESSION, entry->ends_at);
}

static enum store_answer read_session(struct auth *auth, const struct auth_rules *rules,
	const struct session_name *name, uint64_t generation, struct recent_entry **out)
{
	struct store_reader *store = reader(auth);
	struct session_answer got = {.answer = STORE_FAILED};
	struct session_data data;

	if (store)
		store->ops->session_get(store, name->key, on_session, &got);
	/* Sealed with a key that is no longer in the ring, or not by us: nobody's session. */
	if (got.answer == STORE_FOUND &&
		session_data_open(rules->ring, name->id, &got.session, &data) == -1)
		got.answer = STORE_NONE;
	if (got.answer == STORE_FOUND) {
		*out = recent_put(auth->sessions, name->key);
		(*out)->generation = generation;
		keep_session(*out, rules, &got.session, &data);
		session_data_clear(&data);
	} else {
		recent_drop(auth->sessions, name->key);
	}
	store_session_clear(&got.session);
	return count_failure(auth, got.answer);
}

enum store_answer auth_record_session(struct auth *auth, const struct auth_rules *rules,
	const struct session_name *name, int64_t now, struct recent_entry **out)
{
	uint64_t generation = generation_of(auth);

	*out = recent_find(auth->sessions, name->key, now);
	if (*out && (*out)->generation == generation)
		return STORE_FOUND;
	return read_session(auth, rules, name, generation, out);
}

enum store_answer auth_record_session_again(struct auth *auth, const struct auth_rules *rules,
	const struct session_name *name, int64_t now, struct recent_entry **out)
{
	recent_drop(auth->sessions, name->key);
	return auth_record_session(auth, rules, name, now, out);
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
