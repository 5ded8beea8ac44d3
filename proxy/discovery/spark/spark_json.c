#include "proxy/discovery/spark/spark_json.h"

#include "base/text/json_text.h"
#include "base/hash/siphash.h"
#include "proxy/discovery/spark/app_id.h"
#include "proxy/guard/app_key.h"

#include <limits.h>
#include <stdlib.h>

static const char *const worker_states[] = {"ALIVE", "DEAD", "DECOMMISSIONED", NULL};
static const char *const app_states[] = {
	"WAITING", "RUNNING", "FINISHED", "FAILED", "KILLED", NULL};
static const char *const master_states[] = {
	"ALIVE", "STANDBY", "RECOVERING", "COMPLETING_RECOVERY", NULL};

/* --- fields --- */

static const char *field_text(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

/* One of the words we know, so that no copy is needed and nothing strange is shown. */
static const char *field_word(const json_t *row, const char *key, const char *const *words)
{
	const char *text = field_text(row, key);

	for (; *words; words++) {
		if (strcmp(text, *words) == 0)
			return *words;
	}
	return "UNKNOWN";
}

static int64_t field_number(const json_t *row, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(row, key));

	return n > 0 ? n : 0;
}

static unsigned field_count(const json_t *row, const char *key)
{
	int64_t n = field_number(row, key);

	return n > INT_MAX ? INT_MAX : (unsigned)n;
}

static bool is_id_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-_.:[]~", c));
}

bool spark_id_is_good(struct str id)
{
	/* Names of mounts of our own, and the dot segments. */
	static const char *const reserved[] = {"master", "shs", "proxy", "history", ".", ".."};

	if (id.len == 0 || id.len > SPARK_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		if (!is_id_byte(id.at[i]))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
		if (str_eq(id, str_of(reserved[i])))
			return false;
	}
	return true;
}

static bool row_has_id(const json_t *row)
{
	return json_is_object(row) && spark_id_is_good(str_of(field_text(row, "id")));
}

/* --- a master --- */

static bool worker_read(const json_t *row, struct spark_worker *w)
{
	if (!row_has_id(row))
		return false;
	*w = (struct spark_worker){
		.id = field_text(row, "id"),
		.host = field_text(row, "host"),
		.web_ui = field_text(row, "webuiaddress"),
		.state = field_word(row, "state", worker_states),
		.cores = field_count(row, "cores"),
		.cores_used = field_count(row, "coresused"),
		.memory_mb = (uint64_t)field_number(row, "memory"),
		.memory_used_mb = (uint64_t)field_number(row, "memoryused"),
	};
	return true;
}

static bool app_read(json_t *json, const json_t *row, bool running, struct spark_app *a)
{
	struct spark_app ids;

	if (!app_id_take(json, field_text(row, "id"), &ids))
		return false;
	*a = (struct spark_app){
		.id = ids.id,
		.spark_id = ids.spark_id,
		.name = field_text(row, "name"),
		.user = field_text(row, "user"),
		.state = field_word(row, "state", app_states),
		.started_ms = field_number(row, "starttime"),
		.duration_ms = running ? -1 : field_number(row, "duration"),
		.cores = field_count(row, "cores"),
		.running = running,
	};
	return true;
}

static bool driver_read(const json_t *row, bool running, struct spark_driver *d)
{
	const char *worker = field_text(row, "worker");

	if (!row_has_id(row))
		return false;
	/* A driver that waits says "None". */
	if (!spark_id_is_good(str_of(worker)) || strcmp(worker, "None") == 0)
		worker = "";
	*d = (struct spark_driver){
		.id = field_text(row, "id"), .worker = worker, .running = running};
	return true;
}

static size_t rows_of(const json_t *json, const char *key)
{
	return json_array_size(json_object_get(json, key));
}

static void read_workers(struct spark_master *m)
{
	const json_t *rows = json_object_get(m->json, "workers");
	size_t total = json_array_size(rows);

	m->workers = mem_alloc(total + 1, sizeof *m->workers);
	for (size_t i = 0; i < total && m->workers_count < SPARK_ROWS_MAX; i++)
		m->workers_count +=
			worker_read(json_array_get(rows, i), &m->workers[m->workers_count]);
	m->skipped += total - m->workers_count;
}

static void read_apps(struct spark_master *m)
{
	static const char *const keys[] = {"activeapps", "completedapps"};
	size_t total = rows_of(m->json, keys[0]) + rows_of(m->json, keys[1]);

	m->apps = mem_alloc(total + 1, sizeof *m->apps);
	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		const json_t *rows = json_object_get(m->json, keys[k]);
		for (size_t i = 0; i < rows_of(m->json, keys[k]) && m->apps_count < SPARK_ROWS_MAX;
			i++)
			m->apps_count += app_read(
				m->json, json_array_get(rows, i), k == 0, &m->apps[m->apps_count]);
	}
	m->skipped += total - m->apps_count;
	app_id_tell_apart(m);
}

static void read_drivers(struct spark_master *m)
{
	static const char *const keys[] = {"activedrivers", "completeddrivers"};
	size_t total = rows_of(m->json, keys[0]) + rows_of(m->json, keys[1]);

	m->drivers = mem_alloc(total + 1, sizeof *m->drivers);
	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		const json_t *rows = json_object_get(m->json, keys[k]);
		for (size_t i = 0;
			i < rows_of(m->json, keys[k]) && m->drivers_count < SPARK_ROWS_MAX; i++)
			m->drivers_count += driver_read(
				json_array_get(rows, i), k == 0, &m->drivers[m->drivers_count]);
	}
	m->skipped += total - m->drivers_count;
}

/* "spark://spark-1.example:7077" -> "spark-1.example". */
static void read_host(struct spark_master *m)
{
	struct str url = str_of(field_text(m->json, "url"));
	ptrdiff_t end;

	if (!str_starts(url, STR("spark://")))
		return;
	url = str_from(url, 8);
	for (end = (ptrdiff_t)url.len; end > 0 && url.at[end - 1] != ':';)
		end--;
	if (end < 2 || !str_copy((struct str){url.at, (size_t)end - 1}, m->host, sizeof m->host))
		return;
	for (char *c = m->host; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 0x20);
		else if (!is_id_byte(*c))
			m->host[0] = *c = '\0';
	}
}

int spark_master_parse(struct str body, struct spark_master *out, struct err *err)
{
	*out = (struct spark_master){.json = json_of_text(body, err)};
	if (out->json == NULL)
		return -1;
	if (!json_is_string(json_object_get(out->json, "status")) ||
		!json_is_array(json_object_get(out->json, "workers")) ||
		!json_is_array(json_object_get(out->json, "activeapps"))) {
		spark_master_clear(out);
		return err_set(err, "not a master's JSON");
	}
	out->status = field_word(out->json, "status", master_states);
	out->cores = field_count(out->json, "cores");
	out->cores_used = field_count(out->json, "coresused");
	out->memory_mb = (uint64_t)field_number(out->json, "memory");
	out->memory_used_mb = (uint64_t)field_number(out->json, "memoryused");
	read_host(out);
	read_workers(out);
	read_apps(out);
	read_drivers(out);
	return 0;
}

void spark_master_clear(struct spark_master *m)
{
	free(m->workers);
	free(m->apps);
	free(m->drivers);
	json_decref(m->json);
	*m = (struct spark_master){0};
}

/* --- has a master anything new to say? --- */

/* The digits behind the next `key`; empty, at the end of `rest`, when there are none. */
static struct str next_number(struct str rest, struct str key)
{
	ptrdiff_t at;
	size_t len = 0;

	while (len == 0 && (at = str_find(rest, key)) != -1) {
		rest = str_from(rest, (size_t)at + key.len);
		while (rest.len && strchr(" \t\r\n:", rest.at[0]))
			rest = str_from(rest, 1);
		while (len < rest.len && rest.at[len] >= '0' && rest.at[len] <= '9')
			len++;
	}
	return len ? (struct str){rest.at, len} : str_from(rest, rest.len);
}

uint64_t spark_master_digest(struct str body)
{
	/* A heartbeat is never read, a duration only when the application has ended: then it stays.
	 */
	static const struct str keys[] = {{"\"lastheartbeat\"", 15}, {"\"duration\"", 10}};
	const char *end = body.at + body.len;
	uint64_t digest[2] = {0};
	struct str next[ARRAY_LEN(keys)];

	for (size_t k = 0; k < ARRAY_LEN(keys); k++)
		next[k] = next_number(body, keys[k]);
	while (body.len) {
		size_t k = next[1].at < next[0].at;
		digest[1] = siphash_secret(body.at, (size_t)(next[k].at - body.at));
		digest[0] = siphash_secret(digest, sizeof digest);
		body = str_range(next[k].at + next[k].len, end);
		next[k] = next_number(body, keys[k]);
	}
	return digest[0] ? digest[0] : 1;
}

/* --- a history server --- */

/* What all attempts agree on: each is an event log of its own, written by whoever may. */
static const char *user_of(const json_t *attempts)
{
	const char *user = field_text(json_array_get(attempts, 0), "sparkUser");

	for (size_t i = 1; i < json_array_size(attempts); i++) {
		if (strcmp(field_text(json_array_get(attempts, i), "sparkUser"), user) != 0)
			return "";
	}
	return user;
}

static const char *attempt_id(const json_t *attempt)
{
	const char *id = field_text(attempt, "attemptId");

	return spark_id_is_good(str_of(id)) ? id : "";
}

/* What "2" and "appattempt_1700000000000_0001_000002" end in. */
static uint64_t attempt_number(const json_t *attempt)
{
	const char *id = field_text(attempt, "attemptId"), *end = id + strlen(id);
	uint64_t number = 0;

	while (end > id && end[-1] >= '0' && end[-1] <= '9')
		end--;
	return str_to_u64(str_of(end), &number) ? number : 0;
}

/* Servers list the newest first, unless two began in one instant. */
static bool is_newer(const json_t *a, const json_t *b)
{
	int64_t started = field_number(a, "startTimeEpoch"),
		other = field_number(b, "startTimeEpoch");

	return started != other ? started > other : attempt_number(a) > attempt_number(b);
}

static bool history_read(json_t *json, const json_t *row, struct spark_app *a)
{
	struct spark_app ids;
	const json_t *attempts = json_object_get(row, "attempts");
	const json_t *newest = json_array_get(attempts, 0), *first = newest;

	if (!app_id_take(json, field_text(row, "id"), &ids) || !json_is_object(newest))
		return false;
	for (size_t i = 1; i < json_array_size(attempts); i++) {
		const json_t *attempt = json_array_get(attempts, i);
		if (!json_is_object(attempt))
			return false;
		newest = is_newer(attempt, newest) ? attempt : newest;
		first = is_newer(attempt, first) ? first : attempt;
	}
	*a = (struct spark_app){
		.id = ids.id,
		.spark_id = ids.spark_id,
		.name = field_text(row, "name"),
		.user = user_of(attempts),
		.attempt = attempt_id(newest),
		.has_many_logs = json_array_size(attempts) > 1,
		.log_source = field_text(newest, "logSourceName"),
		.started_ms = field_number(first, "startTimeEpoch"),
		.ended_ms = field_number(newest, "endTimeEpoch"),
		.updated_ms = field_number(newest, "lastUpdatedEpoch"),
		.running = !json_is_true(json_object_get(newest, "completed")),
	};
	a->state = a->running ? "INCOMPLETE" : "FINISHED";
	a->duration_ms = a->running ? -1 : field_number(newest, "duration");
	return true;
}

static void read_history(struct spark_apps *out)
{
	size_t total = json_array_size(out->json);

	out->apps = mem_alloc(total + 1, sizeof *out->apps);
	for (size_t i = 0; i < total && out->count < SPARK_ROWS_MAX; i++)
		out->count += history_read(
			out->json, json_array_get(out->json, i), &out->apps[out->count]);
	out->skipped = total - out->count;
}

int spark_apps_parse(struct str body, struct spark_apps *out, struct err *err)
{
	*out = (struct spark_apps){.json = json_of_text(body, err)};
	if (out->json == NULL)
		return -1;
	if (!json_is_array(out->json)) {
		spark_apps_clear(out);
		return err_set(err, "not a list of applications");
	}
	read_history(out);
	return 0;
}

int spark_one_app_parse(struct str body, struct spark_apps *out, struct err *err)
{
	json_t *json = json_of_text(body, err);

	*out = (struct spark_apps){0};
	if (json == NULL)
		return -1;
	out->json = json_pack("[o]", json);
	if (out->json == NULL)
		abort();
	read_history(out);
	return 0;
}

void spark_apps_clear(struct spark_apps *apps)
{
	free(apps->apps);
	json_decref(apps->json);
	*apps = (struct spark_apps){0};
}

/* --- who are you? --- */

static bool id_is(const json_t *row, struct str id)
{
	const char *text = json_string_value(json_object_get(row, "id"));

	return text && str_eq(str_of(text), id);
}

bool spark_worker_is(struct str body, struct str id)
{
	json_t *json = json_of_text(body, NULL);
	/* A worker that names the master's UI as its own is none: that has no masterurl. */
	bool is = id_is(json, id) && json_is_string(json_object_get(json, "masterurl"));

	json_decref(json);
	return is;
}

bool spark_driver_is(struct str body, struct str id)
{
	json_t *json = json_of_text(body, NULL);
	bool is = json_array_size(json) == 1 && id_is(json_array_get(json, 0), id);

	json_decref(json);
	return is;
}

static bool said_read(const json_t *row, struct spark_app *out)
{
	const json_t *attempt = json_array_get(json_object_get(row, "attempts"), 0);

	*out = (struct spark_app){.id = field_text(row, "id"),
		.name = field_text(row, "name"),
		.started_ms = field_number(attempt, "startTimeEpoch")};
	return app_key_is_id(str_of(out->id));
}

json_t *spark_driver_read(struct str body, struct spark_app *out)
{
	json_t *json = json_of_text(body, NULL);

	if (json_array_size(json) == 1 && said_read(json_array_get(json, 0), out))
		return json;
	json_decref(json);
	return NULL;
}

/* What Spark's UI answers to anything before its application is there (SparkUI.initHandler). */
#define STARTING_UP "Spark is starting up."

bool spark_driver_is_early(struct str body)
{
	json_t *json = json_of_text(body, NULL);
	bool is = json_is_array(json) && json_array_size(json) == 0;

	json_decref(json);
	return is || str_starts(body, STR(STARTING_UP));
}

bool spark_version_copy(struct str text, char out[static SPARK_VERSION_MAX])
{
	bool good = text.len > 0 && text.at[0] >= '0' && text.at[0] <= '9';

	for (size_t i = 0; i < text.len; i++)
		good = good && text.at[i] != ':' && (is_id_byte(text.at[i]) || text.at[i] == '+');
	return str_copy(good ? text : STR(""), out, SPARK_VERSION_MAX) && good;
}

int spark_version_parse(struct str body, char out[static SPARK_VERSION_MAX])
{
	json_t *json = json_of_text(body, NULL);
	const char *text = json_string_value(json_object_get(json, "spark"));
	bool good = text && spark_version_copy(str_of(text), out);

	if (!good)
		out[0] = '\0';
	json_decref(json);
	return good ? 0 : -1;
}
