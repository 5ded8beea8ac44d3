/* The next step of a launch, by what its target says: nothing is left running, and no file. */
#include "proxy/launch/launcher_int.h"

#include "base/clock.h"
#include "tests/support/conf_probe.h"
#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <event2/event.h>

enum { HOUR = 3600 };

struct world {
	struct store_world *stores;
	struct event_base *base;
	struct conf *conf;
	struct launcher launcher;
	struct launch_place place;
	struct launch_job *job;
};

/* What the target was asked, a letter each: [s]ubmit, [f]ind, [?] status, [k]ill, [d]rop. */
static char asked[32];
static struct launch_answer says;

static void answer(char what, launch_done *done, void *arg)
{
	size_t at = strlen(asked);

	if (at + 1 < sizeof asked)
		asked[at] = what;
	done(arg, &says);
}

#define OPERATION(name, letter)                                                                    \
	static void name(struct launch_target *target, const struct launch_order *order,           \
		launch_done *done, void *arg)                                                      \
	{                                                                                          \
		(void)target, (void)order;                                                         \
		answer(letter, done, arg);                                                         \
	}
OPERATION(on_submit, 's')
OPERATION(on_find, 'f')
OPERATION(on_status, '?')
OPERATION(on_kill, 'k')
OPERATION(on_drop, 'd')

static const struct launch_target_ops ops = {.submit = on_submit,
	.find = on_find,
	.status = on_status,
	.kill = on_kill,
	.drop = on_drop};
static struct launch_target target = {&ops};

static void say(enum launch_outcome outcome, const char *handle)
{
	says = (struct launch_answer){.outcome = outcome,
		.state = LAUNCH_KILLED,
		.handle = handle,
		.place = "",
		.app_id = "",
		.reason = ""};
	memset(asked, 0, sizeof asked);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

static int set_up(void **state)
{
	struct world *w = mem_alloc(1, sizeof *w);
	void *stores;

	assert_int_equal(store_world_memory(&stores), 0);
	w->stores = stores;
	w->conf = conf_probe_load("clusters: [{name: k, masters: [http://m:8080], launch: {rest: "
				  "\"http://m:6066\", profiles: [{name: p}]}}]");
	w->base = event_base_new();
	w->place = (struct launch_place){&w->conf->clusters[0], &target};
	w->launcher = (struct launcher){
		.store = w->stores->store, .conf = w->conf, .places = &w->place, .places_count = 1};
	w->launcher.tick = event_new(w->base, -1, 0, on_tick, w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	void *stores = w->stores;

	if (w->job)
		launch_job_free(w->job);
	event_free(w->launcher.tick);
	event_base_free(w->base);
	conf_unref(w->conf);
	store_world_free(&stores);
	free(w);
	return 0;
}

/* A job of a launch that was asked for, and maybe submitted, so many seconds ago. */
static struct launch_job *add(struct world *w, const char *file, int64_t age_s, bool is_in_doubt)
{
	static const struct store_launch_limits limits = {5, 0};
	struct launch_job *job = mem_alloc(1, sizeof *job);
	int64_t then = clock_wall_s() - age_s;
	struct launch_order order = {.resource = mem_strdup("local:///opt/sparkgate/etl.py"),
		.file = mem_strdup(file),
		.submitted_at = is_in_doubt ? then : 0,
		.is_in_doubt = is_in_doubt};
	struct store_launch *record = &job->record;

	*record = (struct store_launch){.subject = "s",
		.issuer = "i",
		.user = "ann",
		.cluster = "k",
		.profile = "p",
		.name = "etl",
		.created_at = then,
		.updated_at = then};
	store_launch_new_id(then * 1000, record->id);
	assert_true(launch_order_write(&order, record));
	launch_order_clear(&order);
	assert_int_equal(
		w->stores->store->ops->launch_add(w->stores->store, record, &limits), STORE_ADDED);
	assert_true(launch_order_read(record, &job->order));
	job->launcher = &w->launcher;
	w->job = job;
	return job;
}

/* What the store has. */
static enum launch_state state_of(struct world *w, bool *is_to_be_killed)
{
	struct store_launch launch;
	struct launch_order order;

	assert_int_equal(w->stores->store->ops->launch_get(
				 w->stores->store, str_of(w->job->record.id), &launch),
		STORE_FOUND);
	assert_true(launch_order_read(&launch, &order));
	enum launch_state state = launch.state;
	*is_to_be_killed = order.kill_asked_at != 0;
	launch_order_clear(&order);
	store_launch_clear(&launch);
	return state;
}

static void s122_launch_in_doubt_is_ended_when_it_is_found_however_late(void **state)
{
	struct world *w = *state;
	struct launch_job *job = add(w, NULL, 2 * HOUR, true);
	bool is_to_be_killed;

	say(LAUNCH_UNSURE, "");
	launch_step(job);
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_STARTING);
	assert_true(is_to_be_killed);
	launch_step(job);
	assert_string_equal(asked, "ff");
	say(LAUNCH_SAID, "driver-1"); /* it runs, after all */
	launch_step(job);
	launch_step(job);
	launch_step(job);
	assert_string_equal(asked, "fk?");
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_KILLED);
}

static void s122_launch_in_doubt_that_never_arrived_is_not_sent_again_once_it_is_given_up(
	void **state)
{
	struct world *w = *state;
	struct launch_job *job = add(w, NULL, 2 * HOUR, true);
	bool is_to_be_killed;

	say(LAUNCH_UNSURE, "");
	launch_step(job);
	say(LAUNCH_SAID, "");
	launch_step(job);
	launch_step(job);
	assert_string_equal(asked, "f");
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_KILLED);
}

static void s122_launch_in_doubt_for_less_than_an_hour_goes_on_and_after_a_day_has_failed(
	void **state)
{
	struct world *w = *state;
	struct launch_job *job = add(w, NULL, HOUR / 2, true);
	bool is_to_be_killed;

	say(LAUNCH_UNSURE, "");
	launch_step(job);
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_STARTING);
	assert_false(is_to_be_killed);
	launch_job_free(job);
	job = add(w, NULL, 25 * HOUR, true);
	launch_step(job);
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_FAILED);
}

static void s171_launch_whose_file_never_came_fails_and_what_came_of_it_goes_first(void **state)
{
	struct world *w = *state;
	struct launch_job *job = add(w, "etl.py", 10, false);
	bool is_to_be_killed;

	say(LAUNCH_SAID, "");
	launch_step(job);
	assert_string_equal(asked, ""); /* its gateway may still bring it */
	launch_job_free(job);
	job = add(w, "etl.py", 120, false);
	say(LAUNCH_UNSURE, "");
	launch_step(job);
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_STARTING);
	say(LAUNCH_SAID, "");
	launch_step(job);
	assert_string_equal(asked, "d");
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_FAILED);
	assert_non_null(strstr(job->order.reason, "did not come with it"));
}

static void s171_file_goes_before_its_launch_has_ended(void **state)
{
	struct world *w = *state;
	struct launch_job *job = add(w, "etl.py", 10, false);
	bool is_to_be_killed;

	job->order.file_state = LAUNCH_FILE_THERE;
	(void)str_copy(STR("etl-1"), job->order.handle, sizeof job->order.handle);
	say(LAUNCH_SAID, "");
	launch_step(job);
	assert_string_equal(asked, "?d");
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_STARTING);
	launch_step(job);
	assert_string_equal(asked, "?d?");
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_KILLED);
}

static void s171_file_that_may_not_be_deleted_keeps_no_launch_alive(void **state)
{
	struct world *w = *state;
	struct launch_job *job = add(w, "etl.py", 120, false);
	bool is_to_be_killed;

	say(LAUNCH_NOT_NOW, "");
	launch_step(job);
	assert_string_equal(asked, "d");
	assert_int_equal(state_of(w, &is_to_be_killed), LAUNCH_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			s122_launch_in_doubt_is_ended_when_it_is_found_however_late, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			s122_launch_in_doubt_that_never_arrived_is_not_sent_again_once_it_is_given_up,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			s122_launch_in_doubt_for_less_than_an_hour_goes_on_and_after_a_day_has_failed,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			s171_launch_whose_file_never_came_fails_and_what_came_of_it_goes_first,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			s171_file_goes_before_its_launch_has_ended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			s171_file_that_may_not_be_deleted_keeps_no_launch_alive, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
