/* Uses, links, counts, what happens once, leases, owners, the audit, and texts that all gateways
 * share. */
#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"

#include "base/clock.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum {
	BATCH = 64,
	ONCE_MIN_SECONDS = 60,
	EVENTS_AT_ONCE = 16, /* of the audit */
	EVENTS_READ = 500,
	ROUNDS_MAX = 2 * STORE_AUDIT_LOOK / EVENTS_READ,
};

static void touch_cmd(struct redis_cmd *cmd, const struct store_touch *t)
{
	if (t->is_token) {
		redis_cmd_script(cmd, REDIS_TOKEN_TOUCH);
		redis_cmd_key_str(cmd, "token", str_of(t->id));
		redis_cmd_number(cmd, t->at);
		redis_cmd_text(cmd, t->from);
		return;
	}
	redis_cmd_script(cmd, REDIS_SESSION_TOUCH);
	redis_cmd_key_hex(cmd, "session", t->key);
	redis_cmd_hex(cmd, t->key);
	redis_cmd_number(cmd, t->at);
}

static int touch_batch(struct redis_store *r, const struct store_touch *touches, size_t count)
{
	struct redis_cmd *cmds = mem_alloc(count, sizeof *cmds);
	redisReply *replies[BATCH];

	for (size_t i = 0; i < count; i++)
		touch_cmd(&cmds[i], &touches[i]);
	redis_call_many(r, cmds, count, replies);
	for (size_t i = 0; i < count; i++)
		freeReplyObject(replies[i]);
	free(cmds);
	/* A record that is not one any more must not keep the others' uses from being saved. */
	return r->connection ? 0 : -1;
}

int redis_touch(struct store *store, const struct store_touch *touches, size_t count)
{
	struct redis_store *r = redis_store_of(store);
	int result = r->connection ? 0 : -1;

	for (size_t at = 0; at < count && result == 0; at += BATCH)
		result = touch_batch(r, touches + at, count - at < BATCH ? count - at : BATCH);
	return result;
}

int redis_link_add(
	struct store *store, const unsigned char *hash, int64_t created_at, int64_t expires_at)
{
	struct redis_cmd cmd;
	int64_t ttl_ms = (expires_at - created_at) * 1000;

	redis_cmd_script(&cmd, REDIS_LINK_ADD);
	redis_cmd_key(&cmd, "link");
	redis_cmd_hex(&cmd, hash);
	redis_cmd_number(&cmd, expires_at);
	redis_cmd_number(&cmd, ttl_ms > 1 ? ttl_ms : 1);
	return redis_call_number(redis_store_of(store), &cmd) == 1 ? 0 : -1;
}

/* --- counts --- */

static int64_t count_above(struct redis_store *r, const char *set, int64_t now)
{
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "ZCOUNT");
	redis_cmd_key(&cmd, set);
	redis_cmd_above(&cmd, now);
	redis_cmd_text(&cmd, "+inf");
	return redis_call_number(r, &cmd);
}

int redis_count(struct store *store, int64_t now, struct store_counts *out)
{
	struct redis_store *r = redis_store_of(store);
	int64_t sessions = count_above(r, "ends", now);
	int64_t user = count_above(r, "tokens:user", now);
	int64_t admin = count_above(r, "tokens:admin", now);

	if (sessions == -1 || user == -1 || admin == -1)
		return -1;
	*out = (struct store_counts){.sessions = (unsigned)sessions,
		.tokens_user = (unsigned)user,
		.tokens_admin = (unsigned)admin};
	return 0;
}

enum store_answer redis_has_admin(struct store *store, int64_t now)
{
	char used[8];
	enum store_answer is_used = redis_meta_get(store, "link_used", used, sizeof used);

	if (is_used != STORE_NONE)
		return is_used;
	int64_t admins = count_above(redis_store_of(store), "tokens:admin", now);
	return admins > 0 ? STORE_FOUND : admins == 0 ? STORE_NONE : STORE_FAILED;
}

enum store_answer redis_purge(struct store *store, const struct conf *conf, int64_t now)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_PURGE);
	redis_cmd_key(&cmd, "link");
	redis_cmd_number(&cmd, now);
	/* Uses are saved a little late: what looks just idle here may not be. */
	redis_cmd_number(&cmd, now - conf->session_idle_s - STORE_IDLE_SLACK_S);
	redis_cmd_number(&cmd, now - STORE_TOKEN_KEPT_S);
	redis_cmd_number(&cmd, STORE_PURGE);
	redis_cmd_above(&cmd, (now - conf->audit_keep_s) * 1000);
	redis_cmd_number(&cmd, now - STORE_LAUNCH_KEPT_S);
	int64_t gone = redis_call_number(redis_store_of(store), &cmd);
	/* What went is not told by kind: some more than one kind's share is too many to be all. */
	return gone == -1 ? STORE_FAILED : gone >= STORE_PURGE ? STORE_FOUND : STORE_NONE;
}

/* --- once, and one at a time --- */

enum store_answer redis_once(struct store *store, const unsigned char *key, int64_t until)
{
	int64_t seconds = until - clock_wall_s();
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "SET");
	redis_cmd_key_hex(&cmd, "once", key);
	redis_cmd_text(&cmd, "1");
	redis_cmd_text(&cmd, "NX");
	redis_cmd_text(&cmd, "EX");
	/* Too long does no harm, and the clocks may differ. */
	redis_cmd_number(&cmd, seconds > ONCE_MIN_SECONDS ? seconds : ONCE_MIN_SECONDS);
	redisReply *reply = redis_call(redis_store_of(store), &cmd);
	enum store_answer answer = reply == NULL		       ? STORE_FAILED
				   : reply->type == REDIS_REPLY_STATUS ? STORE_NONE
								       : STORE_FOUND;
	freeReplyObject(reply);
	return answer;
}

enum store_answer redis_noted(struct store *store, const unsigned char *key)
{
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "EXISTS");
	redis_cmd_key_hex(&cmd, "once", key);
	int64_t there = redis_call_number(redis_store_of(store), &cmd);
	return there > 0 ? STORE_FOUND : there == 0 ? STORE_NONE : STORE_FAILED;
}

enum store_answer redis_lease_take(
	struct store *store, const unsigned char *key, const unsigned char *holder, int64_t ms)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_LEASE_TAKE);
	redis_cmd_key_hex(&cmd, "lease", key);
	redis_cmd_hex(&cmd, holder);
	redis_cmd_number(&cmd, ms > 1 ? ms : 1);
	return redis_call_answer(redis_store_of(store), &cmd);
}

void redis_lease_drop(struct store *store, const unsigned char *key, const unsigned char *holder)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_LEASE_DROP);
	redis_cmd_key_hex(&cmd, "lease", key);
	redis_cmd_hex(&cmd, holder);
	(void)redis_call_number(redis_store_of(store), &cmd); /* it ends by itself */
}

/* --- whose an application is (S43, S73) --- */

static void owner_cmd(struct redis_cmd *cmd, const struct store_owner *owner, int64_t now)
{
	redis_cmd_script(cmd, REDIS_OWNER);
	redis_cmd_key_hex(cmd, "owner", owner->key);
	redis_cmd_hex(cmd, owner->key);
	redis_cmd_text(cmd, owner->name);
	redis_cmd_number(cmd, owner->is_claim);
	redis_cmd_number(cmd, now);
	redis_cmd_number(cmd, (int64_t)STORE_OWNER_KEPT_S * 1000);
	redis_cmd_number(cmd, STORE_OWNERS);
}

static int take_reply(struct store_owner *owner, const redisReply *reply)
{
	if (reply == NULL || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_NIL))
		return -1;
	owner->is_settled = reply->type == REDIS_REPLY_STRING;
	/* What is no name was not written by a gateway: nobody's. */
	if (owner->is_settled && (memchr(reply->str, '\0', reply->len) ||
					 !str_copy((struct str){reply->str, reply->len},
						 owner->name, sizeof owner->name)))
		owner->name[0] = '\0';
	return 0;
}

static int ask_owners(struct redis_store *r, struct store_owner *owners, size_t count, int64_t now)
{
	struct redis_cmd *cmds = mem_alloc(count, sizeof *cmds);
	redisReply *replies[BATCH];
	int result = 0;

	for (size_t i = 0; i < count; i++)
		owner_cmd(&cmds[i], &owners[i], now);
	redis_call_many(r, cmds, count, replies);
	for (size_t i = 0; i < count; i++) {
		if (take_reply(&owners[i], replies[i]) == -1)
			result = -1;
		freeReplyObject(replies[i]);
	}
	free(cmds);
	return result;
}

int redis_owners(struct store *store, struct store_owner *owners, size_t count, int64_t now)
{
	struct redis_store *r = redis_store_of(store);
	int result = 0;

	for (size_t at = 0; at < count && r->connection; at += BATCH) {
		size_t some = count - at < BATCH ? count - at : BATCH;
		if (ask_owners(r, owners + at, some, now) == -1)
			result = -1;
	}
	return r->connection ? result : -1;
}

/* --- the audit (S77) --- */

static int add_events(struct redis_store *r, const struct store_audit *const *events, size_t count)
{
	char *texts[EVENTS_AT_ONCE];
	struct redis_cmd cmd;
	size_t len;

	redis_cmd_script(&cmd, REDIS_AUDIT_ADD);
	redis_cmd_key(&cmd, "audit");
	redis_cmd_number(&cmd, STORE_AUDIT_EVENTS);
	for (size_t i = 0; i < count; i++) {
		texts[i] = store_audit_pack(events[i], &len);
		redis_cmd_number(&cmd, store_audit_time(events[i]->id));
		redis_cmd_bytes(&cmd, texts[i], len);
	}
	int64_t added = redis_call_number(r, &cmd);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	return added == 1 ? 0 : -1;
}

int redis_audit_add(struct store *store, const struct store_audit *const *events, size_t count)
{
	struct redis_store *r = redis_store_of(store);
	int result = 0;

	for (size_t at = 0; at < count && result == 0; at += EVENTS_AT_ONCE) {
		size_t left = count - at;
		result = add_events(r, events + at, left < EVENTS_AT_ONCE ? left : EVENTS_AT_ONCE);
	}
	return result;
}

struct search { /* from the newest to the oldest */
	const struct store_audit_query *query;
	store_on_audit *on_event;
	void *arg;
	char below[STORE_AUDIT_ID], from[STORE_AUDIT_STAMP + 1];
	char *next;  /* the last one that was looked at */
	size_t skip; /* of those of below's millisecond */
	size_t count, looked_at;
};

/* False: that is the page. */
static bool look_at_event(struct search *search, char *text, size_t len)
{
	struct store_audit event;
	const char *at = event.id; /* no secret */

	if (!store_audit_unpack(text, len, &event) || strcmp(at, search->below) >= 0)
		return true;
	memcpy(search->next, at, STORE_AUDIT_ID);
	search->looked_at++;
	if (store_audit_is_wanted(search->query, &event)) {
		search->count++;
		search->on_event(search->arg, &event);
	}
	return search->count < search->query->limit && search->looked_at < STORE_AUDIT_LOOK;
}

static redisReply *read_events(struct redis_store *r, const struct search *search)
{
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "ZREVRANGEBYSCORE");
	redis_cmd_key(&cmd, "audit");
	if (search->below[0] == 'g')
		redis_cmd_text(&cmd, "+inf");
	else
		redis_cmd_number(&cmd, store_audit_time(search->below));
	redis_cmd_number(&cmd, store_audit_time(search->from));
	redis_cmd_text(&cmd, "LIMIT");
	redis_cmd_number(&cmd, (int64_t)search->skip);
	redis_cmd_number(&cmd, EVENTS_READ);
	redisReply *reply = redis_call(r, &cmd);
	if (reply && reply->type != REDIS_REPLY_ARRAY) {
		freeReplyObject(reply);
		return NULL;
	}
	return reply;
}

/* So the next read begins with this one's last event, or behind all that has its time. */
static void go_on(struct search *search)
{
	bool is_stuck = search->next[0] == '\0' ||
			memcmp(search->below, search->next, STORE_AUDIT_STAMP) == 0;

	search->skip = is_stuck ? search->skip + EVENTS_READ : 0;
	if (search->next[0])
		memcpy(search->below, search->next, STORE_AUDIT_ID);
}

/* 1: there may be more to look at; 0: not; -1: failed. */
static int search_some(struct redis_store *r, struct search *search)
{
	redisReply *reply = read_events(r, search);
	bool goes_on = true;
	size_t i;

	if (reply == NULL)
		return -1;
	for (i = 0; goes_on && i < reply->elements; i++) {
		redisReply *one = reply->element[i];
		goes_on = one->type != REDIS_REPLY_STRING ||
			  look_at_event(search, one->str, one->len);
	}
	bool is_end = goes_on && reply->elements < EVENTS_READ;
	freeReplyObject(reply);
	if (is_end)
		search->next[0] = '\0';
	else
		go_on(search);
	return goes_on && !is_end;
}

int redis_audit_list(struct store *store, const struct store_audit_query *query,
	char next[static STORE_AUDIT_ID], store_on_audit *on_event, void *arg)
{
	struct search search = {.query = query, .on_event = on_event, .arg = arg, .next = next};
	int more = 1;

	next[0] = '\0';
	store_audit_bounds(query, search.below, search.from);
	for (int round = 0; more == 1 && round < ROUNDS_MAX; round++)
		more = search_some(redis_store_of(store), &search);
	return more == -1 ? -1 : 0;
}

/* --- meta --- */

enum store_answer redis_meta_get(struct store *store, const char *key, char *out, size_t size)
{
	enum store_answer answer = STORE_FAILED;
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, "HGET");
	redis_cmd_key(&cmd, "meta");
	redis_cmd_text(&cmd, key);
	redisReply *reply = redis_call(redis_store_of(store), &cmd);
	if (reply && reply->type == REDIS_REPLY_NIL)
		answer = STORE_NONE;
	else if (reply && reply->type == REDIS_REPLY_STRING &&
		 memchr(reply->str, '\0', reply->len) == NULL &&
		 str_copy((struct str){reply->str, reply->len}, out, size))
		answer = STORE_FOUND;
	freeReplyObject(reply);
	return answer;
}

static int put_meta(struct store *store, const char *verb, const char *key, const char *value)
{
	struct redis_cmd cmd;

	redis_cmd_init(&cmd, verb);
	redis_cmd_key(&cmd, "meta");
	redis_cmd_text(&cmd, key);
	redis_cmd_text(&cmd, value);
	return redis_call_number(redis_store_of(store), &cmd) == -1 ? -1 : 0;
}

int redis_meta_set(struct store *store, const char *key, const char *value)
{
	return put_meta(store, "HSET", key, value);
}

int redis_meta_settle(
	struct store *store, const char *key, const char *value, char *out, size_t size)
{
	if (put_meta(store, "HSETNX", key, value) == -1)
		return -1;
	return redis_meta_get(store, key, out, size) == STORE_FOUND ? 0 : -1;
}
