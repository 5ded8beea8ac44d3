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

static void refuse(struct launch_question *question, enum fault fault, const char *reason)
{
	question->fault = fault;
	snprintf(question->reason, sizeof question->reason, "%s", reason);
}

static void tell_audit(const struct launch_question *question, const struct store_launch *launch,
	const char *decision, const char *reason)
{
	launch_audit(&(struct launch_told){.who = question->who,
		.launch = launch,
		.decision = decision,
		.reason = reason,
		.client = question->client,
		.request_id = question->request_id});
}

static struct launch_asker asker_of(
	const struct launcher *launcher, const struct launch_question *question)
{
	return (struct launch_asker){question->who, launcher->conf, launcher->own_issuer};
}

/* --- whose --- */

static bool is_own(const struct launcher *launcher, const struct launch_question *question,
	const struct store_launch *launch)
{
	const struct launch_asker asker = asker_of(launcher, question);

	return launch_person_owns(&asker, launch);
}

static bool may_see(const struct launcher *launcher, const struct launch_question *question,
	const struct store_launch *launch)
{
	const struct launch_asker asker = asker_of(launcher, question);

	return launch_person_sees(&asker, launch);
}

/* False: it is not there, or not for them to know; refused. */
static bool get(struct launcher *launcher, struct launch_question *question,
	struct store_launch *launch, struct launch_order *order)
{
	enum store_answer answer =
		launcher->store->ops->launch_get(launcher->store, str_of(question->id), launch);

	if (answer == STORE_FOUND && may_see(launcher, question, launch) &&
		launch_order_read(launch, order))
		return true;
	if (answer == STORE_FOUND)
		store_launch_clear(launch);
	refuse(question, answer == STORE_FAILED ? FAULT_STORE_DOWN : FAULT_NOT_FOUND,
		answer == STORE_FAILED ? "" : "There is no such launch.");
	return false;
}

static void drop(struct store_launch *launch, struct launch_order *order)
{
	launch_order_clear(order);
	store_launch_clear(launch);
}

/* --- created --- */

static void digest_key(
	const struct store_launch *record, const char *key, unsigned char out[static DIGEST_LEN])
{
	const struct str parts[] = {{(const char *)record->person, DIGEST_LEN}, str_of(key)};

	digest_hmac(STR("sparkgate launch key"), parts, ARRAY_LEN(parts), out);
}

static void fill_record(struct store_launch *record, const struct launch_asker *asker,
	const struct launch_question *question, const struct launch_request *request)
{
	const struct identity *who = asker->who;
	const struct launch_order *order = &request->order;

	record->created_at = record->updated_at = clock_wall_s();
	store_launch_new_id(clock_wall_ms(), record->id);
	launch_person_digest(asker, record->person);
	launch_person_quota(record->person, order->cluster, order->profile, record->quota);
	if (question->key[0])
		digest_key(record, question->key, record->idempotency);
	memcpy(record->request, request->digest, DIGEST_LEN);
	snprintf(record->issuer, sizeof record->issuer, "%s", who->issuer);
	snprintf(record->subject, sizeof record->subject, "%s", who->subject);
	snprintf(record->person_name, sizeof record->person_name, "%s", who->name);
	memcpy(record->user, order->user, sizeof record->user);
	memcpy(record->cluster, order->cluster, sizeof record->cluster);
	memcpy(record->profile, order->profile, sizeof record->profile);
	memcpy(record->name, order->name, sizeof record->name);
}

static void show(struct launcher *launcher, struct launch_question *question,
	const struct store_launch *launch)
{
	struct launch_order order;

	if (!launch_order_read(launch, &order)) {
		refuse(question, FAULT_STORE_DOWN, "");
		return;
	}
	question->json = launch_json(launch, &order, launcher->conf);
	launch_order_clear(&order);
}

static void judge_added(struct launcher *launcher, struct launch_question *question,
	const struct launch_request *request, enum store_added added, struct store_launch *record)
{
	char reason[256];

	switch (added) {
	case STORE_ADDED:
		question->is_new = true;
		tell_audit(question, record, "create", "");
		launcher_soon(launcher);
		show(launcher, question, record);
		return;
	case STORE_ADDED_BEFORE:
		show(launcher, question, record);
		return;
	case STORE_ADDED_OTHER:
		refuse(question, FAULT_CONFLICT,
			"Idempotency-Key: another request was made with this key.");
		return;
	case STORE_ADD_FULL:
		snprintf(reason, sizeof reason,
			"The profile \"%s\" lets %u of your applications run at a time%s. Wait "
			"until one has ended, or end one.",
			request->profile->name, request->profile->running,
			request->profile->queue ? ", and its queue is full" : "");
		refuse(question, FAULT_TOO_MANY, reason);
		tell_audit(question, record, "refuse", "quota");
		return;
	case STORE_ADD_FAILED:
		refuse(question, FAULT_STORE_DOWN, "");
		return;
	}
}

static void add(
	struct launcher *launcher, struct launch_question *question, struct launch_request *request)
{
	const struct store_launch_limits limits = {
		request->profile->running, request->profile->queue};
	const struct launch_asker asker = asker_of(launcher, question);
	struct store_launch record = {.version = 0};

	fill_record(&record, &asker, question, request);
	launch_order_note(&request->order, record.created_at, "asked for by %s", record.user);
	if (!launch_order_write(&request->order, &record)) {
		refuse(question, FAULT_BODY_TOO_LARGE,
			"The launch is longer than 48 KiB with all that belongs to it.");
		return;
	}
	enum store_added added =
		launcher->store->ops->launch_add(launcher->store, &record, &limits);
	judge_added(launcher, question, request, added, &record);
	store_launch_clear(&record);
}

/* What its cluster is known to lack fails no launch later, and fills no queue. */
static bool takes_launches(
	struct launcher *launcher, struct launch_question *question, const char *cluster)
{
	const struct launch_place *place = launcher_place(launcher, cluster);
	const char *lacks = place && place->target->ops->lacks
				    ? place->target->ops->lacks(place->target)
				    : NULL;

	if (lacks == NULL)
		return true;
	refuse(question, FAULT_LAUNCH_DOWN, lacks);
	tell_audit(question, NULL, "refuse", lacks);
	return false;
}

static void create_from(struct launcher *launcher, struct launch_question *question, json_t *body,
	const char *restart_of)
{
	static const enum fault faults[] = {[LAUNCH_MALFORMED] = FAULT_BAD_REQUEST,
		[LAUNCH_DENIED] = FAULT_FORBIDDEN,
		[LAUNCH_NOT_THERE] = FAULT_NOT_FOUND};
	const struct launch_asker asker = asker_of(launcher, question);
	struct launch_request request;
	struct err err = {""};
	enum launch_verdict verdict = launch_request_read(&asker, body, &request, &err);

	if (verdict != LAUNCH_GOOD) {
		refuse(question, faults[verdict], err.text);
		tell_audit(question, NULL, "refuse", err.text);
		return;
	}
	request.order.asked = json_text(body);
	request.order.restart_of = mem_strdup(restart_of);
	if (takes_launches(launcher, question, request.order.cluster))
		add(launcher, question, &request);
	launch_request_clear(&request);
}

static void create(struct launcher *launcher, struct launch_question *question)
{
	create_from(launcher, question, question->body, NULL);
}

/* As whoever repeats it, by what they may today. */
static void restart(struct launcher *launcher, struct launch_question *question)
{
	struct store_launch launch;
	struct launch_order order;

	if (!get(launcher, question, &launch, &order))
		return;
	json_t *body = order.asked ? json_of_text(str_of(order.asked), NULL) : NULL;
	if (launch_state_is_live(launch.state))
		refuse(question, FAULT_CONFLICT, "It has not ended yet: end it first.");
	else if (body == NULL)
		refuse(question, FAULT_CONFLICT, "What was asked for is not known any more.");
	else
		create_from(launcher, question, body, launch.id);
	json_decref(body);
	drop(&launch, &order);
}

/* --- looked at --- */

static void show_one(struct launcher *launcher, struct launch_question *question)
{
	struct store_launch launch;
	struct launch_order order;

	if (!get(launcher, question, &launch, &order))
		return;
	question->json = launch_json(&launch, &order, launcher->conf);
	drop(&launch, &order);
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

	if (!may_see(listing->launcher, listing->question, launch) ||
		!launch_order_read(launch, &order))
		return;
	json_array_append_new(listing->list, launch_json(launch, &order, listing->launcher->conf));
	launch_order_clear(&order);
}

static void list(struct launcher *launcher, struct launch_question *question)
{
	struct listing listing = {launcher, question, json_array()};
	struct store_launch_query query = {.states = question->states, .limit = question->limit};
	const struct launch_asker asker = asker_of(launcher, question);
	unsigned char person[DIGEST_LEN];
	char next[STORE_LAUNCH_ID];

	launch_person_digest(&asker, person);
	query.person = question->is_of_all ? NULL : person;
	memcpy(query.before, question->before, sizeof query.before);
	if (launcher->store->ops->launch_list(launcher->store, &query, next, on_listed, &listing) ==
		-1) {
		json_decref(listing.list);
		refuse(question, FAULT_STORE_DOWN, "");
		return;
	}
	question->json = json_pack(
		"{s:o, s:s?}", "applications", listing.list, "next_cursor", next[0] ? next : NULL);
}

static void profiles(struct launcher *launcher, struct launch_question *question)
{
	const struct launch_asker asker = asker_of(launcher, question);

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
		if (!get(launcher, question, &launch, &order))
			return;
		bool was_asked = order.kill_asked_at != 0;
		answer = mark_killed(launcher, question, &launch, &order);
		if (answer == STORE_FOUND && !was_asked && launch_state_is_live(launch.state))
			tell_audit(question, &launch, "kill", "");
		if (answer == STORE_FOUND)
			question->json = launch_json(&launch, &order, launcher->conf);
		drop(&launch, &order);
	}
	if (answer != STORE_FOUND)
		refuse(question, FAULT_STORE_DOWN, "");
	launcher_soon(launcher);
}

/* --- logs and events: the target may know more --- */

struct desk_errand {
	LIST_ENTRY(desk_errand) among;
	struct launcher *launcher;
	struct launch_question *question;
	struct store_launch launch;
	struct launch_order order;
};

static void wait_for(
	struct launcher *launcher, struct launch_question *question, struct desk_errand *errand)
{
	errand->launcher = launcher;
	errand->question = question;
	LIST_INSERT_HEAD(&launcher->waiting, errand, among);
}

static void end_errand(struct desk_errand *errand)
{
	struct launch_question *question = errand->question;

	LIST_REMOVE(errand, among);
	drop(&errand->launch, &errand->order);
	free(errand);
	launch_question_give_back(question);
}

void launch_desk_leave(struct launcher *launcher)
{
	while (!LIST_EMPTY(&launcher->waiting)) {
		struct desk_errand *errand = LIST_FIRST(&launcher->waiting);

		refuse(errand->question, FAULT_STORE_DOWN, "");
		end_errand(errand);
	}
}

static void finish_log(void *arg, struct launch_log *log)
{
	struct desk_errand *errand = arg;
	struct launch_question *question = errand->question;

	question->log = *log;
	question->log.is_running = launch_state_is_live(errand->launch.state);
	if (log->kind == LAUNCH_LOG_NONE)
		refuse(question, FAULT_NOT_FOUND, log->reason);
	end_errand(errand);
}

/* False: answered already. */
static bool open_log(struct launcher *launcher, struct launch_question *question)
{
	struct desk_errand *errand = mem_alloc(1, sizeof *errand);
	const struct launch_log_wish wish = {
		question->container, question->stream, question->since};
	const struct launch_place *place;

	if (!get(launcher, question, &errand->launch, &errand->order)) {
		free(errand);
		return false;
	}
	place = launcher_place(launcher, errand->launch.cluster);
	if (place == NULL || errand->order.handle[0] == '\0') {
		refuse(question, FAULT_NOT_FOUND,
			place ? "It has not been submitted yet: there is no log."
			      : "Its cluster is not in the configuration any more.");
		drop(&errand->launch, &errand->order);
		free(errand);
		return false;
	}
	wait_for(launcher, question, errand);
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
	end_errand(errand);
}

static bool open_events(struct launcher *launcher, struct launch_question *question)
{
	struct desk_errand *errand = mem_alloc(1, sizeof *errand);

	if (!get(launcher, question, &errand->launch, &errand->order)) {
		free(errand);
		return false;
	}
	const struct launch_place *place = launcher_place(launcher, errand->launch.cluster);
	wait_for(launcher, question, errand);
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
	refuse(question, FAULT_FORBIDDEN,
		"this needs the right \"launch\"; a limited token names it, too");
	return false;
}

void launcher_answer(struct launcher *launcher, struct launch_question *question)
{
	static void (*const at_once[])(struct launcher *, struct launch_question *) = {
		[LAUNCH_ASK_PROFILES] = profiles,
		[LAUNCH_ASK_CREATE] = create,
		[LAUNCH_ASK_LIST] = list,
		[LAUNCH_ASK_SHOW] = show_one,
		[LAUNCH_ASK_KILL] = kill_one,
		[LAUNCH_ASK_RESTART] = restart,
		[LAUNCH_ASK_LOG] = NULL,
		[LAUNCH_ASK_EVENTS] = NULL};

	if (!has_right(question)) {
		launch_question_give_back(question);
	} else if (at_once[question->wish]) {
		at_once[question->wish](launcher, question);
		launch_question_give_back(question);
	} else if (!(question->wish == LAUNCH_ASK_LOG ? open_log(launcher, question)
						      : open_events(launcher, question))) {
		launch_question_give_back(question);
	}
}
