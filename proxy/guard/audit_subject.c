#include "proxy/guard/audit_subject.h"

#include "base/text/params.h"

#include <jansson.h>

enum { TEXT_MAX = 1024 };

/* A segment of the path, and what the next one is. */
static const struct {
	const char *segment;
	enum audit_subject_kind kind;
} in_path[] = {
	{"proxy", ABOUT_APP},
	{"history", ABOUT_APP},
	{"applications", ABOUT_APP},
	{"kill", ABOUT_SUBMISSION},
	{"requestkill", ABOUT_SUBMISSION},
	{"status", ABOUT_SUBMISSION},
	{"executors", ABOUT_EXECUTOR},
};

/* A parameter, and what it is of a path with these segments; NULL: of any. */
static const struct {
	const char *name, *segments;
	enum audit_subject_kind kind;
} in_params[] = {
	{"id", "/jobs/job/", ABOUT_JOB},
	{"id", "/stages/stage/", ABOUT_STAGE},
	{"id", "/app/", ABOUT_APP},
	{"id", "/driver/", ABOUT_DRIVER},
	{"appId", NULL, ABOUT_APP},
	{"driverId", NULL, ABOUT_DRIVER},
	{"submissionId", NULL, ABOUT_SUBMISSION},
	{"executorId", NULL, ABOUT_EXECUTOR},
};

static const char *const names[ABOUT_COUNT] = {
	[ABOUT_APP] = "app_id",
	[ABOUT_JOB] = "job_id",
	[ABOUT_STAGE] = "stage_id",
	[ABOUT_DRIVER] = "driver_id",
	[ABOUT_SUBMISSION] = "submission_id",
	[ABOUT_EXECUTOR] = "executor_id",
};

static bool is_id_listed(struct str list, struct str id)
{
	struct str one;

	while (str_next(&list, ',', &one)) {
		if (str_eq(one, id))
			return true;
	}
	return false;
}

void audit_subject_add(struct audit_subject *about, enum audit_subject_kind kind, struct str id)
{
	char *list = about->ids[kind];
	size_t len = strlen(list), room = ABOUT_SIZE - 1 - len;

	if (id.len == 0 || room < 2 || is_id_listed(str_of(list), id))
		return;
	if (len) {
		list[len++] = ',';
		room--;
	}
	if (id.len > room)
		id.len = room;
	memcpy(list + len, id.at, id.len);
	list[len + id.len] = '\0';
}

/* --- the path --- */

static bool is_name_of(struct str segment, const char *name)
{
	return str_eq_nocase(segment, str_of(name));
}

/* Pages of an executor are named below `executors` as well. */
static bool is_page(struct str segment)
{
	return is_name_of(segment, "threadDump") || is_name_of(segment, "heapHistogram") ||
	       is_name_of(segment, "prometheus");
}

static void read_subject_segment(struct audit_subject *about, struct str before, struct str segment)
{
	if (is_page(segment))
		return;
	for (size_t i = 0; i < ARRAY_LEN(in_path); i++) {
		if (is_name_of(before, in_path[i].segment))
			audit_subject_add(about, in_path[i].kind, segment);
	}
}

void audit_subject_read_path(struct audit_subject *about, struct str path)
{
	struct str rest, segment, before = {"", 0};
	struct sbuf plain;

	sbuf_init(&plain, TEXT_MAX);
	if (params_decode(path, PARAMS_PATH, &plain)) {
		rest = sbuf_str(&plain);
		while (str_next(&rest, '/', &segment)) {
			if (segment.len == 0)
				continue;
			read_subject_segment(about, before, segment);
			before = segment;
		}
	}
	sbuf_clear(&plain);
}

/* --- parameters --- */

/* As the servlet reads it: name and value decoded. */
static bool read_pair(struct str pair, struct sbuf *name, struct sbuf *value)
{
	ptrdiff_t eq = str_find_byte(pair, '=');

	return eq != -1 && params_decode((struct str){pair.at, (size_t)eq}, PARAMS_FORM, name) &&
	       params_decode(str_from(pair, (size_t)eq + 1), PARAMS_FORM, value);
}

static void take_pair(
	struct audit_subject *about, struct str path, struct str name, struct str value)
{
	for (size_t i = 0; i < ARRAY_LEN(in_params); i++) {
		const char *segments = in_params[i].segments;
		if (str_eq(name, str_of(in_params[i].name)) &&
			(segments == NULL || str_find(path, str_of(segments)) != -1))
			audit_subject_add(about, in_params[i].kind, value);
	}
}

void audit_subject_read_params(struct audit_subject *about, struct str path, struct str params)
{
	struct sbuf plain, name, value;
	struct str pair;

	sbuf_init(&plain, TEXT_MAX);
	sbuf_init(&name, TEXT_MAX);
	sbuf_init(&value, TEXT_MAX);
	if (!params_decode(path, PARAMS_PATH, &plain))
		sbuf_reset(&plain);
	while (str_next(&params, '&', &pair)) {
		if (read_pair(pair, &name, &value))
			take_pair(about, sbuf_str(&plain), sbuf_str(&name), sbuf_str(&value));
	}
	sbuf_clear(&plain);
	sbuf_clear(&name);
	sbuf_clear(&value);
}

/* --- JSON --- */

static struct str text_of(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	return json_is_string(member)
		       ? (struct str){json_string_value(member), json_string_length(member)}
		       : (struct str){"", 0};
}

static void keep_name(struct audit_subject *about, struct str name)
{
	if (name.len >= ABOUT_SIZE)
		name.len = ABOUT_SIZE - 1;
	memcpy(about->app_name, name.at, name.len);
	about->app_name[name.len] = '\0';
}

void audit_subject_read_json(struct audit_subject *about, struct str json)
{
	json_t *root = json_loadb(json.at, json.len, 0, NULL);
	struct str name = text_of(json_object_get(root, "sparkProperties"), "spark.app.name");

	audit_subject_add(about, ABOUT_SUBMISSION, text_of(root, "submissionId"));
	if (name.len)
		keep_name(about, name);
	json_decref(root);
}

void audit_subject_set_reason(struct audit_subject *about, struct str reason)
{
	if (reason.len >= ABOUT_REASON_SIZE)
		reason.len = ABOUT_REASON_SIZE - 1;
	memcpy(about->reason, reason.at, reason.len);
	about->reason[reason.len] = '\0';
}

size_t audit_subject_fields(const struct audit_subject *about, struct log_field *out)
{
	size_t count = 0;

	for (size_t kind = 0; kind < ABOUT_COUNT; kind++) {
		if (about->ids[kind][0])
			out[count++] =
				(struct log_field){names[kind], str_of(about->ids[kind]), false};
	}
	if (about->app_name[0])
		out[count++] = (struct log_field){"app_name", str_of(about->app_name), false};
	if (about->reason[0])
		out[count++] = (struct log_field){"stated_reason", str_of(about->reason), false};
	return count;
}
