#include "proxy/launch/pages/launch_fields.h"

#include "base/mem.h"
#include "base/sbuf.h"
#include "base/str.h"
#include "base/text/json_value.h"

#include <stdlib.h>

const struct launch_field launch_fields[] = {{"profile", 300}, {"artifact", 600},
	{"resource", 1100}, {"main_class", 300}, {"name", 600}, {"arguments", LAUNCH_FIELD_MAX},
	{"environment", LAUNCH_FIELD_MAX}, {"conf", LAUNCH_FIELD_MAX}, {"executors", 16},
	{"executor_cores", 16}, {"executor_memory", 24}, {"driver_cores", 16},
	{"driver_memory", 24}};
const size_t launch_fields_count = ARRAY_LEN(launch_fields);

/* Fields that are members of the same name, and of processes: "executor_cores" is executor.cores.
 */
static const char *const texts[] = {"artifact", "resource", "main_class", "name"};
static const char *const pairs[] = {"environment", "conf"};
static const struct {
	const char *field, *process, *member;
	bool is_number;
} sizes[] = {{"executor_cores", "executor", "cores", true},
	{"executor_memory", "executor", "memory", false}, {"driver_cores", "driver", "cores", true},
	{"driver_memory", "driver", "memory", false}};

/* --- from the form --- */

/* The next line that is not empty, without the browser's CR. */
static bool next_line(struct str *rest, struct str *line)
{
	while (str_next(rest, '\n', line)) {
		if (line->len > 0 && line->at[line->len - 1] == '\r')
			line->len--;
		if (line->len > 0)
			return true;
	}
	return false;
}

static int add_pairs(json_t *body, const char *name, const char *text, struct err *err)
{
	json_t *object = json_object();
	struct str rest = str_of(text), line;

	while (next_line(&rest, &line)) {
		ptrdiff_t sign = str_find_byte(line, '=');
		if (sign < 1) {
			json_decref(object);
			return err_set(err, "%s: expected name=value on each line", name);
		}
		struct str value = str_from(line, (size_t)sign + 1);
		json_object_setn_new(
			object, line.at, (size_t)sign, json_stringn(value.at, value.len));
	}
	if (json_object_size(object) > 0)
		json_object_set(body, name, object);
	json_decref(object);
	return 0;
}

static void add_arguments(json_t *body, const char *text)
{
	json_t *list = json_array();
	struct str rest = str_of(text), line;

	while (next_line(&rest, &line))
		json_array_append_new(list, json_stringn(line.at, line.len));
	if (json_array_size(list) > 0)
		json_object_set(body, "arguments", list);
	json_decref(list);
}

/* NULL: it is no number. */
static json_t *number_of(const char *text)
{
	uint64_t number;

	return str_to_u64(str_trim(str_of(text)), &number) && number <= 1000000
		       ? json_integer((json_int_t)number)
		       : NULL;
}

static int add_size(json_t *body, const json_t *values, size_t row, struct err *err)
{
	const char *text = json_value_string(values, sizes[row].field);
	json_t *process = json_object_get(body, sizes[row].process);
	json_t *value = sizes[row].is_number ? number_of(text) : json_string(text);

	if (text[0] == '\0') {
		json_decref(value);
		return 0;
	}
	if (value == NULL)
		return err_set(
			err, "%s.%s: expected a number", sizes[row].process, sizes[row].member);
	if (process == NULL) {
		process = json_object();
		json_object_set_new(body, sizes[row].process, process);
	}
	json_object_set_new(process, sizes[row].member, value);
	return 0;
}

static int add_sizes(json_t *body, const json_t *values, struct err *err)
{
	const char *executors = json_value_string(values, "executors");
	json_t *number = executors[0] ? number_of(executors) : NULL;

	if (executors[0] && number == NULL)
		return err_set(err, "executors: expected a number");
	if (number)
		json_object_set_new(body, "executors", number);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		if (add_size(body, values, i, err) == -1)
			return -1;
	}
	return 0;
}

static int add_profile(json_t *body, const char *text, struct err *err)
{
	struct str rest = str_of(text);
	ptrdiff_t sign = str_find_byte(rest, '/');

	if (sign < 1)
		return err_set(err, "profile: choose one");
	json_object_set_new(body, "cluster", json_stringn(text, (size_t)sign));
	json_object_set_new(body, "profile", json_string(text + sign + 1));
	return 0;
}

static int fill(json_t *body, const json_t *values, struct err *err)
{
	if (add_profile(body, json_value_string(values, "profile"), err) == -1)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct str text = str_trim(str_of(json_value_string(values, texts[i])));
		if (text.len > 0)
			json_object_set_new(body, texts[i], json_stringn(text.at, text.len));
	}
	add_arguments(body, json_value_string(values, "arguments"));
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (add_pairs(body, pairs[i], json_value_string(values, pairs[i]), err) == -1)
			return -1;
	}
	return add_sizes(body, values, err);
}

json_t *launch_fields_body(const json_t *values, struct err *err)
{
	json_t *body = json_object();

	if (fill(body, values, err) == 0)
		return body;
	json_decref(body);
	return NULL;
}

/* --- back --- */

static void set_number(json_t *values, const char *name, const json_t *number)
{
	if (json_is_integer(number))
		json_object_set_new(
			values, name, json_sprintf("%lld", (long long)json_integer_value(number)));
}

static json_t *lines_of(const json_t *list)
{
	struct sbuf out;

	sbuf_init_secret(&out, LAUNCH_FIELD_MAX);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		sbuf_puts(&out, text ? text : "");
		sbuf_putc(&out, '\n');
	}
	json_t *json = json_stringn(out.len ? out.at : "", out.overflow ? 0 : out.len);
	sbuf_clear(&out);
	return json;
}

static json_t *pairs_of(json_t *object)
{
	struct sbuf out;
	const char *key;
	json_t *value;

	sbuf_init_secret(&out, LAUNCH_FIELD_MAX);
	json_object_foreach(object, key, value)
	{
		const char *text = json_string_value(value);
		sbuf_printf(&out, "%s=%s\n", key, text ? text : "");
	}
	json_t *json = json_stringn(out.len ? out.at : "", out.overflow ? 0 : out.len);
	sbuf_clear(&out);
	return json;
}

json_t *launch_fields_values(const json_t *body)
{
	json_t *values = json_pack("{s:o}", "profile",
		json_sprintf("%s/%s", json_value_string(body, "cluster"),
			json_value_string(body, "profile")));

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		json_object_set_new(
			values, texts[i], json_string(json_value_string(body, texts[i])));
	json_object_set_new(values, "arguments", lines_of(json_object_get(body, "arguments")));
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		json_object_set_new(values, pairs[i], pairs_of(json_object_get(body, pairs[i])));
	set_number(values, "executors", json_object_get(body, "executors"));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const json_t *process = json_object_get(body, sizes[i].process);
		if (sizes[i].is_number)
			set_number(
				values, sizes[i].field, json_object_get(process, sizes[i].member));
		else
			json_object_set_new(values, sizes[i].field,
				json_string(json_value_string(process, sizes[i].member)));
	}
	return values;
}
