/* Launches in Redis: added and replaced by scripts, and listed. */
#include "auth/backends/redis/store_redis_call.h"
#include "auth/backends/redis/store_redis_ops.h"
#include "auth/backends/redis/store_redis_record.h"
#include "auth/store/store_fields.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { PAGE = STORE_PAGE };

static void add_optional(struct redis_cmd *cmd, const unsigned char *digest)
{
	if (store_has_sid(digest))
		redis_cmd_hex(cmd, digest);
	else
		redis_cmd_text(cmd, "");
}

static void add_cmd(struct redis_cmd *cmd, const struct store_launch *launch,
	const struct store_launch_limits *limits)
{
	redis_cmd_script(cmd, REDIS_LAUNCH_ADD);
	redis_cmd_key_str(cmd, "launch", str_of(launch->id));
	redis_cmd_text(cmd, launch->id);
	redis_cmd_hex(cmd, launch->person);
	redis_cmd_hex(cmd, launch->quota);
	add_optional(cmd, launch->idempotency);
	redis_cmd_hex(cmd, launch->request);
	redis_cmd_number(cmd, limits->running);
	redis_cmd_number(cmd, limits->queue);
	redis_cmd_number(cmd, STORE_LAUNCHES_LIVE);
	redis_cmd_number(cmd, STORE_LAUNCHES_ENDED);
	redis_cmd_launch_fields(cmd, launch);
}

static enum store_added take_before(struct store *store, struct str id, struct store_launch *launch)
{
	struct store_launch old;

	if (redis_launch_get(store, id, &old) != STORE_FOUND)
		return STORE_ADD_FAILED;
	store_launch_clear(launch);
	*launch = old;
	return STORE_ADDED_BEFORE;
}

enum store_added redis_launch_add(
	struct store *store, struct store_launch *launch, const struct store_launch_limits *limits)
{
	enum store_added added = STORE_ADD_FAILED;
	struct redis_cmd cmd;

	launch->version = 1;
	add_cmd(&cmd, launch, limits);
	redisReply *reply = redis_call(redis_store_of(store), &cmd);
	struct str said = reply && reply->type == REDIS_REPLY_STRING
				  ? (struct str){reply->str, reply->len}
				  : (struct str){NULL, 0};
	if (str_eq(said, STR("f")))
		added = STORE_ADD_FULL;
	else if (str_eq(said, STR("o")))
		added = STORE_ADDED_OTHER;
	else if (str_starts(said, STR("b")))
		added = take_before(store, str_from(said, 1), launch);
	else if (said.len && launch_state_parse(said, &launch->state))
		added = STORE_ADDED;
	freeReplyObject(reply);
	return added;
}

enum store_answer redis_launch_get(struct store *store, struct str id, struct store_launch *out)
{
	struct redis_store *r = redis_store_of(store);
	struct redis_cmd cmd;

	if (!store_launch_is_id(id))
		return STORE_NONE;
	redis_cmd_launch_get(&cmd, id);
	redisReply *reply = redis_ask(r, &cmd);
	enum store_answer answer = redis_record_launch(r->servers, reply, id, out);
	freeReplyObject(reply);
	return answer;
}

enum store_answer redis_launch_replace(
	struct store *store, struct store_launch *launch, unsigned running)
{
	struct redis_cmd cmd;

	redis_cmd_script(&cmd, REDIS_LAUNCH_REPLACE);
	redis_cmd_key_str(&cmd, "launch", str_of(launch->id));
	redis_cmd_text(&cmd, launch->id);
	redis_cmd_number(&cmd, launch->version);
	redis_cmd_text(&cmd, launch_state_name(launch->state));
	redis_cmd_number(&cmd, launch->ended_at);
	redis_cmd_number(&cmd, running);
	redis_cmd_launch_changed(&cmd, launch);
	enum store_answer answer = redis_call_answer(redis_store_of(store), &cmd);
	launch->version += answer == STORE_FOUND;
	return answer;
}

/* --- lists --- */

struct search { /* from the newest to the oldest */
	struct redis_store *redis;
	const struct store_launch_query *query;
	store_on_launch *on_launch;
	void *arg;
	char below[STORE_LAUNCH_ID + 1]; /* "(<id>" or "+" */
	char *next;
	size_t count, looked_at;
};

static void ids_cmd(struct redis_cmd *cmd, const struct search *search)
{
	unsigned states = search->query->states;

	redis_cmd_init(cmd, "ZREVRANGEBYLEX");
	if (search->query->person)
		redis_cmd_key_hex(cmd, "launches:of", search->query->person);
	else
		redis_cmd_key(cmd, states && (states & ~(unsigned)LAUNCH_LIVE) == 0
					   ? "launches:live"
					   : "launches");
	redis_cmd_text(cmd, search->below);
	redis_cmd_text(cmd, "-");
	redis_cmd_text(cmd, "LIMIT");
	redis_cmd_number(cmd, 0);
	redis_cmd_number(cmd, PAGE);
}

/* False: that is the page. */
static bool look_at_launch(struct search *search, const redisReply *reply, struct str id)
{
	struct store_launch launch;

	if (search->count >= search->query->limit)
		return false;
	(void)str_copy(id, search->next, STORE_LAUNCH_ID);
	search->looked_at++;
	/* What died since, or is not to be trusted, is left out. */
	if (redis_record_launch(search->redis->servers, reply, id, &launch) != STORE_FOUND)
		return true;
	if (store_launch_is_wanted(search->query, &launch)) {
		search->count++;
		search->on_launch(search->arg, &launch);
	}
	store_launch_clear(&launch);
	return true;
}

/* Reads what `ids` name and looks at it. -1: failed; 0: that is the page; 1: there may be more. */
static int look_at_page(struct search *search, const redisReply *ids)
{
	struct redis_cmd *cmds = mem_alloc(PAGE, sizeof *cmds);
	redisReply *replies[PAGE];
	struct str names[PAGE];
	size_t count = 0;
	bool goes_on = true;

	for (size_t i = 0; i < ids->elements && count < PAGE; i++) {
		names[count] = (struct str){ids->element[i]->str, ids->element[i]->len};
		if (ids->element[i]->type == REDIS_REPLY_STRING && store_launch_is_id(names[count]))
			redis_cmd_launch_get(&cmds[count], names[count]), count++;
	}
	bool is_good = redis_call_many(search->redis, cmds, count, replies);
	for (size_t i = 0; i < count; i++) {
		goes_on = goes_on && look_at_launch(search, replies[i], names[i]);
		freeReplyObject(replies[i]);
	}
	free(cmds);
	if (!is_good && search->redis->connection == NULL)
		return -1;
	return goes_on;
}

/* The same of the next PAGE. */
static int search_some(struct search *search)
{
	struct redis_cmd cmd;

	ids_cmd(&cmd, search);
	redisReply *ids = redis_call(search->redis, &cmd);
	bool is_list = ids && ids->type == REDIS_REPLY_ARRAY;
	int more = is_list ? look_at_page(search, ids) : -1;
	if (more == 1 && ids->elements < PAGE) { /* there are no older ones */
		search->next[0] = '\0';
		more = 0;
	} else if (more == 1) {
		search->below[0] = '(';
		memcpy(search->below + 1, search->next, STORE_LAUNCH_ID);
	}
	freeReplyObject(ids);
	return more;
}

int redis_launch_list(struct store *store, const struct store_launch_query *query,
	char next[static STORE_LAUNCH_ID], store_on_launch *on_launch, void *arg)
{
	struct search search = {.redis = redis_store_of(store),
		.query = query,
		.on_launch = on_launch,
		.arg = arg,
		.below = "+",
		.next = next};
	int more = 1;

	next[0] = '\0';
	if (query->before[0]) {
		search.below[0] = '(';
		memcpy(search.below + 1, query->before, STORE_LAUNCH_ID);
	}
	while (more == 1 && search.looked_at < STORE_LAUNCH_LOOK)
		more = search_some(&search);
	return more == -1 ? -1 : 0;
}
