#include "proxy/discovery/spark/app_id.h"

#include "proxy/guard/app_key.h"

#include <stdio.h>
#include <stdlib.h>

/* A text of ours that lives as long as the document. */
static const char *keep(json_t *json, const char *text)
{
	static const char name[] = "\x01sparkgate";
	json_t *kept = json_is_array(json) ? json : json_object_get(json, name);

	if (!json_is_array(kept)) { /* somebody's own word of that name is not read */
		kept = json_array();
		if (json_object_set_new(json, name, kept) == -1)
			abort();
	}
	if (json_array_append_new(kept, json_string(text)) == -1)
		abort();
	return json_string_value(json_array_get(kept, json_array_size(kept) - 1));
}

bool app_id_take(json_t *json, const char *id, struct spark_app *a)
{
	char key[APP_KEY_SIZE];

	if (id[0] == '\0' || strlen(id) > SPARK_APP_ID_MAX)
		return false;
	app_key_of(str_of(id), key);
	a->spark_id = id;
	a->id = strcmp(key, id) == 0 ? id : keep(json, key);
	return true;
}

/* Past "prefix", digits, and perhaps "-digits" or "_digits" once more. */
static bool is_numbered(struct str id, const char *prefix, size_t digits, char separator)
{
	size_t at = strlen(prefix), first = at;

	if (!str_starts(id, str_of(prefix)))
		return false;
	while (at < id.len && id.at[at] >= '0' && id.at[at] <= '9')
		at++;
	if (at == first || (digits && at - first != digits))
		return false;
	return separator == '\0' ? at == id.len : at < id.len && id.at[at] == separator;
}

/* What masters and YARN call applications can be guessed before they are there. */
bool app_id_is_numbered(struct str id)
{
	return is_numbered(id, "app-", 14, '-') || is_numbered(id, "driver-", 14, '-') ||
	       is_numbered(id, "worker-", 14, '-') || is_numbered(id, "application_", 0, '_') ||
	       is_numbered(id, "local-", 0, '\0');
}

/* In small letters, without blanks: org.apache.spark.deploy.master.Master. */
bool app_id_is_name(const char *id, const char *name)
{
	for (; *name; name++) {
		char c = *name;

		if (strchr(" \t\n\v\f\r", c))
			continue;
		if (*id++ != (c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c))
			return false;
	}
	return *id == '\0';
}

/* --- those that have one id --- */

/* Those of one id side by side: the one that has run longest, then what began later, then what
 * ended, newest first. */
static int twin_order(const void *left, const void *right)
{
	const struct spark_app *a = *(struct spark_app *const *)left,
			       *b = *(struct spark_app *const *)right;
	int by_id = strcmp(a->spark_id, b->spark_id);

	if (by_id || a->running != b->running)
		return by_id ? by_id : a->running ? -1 : 1;
	if (a->started_ms == b->started_ms)
		return 0;
	return (a->started_ms < b->started_ms) == a->running ? -1 : 1;
}

/* The first keeps the id for its name, and the others have their starts in theirs: "~s" begins no
 * key. A name stays the same for as long as its application runs, unless an older one ends. */
static void name_twins(json_t *json, struct spark_app **twins, size_t count)
{
	bool has_stranger = false;

	for (size_t i = 1; i < count; i++)
		has_stranger |= strcmp(twins[i]->user, twins[0]->user) != 0;
	for (size_t i = 0; i < count; i++) {
		struct spark_app *a = twins[i];
		char key[APP_KEY_SIZE + 32];

		a->has_stranger = has_stranger;
		a->has_twin = a->running && count > 1 && twins[1]->running;
		a->has_later = a->running && i + 1 < count && twins[i + 1]->running;
		if (i == 0)
			continue;
		snprintf(key, sizeof key, "%.160s~s%lld", a->id, (long long)a->started_ms);
		a->id = keep(json, key);
	}
}

/* What a master has numbered no other one has, unless somebody is called so. */
static bool has_name_like_number(const struct spark_master *m)
{
	for (size_t i = 0; i < m->apps_count; i++) {
		const struct spark_app *a = &m->apps[i];
		if (app_id_is_numbered(str_of(a->spark_id)) && app_id_is_name(a->spark_id, a->name))
			return true;
	}
	return false;
}

void app_id_tell_apart(struct spark_master *m)
{
	struct spark_app **named = mem_alloc(m->apps_count + 1, sizeof(struct spark_app *));
	bool is_every_one = has_name_like_number(m);
	size_t count = 0, end;

	for (size_t i = 0; i < m->apps_count; i++) {
		if (is_every_one || !app_id_is_numbered(str_of(m->apps[i].spark_id)))
			named[count++] = &m->apps[i];
	}
	if (count)
		qsort(named, count, sizeof *named, twin_order);
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count; end++) {
			if (strcmp(named[end]->spark_id, named[i]->spark_id) != 0)
				break;
		}
		name_twins(m->json, named + i, end - i);
	}
	free(named);
}
