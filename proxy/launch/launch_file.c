/*
 * A small file that travels with a launch: from its request to where its pods read it.
 *
 * The record comes first, and the file is in no record: it is brought there while its request
 * waits, and taken away before the record ends. So whoever dies in between leaves no file behind,
 * and a launch whose file never came fails (S171).
 */
#include "proxy/launch/launcher_int.h"

#include "base/clock.h"

#include <stdio.h>

enum {
	CARRIED_AT_ONCE = 16, /* of up to 1.4 MiB each */
	FILE_S = 60,	      /* of a request whose gateway is gone */
	TRIES = 8,
};

bool launch_file_has_room(const struct launcher *launcher)
{
	return launcher->carrying < CARRIED_AT_ONCE;
}

bool launch_file_comes(const struct store_launch *launch, const struct launch_order *order)
{
	return order->file && order->file_state == LAUNCH_FILE_COMES && order->kill_asked_at == 0 &&
	       launch_state_is_live(launch->state);
}

/* --- brought --- */

/* The launcher may have changed the record meanwhile. */
static bool read_again(struct desk_errand *errand)
{
	struct store *store = errand->launcher->store;
	char id[STORE_LAUNCH_ID];

	memcpy(id, errand->launch.id, sizeof id);
	launch_desk_drop(&errand->launch, &errand->order);
	return store->ops->launch_get(store, str_of(id), &errand->launch) == STORE_FOUND &&
	       launch_order_read(&errand->launch, &errand->order);
}

static void note(struct launch_order *order, const struct launch_answer *answer)
{
	bool is_there = answer->outcome == LAUNCH_SAID;

	order->file_state = is_there ? LAUNCH_FILE_THERE : LAUNCH_FILE_REFUSED;
	if (!is_there)
		snprintf(order->reason, sizeof order->reason, "%.*s",
			(int)str_fit_chars(str_of(answer->reason), LAUNCH_REASON - 1),
			answer->reason);
}

static bool save(struct desk_errand *errand, const struct launch_answer *answer)
{
	struct store *store = errand->launcher->store;
	enum store_answer saved = STORE_NONE;

	for (int i = 0; i < TRIES && saved == STORE_NONE; i++) {
		if (!read_again(errand))
			return false;
		if (!launch_file_comes(&errand->launch, &errand->order))
			return true;
		note(&errand->order, answer);
		errand->launch.updated_at = clock_wall_s();
		if (!launch_order_write(&errand->order, &errand->launch))
			return false;
		saved = store->ops->launch_replace(store, &errand->launch, 0);
	}
	return saved == STORE_FOUND;
}

static void on_carried(void *arg, const struct launch_answer *answer)
{
	struct desk_errand *errand = arg;
	struct launcher *launcher = errand->launcher;

	if (save(errand, answer))
		errand->question->json =
			launch_json(&errand->launch, &errand->order, launcher->conf);
	else
		launch_desk_refuse(errand->question, FAULT_STORE_DOWN, "");
	launch_desk_end(errand);
	launcher_soon(launcher);
}

void launch_file_carry(struct desk_errand *errand, struct launch_target *target)
{
	struct launch_question *question = errand->question;

	errand->is_carrying = true;
	errand->launcher->carrying++;
	question->is_with_target = true;
	launch_desk_wait(errand);
	target->ops->carry(
		target, &errand->order, json_string_value(question->file), on_carried, errand);
}

/* --- waited for --- */

enum launch_file_wait launch_file_look(
	const struct launch_order *order, char why[static LAUNCH_REASON])
{
	if (order->file == NULL || order->file_state == LAUNCH_FILE_THERE || order->kill_asked_at)
		return LAUNCH_FILE_READY;
	if (order->file_state == LAUNCH_FILE_COMES && clock_wall_s() - order->created_at < FILE_S)
		return LAUNCH_FILE_WAITS;
	if (order->file_state == LAUNCH_FILE_COMES)
		snprintf(why, LAUNCH_REASON, "its file did not come with it: launch it again");
	else
		snprintf(why, LAUNCH_REASON, "its file was not taken: %.*s",
			(int)str_fit_chars(str_of(order->reason), LAUNCH_REASON - 32),
			order->reason);
	return LAUNCH_FILE_GONE;
}
