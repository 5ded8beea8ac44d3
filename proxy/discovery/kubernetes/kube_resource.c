#include "proxy/discovery/kubernetes/kube_resource.h"

#include "base/clock.h"
#include "proxy/guard/app_key.h"

#include <stdio.h>

/* --- operators --- */

static const struct resource_word kubeflow_words[] = {
	{"", RESOURCE_WAITS, "SUBMITTED", NULL, true},
	{"SUBMITTED", RESOURCE_WAITS, "PENDING", NULL, true},
	{"RUNNING", RESOURCE_RUNS, "RUNNING", NULL, true},
	{"SUCCEEDING", RESOURCE_ENDED, "FINISHED", NULL, true},
	{"COMPLETED", RESOURCE_ENDED, "FINISHED", NULL, true},
	{"FAILING", RESOURCE_ENDED, "FAILED", NULL, true},
	{"FAILED", RESOURCE_ENDED, "FAILED", NULL, true},
	{"SUBMISSION_FAILED", RESOURCE_ENDED, "REFUSED", NULL, false},
	{"PENDING_RERUN", RESOURCE_WAITS, "RETRYING", NULL, false},
	{"INVALIDATING", RESOURCE_WAITS, "RESTARTING", "Its specification has changed.", false},
	{"SUSPENDING", RESOURCE_IDLE, "SUSPENDED", NULL, true},
	{"SUSPENDED", RESOURCE_IDLE, "SUSPENDED", NULL, true},
	{"RESUMING", RESOURCE_WAITS, "RESUMING", NULL, false},
	{NULL, RESOURCE_WAITS, "UNKNOWN", NULL, false},
};

static const struct resource_word apache_words[] = {
	{"", RESOURCE_WAITS, "SUBMITTED", NULL, false},
	{"Submitted", RESOURCE_WAITS, "SUBMITTED", NULL, false},
	{"ScheduledToRestart", RESOURCE_WAITS, "RETRYING", NULL, false},
	{"DriverRequested", RESOURCE_WAITS, "PENDING", NULL, true},
	{"DriverStarted", RESOURCE_WAITS, "PENDING", "The driver has started.", true},
	{"DriverReady", RESOURCE_RUNS, "RUNNING", NULL, true},
	{"InitializedBelowThresholdExecutors", RESOURCE_RUNS, "RUNNING",
		"Too few executors have started yet.", true},
	{"RunningHealthy", RESOURCE_RUNS, "RUNNING", NULL, true},
	{"RunningWithPartialCapacity", RESOURCE_RUNS, "RUNNING",
		"It runs with a part of its executors.", true},
	{"RunningWithBelowThresholdExecutors", RESOURCE_RUNS, "RUNNING",
		"It has too few executors.", true},
	{"DriverStartTimedOut", RESOURCE_ENDED, "FAILED", "The driver did not start in time.",
		true},
	{"ExecutorsStartTimedOut", RESOURCE_ENDED, "FAILED", "The executors did not start in time.",
		true},
	{"DriverReadyTimedOut", RESOURCE_ENDED, "FAILED", "The driver was not ready in time.",
		true},
	{"Succeeded", RESOURCE_ENDED, "FINISHED", NULL, true},
	{"Failed", RESOURCE_ENDED, "FAILED", NULL, true},
	{"SchedulingFailure", RESOURCE_ENDED, "REFUSED", "It could not be scheduled.", true},
	{"DriverEvicted", RESOURCE_ENDED, "FAILED", "The driver was evicted.", true},
	{"ResourceReleased", RESOURCE_ENDED, "UNKNOWN", NULL, true},
	{"TerminatedWithoutReleaseResources", RESOURCE_ENDED, "UNKNOWN", NULL, true},
	{NULL, RESOURCE_WAITS, "UNKNOWN", NULL, false},
};

static const struct resource_word schedule_words[] = {
	{"", RESOURCE_IDLE, "SCHEDULED", NULL, false},
	{"Validating", RESOURCE_IDLE, "SCHEDULED", NULL, false},
	{"Scheduled", RESOURCE_IDLE, "SCHEDULED", NULL, false},
	{"FailedValidation", RESOURCE_ENDED, "REFUSED", NULL, false},
	{NULL, RESOURCE_IDLE, "UNKNOWN", NULL, false},
};

static const struct resource_word connect_words[] = {
	{"", RESOURCE_WAITS, "SUBMITTED", NULL, false},
	{"Provisioning", RESOURCE_WAITS, "PENDING", NULL, false},
	{"Ready", RESOURCE_RUNS, "RUNNING", NULL, true},
	{"NotReady", RESOURCE_WAITS, "PENDING", "The server is not ready.", true},
	{"Failed", RESOURCE_ENDED, "FAILED", NULL, true},
	{NULL, RESOURCE_WAITS, "UNKNOWN", NULL, false},
};

/* While the operator waits until it tries again, its word is that of a failure for good. */
static const struct resource_again kubeflow_again[] = {
	{"FAILING", "status.executionAttempts", "spec.restartPolicy.onFailureRetries"},
	{"SUBMISSION_FAILED", "status.submissionAttempts",
		"spec.restartPolicy.onSubmissionFailureRetries"},
	{NULL, NULL, NULL},
};
static const struct resource_word kubeflow_retry = {"", RESOURCE_WAITS, "RETRYING", NULL, false};
static const struct resource_word kubeflow_refused = {"", RESOURCE_ENDED, "REFUSED", NULL, false};

/* Whatever the status says: the operator stops it soon. */
static const struct resource_word suspended = {"", RESOURCE_IDLE, "SUSPENDED", NULL, true};

const struct resource_kind resource_kinds[RESOURCE_KINDS] = {
	{.letter = KUBE_OWNER_KUBEFLOW,
		.right = KUBE_RIGHT_KUBEFLOW,
		.api = "/apis/sparkoperator.k8s.io/v1beta2",
		.plural = "sparkapplications",
		.kind = "SparkApplication",
		.words = "SparkApplications (sparkoperator.k8s.io/v1beta2)",
		.state = "status.applicationState.state",
		.message = "status.applicationState.errorMessage",
		.app_id = "status.sparkApplicationId",
		.attempts = "status.executionAttempts",
		.first_attempt = 1,
		.ended = "status.terminationTime",
		.schedule = "sparkoperator.k8s.io/scheduled-app-name",
		.policy = "spec.restartPolicy.type",
		.again = kubeflow_again,
		.retry = &kubeflow_retry,
		.never_ran = &kubeflow_refused,
		.at = kubeflow_words},
	{.letter = KUBE_OWNER_APACHE,
		.right = KUBE_RIGHT_APACHE,
		.api = "/apis/spark.apache.org/v1",
		.older_api = "/apis/spark.apache.org/v1beta1",
		.plural = "sparkapplications",
		.kind = "SparkApplication",
		.words = "SparkApplications (spark.apache.org/v1)",
		.state = "status.currentState.currentStateSummary",
		.message = "status.currentState.message",
		.attempts = "status.currentAttemptSummary.attemptInfo.id",
		.ended = "status.currentState.lastTransitionTime",
		.history = "status.stateTransitionHistory",
		.at = apache_words},
	{.letter = KUBE_OWNER_SCHEDULE,
		.right = KUBE_RIGHT_SCHEDULES,
		.api = "/apis/sparkoperator.k8s.io/v1beta2",
		.plural = "scheduledsparkapplications",
		.kind = "ScheduledSparkApplication",
		.words = "ScheduledSparkApplications (sparkoperator.k8s.io/v1beta2)",
		.state = "status.scheduleState",
		.message = "status.reason",
		.suspended = "spec.suspend",
		.cron = "spec.schedule",
		.next = "status.nextRun",
		.at = schedule_words},
	{.letter = KUBE_OWNER_CONNECT,
		.right = KUBE_RIGHT_CONNECTS,
		.api = "/apis/sparkoperator.k8s.io/v1alpha1",
		.plural = "sparkconnects",
		.kind = "SparkConnect",
		.words = "SparkConnects (sparkoperator.k8s.io/v1alpha1)",
		.state = "status.state",
		.at = connect_words},
};

/* --- paths --- */

static json_t *at_path(const json_t *object, const char *path)
{
	struct str rest = str_of(path), step;
	json_t *value = NULL;

	while (object && rest.at && str_next(&rest, '.', &step)) {
		value = json_object_getn(object, step.at, step.len);
		object = value;
	}
	return value;
}

static const char *text_at(const json_t *object, const char *path)
{
	const char *text = json_string_value(at_path(object, path));

	return text ? text : "";
}

/* RFC 3339 in UTC, whatever comes after the second. */
static int64_t time_at(const json_t *object, const char *path)
{
	const char *text = text_at(object, path);
	size_t len = strlen(text);
	char copy[32];

	if (len < 20 || len > 40 || text[len - 1] != 'Z')
		return 0;
	snprintf(copy, sizeof copy, "%.19s.000Z", text);
	return clock_parse(str_of(copy));
}

/* The last step of a path: what an entry of the history calls the same. */
static const char *last_step(const char *path)
{
	return strrchr(path, '.') + 1;
}

/* --- how it ended --- */

static const struct resource_word *find_word(const struct resource_kind *kind, const char *word)
{
	const struct resource_word *w = kind->at;

	while (w->word && strcmp(w->word, word) != 0)
		w++;
	return w;
}

static bool hides_end(const struct resource_word *word)
{
	return word->stage == RESOURCE_ENDED && strcmp(word->state, "UNKNOWN") == 0;
}

/* The last of its history that does say how it ended; NULL: none does. */
static const json_t *find_end(const struct resource_kind *kind, const json_t *object)
{
	json_t *history = at_path(object, kind->history), *entry;
	const json_t *found = NULL;
	uint64_t latest = 0, number;
	const char *key;

	json_object_foreach(history, key, entry)
	{
		if (str_to_u64(str_of(key), &number) && (found == NULL || number > latest) &&
			!hides_end(find_word(kind, text_at(entry, last_step(kind->state))))) {
			found = entry;
			latest = number;
		}
	}
	return found;
}

/* --- whether that was all --- */

static bool has_tries_left(const struct resource_again *again, const json_t *object)
{
	const json_t *limit = at_path(object, again->limit);

	return limit &&
	       json_integer_value(at_path(object, again->tries)) <= json_integer_value(limit);
}

static bool is_tried_again(
	const struct resource_kind *kind, const json_t *object, const struct resource_word *word)
{
	const char *policy = text_at(object, kind->policy);
	const struct resource_again *again = kind->again;

	while (again && again->word && (word->word == NULL || strcmp(again->word, word->word) != 0))
		again++;
	if (again == NULL || again->word == NULL)
		return false;
	return strcmp(policy, "Always") == 0 ||
	       (strcmp(policy, "OnFailure") == 0 && has_tries_left(again, object));
}

/* Nothing of it was ever there but a submission: no attempt is counted, and no id was told. */
static bool never_ran(
	const struct resource_kind *kind, const json_t *object, const struct resource_word *word)
{
	return kind->never_ran && strcmp(word->state, "FAILED") == 0 &&
	       json_integer_value(at_path(object, kind->attempts)) < kind->first_attempt &&
	       text_at(object, kind->app_id)[0] == '\0';
}

/* --- words for people --- */

struct line {
	char *at;
	size_t len;
};

static void add_blank(struct line *line)
{
	if (line->len > 0 && line->len < KUBE_REASON_MAX && line->at[line->len - 1] != ' ')
		line->at[line->len++] = ' ';
}

/* In one line. What prints nothing becomes a blank, several of them one. */
static void add_text(struct line *line, struct str text)
{
	add_blank(line);
	while (text.len > 0) {
		size_t len = str_utf8_len(text);
		if (len > text.len || line->len + len > KUBE_REASON_MAX)
			break;
		if (len <= 1 && ((unsigned char)*text.at <= ' ' || *text.at == 0x7f))
			add_blank(line);
		else if (len > 0) {
			memcpy(line->at + line->len, text.at, len);
			line->len += len;
		}
		text = str_from(text, len ? len : 1);
	}
	line->at[line->len] = '\0';
}

static bool is_uncaught(struct str line)
{
	return str_starts(line, STR("Exception in thread "));
}

static bool is_error(struct str line)
{
	return str_find(line, STR("Exception")) != -1 || str_find(line, STR("rror: ")) != -1;
}

/* From the first such line on; the whole, if there is none. */
static struct str from_line(struct str text, bool (*is_it)(struct str line), bool *found)
{
	struct str line, rest = text;

	*found = false;
	while (!*found && str_next(&rest, '\n', &line))
		*found = is_it(line);
	return *found ? str_range(line.at, text.at + text.len) : text;
}

/* The message of a refused submission is all that spark-submit said, with the reason in the middle:
 * when there is too much before it, from the exception on that ended it, else from the first one.
 */
static struct str heart_of(const char *message)
{
	struct str text = str_of(message);
	bool found = text.len <= KUBE_REASON_MAX;

	if (!found)
		text = from_line(text, is_uncaught, &found);
	if (!found)
		text = from_line(text, is_error, &found);
	return text;
}

/* Where in a program it was helps nobody, and what caused it comes after. */
static void add_message(struct line *line, const char *message)
{
	struct str rest = heart_of(message), one;

	while (str_next(&rest, '\n', &one)) {
		if (!str_starts(one, STR("\tat ")))
			add_text(line, one);
	}
}

static void add_named(struct line *line, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	add_text(line, str_of(name));
	add_text(line, str_of(value));
}

static void write_reason(struct kube_resource *r, const char *message, const char *said)
{
	const struct resource_kind *kind = r->kind;
	json_int_t attempt = json_integer_value(at_path(r->object->json, kind->attempts));
	struct line line = {r->reason, 0};
	const char *next = text_at(r->object->json, kind->next);
	char text[64];

	snprintf(text, sizeof text, "Attempt %lld.", (long long)attempt - kind->first_attempt + 1);
	if (attempt > kind->first_attempt)
		add_text(&line, str_of(text));
	if (r->word->says)
		add_text(&line, str_of(r->word->says));
	if (r->word->word == NULL)
		add_named(&line, "Its operator says", said);
	if (message[0])
		add_message(&line, message);
	r->has_message = message[0] != '\0';
	snprintf(text, sizeof text, "Next run: %.40s.", next);
	if (next[0])
		add_text(&line, str_of(text));
	add_named(&line, "Schedule:", text_at(r->object->json, kind->cron));
}

/* --- the whole --- */

static void read_status(struct kube_resource *r)
{
	const struct resource_kind *kind = r->kind;
	const json_t *json = r->object->json, *end;
	const char *said = text_at(json, kind->state), *message = text_at(json, kind->message);

	r->word = find_word(kind, said);
	end = hides_end(r->word) ? find_end(kind, json) : NULL;
	if (end) {
		said = text_at(end, last_step(kind->state));
		message = text_at(end, last_step(kind->message));
		r->word = find_word(kind, said);
	}
	if (is_tried_again(kind, json, r->word))
		r->word = kind->retry;
	else if (never_ran(kind, json, r->word))
		r->word = kind->never_ran;
	if (json_is_true(at_path(json, kind->suspended)))
		r->word = &suspended;
	if (end && r->word->stage != RESOURCE_ENDED) /* it was ended while it ran */
		r->word = find_word(kind, text_at(json, kind->state));
	if (r->word->stage == RESOURCE_ENDED)
		r->ended_ms = time_at(json, kind->ended);
	write_reason(r, message, said);
}

static bool is_plain(const char *text, size_t max)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if (!(str_is_alnum(text[i]) || strchr("-_.", text[i])))
			return false;
	}
	return len > 0 && len <= max;
}

bool kube_resource_key(char letter, const char *namespace, const char *name,
	char out[static KUBE_RESOURCE_KEY_SIZE])
{
	out[0] = '\0';
	if (letter == '\0' || !is_plain(namespace, KUBE_NAMESPACE_LEN) ||
		!is_plain(name, KUBE_RESOURCE_NAME_MAX))
		return false;
	snprintf(out, KUBE_RESOURCE_KEY_SIZE, "%s~%c~%s", namespace, letter, name);
	return true;
}

const char *kube_resource_name(const char *key)
{
	return strrchr(key, '~') + 1;
}

bool kube_resource_read(const struct resource_kind *kind, const struct kube_object *object,
	struct kube_resource *out)
{
	const json_t *metadata = json_object_get(object->json, "metadata");
	const json_t *labels = json_object_get(metadata, "labels");
	char key[KUBE_RESOURCE_KEY_SIZE];
	const char *id = text_at(object->json, kind->app_id);
	const char *schedule = NULL;

	if (kind->schedule)
		schedule = json_string_value(json_object_get(labels, kind->schedule));
	*out = (struct kube_resource){
		.kind = kind,
		.object = object,
		.app_id = app_key_is_id(str_of(id)) ? id : "",
		.schedule = schedule && app_key_is_id(str_of(schedule)) ? schedule : "",
	};
	read_status(out);
	return kube_resource_key(kind->letter, object->namespace, object->name, key);
}
