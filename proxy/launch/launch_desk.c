/*
 * What people ask of launches, answered on the keeper: the same rules for the API of both listeners
 * and for pages.
 *
 * Everybody sees their own. Others' are for who may end that application; to everybody else they
 * are not there (S115).
 */
#include "proxy/launch/launcher_int.h"

#include "auth/policy/access.h"
#include "base/clock.h"
#include "base/text/json_text.h"
#include "proxy/launch/rules/launch_request.h"

#include <stdio.h>
#include <stdlib.h>

/* --- whose --- */

static bool is_own(const struct launcher *launcher, const struct launch_question *question,
	const struct store_launch *launch)
{
	const struct launch_asker asker = launch_desk_asker(launcher, question);

	return launch_person_owns(&asker, launch);
}

/* --- looked at --- */

static void show_one(struct launcher *launcher, struct launch_question *question)
{
	struct store_launch launch;
	struct launch_order order;

	if (!launch_desk_get(launcher, question, &launch, &order))
		return;
	question->json = launch_json(&launch, &order, launcher->conf);
	launch_desk_drop(&launch, &order);
}

struct listing {
	struct launcher *launcher;
	struct launch_question *question;
	json_t *list;
};

static void on_listed(void *arg, const struct store_launch *launch)
{
	struct listing *listing = arg;
	struct launch_order order;

	if (!launch_desk_sees(listing->launcher, listing->question, launch) ||
		!launch_order_read(launch, &order))
		return;
	json_array_append_new(listing->list, launch_json(launch, &order, listing->launcher->conf));
	launch_order_clear(&order);
}

static void list(struct launcher *launcher, struct launch_question *question)
{
	struct listing listing = {launcher, question, json_array()};
	struct store_launch_query query = {.states = question->states, .limit = question->limit};
	const struct launch_asker asker = launch_desk_asker(launcher, question);
	unsigned char person[DIGEST_LEN];
	char next[STORE_LAUNCH_ID];

	launch_person_digest(&asker, person);
	query.person = question->is_of_all ? NULL : person;
	memcpy(query.before, question->before, sizeof query.before);
	if (launcher->store->ops->launch_list(launcher->store, &query, next, on_listed, &listing) ==
		-1) {
		json_decref(listing.list);
		launch_desk_refuse(question, FAULT_STORE_DOWN, "");
		return;
	}
	question->json = json_pack(
		"{s:o, s:s?}", "applications", listing.list, "next_cursor", next[0] ? next : NULL);
}

static void profiles(struct launcher *launcher, struct launch_question *question)
{
	const struct launch_asker asker = launch_desk_asker(launcher, question);

	question->json = launch_profiles_json(&asker);
}

/* --- ended --- */

static enum store_answer mark_killed(struct launcher *launcher, struct launch_question *question,
	struct store_launch *launch, struct launch_order *order)
{
	if (!launch_state_is_live(launch->state) || order->kill_asked_at)
		return STORE_FOUND;
	order->kill_asked_at = launch->updated_at = clock_wall_s();
	free(order->kill_by);
	order->kill_by = mem_strdup(question->who->subject);
	launch_order_note(order, order->kill_asked_at, "%s wants it ended",
		is_own(launcher, question, launch) ? launch->user : question->who->subject);
	if (!launch_order_write(order, launch))
		return STORE_FAILED;
	return launcher->store->ops->launch_replace(launcher->store, launch, 0);
}

/* The launcher may have changed the record meanwhile. */
static void kill_one(struct launcher *launcher, struct launch_question *question)
{
	enum store_answer answer = STORE_NONE;
	struct store_launch launch;
	struct launch_order order;

	for (int i = 0; i < 8 && answer == STORE_NONE; i++) {
		if (!launch_desk_get(launcher, question, &launch, &order))
			return;
		bool was_asked = order.kill_asked_at != 0;
		answer = mark_killed(launcher, question, &launch, &order);
		if (answer == STORE_FOUND && !was_asked && launch_state_is_live(launch.state))
			launch_desk_audit(question, &launch, "kill", "");
		if (answer == STORE_FOUND)
			question->json = launch_json(&launch, &order, launcher->conf);
		launch_desk_drop(&launch, &order);
	}
	if (answer != STORE_FOUND)
		launch_desk_refuse(question, FAULT_STORE_DOWN, "");
	launcher_soon(launcher);
}

/* --- logs and events: the target may know more --- */

void launch_desk_leave(struct launcher *launcher)
{
	while (!LIST_EMPTY(&launcher->waiting)) {
		struct desk_errand *errand = LIST_FIRST(&launcher->waiting);

		launch_desk_refuse(errand->question, FAULT_STORE_DOWN, "");
		launch_desk_end(errand);
	}
}

static void finish_log(void *arg, struct launch_log *log)
{
	struct desk_errand *errand = arg;
	struct launch_question *question = errand->question;

	question->log = *log;
	question->log.is_running = launch_state_is_live(errand->launch.state);
	if (log->kind == LAUNCH_LOG_NONE)
		launch_desk_refuse(question, FAULT_NOT_FOUND, log->reason);
	launch_desk_end(errand);
}

/* False: answered already. */
static bool open_log(struct launcher *launcher, struct launch_question *question)
{
	struct desk_errand *errand = launch_desk_errand(launcher, question);
	const struct launch_log_wish wish = {
		question->container, question->stream, question->since};
	const struct launch_place *place;

	if (!launch_desk_get(launcher, question, &errand->launch, &errand->order)) {
		free(errand);
		return false;
	}
	place = launcher_place(launcher, errand->launch.cluster);
	if (place == NULL || errand->order.handle[0] == '\0') {
		launch_desk_refuse(question, FAULT_NOT_FOUND,
			place ? "It has not been submitted yet: there is no log."
			      : "Its cluster is not in the configuration any more.");
		launch_desk_drop(&errand->launch, &errand->order);
		free(errand);
		return false;
	}
	launch_desk_wait(errand);
	place->target->ops->logs(place->target, &errand->order, &wish, finish_log, errand);
	return true;
}

static void finish_events(void *arg, const struct launch_answer *answer)
{
	struct desk_errand *errand = arg;
	struct launch_question *question = errand->question;
	json_t *list = launch_events_json(&errand->order);

	if (answer && answer->outcome == LAUNCH_SAID)
		json_array_extend(list, answer->events);
	question->json = json_pack("{s:o}", "events", list);
	launch_desk_end(errand);
}

static bool open_events(struct launcher *launcher, struct launch_question *question)
{
	struct desk_errand *errand = launch_desk_errand(launcher, question);

	if (!launch_desk_get(launcher, question, &errand->launch, &errand->order)) {
		free(errand);
		return false;
	}
	const struct launch_place *place = launcher_place(launcher, errand->launch.cluster);
	launch_desk_wait(errand);
	if (place && place->target->ops->events && errand->order.handle[0])
		place->target->ops->events(place->target, &errand->order, finish_events, errand);
	else
		finish_events(errand, NULL);
	return true;
}

/* --- the table --- */

/* Whether they may launch anywhere at all. */
static bool has_right(struct launch_question *question)
{
	if (access_anywhere(question->who) & 1u << ACTION_LAUNCH)
		return true;
	launch_desk_refuse(question, FAULT_FORBIDDEN,
		"this needs the right \"launch\"; a limited token names it, too");
	return false;
}

void launcher_answer(struct launcher *launcher, struct launch_question *question)
{
	static void (*const at_once[])(struct launcher *, struct launch_question *) = {
		[LAUNCH_ASK_PROFILES] = profiles,
		[LAUNCH_ASK_CREATE] = launch_create,
		[LAUNCH_ASK_JUDGE] = launch_create,
		[LAUNCH_ASK_LIST] = list,
		[LAUNCH_ASK_SHOW] = show_one,
		[LAUNCH_ASK_KILL] = kill_one,
		[LAUNCH_ASK_RESTART] = launch_restart,
		[LAUNCH_ASK_LOG] = NULL,
		[LAUNCH_ASK_EVENTS] = NULL};

	if (!has_right(question)) {
		launch_question_give_back(question);
	} else if (at_once[question->wish]) {
		at_once[question->wish](launcher, question);
		if (!question->is_with_target)
			launch_question_give_back(question);
	} else if (!(question->wish == LAUNCH_ASK_LOG ? open_log(launcher, question)
						      : open_events(launcher, question))) {
		launch_question_give_back(question);
	}
}
