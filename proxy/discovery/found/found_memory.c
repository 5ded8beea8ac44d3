#include "proxy/discovery/found/found_memory.h"

#include "base/sbuf.h"
#include "base/text/json_text.h"
#include "auth/store/store.h"
#include "base/text/json_value.h"
#include "proxy/discovery/found/found.h"
#include "proxy/discovery/known/cluster.h"

#include <stdlib.h>

enum { TEXT_MAX = FOUND_GONE_MAX * 1024 };

/* Gives. */
static char *key_of(const struct cluster *finder)
{
	return mem_printf("clusters_gone %s", finder->name);
}

static int64_t time_of(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* --- out of the store --- */

static void take_row(struct cluster *finder, const json_t *row)
{
	const struct found_gone gone = {
		.word = {json_value_string(row, "namespace"), json_value_string(row, "name"),
			json_value_string(row, "uid"), time_of(row, "created")},
		.path = json_value_string(row, "path"),
		.state = json_value_string(row, "state"),
		.deleted_ms = time_of(row, "deleted"),
	};

	found_recall(finder, &gone);
}

static void take_text(struct cluster *finder, const char *text)
{
	struct err err = {""};
	json_t *rows = json_of_text(str_of(text), &err);

	for (size_t i = 0; i < json_array_size(rows); i++)
		take_row(finder, json_array_get(rows, i));
	json_decref(rows);
}

static bool recall(const struct discovery *d, struct cluster *finder)
{
	char *key = key_of(finder), *text = mem_alloc(TEXT_MAX, 1);
	enum store_answer answer = d->store->ops->meta_get(d->store, key, text, TEXT_MAX);

	if (answer == STORE_FOUND)
		take_text(finder, text);
	free(key);
	free(text);
	return answer != STORE_FAILED;
}

/* --- into the store --- */

static json_t *row_of(const struct found_cluster *f)
{
	json_t *row = json_object();

	json_object_set_new(row, "namespace", json_string(f->namespace));
	json_object_set_new(row, "name", json_string(f->name));
	json_object_set_new(row, "uid", json_string(f->uid));
	json_object_set_new(row, "path", json_string(f->path));
	json_object_set_new(row, "state", json_string(f->state));
	json_object_set_new(row, "created", json_integer(f->created_ms));
	json_object_set_new(row, "deleted", json_integer(f->deleted_ms));
	return row;
}

static bool record(const struct discovery *d, const struct cluster *finder)
{
	json_t *rows = json_array();
	const struct found_cluster *f;
	char *key = key_of(finder), *text;
	bool is_written;

	TAILQ_FOREACH(f, &d->found->clusters, entry)
	{
		if (f->finder == finder && f->watch == NULL && !f->is_over && f->path)
			json_array_append_new(rows, row_of(f));
	}
	text = json_text(rows);
	is_written = strlen(text) < TEXT_MAX && d->store->ops->meta_set(d->store, key, text) == 0;
	json_decref(rows);
	free(key);
	free(text);
	return is_written;
}

/* --- both --- */

/* Another gateway may have seen others go: what it wrote is read before. */
static bool sync_finder(struct discovery *d, struct cluster *finder)
{
	bool is_first = !finder->has_recalled_found;

	if (!is_first && !finder->is_gone_changed)
		return true;
	if (!recall(d, finder))
		return false;
	finder->has_recalled_found = true;
	if (finder->is_gone_changed && !record(d, finder))
		return false;
	finder->is_gone_changed = false;
	return true;
}

bool found_memory_sync(struct discovery *d)
{
	bool is_answered = true;

	for (size_t i = 0; d->store && is_answered && i < d->rows_count; i++) {
		if (d->clusters[i]->finders_count)
			is_answered = sync_finder(d, d->clusters[i]);
	}
	return is_answered;
}
