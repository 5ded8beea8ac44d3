#include "proxy/registry.h"

#include "base/siphash.h"
#include "proxy/app_origin.h"
#include "proxy/registry_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 256 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

/* What a key is a key of. NO_CLUSTER in a key: looked up from any cluster. */
enum space {
	SPACE_CLUSTER,
	SPACE_PROXY,
	SPACE_UI,
	SPACE_AUTHORITY,
	SPACE_APP_ID,
	SPACE_APP_NAME,
	SPACE_LABEL,
};
enum { NO_CLUSTER = 0xffff };

struct slot {
	const void *value; /* NULL: free */
	const char *key;
	uint32_t len;
	uint32_t where; /* cluster << 8 | space */
};

struct registry {
	struct chunk *chunks;
	struct slot *slots; /* a power of two of them, at most 2/3 used */
	size_t mask;
	struct cluster_info **clusters;
	size_t clusters_count;
};

struct alias {
	const struct mount *mount;
	const char *authority;
};

struct registry_builder {
	struct registry *reg;
	char *base;
	struct mount **mounts;
	size_t mounts_count, mounts_cap;
	struct alias *aliases;
	size_t aliases_count;
	size_t apps_count;
};

/* --- memory: freed all at once --- */

static size_t aligned(size_t size)
{
	return (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
}

static void *arena_take(struct registry *reg, size_t size)
{
	struct chunk *c = reg->chunks;

	size = aligned(size);
	if (c)
		c->used = aligned(c->used); /* strings leave it anywhere */
	if (c == NULL || c->used > c->size || c->size - c->used < size) {
		size_t room = size > CHUNK ? size : CHUNK;
		c = mem_alloc(1, sizeof *c + room);
		c->size = room;
		c->next = reg->chunks;
		reg->chunks = c;
	}
	c->used += size;
	return c->bytes + c->used - size;
}

static void *arena_copy(struct registry *reg, const void *from, size_t count, size_t size)
{
	void *to = arena_take(reg, count ? count * size : 1);

	if (count)
		memcpy(to, from, count * size);
	return to;
}

static const char *arena_str(struct registry *reg, const char *s)
{
	struct chunk *c = reg->chunks;
	size_t size = s ? strlen(s) + 1 : 0;

	if (size <= 1)
		return "";
	if (c == NULL || c->used > c->size || c->size - c->used < size)
		return arena_copy(reg, s, size, 1);
	/* Strings need no alignment: packed, they halve the snapshot. */
	memcpy(c->bytes + c->used, s, size);
	c->used += size;
	return (const char *)c->bytes + c->used - size;
}

/* --- the index --- */

static size_t slot_start(const struct registry *reg, uint32_t where, struct str key)
{
	uint64_t h = siphash_secret(key.at, key.len) ^ where * 0x9e3779b97f4a7c15u;

	return (size_t)(h ^ h >> 29) & reg->mask;
}

/* The slot that has the key, or the free one where it would go. */
static struct slot *slot_find(const struct registry *reg, uint32_t where, struct str key)
{
	for (size_t i = slot_start(reg, where, key);; i = (i + 1) & reg->mask) {
		struct slot *s = &reg->slots[i];
		if (s->value == NULL)
			return s;
		if (s->where == where && s->len == key.len && memcmp(s->key, key.at, key.len) == 0)
			return s;
	}
}

static uint32_t where_of(size_t cluster, enum space space)
{
	return (uint32_t)(cluster << 8 | space);
}

/* The first to come keeps the key. `key` must live in the arena. */
static void index_add(
	struct registry *reg, size_t cluster, enum space space, const char *key, const void *value)
{
	struct slot *s = slot_find(reg, where_of(cluster, space), str_of(key));

	if (s->value == NULL)
		*s = (struct slot){value, key, (uint32_t)strlen(key), where_of(cluster, space)};
}

static const void *index_get(
	const struct registry *reg, size_t cluster, enum space space, struct str key)
{
	return key.len ? slot_find(reg, where_of(cluster, space), key)->value : NULL;
}

/* --- building --- */

struct registry_builder *registry_builder_new(const char *base)
{
	struct registry_builder *b = mem_alloc(1, sizeof *b);

	b->reg = mem_alloc(1, sizeof *b->reg);
	b->base = mem_strdup(base);
	return b;
}

static const char *mount_path(struct registry_builder *b, const struct mount *m)
{
	char path[2048];
	int len;

	if (m->kind == UI_HISTORY)
		len = snprintf(path, sizeof path, "%s/%s/shs", b->base, m->cluster);
	else
		len = snprintf(path, sizeof path, "%s/%s/%s/%s", b->base, m->cluster,
			m->kind == UI_OTHER ? "ui" : "proxy", m->id);
	assert(len > 0 && (size_t)len < sizeof path);
	return arena_str(b->reg, path);
}

/* What runs users' code: an application's own UI, not the worker's log pages under a driver's id.
 */
static const char *mount_label(struct registry_builder *b, const struct mount *m)
{
	char label[APP_LABEL_SIZE];

	if (m->kind != UI_DRIVER || m->is_driver_log)
		return "";
	app_origin_label(m->cluster, m->id, label);
	return arena_str(b->reg, label);
}

const struct mount *registry_builder_mount(struct registry_builder *b, const struct mount *mount)
{
	struct mount *m = arena_copy(b->reg, mount, 1, sizeof *m);

	m->cluster = arena_str(b->reg, mount->cluster);
	m->id = arena_str(b->reg, mount->id);
	m->authority = arena_str(b->reg, mount->authority);
	m->prefix = arena_str(b->reg, mount->prefix);
	m->why = arena_str(b->reg, mount->why);
	m->path = mount_path(b, m);
	m->label = mount_label(b, m);
	if (b->mounts_count == b->mounts_cap) {
		b->mounts_cap = b->mounts_cap ? b->mounts_cap * 2 : 64;
		b->mounts = mem_resize(b->mounts, b->mounts_cap, sizeof *b->mounts);
	}
	b->mounts[b->mounts_count++] = m;
	return m;
}

void registry_builder_alias(
	struct registry_builder *b, const struct mount *mount, const char *authority)
{
	b->aliases = mem_resize(b->aliases, b->aliases_count + 1, sizeof *b->aliases);
	b->aliases[b->aliases_count++] = (struct alias){mount, arena_str(b->reg, authority)};
}

/* Running first, then newest first; ids break ties, so the order is stable between snapshots. */
static int app_order(const void *left, const void *right)
{
	const struct app_info *a = left, *b = right;

	if (a->running != b->running)
		return a->running ? -1 : 1;
	if (a->started_ms != b->started_ms)
		return a->started_ms > b->started_ms ? -1 : 1;
	return -strcmp(a->id, b->id);
}

static void copy_apps(struct registry *reg, struct cluster_info *info)
{
	info->apps = arena_copy(reg, info->apps, info->apps_count, sizeof *info->apps);
	for (size_t i = 0; i < info->apps_count; i++) {
		struct app_info *a = &info->apps[i];
		a->id = arena_str(reg, a->id);
		a->name = arena_str(reg, a->name);
		a->user = arena_str(reg, a->user);
		a->state = arena_str(reg, a->state);
	}
	if (info->apps_count)
		qsort(info->apps, info->apps_count, sizeof *info->apps, app_order);
}

static void copy_workers(struct registry *reg, struct cluster_info *info)
{
	info->workers = arena_copy(reg, info->workers, info->workers_count, sizeof *info->workers);
	for (size_t i = 0; i < info->workers_count; i++) {
		struct worker_info *w = &info->workers[i];
		w->id = arena_str(reg, w->id);
		w->host = arena_str(reg, w->host);
		w->state = arena_str(reg, w->state);
	}
}

static void copy_masters(struct registry *reg, struct cluster_info *info)
{
	info->masters = arena_copy(reg, info->masters, info->masters_count, sizeof *info->masters);
	for (size_t i = 0; i < info->masters_count; i++) {
		info->masters[i].url = arena_str(reg, info->masters[i].url);
		info->masters[i].status = arena_str(reg, info->masters[i].status);
	}
}

void registry_builder_cluster(struct registry_builder *b, const struct cluster_info *from)
{
	struct registry *reg = b->reg;
	struct cluster_info *info = arena_copy(reg, from, 1, sizeof *info);
	char path[2048];

	assert(reg->clusters_count < NO_CLUSTER);
	snprintf(path, sizeof path, "%s/%s", b->base, from->name);
	info->name = arena_str(reg, from->name);
	info->path = arena_str(reg, path);
	info->spark_version = arena_str(reg, from->spark_version);
	copy_masters(reg, info);
	copy_workers(reg, info);
	copy_apps(reg, info);
	info->uis = arena_copy(reg, from->uis, from->uis_count, sizeof(const struct mount *));
	b->apps_count += info->apps_count;
	reg->clusters =
		mem_resize(reg->clusters, reg->clusters_count + 1, sizeof(struct cluster_info *));
	reg->clusters[reg->clusters_count++] = info;
}

static size_t cluster_index(const struct registry *reg, struct str name)
{
	const struct cluster_info *const *found = index_get(reg, NO_CLUSTER, SPACE_CLUSTER, name);

	return found ? (size_t)(found - (const struct cluster_info *const *)reg->clusters)
		     : NO_CLUSTER;
}

static void index_names(struct registry_builder *b)
{
	struct registry *reg = b->reg;

	for (size_t c = 0; c < reg->clusters_count; c++)
		index_add(
			reg, NO_CLUSTER, SPACE_CLUSTER, reg->clusters[c]->name, &reg->clusters[c]);
	for (size_t i = 0; i < b->mounts_count; i++) {
		const struct mount *m = b->mounts[i];
		size_t c = cluster_index(reg, str_of(m->cluster));
		if (m->kind != UI_HISTORY)
			index_add(reg, c, m->kind == UI_OTHER ? SPACE_UI : SPACE_PROXY, m->id, m);
		if (m->label[0])
			index_add(reg, NO_CLUSTER, SPACE_LABEL, m->label, m);
	}
}

static void index_authority(struct registry *reg, const struct mount *m, const char *authority)
{
	index_add(reg, cluster_index(reg, str_of(m->cluster)), SPACE_AUTHORITY, authority, m);
	index_add(reg, NO_CLUSTER, SPACE_AUTHORITY, authority, m);
}

/* Those that may be connected to come before those that may not, so that a dead worker's old
 * address leads to the one that lives there now. A mount with a prefix shares its address with
 * others. */
static void index_authorities(struct registry_builder *b, enum mount_state state)
{
	for (size_t i = 0; i < b->mounts_count; i++) {
		const struct mount *m = b->mounts[i];
		bool by_master = m->prefix[0] && (m->kind == UI_WORKER || m->kind == UI_DRIVER);
		if (m->state == state && !m->is_driver_log && !by_master && m->authority[0])
			index_authority(b->reg, m, m->authority);
	}
}

static void index_apps(struct registry *reg)
{
	for (size_t c = 0; c < reg->clusters_count; c++) {
		const struct cluster_info *info = reg->clusters[c];
		for (size_t i = 0; i < info->apps_count; i++) {
			index_add(reg, c, SPACE_APP_ID, info->apps[i].id, &info->apps[i]);
			index_add(reg, c, SPACE_APP_NAME, info->apps[i].name, &info->apps[i]);
		}
	}
}

struct registry *registry_builder_finish(struct registry_builder *b)
{
	struct registry *reg = b->reg;
	size_t size = 16, keys = reg->clusters_count + 4 * b->mounts_count + 2 * b->aliases_count +
				 2 * b->apps_count;

	while (size < keys + keys / 2)
		size *= 2;
	reg->mask = size - 1;
	reg->slots = mem_alloc(size, sizeof *reg->slots);
	index_names(b);
	for (size_t i = 0; i < b->aliases_count; i++)
		index_authority(reg, b->aliases[i].mount, b->aliases[i].authority);
	for (enum mount_state s = MOUNT_UP; s <= MOUNT_GONE; s++)
		index_authorities(b, s);
	index_apps(reg);
	free(b->aliases);
	free(b->mounts);
	free(b->base);
	free(b);
	return reg;
}

/* --- looking up --- */

size_t registry_clusters(const struct registry *reg)
{
	return reg->clusters_count;
}

const struct cluster_info *registry_cluster_at(const struct registry *reg, size_t index)
{
	assert(index < reg->clusters_count);
	return reg->clusters[index];
}

const struct cluster_info *registry_cluster(const struct registry *reg, struct str name)
{
	size_t c = cluster_index(reg, name);

	return c == NO_CLUSTER ? NULL : reg->clusters[c];
}

const struct mount *registry_proxy(const struct registry *reg, struct str cluster, struct str id)
{
	return index_get(reg, cluster_index(reg, cluster), SPACE_PROXY, id);
}

const struct mount *registry_label(const struct registry *reg, struct str label)
{
	return index_get(reg, NO_CLUSTER, SPACE_LABEL, label);
}

const struct mount *registry_ui(const struct registry *reg, struct str cluster, struct str name)
{
	return index_get(reg, cluster_index(reg, cluster), SPACE_UI, name);
}

const struct mount *registry_authority(
	const struct registry *reg, struct str cluster, struct str authority)
{
	const struct mount *m =
		index_get(reg, cluster_index(reg, cluster), SPACE_AUTHORITY, authority);

	return m ? m : index_get(reg, NO_CLUSTER, SPACE_AUTHORITY, authority);
}

const struct app_info *registry_app(
	const struct registry *reg, struct str cluster, struct str id_or_name)
{
	size_t c = cluster_index(reg, cluster);
	const struct app_info *app = index_get(reg, c, SPACE_APP_ID, id_or_name);

	return app ? app : index_get(reg, c, SPACE_APP_NAME, id_or_name);
}

void registry_free(void *registry)
{
	struct registry *reg = registry;

	if (reg == NULL)
		return;
	while (reg->chunks) {
		struct chunk *c = reg->chunks;
		reg->chunks = c->next;
		free(c);
	}
	free(reg->clusters);
	free(reg->slots);
	free(reg);
}
