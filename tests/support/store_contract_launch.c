/* Launches in every kind of store: nothing twice, nothing lost, no more than the quota. */
#include "tests/support/store_contract.h"

#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = STORE_WORLD_NOW };

static const struct store_launch_limits one_runs = {.running = 1}, two_run = {.running = 2},
					one_runs_two_wait = {.running = 1, .queue = 2};

static struct store *store_of(void **state)
{
	return ((struct store_world *)*state)->store;
}

/* Of the person and the quota that are all `who`, with the key that is all `key` (0: none). */
static struct store_launch launch_of(unsigned char who, unsigned char key, int64_t at)
{
	struct store_launch launch = {.issuer = "https://idp",
		.subject = "s-1",
		.person_name = "Ann",
		.user = "ann",
		.cluster = "prod",
		.profile = "small",
		.name = "my job",
		.created_at = at,
		.updated_at = at};

	store_launch_new_id(at * 1000, launch.id);
	memset(launch.person, who, DIGEST_LEN);
	memset(launch.quota, who, DIGEST_LEN);
	memset(launch.idempotency, key, DIGEST_LEN);
	memset(launch.request, 'r', DIGEST_LEN);
	launch.json.at = (unsigned char *)mem_strdup("{\"a\":1}");
	launch.json.len = strlen("{\"a\":1}");
	return launch;
}

/* Adds and gives the id; "" and a look at what it was otherwise. */
static enum store_added add(struct store *store, struct store_launch launch,
	const struct store_launch_limits *limits, char id[static STORE_LAUNCH_ID])
{
	enum store_added added = store->ops->launch_add(store, &launch, limits);

	memcpy(id, launch.id, STORE_LAUNCH_ID);
	store_launch_clear(&launch);
	return added;
}

static struct store_launch get(struct store *store, const char *id)
{
	struct store_launch launch;

	assert_int_equal(store->ops->launch_get(store, str_of(id), &launch), STORE_FOUND);
	return launch;
}

static enum launch_state state_of(struct store *store, const char *id)
{
	struct store_launch launch = get(store, id);

	store_launch_clear(&launch);
	return launch.state;
}

static enum store_answer move(
	struct store *store, const char *id, enum launch_state state, unsigned running)
{
	struct store_launch launch = get(store, id);

	launch.state = state;
	launch.ended_at = launch_state_is_live(state) ? 0 : NOW;
	enum store_answer answer = store->ops->launch_replace(store, &launch, running);
	store_launch_clear(&launch);
	return answer;
}

static void launch_is_read_as_it_was_added(void **state)
{
	struct store *store = store_of(state);
	struct store_launch want = launch_of(1, 2, NOW);

	assert_int_equal(store->ops->launch_add(store, &want, &one_runs), STORE_ADDED);
	struct store_launch got = get(store, want.id);
	assert_string_equal(got.id, want.id);
	assert_string_equal(got.issuer, want.issuer);
	assert_string_equal(got.subject, want.subject);
	assert_string_equal(got.person_name, "Ann");
	assert_string_equal(got.user, "ann");
	assert_string_equal(got.cluster, "prod");
	assert_string_equal(got.profile, "small");
	assert_string_equal(got.name, "my job");
	assert_string_equal(got.app_id, "");
	assert_memory_equal(got.quota, want.quota, DIGEST_LEN);
	assert_memory_equal(got.idempotency, want.idempotency, DIGEST_LEN);
	assert_int_equal(got.state, LAUNCH_STARTING);
	assert_int_equal(got.version, 1);
	assert_int_equal(got.created_at, NOW);
	assert_int_equal(got.json.len, want.json.len);
	assert_memory_equal(got.json.at, want.json.at, want.json.len);
	store_launch_clear(&got);
	store_launch_clear(&want);
	assert_int_equal(store->ops->launch_get(store, STR("no id"), &got), STORE_NONE);
}

static void s116_same_key_and_request_is_one_launch_and_another_request_is_refused(void **state)
{
	struct store *store = store_of(state);
	struct store_launch other = launch_of(1, 7, NOW + 2);
	char first[STORE_LAUNCH_ID], second[STORE_LAUNCH_ID];

	assert_int_equal(add(store, launch_of(1, 7, NOW), &one_runs, first), STORE_ADDED);
	assert_int_equal(
		add(store, launch_of(1, 7, NOW + 1), &one_runs, second), STORE_ADDED_BEFORE);
	assert_string_equal(first, second);
	memset(other.request, 'x', DIGEST_LEN);
	assert_int_equal(add(store, other, &two_run, second), STORE_ADDED_OTHER);
	assert_int_equal(move(store, first, LAUNCH_FINISHED, 0), STORE_FOUND);
	assert_int_equal(
		add(store, launch_of(1, 7, NOW + 3), &one_runs, second), STORE_ADDED_BEFORE);
	assert_string_equal(first, second);
}

static void s117_no_more_than_the_quota_begins(void **state)
{
	struct store *store = store_of(state);
	char first[STORE_LAUNCH_ID], id[STORE_LAUNCH_ID];

	assert_int_equal(add(store, launch_of(1, 0, NOW), &two_run, first), STORE_ADDED);
	assert_int_equal(add(store, launch_of(1, 0, NOW + 1), &two_run, id), STORE_ADDED);
	assert_int_equal(add(store, launch_of(1, 0, NOW + 2), &two_run, id), STORE_ADD_FULL);
	assert_int_equal(add(store, launch_of(2, 0, NOW + 2), &two_run, id), STORE_ADDED);
	assert_int_equal(move(store, first, LAUNCH_RUNNING, 0), STORE_FOUND);
	assert_int_equal(add(store, launch_of(1, 0, NOW + 3), &two_run, id), STORE_ADD_FULL);
	assert_int_equal(move(store, first, LAUNCH_FAILED, 0), STORE_FOUND);
	assert_int_equal(add(store, launch_of(1, 0, NOW + 4), &two_run, id), STORE_ADDED);
}

static void s117_what_waits_begins_when_there_is_room_and_is_not_overtaken(void **state)
{
	struct store *store = store_of(state);
	char first[STORE_LAUNCH_ID], second[STORE_LAUNCH_ID], third[STORE_LAUNCH_ID], id[64];

	assert_int_equal(add(store, launch_of(1, 0, NOW), &one_runs_two_wait, first), STORE_ADDED);
	assert_int_equal(
		add(store, launch_of(1, 0, NOW + 1), &one_runs_two_wait, second), STORE_ADDED);
	assert_int_equal(state_of(store, second), LAUNCH_QUEUED);
	assert_int_equal(move(store, second, LAUNCH_STARTING, 1), STORE_NONE);
	assert_int_equal(move(store, first, LAUNCH_FINISHED, 1), STORE_FOUND);
	assert_int_equal(
		add(store, launch_of(1, 0, NOW + 2), &one_runs_two_wait, third), STORE_ADDED);
	assert_int_equal(state_of(store, third), LAUNCH_QUEUED);
	assert_int_equal(
		add(store, launch_of(1, 0, NOW + 3), &one_runs_two_wait, id), STORE_ADD_FULL);
	assert_int_equal(move(store, second, LAUNCH_STARTING, 1), STORE_FOUND);
	assert_int_equal(state_of(store, second), LAUNCH_STARTING);
	assert_int_equal(move(store, third, LAUNCH_STARTING, 1), STORE_NONE);
}

static void launch_is_replaced_by_who_read_it_last_and_never_comes_back(void **state)
{
	struct store *store = store_of(state);
	char id[STORE_LAUNCH_ID];

	assert_int_equal(add(store, launch_of(1, 0, NOW), &one_runs, id), STORE_ADDED);
	struct store_launch one = get(store, id), two = get(store, id);
	one.state = LAUNCH_RUNNING;
	memcpy(one.app_id, "app-1", sizeof "app-1");
	assert_int_equal(store->ops->launch_replace(store, &one, 0), STORE_FOUND);
	assert_int_equal(one.version, 2);
	assert_int_equal(store->ops->launch_replace(store, &two, 0), STORE_NONE);
	one.state = LAUNCH_KILLED;
	one.ended_at = NOW + 1;
	assert_int_equal(store->ops->launch_replace(store, &one, 0), STORE_FOUND);
	one.state = LAUNCH_RUNNING;
	assert_int_equal(store->ops->launch_replace(store, &one, 0), STORE_NONE);
	store_launch_clear(&two);
	two = get(store, id);
	assert_int_equal(two.state, LAUNCH_KILLED);
	assert_string_equal(two.app_id, "app-1");
	assert_int_equal(two.ended_at, NOW + 1);
	store_launch_clear(&one);
	store_launch_clear(&two);
}

struct found {
	char times[32]; /* a letter of each: 'a' is NOW */
	size_t count;
	char next[STORE_LAUNCH_ID];
};

static void on_launch(void *arg, const struct store_launch *launch)
{
	struct found *found = arg;

	assert_true(found->count < sizeof found->times - 1);
	assert_int_equal(launch->json.len, 7);
	found->times[found->count++] = (char)('a' + launch->created_at - NOW);
}

static struct found look_for(struct store *store, struct store_launch_query query)
{
	struct found found = {.count = 0};

	if (query.limit == 0)
		query.limit = STORE_PAGE;
	assert_int_equal(store->ops->launch_list(store, &query, found.next, on_launch, &found), 0);
	return found;
}

static void list_is_of_a_person_and_of_states_newest_first_page_by_page(void **state)
{
	static const struct store_launch_limits many = {.running = 100};
	unsigned char one[DIGEST_LEN], nobody[DIGEST_LEN];
	struct store *store = store_of(state);
	struct store_launch_query page = {.person = one, .limit = 2};
	char id[STORE_LAUNCH_ID];

	memset(one, 1, DIGEST_LEN);
	memset(nobody, 9, DIGEST_LEN);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(
			add(store, launch_of((unsigned char)(1 + i % 2), 0, NOW + i), &many, id),
			STORE_ADDED);
		if (i == 2 || i == 3)
			assert_int_equal(move(store, id, LAUNCH_FINISHED, 0), STORE_FOUND);
	}
	assert_string_equal(
		look_for(store, (struct store_launch_query){.limit = 0}).times, "fedcba");
	assert_string_equal(
		look_for(store, (struct store_launch_query){.person = one}).times, "eca");
	assert_string_equal(
		look_for(store, (struct store_launch_query){.states = LAUNCH_LIVE}).times, "feba");
	assert_string_equal(
		look_for(store, (struct store_launch_query){.states = 1u << LAUNCH_FINISHED}).times,
		"dc");
	assert_string_equal(
		look_for(store, (struct store_launch_query){.person = nobody}).times, "");
	struct found found = look_for(store, page);
	assert_string_equal(found.times, "ec");
	memcpy(page.before, found.next, sizeof page.before);
	found = look_for(store, page);
	assert_string_equal(found.times, "a");
	assert_string_equal(found.next, "");
}

static void s118_ended_launches_are_forgotten_by_age_and_by_number(void **state)
{
	static const struct conf conf = {.session_idle_s = 1800, .audit_keep_s = 3600};
	struct store *store = store_of(state);
	char id[STORE_LAUNCH_ID], first[STORE_LAUNCH_ID] = "";
	struct store_launch launch;
	enum store_answer more = STORE_FOUND;

	for (int i = 0; i < STORE_LAUNCHES_ENDED + 2; i++) {
		assert_int_equal(add(store, launch_of(1, 0, NOW + i), &one_runs, id), STORE_ADDED);
		assert_int_equal(move(store, id, LAUNCH_FINISHED, 0), STORE_FOUND);
		if (i == 0)
			memcpy(first, id, sizeof first);
	}
	assert_int_equal(store->ops->launch_get(store, str_of(first), &launch), STORE_NONE);
	assert_int_equal(state_of(store, id), LAUNCH_FINISHED);
	for (int i = 0; more == STORE_FOUND && i < 20; i++)
		more = store->ops->purge(store, &conf, NOW + STORE_LAUNCH_KEPT_S + 1);
	assert_int_equal(more, STORE_NONE);
	assert_int_equal(store->ops->launch_get(store, str_of(id), &launch), STORE_NONE);
	assert_string_equal(look_for(store, (struct store_launch_query){.limit = 0}).times, "");
}

const struct store_contract store_contract_launches[] = {
	STORE_CONTRACT(launch_is_read_as_it_was_added),
	STORE_CONTRACT(s116_same_key_and_request_is_one_launch_and_another_request_is_refused),
	STORE_CONTRACT(s117_no_more_than_the_quota_begins),
	STORE_CONTRACT(s117_what_waits_begins_when_there_is_room_and_is_not_overtaken),
	STORE_CONTRACT(launch_is_replaced_by_who_read_it_last_and_never_comes_back),
	STORE_CONTRACT(list_is_of_a_person_and_of_states_newest_first_page_by_page),
	STORE_CONTRACT(s118_ended_launches_are_forgotten_by_age_and_by_number),
};
const size_t store_contract_launches_count = ARRAY_LEN(store_contract_launches);
