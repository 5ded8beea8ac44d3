#include "proxy/registry/registry.h"

#include "proxy/registry/registry_part.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct registry {
	uint64_t serial;
	struct registry_part **parts;
	size_t count;
	/* Names of clusters, and what is looked up from any of them. */
	struct registry_table table;
};

struct registry_builder {
	struct registry *reg;
	char *base;
	struct part_builder *part; /* of the cluster that comes next; NULL: nothing yet */
};

void mount_history_id(size_t index, char out[static MOUNT_HISTORY_ID])
{
	if (index == 0)
		snprintf(out, MOUNT_HISTORY_ID, "shs");
	else
		snprintf(out, MOUNT_HISTORY_ID, "shs-%zu", index + 1);
}

const char *app_info_spark_id(const struct app_info *app)
{
	return app->spark_id && app->spark_id[0] ? app->spark_id : app->id;
}

void app_info_write_below(struct sbuf *out, const char *above, const struct app_info *app)
{
	sbuf_puts(out, above);
	sbuf_urlencode(out, str_of(app_info_spark_id(app)));
	if (app->attempt && app->attempt[0]) {
		sbuf_putc(out, '/');
		sbuf_urlencode(out, str_of(app->attempt));
	}
}

struct access_cluster cluster_info_access(const struct cluster_info *cluster)
{
	return (struct access_cluster){cluster->name, cluster->finder, cluster->namespace};
}

/* All that runs in a cluster that was found is in its namespace. */
bool cluster_info_ends(const struct cluster_info *cluster, const struct app_info *app)
{
	bool is_found = cluster->namespace && cluster->namespace[0];

	return !app->has_pod && (is_found || app->namespace[0] == '\0');
}

struct access_cluster mount_access(const struct mount *mount)
{
	return (struct access_cluster){mount->cluster, mount->finder, mount->namespace};
}

const struct mount *cluster_info_next_history(const struct cluster_info *cluster, size_t *next)
{
	while (*next < cluster->histories_count) {
		const struct mount *server = cluster->histories[(*next)++];
		if (server->state == MOUNT_UP)
			return server;
	}
	return NULL;
}

const struct mount *cluster_info_history(
	const struct cluster_info *cluster, const struct app_info *app)
{
	if (!app->in_history)
		return NULL;
	return app->history ? app->history : cluster->history;
}

/* --- building --- */

static atomic_uint_fast64_t last_serial;

struct registry_builder *registry_builder_new(const char *base)
{
	struct registry_builder *b = mem_alloc(1, sizeof *b);

	b->reg = mem_alloc(1, sizeof *b->reg);
	b->reg->serial = atomic_fetch_add(&last_serial, 1) + 1;
	b->base = mem_strdup(base);
	return b;
}

static struct part_builder *next_part(struct registry_builder *b)
{
	if (b->part == NULL)
		b->part = part_builder_new(b->base);
	return b->part;
}

const struct mount *registry_builder_mount(struct registry_builder *b, const struct mount *mount)
{
	return part_builder_mount(next_part(b), mount);
}

void registry_builder_alias(
	struct registry_builder *b, const struct mount *mount, const char *authority)
{
	part_builder_alias(next_part(b), mount, authority);
}

static void take_part(struct registry *reg, struct registry_part *part)
{
	reg->parts = mem_resize(reg->parts, reg->count + 1, sizeof(struct registry_part *));
	reg->parts[reg->count++] = part;
}

struct registry_part *registry_builder_cluster(
	struct registry_builder *b, const struct cluster_info *info)
{
	struct registry_part *part = part_builder_finish(next_part(b), info);

	b->part = NULL;
	take_part(b->reg, part);
	return part;
}

void registry_builder_keep(struct registry_builder *b, struct registry_part *part)
{
	assert(b->part == NULL);
	take_part(b->reg, registry_part_ref(part));
}

static void index_clusters(struct registry *reg)
{
	for (size_t i = 0; i < reg->count; i++) {
		struct registry_part *part = reg->parts[i];
		struct registry_key key = registry_key_of(SPACE_CLUSTER, str_of(part->info.name));
		registry_table_add(&reg->table, &key, part);
	}
}

static void index_publics(struct registry *reg, const struct registry_part *part, int rank)
{
	for (size_t i = rank ? part->ends[rank - 1] : 0; i < part->ends[rank]; i++)
		registry_table_add(&reg->table, &part->publics[i].key, part->publics[i].mount);
}

struct registry *registry_builder_finish(struct registry_builder *b)
{
	struct registry *reg = b->reg;
	size_t keys = reg->count;

	assert(b->part == NULL);
	for (size_t i = 0; i < reg->count; i++)
		keys += reg->parts[i]->ends[RANKS - 1];
	registry_table_init(&reg->table, keys);
	index_clusters(reg);
	for (int rank = 0; rank < RANKS; rank++) {
		for (size_t i = 0; i < reg->count; i++)
			index_publics(reg, reg->parts[i], rank);
	}
	free(b->base);
	free(b);
	return reg;
}

/* --- looking up --- */

static const void *get(const struct registry_table *t, enum registry_space space, struct str text)
{
	struct registry_key key = registry_key_of(space, text);

	return registry_table_get(t, &key);
}

enum {
	FEW = 4, /* clusters: their names are compared faster than one is hashed (bench row page) */
	NEXT = 2, /* rows, the same (bench-lists) */
};

static const struct registry_part *part_of(const struct registry *reg, struct str cluster)
{
	if (reg->count > FEW)
		return get(&reg->table, SPACE_CLUSTER, cluster);
	for (size_t i = 0; i < reg->count; i++) {
		if (str_eq(str_of(reg->parts[i]->info.name), cluster))
			return reg->parts[i];
	}
	return NULL;
}

static const void *get_in(
	const struct registry *reg, struct str cluster, enum registry_space space, struct str text)
{
	const struct registry_part *part = part_of(reg, cluster);

	return part ? get(&part->table, space, text) : NULL;
}

uint64_t registry_serial(const struct registry *reg)
{
	return reg->serial;
}

size_t registry_clusters(const struct registry *reg)
{
	return reg->count;
}

const struct cluster_info *registry_cluster_at(const struct registry *reg, size_t index)
{
	assert(index < reg->count);
	return &reg->parts[index]->info;
}

const struct cluster_info *registry_cluster(const struct registry *reg, struct str name)
{
	const struct registry_part *part = part_of(reg, name);

	return part ? &part->info : NULL;
}

const struct mount *registry_proxy(const struct registry *reg, struct str cluster, struct str id)
{
	return get_in(reg, cluster, SPACE_PROXY, id);
}

const struct mount *registry_label(const struct registry *reg, struct str label)
{
	return get(&reg->table, SPACE_LABEL, label);
}

const struct mount *registry_ui(const struct registry *reg, struct str cluster, struct str name)
{
	return get_in(reg, cluster, SPACE_UI, name);
}

/* A cluster of a snapshot is inside its part. */
static const struct registry_part *part_around(const struct cluster_info *cluster)
{
	return (const struct registry_part *)(const void *)((const char *)cluster -
							    offsetof(struct registry_part, info));
}

const struct app_info *registry_app_near(const struct cluster_info *cluster, struct str id)
{
	return get(&part_around(cluster)->table, SPACE_APP_ID, id);
}

/* NEXT rows from `row` on; one is left out where a list is not in quite the same order. */
static const struct app_info *find_row(
	const struct cluster_info *cluster, struct str id, size_t row)
{
	if (cluster->has_equal_ids)
		return NULL;
	for (size_t end = row + NEXT; row < end && row < cluster->apps_count; row++) {
		const char *other = cluster->apps[row].id;
		if (strncmp(other, id.at, id.len) == 0 && other[id.len] == '\0')
			return &cluster->apps[row];
	}
	return NULL;
}

const struct app_info *registry_app_next(
	const struct cluster_info *cluster, struct str id, size_t *row)
{
	const struct app_info *app = find_row(cluster, id, *row);

	if (app == NULL)
		app = registry_app_near(cluster, id);
	if (app)
		*row = (size_t)(app - cluster->apps) + 1;
	return app;
}

void registry_app_soon(const struct cluster_info *cluster, struct str id, size_t row)
{
	if (find_row(cluster, id, row))
		return;
	struct registry_key key = registry_key_of(SPACE_APP_ID, id);
	registry_table_soon(&part_around(cluster)->table, &key);
}

const struct mount *registry_authority_near(
	const struct registry *reg, const struct cluster_info *cluster, struct str authority)
{
	struct registry_key key = registry_key_of(SPACE_AUTHORITY, authority);
	const struct mount *m = registry_table_get(&part_around(cluster)->table, &key);

	return m ? m : registry_table_get(&reg->table, &key);
}

const struct mount *registry_authority(
	const struct registry *reg, struct str cluster, struct str authority)
{
	const struct registry_part *part = part_of(reg, cluster);
	struct registry_key key = registry_key_of(SPACE_AUTHORITY, authority);

	return part ? registry_authority_near(reg, &part->info, authority)
		    : registry_table_get(&reg->table, &key);
}

const struct app_info *registry_app(
	const struct registry *reg, struct str cluster, struct str id_or_name)
{
	const struct app_info *app = get_in(reg, cluster, SPACE_APP_ID, id_or_name);

	return app ? app : get_in(reg, cluster, SPACE_APP_NAME, id_or_name);
}

void registry_free(void *registry)
{
	struct registry *reg = registry;

	if (reg == NULL)
		return;
	for (size_t i = 0; i < reg->count; i++)
		registry_part_unref(reg->parts[i]);
	registry_table_clear(&reg->table);
	free(reg->parts);
	free(reg);
}
