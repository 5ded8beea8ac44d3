/* Events of the audit (S77), and sessions page by page (S78), in every kind of store. */
#include "tests/support/store_contract.h"

#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = STORE_WORLD_NOW };
#define NOW_MS ((int64_t)NOW * 1000)

static struct store *store_of(void **state)
{
	return ((struct store_world *)*state)->store;
}

/* --- events --- */

static struct store_audit event_of(int64_t ms, const char *user, const char *action)
{
	struct store_audit event = {.user = user,
		.action = action,
		.app_id = "",
		.app_name = "",
		.fields = "{\"decision\":\"allow\"}"};

	store_audit_new_id(ms, event.id);
	return event;
}

static void add(struct store *store, struct store_audit event)
{
	const struct store_audit *one = &event;

	assert_int_equal(store->ops->audit_add(store, &one, 1), 0);
}

struct found {
	char users[64]; /* one letter of each, newest first */
	char last[STORE_AUDIT_ID], fields[64];
	size_t count;
};

static void on_event(void *arg, const struct store_audit *event)
{
	struct found *found = arg;

	if (found->count < sizeof found->users - 1)
		found->users[found->count] = event->user[0];
	found->count++;
	memcpy(found->last, event->id, STORE_AUDIT_ID);
	snprintf(found->fields, sizeof found->fields, "%s", event->fields);
}

static struct found look_for(struct store *store, struct store_audit_query query)
{
	struct found found = {.count = 0};
	char next[STORE_AUDIT_ID];

	if (query.limit == 0)
		query.limit = 100;
	assert_int_equal(store->ops->audit_list(store, &query, next, on_event, &found), 0);
	return found;
}

/* Ann kills, Bob and Cy download an application each, Dee makes a token. */
static void add_some(struct store *store)
{
	struct store_audit events[] = {event_of(NOW_MS, "ann", "kill"),
		event_of(NOW_MS + 1000, "bob", "download"),
		event_of(NOW_MS + 2000, "cy", "download"),
		event_of(NOW_MS + 3000, "dee", "tokens")};

	events[0].app_id = events[1].app_id = "app-1";
	events[0].app_name = "etl";
	events[2].app_id = "app-2";
	events[2].app_name = "etl";
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		add(store, events[i]);
}

static void s77_events_are_found_by_person_action_application_and_time(void **state)
{
	const struct {
		struct store_audit_query query;
		const char *users;
	} rows[] = {
		{{.user = NULL}, "dcba"},
		{{.user = "bob"}, "b"},
		{{.user = "bo"}, ""},
		{{.action = "download"}, "cb"},
		{{.app = "app-1"}, "ba"},
		{{.app = "etl"}, "ca"},
		{{.app = "etl", .action = "kill"}, "a"},
		{{.user = "ann", .action = "download"}, ""},
		{{.user = "ann", .app = "app-1"}, "a"},
		{{.from_ms = NOW_MS + 1000}, "dcb"},
		{{.until_ms = NOW_MS + 2000}, "ba"},
		{{.from_ms = NOW_MS + 1, .until_ms = NOW_MS + 2001, .action = "download"}, "cb"},
	};
	struct store *store = store_of(state);

	add_some(store);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(look_for(store, rows[i].query).users, rows[i].users);
}

static void s77_events_are_given_as_they_came_and_twice_is_once(void **state)
{
	struct store_audit event = event_of(NOW_MS, "ann", "kill");
	struct store *store = store_of(state);

	event.fields = "{\"path\":\"/a \\u0022b\\n\"}";
	add(store, event);
	add(store, event);
	struct found found = look_for(store, (struct store_audit_query){.user = NULL});
	assert_int_equal(found.count, 1);
	assert_string_equal(found.last, event.id);
	assert_string_equal(found.fields, event.fields);
	assert_true(store_audit_time(event.id) == NOW_MS);
}

/* Walks from page to page; gives how many there were in all. */
static size_t walk(struct store *store, struct store_audit_query query)
{
	struct found found = {.count = 0};
	char next[STORE_AUDIT_ID], before[STORE_AUDIT_ID] = "";

	do {
		size_t was = found.count;
		assert_int_equal(store->ops->audit_list(store, &query, next, on_event, &found), 0);
		assert_true(found.count - was <= query.limit);
		assert_true(before[0] == '\0' || next[0] == '\0' || strcmp(next, before) < 0);
		memcpy(before, next, sizeof before);
		memcpy(query.before, next, sizeof next);
	} while (next[0]);
	return found.count;
}

static void s77_pages_have_each_event_once_also_of_one_instant(void **state)
{
	struct store *store = store_of(state);
	struct store_audit *events = mem_alloc(1500, sizeof *events);
	const struct store_audit **all = mem_alloc(1500, sizeof *all);

	for (size_t i = 0; i < 1500; i++) {
		events[i] = event_of(
			NOW_MS + (i < 1200 ? 0 : (int64_t)i), i % 2 ? "ann" : "bob", "kill");
		all[i] = &events[i];
	}
	assert_int_equal(store->ops->audit_add(store, all, 1500), 0);
	assert_int_equal(walk(store, (struct store_audit_query){.limit = 7}), 1500);
	assert_int_equal(walk(store, (struct store_audit_query){.limit = 1000}), 1500);
	assert_int_equal(walk(store, (struct store_audit_query){.limit = 100, .user = "ann"}), 750);
	free(events);
	free(all);
}

static void s77_old_events_are_forgotten(void **state)
{
	struct store *store = store_of(state);
	const struct conf conf = {.session_idle_s = 1800, .audit_keep_s = 3600};

	add_some(store);
	assert_int_equal(store->ops->purge(store, &conf, NOW + 3600), STORE_NONE);
	assert_string_equal(
		look_for(store, (struct store_audit_query){.user = NULL}).users, "dcba");
	assert_int_equal(store->ops->purge(store, &conf, NOW + 3602), STORE_NONE);
	assert_string_equal(look_for(store, (struct store_audit_query){.user = NULL}).users, "dc");
}

/* --- sessions --- */

static void on_session(void *arg, const struct store_session *session)
{
	struct found *found = arg;

	assert_null(session->sealed.at);
	found->users[found->count++] = (char)session->key[0];
}

static void s78_sessions_are_given_page_by_page_newest_first(void **state)
{
	struct store *store = store_of(state);
	struct store_session_query query = {.now = NOW, .limit = 2};
	struct found found = {.count = 0};
	const char marks[] = "abcde";

	for (size_t i = 0; marks[i]; i++) {
		struct store_opening opening = store_world_session((unsigned char)marks[i]);
		opening.session.created_at = NOW - (i < 3 ? 10 : 5); /* c, b, a of one second */
		assert_int_equal(store->ops->session_open(store, &opening), STORE_FOUND);
	}
	assert_int_equal(store->ops->session_page(store, &query, on_session, &found), 1);
	query.before_at = NOW - 5;
	memset(query.before_key, 'd', DIGEST_LEN);
	assert_int_equal(store->ops->session_page(store, &query, on_session, &found), 1);
	query.before_at = NOW - 10;
	memset(query.before_key, 'b', DIGEST_LEN);
	assert_int_equal(store->ops->session_page(store, &query, on_session, &found), 0);
	assert_string_equal(found.users, "edcba");
	query = (struct store_session_query){.now = NOW + 100, .limit = 100};
	assert_int_equal(store->ops->session_page(store, &query, on_session, &found), 0);
	assert_string_equal(found.users, "edcba"); /* they are over then */
}

static void s78_a_session_is_found_by_the_beginning_of_its_key_only(void **state)
{
	struct store *store = store_of(state);
	unsigned char prefix[STORE_KEY_PREFIX], key[DIGEST_LEN] = {0}, want[DIGEST_LEN];

	for (unsigned char mark = 'k'; mark <= 'm'; mark++)
		assert_int_equal(store_world_open(store, mark), STORE_FOUND);
	memset(prefix, 'l', sizeof prefix);
	memset(want, 'l', sizeof want);
	assert_int_equal(store->ops->session_find(store, prefix, key), STORE_FOUND);
	assert_memory_equal(key, want, DIGEST_LEN);
	prefix[STORE_KEY_PREFIX - 1]++;
	assert_int_equal(store->ops->session_find(store, prefix, key), STORE_NONE);
	memset(prefix, 0xff, sizeof prefix);
	assert_int_equal(store->ops->session_find(store, prefix, key), STORE_NONE);
}

const struct store_contract store_contract_audit[] = {
	STORE_CONTRACT(s77_events_are_found_by_person_action_application_and_time),
	STORE_CONTRACT(s77_events_are_given_as_they_came_and_twice_is_once),
	STORE_CONTRACT(s77_pages_have_each_event_once_also_of_one_instant),
	STORE_CONTRACT(s77_old_events_are_forgotten),
	STORE_CONTRACT(s78_sessions_are_given_page_by_page_newest_first),
	STORE_CONTRACT(s78_a_session_is_found_by_the_beginning_of_its_key_only),
};
const size_t store_contract_audit_count = ARRAY_LEN(store_contract_audit);
