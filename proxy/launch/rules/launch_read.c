#include "proxy/launch/rules/launch_read.h"

#include "conf/values/keywords.h"
#include "proxy/launch/artifacts/artifact_name.h"

#include <stdio.h>

enum {
	CORES_MAX = 1024,
	EXECUTORS_MAX = 100000,
	NAME_BYTES = 128,
	NAMES_SIZE = 256,
	FILE_MAX = 1024 * 1024, /* what a ConfigMap takes */
};

/* A line that Spark takes as it stands. "{{NAME}}" is read by masters (since 4.0) as a variable of
 * their own, such as a key of theirs (S119). */
static int check_text(const char *member, const json_t *json, size_t max, struct err *err)
{
	const char *text = json_string_value(json);
	size_t len = json_string_length(json);

	if (text == NULL || strlen(text) != len)
		return err_set(err, "%s: expected a text", member);
	if (len > max)
		return err_set(err, "%s: longer than %zu bytes", member, max);
	if (values_has_control(text))
		return err_set(err, "%s: there is a control character in it", member);
	if (strstr(text, "{{") || strstr(text, "}}"))
		return err_set(err,
			"%s: \"{{\" and \"}}\" are not allowed, for Spark's master puts its own "
			"variables there",
			member);
	return 0;
}

static int read_text(
	const char *member, json_t *json, size_t max, const char **out, struct err *err)
{
	if (json == NULL || json_is_null(json))
		return 0;
	if (check_text(member, json, max, err) == -1)
		return -1;
	*out = json_string_value(json);
	return **out ? 0 : err_set(err, "%s: expected a text that is not empty", member);
}

static int read_count(const char *member, json_t *json, int most, unsigned *out, struct err *err)
{
	double n = json_number_value(json); /* 2.0 is a whole number, too */

	if (json == NULL || json_is_null(json))
		return 0;
	if (!json_is_number(json) || !(n >= 1 && n <= most) || n != (unsigned)n)
		return err_set(err, "%s: expected a number from 1 to %d", member, most);
	*out = (unsigned)n;
	return 0;
}

static int read_memory(const char *member, json_t *json, unsigned *out, struct err *err)
{
	static const struct keyword row = {.min = 1, .max = 16 * 1024 * 1024};
	struct err expected = {""};
	const char *text = NULL;

	if (read_text(member, json, 32, &text, err) == -1)
		return -1;
	if (text && value_memory.parse(&row, text, out, &expected) == -1)
		return err_set(err, "%s: expected memory such as 512m or 4g", member);
	return 0;
}

/* --- objects --- */

/* The first member that is none of `names`, which ends with NULL. */
static const char *find_unknown(json_t *object, const char *const *names)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		const char *const *name = names;
		while (*name && strcmp(*name, key) != 0)
			name++;
		if (*name == NULL)
			return key;
	}
	return NULL;
}

static int check_members(
	const char *member, json_t *object, const char *const *names, struct err *err)
{
	if (!json_is_object(object))
		return err_set(err, "%s: expected an object", member);
	const char *unknown = find_unknown(object, names);
	return unknown ? err_set(err, "%.64s: there is no such member", unknown) : 0;
}

static int read_process(const char *member, json_t *json, struct conf_process *out, struct err *err)
{
	static const char *const names[] = {"cores", "memory", NULL};
	char cores[32], memory[32];

	if (json == NULL || json_is_null(json))
		return 0;
	if (check_members(member, json, names, err) == -1)
		return -1;
	snprintf(cores, sizeof cores, "%s.cores", member);
	snprintf(memory, sizeof memory, "%s.memory", member);
	if (read_count(cores, json_object_get(json, "cores"), CORES_MAX, &out->cores, err) == -1)
		return -1;
	return read_memory(memory, json_object_get(json, "memory"), &out->memory_mib, err);
}

/* Texts, by names that the rules judge. */
static int check_pairs(const char *member, json_t *json, struct err *err)
{
	char shown[NAMES_SIZE];
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return err_set(err, "%s: expected an object of texts", member);
	if (json_object_size(json) > LAUNCH_PAIRS)
		return err_set(err, "%s: more than %d", member, LAUNCH_PAIRS);
	json_object_foreach(json, key, value)
	{
		snprintf(shown, sizeof shown, "%s.%.200s", member, key);
		if (values_has_control(key) || key[0] == '\0' || strlen(key) > 200)
			return err_set(err, "%s: a name is empty, too long or unprintable", member);
		if (check_text(shown, value, LAUNCH_TEXT, err) == -1)
			return -1;
	}
	return 0;
}

static int check_arguments(json_t *json, struct err *err)
{
	char shown[NAMES_SIZE];

	if (!json_is_array(json))
		return err_set(err, "arguments: expected a list of texts");
	if (json_array_size(json) > LAUNCH_ARGUMENTS)
		return err_set(err, "arguments: more than %d", LAUNCH_ARGUMENTS);
	for (size_t i = 0; i < json_array_size(json); i++) {
		snprintf(shown, sizeof shown, "arguments[%zu]", i);
		if (check_text(shown, json_array_get(json, i), LAUNCH_TEXT, err) == -1)
			return -1;
	}
	return 0;
}

static int take(json_t *body, const char *member, int (*check)(json_t *json, struct err *err),
	json_t **out, struct err *err)
{
	json_t *json = json_object_get(body, member);

	if (json == NULL || json_is_null(json))
		return 0;
	*out = json;
	return check ? check(json, err) : check_pairs(member, json, err);
}

/* A class of Java's: what it is begins an option otherwise. */
static bool is_class(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (!str_is_alnum(*c) && *c != '.' && *c != '_' && *c != '$')
			return false;
	}
	return text[0] != '.' && text[0] != '\0';
}

/* "registry:5000/team/spark:4.0.0@sha256:...": nothing that Spark would put a variable in (S131).
 */
static bool is_image(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (!str_is_alnum(*c) && strchr("._-/:@", *c) == NULL)
			return false;
	}
	return str_is_alnum(text[0]);
}

/* Of RFC 4648 §4, with its padding, as Kubernetes takes it. */
static bool is_base64(const char *text, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t padding = 0;

	while (padding < 2 && padding < len && text[len - padding - 1] == '=')
		padding++;
	return len > 0 && len % 4 == 0 && len / 4 * 3 - padding <= FILE_MAX &&
	       strspn(text, digits) == len - padding;
}

/* {"name": "etl.py", "content": "base64"}: it travels with the launch. */
static int read_file(json_t *json, struct launch_asked *out, struct err *err)
{
	static const char *const names[] = {"name", "content", NULL};
	const json_t *content = json_object_get(json, "content");

	if (json == NULL || json_is_null(json))
		return 0;
	if (check_members("file", json, names, err) == -1 ||
		read_text("file.name", json_object_get(json, "name"), NAME_BYTES, &out->file,
			err) == -1)
		return -1;
	if (out->file == NULL || !artifact_is_segment(str_of(out->file)))
		return err_set(err, "file.name: expected a name such as etl.py");
	if (json_is_string(content) &&
		is_base64(json_string_value(content), json_string_length(content)))
		return 0;
	return err_set(err, "file.content: expected base64 of 1 byte to 1 MiB");
}

static int read_texts(json_t *body, struct launch_asked *out, struct err *err)
{
	const struct {
		const char *name;
		size_t max;
		const char **to;
	} texts[] = {{"cluster", 192, &out->cluster}, {"profile", 63, &out->profile},
		{"name", NAME_BYTES, &out->name}, {"resource", 1024, &out->resource},
		{"artifact", 256, &out->artifact}, {"main_class", 255, &out->main_class},
		{"image", 255, &out->image}};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (read_text(texts[i].name, json_object_get(body, texts[i].name), texts[i].max,
			    texts[i].to, err) == -1)
			return -1;
	}
	if (out->main_class && !is_class(out->main_class))
		return err_set(err, "main_class: expected a class such as org.example.Main");
	if (out->image && !is_image(out->image))
		return err_set(err, "image: expected an image such as registry/team/spark:4.0.0");
	if (out->name && (out->name[0] == '-' || out->name[0] == ' '))
		return err_set(err, "name: expected no \"-\" and no space at its beginning");
	if ((out->resource != NULL) + (out->artifact != NULL) + (out->file != NULL) != 1)
		return err_set(err, "expected either resource or artifact, or a file");
	return 0;
}

int launch_read(json_t *body, struct launch_asked *out, struct err *err)
{
	static const char *const names[] = {"cluster", "profile", "name", "resource", "artifact",
		"file", "main_class", "image", "arguments", "environment", "conf", "driver",
		"executor", "executors", NULL};

	*out = (struct launch_asked){.cluster = NULL};
	if (check_members("the content", body, names, err) == -1 ||
		read_file(json_object_get(body, "file"), out, err) == -1 ||
		read_texts(body, out, err) == -1 ||
		take(body, "arguments", check_arguments, &out->arguments, err) == -1 ||
		take(body, "environment", NULL, &out->environment, err) == -1 ||
		take(body, "conf", NULL, &out->conf, err) == -1 ||
		read_process("driver", json_object_get(body, "driver"), &out->driver, err) == -1)
		return -1;
	if (read_process("executor", json_object_get(body, "executor"), &out->executor, err) == -1)
		return -1;
	return read_count("executors", json_object_get(body, "executors"), EXECUTORS_MAX,
		&out->executors, err);
}
