/* What somebody wants to have launched, or launched again: judged, and put into the store once for
 * each Idempotency-Key. */
#include "proxy/launch/launcher_int.h"

#include "base/clock.h"
#include "base/text/json_text.h"
#include "proxy/launch/rules/launch_request.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGES_MAX = 20 }; /* of a person's launches: what the store keeps of them */

static const char other_key[] = "Idempotency-Key: another request was made with this key.";

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
		launch_desk_refuse(question, FAULT_STORE_DOWN, "");
		return;
	}
	question->json = launch_json(launch, &order, launcher->conf);
	launch_order_clear(&order);
}

/* Takes the record. */
static void show_with_file(
	struct launcher *launcher, struct launch_question *question, struct store_launch *record)
{
	const struct launch_place *place = launcher_place(launcher, record->cluster);
	struct desk_errand *errand = launch_desk_errand(launcher, question);

	errand->launch = *record;
	*record = (struct store_launch){.version = 0};
	if (place && launch_order_read(&errand->launch, &errand->order) &&
		launch_file_comes(&errand->launch, &errand->order)) {
		launch_file_carry(errand, place->target);
		return;
	}
	show(launcher, question, &errand->launch);
	launch_desk_drop(&errand->launch, &errand->order);
	free(errand);
}

static void judge_added(struct launcher *launcher, struct launch_question *question,
	const struct launch_request *request, enum store_added added, struct store_launch *record)
{
	char reason[256];

	switch (added) {
	case STORE_ADDED:
		question->is_new = true;
		launch_desk_audit(question, record, "create", "");
		launcher_soon(launcher);
		show_with_file(launcher, question, record);
		return;
	case STORE_ADDED_BEFORE:
		show_with_file(launcher, question, record);
		return;
	case STORE_ADDED_OTHER:
		launch_desk_refuse(question, FAULT_CONFLICT, other_key);
		return;
	case STORE_ADD_FULL:
		snprintf(reason, sizeof reason,
			"The profile \"%s\" lets %u of your applications run at a time%s. Wait "
			"until one has ended, or end one.",
			request->profile->name, request->profile->running,
			request->profile->queue ? ", and its queue is full" : "");
		launch_desk_refuse(question, FAULT_TOO_MANY, reason);
		launch_desk_audit(question, record, "refuse", "quota");
		return;
	case STORE_ADD_FAILED:
		launch_desk_refuse(question, FAULT_STORE_DOWN, "");
		return;
	}
}

static void add(
	struct launcher *launcher, struct launch_question *question, struct launch_request *request)
{
	const struct store_launch_limits limits = {
		request->profile->running, request->profile->queue};
	const struct launch_asker asker = launch_desk_asker(launcher, question);
	struct store_launch record = {.version = 0};

	fill_record(&record, &asker, question, request);
	launch_order_note(&request->order, record.created_at, "asked for by %s", record.user);
	if (!launch_order_write(&request->order, &record)) {
		launch_desk_refuse(question, FAULT_BODY_TOO_LARGE,
			"The launch is longer than 48 KiB with all that belongs to it.");
		return;
	}
	enum store_added added =
		launcher->store->ops->launch_add(launcher->store, &record, &limits);
	judge_added(launcher, question, request, added, &record);
	store_launch_clear(&record);
}

/* --- what cannot be launched now --- */

struct earlier {
	struct launcher *launcher;
	struct launch_question *question;
	unsigned char key[DIGEST_LEN];
	const unsigned char *request;
	bool is_found;
};

static void on_earlier(void *arg, const struct store_launch *launch)
{
	struct earlier *earlier = arg;

	if (earlier->is_found || memcmp(launch->idempotency, earlier->key, DIGEST_LEN) != 0)
		return;
	earlier->is_found = true;
	if (memcmp(launch->request, earlier->request, DIGEST_LEN) == 0)
		show(earlier->launcher, earlier->question, launch);
	else
		launch_desk_refuse(earlier->question, FAULT_CONFLICT, other_key);
}

/* S116: what was added with the key is the answer, whatever its cluster lacks by now. */
static bool was_made_before(struct launcher *launcher, struct launch_question *question,
	const struct launch_request *request)
{
	const struct launch_asker asker = launch_desk_asker(launcher, question);
	struct earlier earlier = {launcher, question, .request = request->digest};
	struct store_launch_query query = {.limit = STORE_PAGE};
	struct store_launch mine = {.version = 0};
	char next[STORE_LAUNCH_ID] = "";

	if (question->key[0] == '\0')
		return false;
	launch_person_digest(&asker, mine.person);
	digest_key(&mine, question->key, earlier.key);
	query.person = mine.person;
	for (int i = 0; i < PAGES_MAX && !earlier.is_found && (i == 0 || next[0]); i++) {
		memcpy(query.before, next, sizeof query.before);
		if (launcher->store->ops->launch_list(
			    launcher->store, &query, next, on_earlier, &earlier) == -1)
			return false;
	}
	return earlier.is_found;
}

/* What its cluster is known to lack fails no launch later, and fills no queue. */
static bool takes_launches(struct launcher *launcher, struct launch_question *question,
	const struct launch_request *request)
{
	const char *cluster = request->order.cluster;
	const struct launch_place *place = launcher_place(launcher, cluster);
	const char *lacks = place && place->target->ops->lacks
				    ? place->target->ops->lacks(place->target)
				    : NULL;

	if (lacks == NULL)
		return true;
	if (was_made_before(launcher, question, request))
		return false;
	launch_desk_refuse(question, FAULT_LAUNCH_DOWN, lacks);
	launch_desk_audit(question, NULL, "refuse", lacks);
	return false;
}

static void create_from(struct launcher *launcher, struct launch_question *question, json_t *body,
	const char *restart_of)
{
	static const enum fault faults[] = {[LAUNCH_MALFORMED] = FAULT_BAD_REQUEST,
		[LAUNCH_DENIED] = FAULT_FORBIDDEN,
		[LAUNCH_NOT_THERE] = FAULT_NOT_FOUND};
	const struct launch_asker asker = launch_desk_asker(launcher, question);
	struct launch_request request;
	struct err err = {""};
	enum launch_verdict verdict = launch_request_read(&asker, body, &request, &err);

	if (verdict != LAUNCH_GOOD) {
		launch_desk_refuse(question, faults[verdict], err.text);
		launch_desk_audit(question, NULL, "refuse", err.text);
		return;
	}
	question->file = json_incref(json_object_get(json_object_get(body, "file"), "content"));
	(void)json_object_del(json_object_get(body, "file"), "content"); /* it is in no record */
	request.order.asked = json_text(body);
	request.order.restart_of = mem_strdup(restart_of);
	if (request.order.file && !launch_file_has_room(launcher))
		launch_desk_refuse(
			question, FAULT_BUSY, "Too many files are on their way. Try again.");
	else if (takes_launches(launcher, question, &request) && question->wish != LAUNCH_ASK_JUDGE)
		add(launcher, question, &request);
	launch_request_clear(&request);
}

void launch_create(struct launcher *launcher, struct launch_question *question)
{
	create_from(launcher, question, question->body, NULL);
}

/* As whoever repeats it, by what they may today. */
void launch_restart(struct launcher *launcher, struct launch_question *question)
{
	struct store_launch launch;
	struct launch_order order;

	if (!launch_desk_get(launcher, question, &launch, &order))
		return;
	json_t *body = order.asked ? json_of_text(str_of(order.asked), NULL) : NULL;
	if (launch_state_is_live(launch.state))
		launch_desk_refuse(question, FAULT_CONFLICT, "It has not ended yet: end it first.");
	else if (body == NULL)
		launch_desk_refuse(
			question, FAULT_CONFLICT, "What was asked for is not known any more.");
	else if (order.file)
		launch_desk_refuse(question, FAULT_CONFLICT,
			"Its file travelled with it: launch it with the file again.");
	else
		create_from(launcher, question, body, launch.id);
	json_decref(body);
	launch_desk_drop(&launch, &order);
}
