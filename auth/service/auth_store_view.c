#include "auth/service/auth_store_view.h"

#include "auth/session/session_data.h"
#include "base/clock.h"

#include <stdlib.h>

struct store_reader *auth_store_view_reader(struct auth *auth)
{
	struct store *store = auth->service->store;

	if (auth->reader == NULL)
		auth->reader = store->ops->reader(store, auth->base, NULL);
	return auth->reader;
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

/* As good as read now. Other gateways write a shared store, and their word may be late. */
static bool is_current_entry(struct auth *auth, const struct record_cache_entry *entry)
{
	if (entry->generation != generation_of(auth))
		return false;
	return !auth->service->store->ops->is_shared ||
	       clock_mono_ms() - entry->read_ms < AUTH_FRESH_MS;
}

/* S33: the store is silent, and this was good a moment ago. Not if something was taken away since
 * it was read: that may have been this. */
static bool may_go_on(struct auth *auth, const struct record_cache_entry *entry)
{
	uint64_t taken = atomic_load_explicit(&auth->service->taken_away, memory_order_acquire);

	return entry->generation >= taken && clock_mono_ms() - entry->read_ms < AUTH_GO_ON_MS;
}

/* One rule for both kinds of record. */
static enum record look_up(struct auth *auth, struct record_cache *cache, const unsigned char *key,
	struct lookup *lookup, int64_t now, struct record_cache_entry **out)
{
	*out = record_cache_find(cache, key, now);
	if (*out && is_current_entry(auth, *out))
		return RECORD_FOUND;
	if (!lookup->is_done || (lookup->answer == STORE_FOUND && *out == NULL)) {
		lookup->is_done = false;
		return RECORD_LATER;
	}
	if (lookup->answer == STORE_FOUND)
		return RECORD_FOUND; /* read for this very question */
	if (lookup->answer == STORE_FAILED)
		return *out && may_go_on(auth, *out) ? RECORD_FOUND : RECORD_SILENT;
	if (*out)
		record_cache_drop(cache, key);
	return RECORD_NONE;
}

static void note_answer(struct auth *auth, struct lookup *lookup, enum store_answer answer)
{
	lookup->is_done = true;
	lookup->answer = service_count(auth->service, answer);
}

static void note_read(struct auth_pending *pending, struct record_cache_entry *entry)
{
	entry->generation = pending->generation;
	entry->read_ms = clock_mono_ms();
}

/* --- tokens --- */

enum record auth_store_view_token(struct auth *auth, struct question *question,
	const char *token_id, int64_t now, struct record_cache_entry **out)
{
	unsigned char key[RECORD_CACHE_KEY];

	if (strlen(token_id) != sizeof key)
		return RECORD_NONE; /* none of our ids */
	memcpy(key, token_id, sizeof key);
	enum record record = look_up(auth, auth->records, key, &question->record, now, out);
	if (record == RECORD_LATER) {
		question->need = NEED_RECORD;
		memcpy(question->token_id, token_id, sizeof key);
		question->token_id[sizeof key] = '\0';
	}
	return record;
}

static void on_token_read(void *arg, enum store_answer answer, const struct store_token *token)
{
	struct auth_pending *pending = arg;
	struct auth *auth = pending->auth;
	unsigned char key[RECORD_CACHE_KEY];

	memcpy(key, pending->question.token_id, sizeof key);
	if (answer == STORE_FOUND) {
		struct record_cache_entry *entry =
			record_cache_put(auth->records, key, clock_wall_s());
		entry->is_active = token->state == STATE_ACTIVE;
		entry->role = token->role;
		entry->saved_at = later(entry->saved_at, token->last_used_at);
		note_read(pending, entry);
		free(pending->question.standing);
		pending->question.standing = mem_strdup(token->standing);
	}
	note_answer(auth, &pending->question.record, answer);
	auth_pending_resume(pending);
}

void auth_store_view_forget_token(
	struct auth *auth, struct question *question, const char *token_id)
{
	unsigned char key[RECORD_CACHE_KEY];

	if (strlen(token_id) == sizeof key) {
		memcpy(key, token_id, sizeof key);
		record_cache_drop(auth->records, key);
	}
	question->record.is_done = false;
}

void auth_store_view_ask_token(struct auth_pending *pending)
{
	struct store_reader *r = auth_store_view_reader(pending->auth);

	pending->generation = generation_of(pending->auth);
	if (r)
		r->ops->token_get(r, str_of(pending->question.token_id), on_token_read, pending);
	else
		on_token_read(pending, STORE_FAILED, NULL);
}

/* --- sessions --- */

enum record auth_store_view_session(
	struct auth *auth, struct question *question, int64_t now, struct record_cache_entry **out)
{
	enum record record =
		look_up(auth, auth->sessions, question->key, &question->session, now, out);

	if (record == RECORD_LATER)
		question->need = NEED_SESSION;
	return record;
}

void auth_store_view_forget_session(struct auth *auth, struct question *question)
{
	record_cache_drop(auth->sessions, question->key);
	question->session.is_done = false;
}

/* -1: nobody this version knows, or a session of another site (S0). */
static int keep_session(struct auth_pending *pending, const struct auth_rules *rules,
	const struct store_session *session, const struct session_data *data)
{
	int64_t ends_at = session_hard_end(rules->conf, session->created_at, session->expires_at);
	bool is_of_site = strcmp(data->site, sign_in_site_name(pending->auth->site)) == 0;
	struct identity *who =
		is_of_site ? session_data_identity(rules->conf, data, ends_at) : NULL;

	if (who == NULL)
		return -1;
	struct record_cache_entry *entry =
		record_cache_put(pending->auth->sessions, pending->question.key, clock_wall_s());
	entry->ends_at = ends_at;
	entry->saved_at = later(entry->saved_at, session->last_seen_at);
	entry->last_seen_at = later(entry->last_seen_at, session->last_seen_at);
	entry->refresh_at = data->refresh_at;
	identity_unref(entry->who);
	entry->who = who;
	note_read(pending, entry);
	return 0;
}

/* What does not open was not sealed by us for this cookie: no session of ours. */
static enum store_answer open_session(
	struct auth_pending *pending, const struct store_session *session)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);
	struct session_data data;
	int result = session_data_open(rules->ring, pending->question.id, session, &data);

	if (result == 0) {
		result = keep_session(pending, rules, session, &data);
		session_data_clear(&data);
	}
	share_drop(hold);
	return result == 0 ? STORE_FOUND : STORE_NONE;
}

static void on_session_read(void *arg, enum store_answer answer, struct store_session *session)
{
	struct auth_pending *pending = arg;

	if (answer == STORE_FOUND)
		answer = open_session(pending, session);
	note_answer(pending->auth, &pending->question.session, answer);
	auth_pending_resume(pending);
}

void auth_store_view_ask_session(struct auth_pending *pending)
{
	struct store_reader *r = auth_store_view_reader(pending->auth);

	pending->generation = generation_of(pending->auth);
	if (r)
		r->ops->session_get(r, pending->question.key, on_session_read, pending);
	else
		on_session_read(pending, STORE_FAILED, NULL);
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

	if (!service->closed)
		service_note_use(service, &use->touch);
	free(use);
	service_unref(service);
}

void auth_store_view_touch(struct auth *auth, struct record_cache_entry *entry,
	struct store_touch *touch, int64_t interval)
{
	struct use *use;

	entry->last_seen_at = touch->at;
	if (touch->at - entry->saved_at < interval)
		return;
	entry->saved_at = touch->at;
	use = mem_alloc(1, sizeof *use);
	use->task.run = keep_use;
	use->service = service_ref(auth->service);
	use->touch = *touch;
	inbox_post(auth->service->keeper, &use->task);
}
