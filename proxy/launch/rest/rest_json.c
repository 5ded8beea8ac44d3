#include "proxy/launch/rest/rest_json.h"

#include "base/text/json_text.h"
#include "base/text/json_value.h"
#include "proxy/launch/target/launch_gelf.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLACK_S = 60 }; /* the master's clock may be another */

/* --- a submission --- */

static bool is_python(const struct launch_order *order)
{
	return order->main_class == NULL;
}

const char *rest_main_class(const struct launch_order *order)
{
	return is_python(order) ? REST_SUBMIT_CLASS : order->main_class;
}

static void set(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, json_string(value));
}

static void set_mib(json_t *object, const char *key, unsigned mib)
{
	json_object_set_new(object, key, json_sprintf("%um", mib));
}

/* The master calls an application's user what the driver's JVM does: user.name. */
static void set_user(json_t *conf, const struct launch_order *order)
{
	static const char key[] = "spark.driver.extraJavaOptions";
	const char *others = launch_pairs_find(&order->conf, key);

	json_object_set_new(conf, key,
		json_sprintf("%s%s-Duser.name=%s", others ? others : "", others ? " " : "",
			order->user));
}

static json_t *properties(const struct launch_order *order, const char *spark_url)
{
	json_t *conf = json_object();

	for (size_t i = 0; i < order->conf.count; i++)
		set(conf, order->conf.at[i].key, order->conf.at[i].value);
	set_user(conf, order);
	set(conf, "spark.app.name", order->name);
	set(conf, "spark.master", spark_url);
	set(conf, REST_MARKER, order->id);
	set(conf, "spark.driver.supervise", "false");
	set_mib(conf, "spark.driver.memory", order->driver.memory_mib);
	set_mib(conf, "spark.executor.memory", order->executor.memory_mib);
	json_object_set_new(conf, "spark.driver.cores", json_sprintf("%u", order->driver.cores));
	json_object_set_new(
		conf, "spark.executor.cores", json_sprintf("%u", order->executor.cores));
	json_object_set_new(conf, "spark.cores.max",
		json_sprintf("%u", order->executors * order->executor.cores));
	launch_gelf_add(order, true, conf);
	if (is_python(order))
		return conf;
	set(conf, "spark.jars", order->resource);
	set(conf, "spark.submit.deployMode", "cluster");
	return conf;
}

static void append(json_t *list, const char *text)
{
	json_array_append_new(list, json_string(text));
}

/* In the driver spark-submit runs in client mode, where the worker's own spark-defaults.conf goes
 * before the driver's properties: only its options go before both, and keep to the sizes. */
static void append_options(json_t *list, const struct launch_order *order, json_t *conf)
{
	const char *key, *master = json_string_value(json_object_get(conf, "spark.master"));
	json_t *value;

	append(list, "--master");
	append(list, master);
	append(list, "--deploy-mode");
	append(list, "client");
	append(list, "--name");
	append(list, order->name);
	json_object_foreach(conf, key, value)
	{
		append(list, "--conf");
		json_array_append_new(list, json_sprintf("%s=%s", key, json_string_value(value)));
	}
	append(list, order->resource);
}

static json_t *arguments(const struct launch_order *order, json_t *conf)
{
	json_t *list = json_array();

	if (is_python(order))
		append_options(list, order, conf);
	for (size_t i = 0; i < order->arguments.count; i++)
		append(list, order->arguments.at[i]);
	return list;
}

static json_t *environment(const struct launch_order *order)
{
	json_t *object = json_object();

	for (size_t i = 0; i < order->environment.count; i++)
		set(object, order->environment.at[i].key, order->environment.at[i].value);
	set(object, "SPARK_USER", order->user);
	return object;
}

char *rest_submission(const struct launch_order *order, const char *spark_url)
{
	json_t *conf = properties(order, spark_url);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "action",
		"CreateSubmissionRequest", "clientSparkVersion", "3.5.0", "appResource",
		is_python(order) ? "" : order->resource, "mainClass", rest_main_class(order),
		"appArgs", arguments(order, conf), "sparkProperties", conf, "environmentVariables",
		environment(order));
	char *text = json_text(json);

	json_decref(json);
	return text;
}

/* --- answers --- */

bool rest_answer_read(const json_t *json, struct rest_answer *out)
{
	*out = (struct rest_answer){.success = json_is_true(json_object_get(json, "success")),
		.id = json_value_string(json, "submissionId"),
		.state = json_value_string(json, "driverState"),
		.message = json_value_string(json, "message"),
		.worker = json_value_string(json, "workerId")};
	return json_value_string(json, "action")[0] != '\0';
}

bool rest_is_handle(const char *id)
{
	for (const char *c = id; *c; c++) {
		if (!str_is_alnum(*c) && strchr("._-", *c) == NULL)
			return false;
	}
	return str_is_alnum(id[0]) && strlen(id) < LAUNCH_HANDLE;
}

bool rest_state_read(const char *word, enum launch_state *out)
{
	static const struct {
		const char *word;
		enum launch_state state;
	} rows[] = {{"SUBMITTED", LAUNCH_STARTING}, {"RELAUNCHING", LAUNCH_STARTING},
		{"RUNNING", LAUNCH_RUNNING}, {"FINISHED", LAUNCH_FINISHED},
		{"FAILED", LAUNCH_FAILED}, {"ERROR", LAUNCH_FAILED}, {"KILLED", LAUNCH_KILLED}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].word, word) == 0) {
			*out = rows[i].state;
			return true;
		}
	}
	return false;
}

/* --- logs --- */

static bool take_number(struct str *text, const char *after, uint64_t *out)
{
	ptrdiff_t at = str_find(*text, str_of(after));

	if (at == -1 || !str_to_u64((struct str){text->at, (size_t)at}, out))
		return false;
	*text = str_from(*text, (size_t)at + strlen(after));
	return true;
}

/* "==== Bytes 0-123 of 456 of /path/stderr ====" */
bool rest_log_read(struct str page, struct rest_log *out)
{
	static const struct str mark = {"==== Bytes ", 11};
	struct str rest = page, line;

	if (!str_next(&rest, '\n', &line) || !str_starts(line, mark))
		return false;
	line = str_from(line, mark.len);
	out->text = rest.at ? rest : STR("");
	return take_number(&line, "-", &out->from) && take_number(&line, " of ", &out->to) &&
	       take_number(&line, " of ", &out->total);
}

bool rest_is_launched(struct str head, const char *id)
{
	char mark[128];
	struct str rest = head, line;

	snprintf(mark, sizeof mark, "\"-D%s=%s\"", REST_MARKER, id);
	return str_next(&rest, '\n', &line) && str_starts(line, STR("Launch Command: ")) &&
	       str_find(line, str_of(mark)) != -1;
}

bool rest_has_marker(const json_t *environment, const char *id)
{
	const json_t *properties = json_object_get(environment, "sparkProperties");

	for (size_t i = 0; i < json_array_size(properties); i++) {
		const json_t *pair = json_array_get(properties, i);
		const char *key = json_string_value(json_array_get(pair, 0)),
			   *value = json_string_value(json_array_get(pair, 1));

		if (key && value && strcmp(key, REST_MARKER) == 0)
			return strcmp(value, id) == 0;
	}
	return false;
}

/* --- the master's lists --- */

static bool is_of_the_time(const json_t *json, const struct launch_order *order)
{
	json_int_t ms = json_integer_value(json_object_get(json, "starttime"));
	int64_t since = order->submitted_at ? order->submitted_at : order->created_at;

	/* Masters tell a driver's time as text, an application's as a number. */
	const char *text = json_string_value(json_object_get(json, "starttime"));
	uint64_t told;
	if (text && str_to_u64(str_of(text), &told))
		ms = (json_int_t)told;
	return ms >= (since - SLACK_S) * 1000;
}

bool rest_is_ours(const json_t *driver, const struct launch_order *order)
{
	return is_of_the_time(driver, order) &&
	       strcmp(json_value_string(driver, "mainclass"), rest_main_class(order)) == 0;
}

bool rest_may_be_app(const json_t *app, const struct launch_order *order)
{
	return is_of_the_time(app, order) &&
	       strcmp(json_value_string(app, "user"), order->user) == 0 &&
	       strcmp(json_value_string(app, "name"), order->name) == 0;
}
