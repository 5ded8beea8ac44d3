/* The next step of one launch: what its target is asked, and what the answer changes. */
#include "proxy/launch/launcher_int.h"

#include "base/clock.h"
#include "base/log/log.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	STATUS_MS = 2000,
	AGAIN_MS = 3000,	     /* after what did not work */
	PATIENCE_MS = 2 * 60 * 1000, /* of a target that does not take it */
	DOUBT_S = 3600,		     /* after that it is ended when it is found */
	LOST_S = 24 * 3600,	     /* after that nobody looks for it any more */
	APP_MS = 15 * 1000,	     /* for the application of what has ended */
	KILL_AGAIN_MS = 10 * 1000,
	TRIES = 8,
};

void launch_job_free(struct launch_job *job)
{
	store_launch_clear(&job->record);
	launch_order_clear(&job->order);
	free(job);
}

/* --- what is known goes into the store --- */

/* Somebody else has changed it meanwhile, such as who wants it ended. */
static bool read_again(struct launch_job *job)
{
	struct store *store = job->launcher->store;
	char id[STORE_LAUNCH_ID];

	memcpy(id, job->record.id, sizeof id);
	store_launch_clear(&job->record);
	launch_order_clear(&job->order);
	if (store->ops->launch_get(store, str_of(id), &job->record) != STORE_FOUND) {
		memcpy(job->record.id, id, sizeof id);
		job->record.version = 0;
		return false;
	}
	return launch_order_read(&job->record, &job->order) &&
	       launch_state_is_live(job->record.state);
}

typedef void change(struct launch_job *job, const struct launch_answer *answer);

static void end(struct launch_job *job, enum launch_state state, const char *reason)
{
	job->record.state = state;
	job->record.ended_at = clock_wall_s();
	(void)str_copy((struct str){reason, str_fit_chars(str_of(reason), LAUNCH_REASON - 1)},
		job->order.reason, sizeof job->order.reason);
	launch_order_note(&job->order, clock_wall_s(), "%s%s%s", launch_state_name(state),
		reason[0] ? ": " : "", reason);
}

static void tell_change(const struct launch_job *job, enum launch_state was)
{
	enum launch_state is = job->record.state;

	if (was == is)
		return;
	log_info("launch", "%s on %s: %s", job->record.id, job->record.cluster,
		launch_state_name(is));
	if (!launch_state_is_live(is))
		launch_audit(&(struct launch_told){.launch = &job->record,
			.decision = launch_state_name(is),
			.reason = job->order.reason});
}

/* False: it is not in the store; the next sweep reads what is there. */
static bool save(
	struct launch_job *job, change *apply, const struct launch_answer *answer, unsigned running)
{
	struct store *store = job->launcher->store;

	for (int i = 0; i < TRIES; i++) {
		enum launch_state was = job->record.state;

		apply(job, answer);
		job->record.updated_at = clock_wall_s();
		if (!launch_order_write(&job->order, &job->record))
			return false;
		enum store_answer saved = store->ops->launch_replace(store, &job->record, running);
		if (saved == STORE_FOUND) {
			tell_change(job, was);
			return true;
		}
		if (saved == STORE_FAILED)
			job->record.version = 0; /* the next sweep reads what is there */
		if (saved == STORE_FAILED || !read_again(job) || running)
			return false;
	}
	return false;
}

static void rest_a_while(struct launch_job *job, int64_t ms)
{
	if (job->is_busy)
		job->launcher->busy--;
	job->is_busy = false;
	job->due_ms = clock_mono_ms() + ms;
}

static void begin(struct launch_job *job)
{
	job->is_busy = true;
	job->launcher->busy++;
}

/* --- an end --- */

static bool has_file(const struct launch_job *job, const struct launch_place *place)
{
	return job->order.file && !job->is_dropped && place && place->target->ops->drop;
}

/* A cluster that does not let it be deleted keeps the file; the launch ends all the same. */
static void on_dropped(void *arg, const struct launch_answer *answer)
{
	struct launch_job *job = arg;
	change *ending = job->ending;

	job->ending = NULL;
	job->is_dropped = answer->outcome != LAUNCH_UNSURE;
	if (answer->outcome != LAUNCH_SAID)
		log_warn("launch", "%s: its file stays: %s", job->record.id, answer->reason);
	if (job->is_dropped && ending)
		(void)save(job, ending, &(struct launch_answer){.reason = job->why}, 0);
	rest_a_while(job, job->is_dropped && ending == NULL ? 0 : AGAIN_MS);
}

static void drop_file(struct launch_job *job, const struct launch_place *place, change *ending)
{
	job->ending = ending;
	if (!job->is_busy)
		begin(job);
	place->target->ops->drop(place->target, &job->order, on_dropped, job);
}

/* S171: the file goes first, so that none is left when the record has ended. */
static void conclude(struct launch_job *job, change *ending, const char *why)
{
	const struct launch_place *place = launcher_place(job->launcher, job->record.cluster);

	if (has_file(job, place)) {
		(void)str_copy((struct str){why, str_fit_chars(str_of(why), LAUNCH_REASON - 1)},
			job->why, sizeof job->why);
		drop_file(job, place, ending);
		return;
	}
	(void)save(job, ending, &(struct launch_answer){.reason = why}, 0);
	rest_a_while(job, AGAIN_MS);
}

/* --- submitting --- */

static void mark_submitted(struct launch_job *job, const struct launch_answer *answer)
{
	(void)answer;
	job->order.submitted_at = clock_wall_s();
	job->order.is_in_doubt = true;
}

static void take_handle(struct launch_job *job, const struct launch_answer *answer)
{
	job->order.is_in_doubt = false;
	(void)str_copy(str_of(answer->handle), job->order.handle, sizeof job->order.handle);
	launch_order_note(&job->order, clock_wall_s(), "submitted as %.128s", answer->handle);
}

/* It is not there, for certain: it can be submitted (again). */
static void take_back(struct launch_job *job, const struct launch_answer *answer)
{
	job->order.is_in_doubt = false;
	job->order.submitted_at = 0;
	(void)str_copy((struct str){answer->reason,
			       str_fit_chars(str_of(answer->reason), LAUNCH_REASON - 1)},
		job->order.reason, sizeof job->order.reason);
}

static void fail(struct launch_job *job, const struct launch_answer *answer)
{
	job->order.is_in_doubt = false;
	end(job, LAUNCH_FAILED, answer->reason);
}

static void kill_unsubmitted(struct launch_job *job, const struct launch_answer *answer)
{
	(void)answer;
	end(job, LAUNCH_KILLED, "ended before it was submitted");
}

static bool has_no_patience(const struct launch_job *job)
{
	return job->first_try_ms && clock_mono_ms() - job->first_try_ms >= PATIENCE_MS;
}

static void on_submitted(void *arg, const struct launch_answer *answer)
{
	struct launch_job *job = arg;

	switch (answer->outcome) {
	case LAUNCH_SAID:
		(void)save(job, take_handle, answer, 0);
		break;
	case LAUNCH_REFUSED:
		conclude(job, fail, answer->reason);
		return;
	case LAUNCH_NOT_NOW:
		if (has_no_patience(job)) {
			conclude(job, fail, answer->reason);
			return;
		}
		(void)save(job, take_back, answer, 0);
		break;
	case LAUNCH_UNSURE:
		log_warn("launch", "%s: %s", job->record.id, answer->reason);
		break;
	}
	rest_a_while(job, answer->outcome == LAUNCH_SAID ? 0 : AGAIN_MS);
}

/* The intent is in the store before the call: whoever comes after a crash looks for it first. */
static void submit(struct launch_job *job, struct launch_target *target)
{
	if (job->first_try_ms == 0)
		job->first_try_ms = clock_mono_ms();
	if (!save(job, mark_submitted, NULL, 0)) {
		rest_a_while(job, AGAIN_MS);
		return;
	}
	begin(job);
	target->ops->submit(target, &job->order, on_submitted, job);
}

/* It may run, so it is not over: who finds it ends it. */
static void give_up(struct launch_job *job, const struct launch_answer *answer)
{
	(void)answer;
	job->order.kill_asked_at = clock_wall_s();
	launch_order_note(&job->order, job->order.kill_asked_at,
		"nobody can tell whether it was ever started: it is ended when it is found");
}

static void stay_in_doubt(struct launch_job *job)
{
	int64_t age_s = clock_wall_s() - job->order.submitted_at;

	if (age_s >= LOST_S) {
		conclude(job, fail, "nobody can tell whether it was ever started");
		return;
	}
	if (age_s >= DOUBT_S && job->order.kill_asked_at == 0)
		(void)save(job, give_up, NULL, 0);
	rest_a_while(job, age_s >= DOUBT_S ? STATUS_MS * 15 : AGAIN_MS);
}

static void on_found(void *arg, const struct launch_answer *answer)
{
	struct launch_job *job = arg;

	if (answer->outcome != LAUNCH_SAID) {
		stay_in_doubt(job);
		return;
	}
	(void)save(job, answer->handle[0] ? take_handle : take_back, answer, 0);
	rest_a_while(job, 0);
}

/* --- how it is --- */

/* Why it waits: its driver cannot be scheduled, for example. */
static bool is_reason_news(const struct launch_job *job, const struct launch_answer *answer)
{
	size_t len = str_fit_chars(str_of(answer->reason), LAUNCH_REASON - 1);

	return !str_eq(str_of(job->order.reason), (struct str){answer->reason, len});
}

static void tell_reason(struct launch_order *order, const char *reason)
{
	(void)str_copy((struct str){reason, str_fit_chars(str_of(reason), LAUNCH_REASON - 1)},
		order->reason, sizeof order->reason);
	if (reason[0])
		launch_order_note(order, clock_wall_s(), "%.400s", reason);
}

static void take_status(struct launch_job *job, const struct launch_answer *answer)
{
	struct launch_order *order = &job->order;
	enum launch_state was = job->record.state;

	if (answer->place[0])
		(void)str_copy(str_of(answer->place), order->place, sizeof order->place);
	if (answer->attempts)
		order->attempts = answer->attempts;
	if (answer->app_id[0] && order->app_id[0] == '\0') {
		(void)str_copy(str_of(answer->app_id), order->app_id, sizeof order->app_id);
		launch_order_note(order, clock_wall_s(), "application %.100s", order->app_id);
	}
	if (launch_state_is_live(answer->state) && is_reason_news(job, answer))
		tell_reason(order, answer->reason);
	order->has_exit_code = answer->has_exit_code;
	order->exit_code = answer->exit_code;
	if (!launch_state_is_live(answer->state)) {
		end(job, answer->state, answer->reason);
	} else if (was != answer->state && was != LAUNCH_QUEUED) {
		job->record.state = answer->state;
		launch_order_note(order, clock_wall_s(), "%s", launch_state_name(answer->state));
	}
}

/* Once its record has ended nothing is added: which application it was is looked for before. */
static bool waits_for_app(struct launch_job *job, const struct launch_answer *answer)
{
	if (launch_state_is_live(answer->state) || answer->app_id[0] || !answer->is_app_near)
		return false;
	if (job->ended_ms == 0)
		job->ended_ms = clock_mono_ms();
	return clock_mono_ms() - job->ended_ms < APP_MS;
}

static bool is_news(const struct launch_job *job, const struct launch_answer *answer)
{
	const struct launch_order *order = &job->order;

	return answer->state != job->record.state ||
	       (answer->app_id[0] && order->app_id[0] == '\0') || is_reason_news(job, answer) ||
	       (answer->place[0] && strcmp(answer->place, order->place) != 0) ||
	       (answer->attempts && answer->attempts != order->attempts);
}

static void on_status(void *arg, const struct launch_answer *answer)
{
	struct launch_job *job = arg;
	const struct launch_place *place = launcher_place(job->launcher, job->record.cluster);
	bool counts = answer->outcome == LAUNCH_SAID && !waits_for_app(job, answer);

	if (counts && !launch_state_is_live(answer->state) && has_file(job, place)) {
		drop_file(job, place, NULL); /* and then it is asked again */
		return;
	}
	if (counts && is_news(job, answer))
		(void)save(job, take_status, answer, 0);
	rest_a_while(job, STATUS_MS);
	if (!launch_state_is_live(job->record.state))
		launcher_soon(job->launcher); /* there may be room for another */
}

static void on_killed(void *arg, const struct launch_answer *answer)
{
	struct launch_job *job = arg;

	if (answer->outcome != LAUNCH_SAID)
		log_warn("launch", "%s: %s", job->record.id, answer->reason);
	rest_a_while(job, STATUS_MS / 4);
}

/* --- the step --- */

static void leave_queue(struct launch_job *job, const struct launch_answer *answer)
{
	(void)answer;
	job->record.state = LAUNCH_STARTING;
	launch_order_note(&job->order, clock_wall_s(), "starting");
}

static void step_queued(struct launch_job *job, const struct launch_place *place)
{
	const struct conf_profile *profile =
		conf_find_profile(place->cluster, str_of(job->record.profile));

	if (job->order.kill_asked_at)
		conclude(job, kill_unsubmitted, "");
	else if (profile == NULL)
		conclude(job, fail, "its profile is not there any more");
	else if (save(job, leave_queue, NULL, profile->running))
		submit(job, place->target);
}

static void step_unsubmitted(struct launch_job *job, struct launch_target *target)
{
	if (job->order.is_in_doubt) {
		begin(job);
		target->ops->find(target, &job->order, on_found, job);
	} else if (job->order.kill_asked_at) {
		conclude(job, kill_unsubmitted, "");
	} else {
		submit(job, target);
	}
}

static void step_submitted(struct launch_job *job, struct launch_target *target)
{
	int64_t now = clock_mono_ms();
	bool is_to_end = job->order.kill_asked_at &&
			 (job->killed_ms == 0 || now - job->killed_ms >= KILL_AGAIN_MS);

	begin(job);
	if (is_to_end) {
		job->killed_ms = now;
		target->ops->kill(target, &job->order, on_killed, job);
	} else {
		target->ops->status(target, &job->order, on_status, job);
	}
}

/* False: it waits for it, or has failed. */
static bool has_its_file(struct launch_job *job)
{
	char why[LAUNCH_REASON];

	switch (launch_file_look(&job->order, why)) {
	case LAUNCH_FILE_READY:
		return true;
	case LAUNCH_FILE_WAITS:
		rest_a_while(job, STATUS_MS / 2);
		return false;
	case LAUNCH_FILE_GONE:
		break;
	}
	conclude(job, fail, why);
	return false;
}

void launch_step(struct launch_job *job)
{
	const struct launch_place *place = launcher_place(job->launcher, job->record.cluster);

	if (job->order.resource == NULL || place == NULL) {
		rest_a_while(job, PATIENCE_MS); /* the configuration may have it again */
		return;
	}
	bool is_new = job->order.handle[0] == '\0' && !job->order.is_in_doubt;
	if (is_new && !has_its_file(job))
		return;
	if (job->record.state == LAUNCH_QUEUED)
		step_queued(job, place);
	else if (job->order.handle[0] == '\0')
		step_unsubmitted(job, place->target);
	else
		step_submitted(job, place->target);
}
