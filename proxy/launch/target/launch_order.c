#include "proxy/launch/target/launch_order.h"

#include "base/text/json_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- pairs --- */

const char *launch_pairs_find(const struct launch_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (strcmp(pairs->at[i].key, key) == 0)
			return pairs->at[i].value;
	}
	return NULL;
}

void launch_pairs_set(struct launch_pairs *pairs, const char *key, const char *value)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (strcmp(pairs->at[i].key, key) == 0) {
			(void)mem_replace_text(&pairs->at[i].value, value);
			return;
		}
	}
	pairs->at = mem_resize(pairs->at, pairs->count + 1, sizeof *pairs->at);
	pairs->at[pairs->count++] = (struct conf_pair){mem_strdup(key), mem_strdup(value)};
}

void launch_pairs_clear(struct launch_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->at[i].key);
		free(pairs->at[i].value);
	}
	free(pairs->at);
	*pairs = (struct launch_pairs){NULL, 0};
}

/* --- members of the JSON text: one row each --- */

struct member {
	const char *name;
	enum { TEXT, COUNT, TIME, FLAG, NUMBER } kind;
	size_t at;
};
#define MEMBER(name, kind, field)                                                                  \
	{                                                                                          \
		name, kind, offsetof(struct launch_order, field)                                   \
	}

static const struct member members[] = {
	MEMBER("resource", TEXT, resource),
	MEMBER("main_class", TEXT, main_class),
	MEMBER("artifact", TEXT, artifact),
	MEMBER("file", TEXT, file),
	MEMBER("file_state", NUMBER, file_state),
	MEMBER("image", TEXT, image),
	MEMBER("logs_host", TEXT, logs.host),
	MEMBER("logs_port", COUNT, logs.port),
	MEMBER("asked", TEXT, asked),
	MEMBER("restart_of", TEXT, restart_of),
	MEMBER("driver_cores", COUNT, driver.cores),
	MEMBER("driver_mib", COUNT, driver.memory_mib),
	MEMBER("executor_cores", COUNT, executor.cores),
	MEMBER("executor_mib", COUNT, executor.memory_mib),
	MEMBER("executors", COUNT, executors),
	MEMBER("has_exit_code", FLAG, has_exit_code),
	MEMBER("exit_code", NUMBER, exit_code),
	MEMBER("attempts", COUNT, attempts),
	MEMBER("submitted_at", TIME, submitted_at),
	MEMBER("is_in_doubt", FLAG, is_in_doubt),
	MEMBER("kill_asked_at", TIME, kill_asked_at),
	MEMBER("kill_by", TEXT, kill_by),
};

static json_t *write_member(const struct member *member, const void *at)
{
	char *text;

	switch (member->kind) {
	case TEXT:
		memcpy(&text, at, sizeof text);
		return text ? json_string(text) : NULL;
	case COUNT:
		return json_integer(*(const unsigned *)at);
	case TIME:
		return json_integer(*(const int64_t *)at);
	case FLAG:
		return json_boolean(*(const bool *)at);
	case NUMBER:
		break;
	}
	return json_integer(*(const int *)at);
}

static void read_member(const struct member *member, const json_t *json, void *at)
{
	char *text;

	switch (member->kind) {
	case TEXT:
		text = mem_strdup(json_string_value(json));
		memcpy(at, &text, sizeof text);
		break;
	case COUNT:
		*(unsigned *)at = (unsigned)json_integer_value(json);
		break;
	case TIME:
		*(int64_t *)at = json_integer_value(json);
		break;
	case FLAG:
		*(bool *)at = json_is_true(json);
		break;
	case NUMBER:
		*(int *)at = (int)json_integer_value(json);
		break;
	}
}

/* --- lists --- */

static json_t *write_pairs(const struct launch_pairs *pairs)
{
	json_t *out = json_object();

	for (size_t i = 0; i < pairs->count; i++)
		json_object_set_new(out, pairs->at[i].key, json_string(pairs->at[i].value));
	return out;
}

static void read_pairs(json_t *json, struct launch_pairs *out)
{
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value)
	{
		if (out->count < LAUNCH_PAIRS * 2 && json_is_string(value))
			launch_pairs_set(out, key, json_string_value(value));
	}
}

static json_t *write_names(const struct conf_names *names)
{
	json_t *out = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(out, json_string(names->at[i]));
	return out;
}

static void read_names(const json_t *json, struct conf_names *out)
{
	size_t count = json_array_size(json);

	if (count > LAUNCH_ARGUMENTS)
		count = LAUNCH_ARGUMENTS;
	out->at = mem_alloc(count, sizeof *out->at);
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(json, i));
		if (text)
			out->at[out->count++] = mem_strdup(text);
	}
}

static json_t *write_events(const struct launch_order *order)
{
	json_t *out = json_array();

	for (size_t i = 0; i < order->events_count; i++)
		json_array_append_new(
			out, json_pack("{s:I, s:s}", "at", (json_int_t)order->events[i].at, "text",
				     order->events[i].text));
	return out;
}

static void add_event(struct launch_order *order, int64_t at, const char *text)
{
	if (order->events_count == LAUNCH_EVENTS) {
		free(order->events[1].text);
		memmove(&order->events[1], &order->events[2],
			(LAUNCH_EVENTS - 2) * sizeof *order->events);
		order->events_count--;
	}
	order->events = mem_resize(order->events, order->events_count + 1, sizeof *order->events);
	order->events[order->events_count++] = (struct launch_event){at, mem_strdup(text)};
}

static void read_events(const json_t *json, struct launch_order *out)
{
	for (size_t i = 0; i < json_array_size(json); i++) {
		const json_t *one = json_array_get(json, i);
		const char *text = json_string_value(json_object_get(one, "text"));

		if (text)
			add_event(out, json_integer_value(json_object_get(one, "at")), text);
	}
}

void launch_order_note(struct launch_order *order, int64_t now, const char *fmt, ...)
{
	char text[LAUNCH_REASON];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	text[str_fit_chars(str_of(text), sizeof text - 1)] = '\0';
	add_event(order, now, text);
}

/* --- the whole --- */

static bool copy_text(const json_t *json, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(json, name));

	return str_copy(str_of(text ? text : ""), out, size);
}

static bool read_json(json_t *json, struct launch_order *out)
{
	if (!copy_text(json, "handle", out->handle, sizeof out->handle) ||
		!copy_text(json, "place", out->place, sizeof out->place) ||
		!copy_text(json, "reason", out->reason, sizeof out->reason))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		read_member(&members[i], json_object_get(json, members[i].name),
			(char *)out + members[i].at);
	read_names(json_object_get(json, "arguments"), &out->arguments);
	read_pairs(json_object_get(json, "conf"), &out->conf);
	read_pairs(json_object_get(json, "environment"), &out->environment);
	read_events(json_object_get(json, "events"), out);
	return out->resource != NULL;
}

bool launch_order_read(const struct store_launch *launch, struct launch_order *out)
{
	json_t *json = json_loadb((const char *)launch->json.at, launch->json.len, 0, NULL);

	*out = (struct launch_order){.created_at = launch->created_at};
	memcpy(out->id, launch->id, sizeof out->id);
	memcpy(out->user, launch->user, sizeof out->user);
	memcpy(out->cluster, launch->cluster, sizeof out->cluster);
	memcpy(out->profile, launch->profile, sizeof out->profile);
	memcpy(out->name, launch->name, sizeof out->name);
	memcpy(out->app_id, launch->app_id, sizeof out->app_id);
	bool is_ours = json_is_object(json) && read_json(json, out);
	json_decref(json);
	if (!is_ours)
		launch_order_clear(out);
	return is_ours;
}

bool launch_order_write(const struct launch_order *order, struct store_launch *launch)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "handle", order->handle,
		"place", order->place, "reason", order->reason, "arguments",
		write_names(&order->arguments), "conf", write_pairs(&order->conf), "environment",
		write_pairs(&order->environment), "events", write_events(order));

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		json_t *value = write_member(&members[i], (const char *)order + members[i].at);
		if (value)
			json_object_set_new(json, members[i].name, value);
	}
	char *text = json_text(json);
	json_decref(json);
	size_t len = text ? strlen(text) : STORE_SEALED + 1;
	if (len > STORE_SEALED) {
		free(text);
		return false;
	}
	store_launch_clear(launch);
	launch->json = (struct store_bytes){(unsigned char *)text, len};
	memcpy(launch->app_id, order->app_id, sizeof launch->app_id);
	return true;
}

void launch_order_clear(struct launch_order *order)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		char *text;

		if (members[i].kind != TEXT)
			continue;
		memcpy(&text, (char *)order + members[i].at, sizeof text);
		free(text);
	}
	for (size_t i = 0; i < order->arguments.count; i++)
		free(order->arguments.at[i]);
	free(order->arguments.at);
	launch_pairs_clear(&order->conf);
	launch_pairs_clear(&order->environment);
	for (size_t i = 0; i < order->events_count; i++)
		free(order->events[i].text);
	free(order->events);
	*order = (struct launch_order){.exit_code = 0};
}
