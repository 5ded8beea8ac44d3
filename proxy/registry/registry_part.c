#include "proxy/registry/registry_part.h"

#include "base/hash/siphash.h"
#include "proxy/guard/app_origin.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 64 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char bytes[];
};

struct alias {
	const struct mount *mount;
	const char *authority;
};

struct part_builder {
	struct registry_part *part;
	const char *base;
	struct mount **mounts;
	size_t mounts_count, mounts_cap;
	struct alias *aliases;
	size_t aliases_count;
	size_t publics_count;
};

/* --- memory: freed all at once --- */

static size_t aligned(size_t size)
{
	return (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
}

static void *arena_take(struct registry_part *part, size_t size)
{
	struct chunk *c = part->chunks;

	size = aligned(size);
	if (c)
		c->used = aligned(c->used); /* strings leave it anywhere */
	if (c == NULL || c->used > c->size || c->size - c->used < size) {
		size_t room = size > CHUNK ? size : CHUNK;
		c = mem_alloc(1, sizeof *c + room);
		c->size = room;
		c->next = part->chunks;
		part->chunks = c;
	}
	c->used += size;
	return c->bytes + c->used - size;
}

static void *arena_copy(struct registry_part *part, const void *from, size_t count, size_t size)
{
	void *to = arena_take(part, count ? count * size : 1);

	if (count)
		memcpy(to, from, count * size);
	return to;
}

static const char *arena_str(struct registry_part *part, const char *s)
{
	struct chunk *c = part->chunks;
	size_t size = s ? strlen(s) + 1 : 0;

	if (size <= 1)
		return "";
	if (c == NULL || c->used > c->size || c->size - c->used < size)
		return arena_copy(part, s, size, 1);
	/* Strings need no alignment: packed, they halve the snapshot. */
	memcpy(c->bytes + c->used, s, size);
	c->used += size;
	return (const char *)c->bytes + c->used - size;
}

/* --- building --- */

struct part_builder *part_builder_new(const char *base)
{
	struct part_builder *b = mem_alloc(1, sizeof *b);

	b->part = mem_alloc(1, sizeof *b->part);
	atomic_init(&b->part->refs, 1);
	b->base = base;
	return b;
}

static const char *mount_path(struct part_builder *b, const struct mount *m)
{
	char path[2048];
	int len;

	if (m->kind == UI_HISTORY)
		len = snprintf(path, sizeof path, "%s/%s/%s", b->base, m->cluster, m->id);
	else
		len = snprintf(path, sizeof path, "%s/%s/%s/%s", b->base, m->cluster,
			m->kind == UI_OTHER ? "ui" : "proxy", m->id);
	assert(len > 0 && (size_t)len < sizeof path);
	return arena_str(b->part, path);
}

/* What runs users' code: an application's own UI, not the worker's log pages under a driver's id.
 */
static const char *mount_label(struct part_builder *b, const struct mount *m)
{
	char label[APP_LABEL_SIZE];

	if (m->kind != UI_DRIVER || m->is_driver_log)
		return "";
	app_origin_label(m->cluster, m->id, label);
	return arena_str(b->part, label);
}

const struct mount *part_builder_mount(struct part_builder *b, const struct mount *mount)
{
	struct mount *m = arena_copy(b->part, mount, 1, sizeof *m);

	m->cluster = arena_str(b->part, mount->cluster);
	m->finder = arena_str(b->part, mount->finder);
	m->namespace = arena_str(b->part, mount->namespace);
	m->id = arena_str(b->part, mount->id);
	m->authority = arena_str(b->part, mount->authority);
	m->prefix = arena_str(b->part, mount->prefix);
	m->ca_file = mount->ca_file ? arena_str(b->part, mount->ca_file) : NULL;
	m->why = arena_str(b->part, mount->why);
	m->path = mount_path(b, m);
	m->label = mount_label(b, m);
	if (b->mounts_count == b->mounts_cap) {
		b->mounts_cap = b->mounts_cap ? b->mounts_cap * 2 : 64;
		b->mounts = mem_resize(b->mounts, b->mounts_cap, sizeof *b->mounts);
	}
	b->mounts[b->mounts_count++] = m;
	return m;
}

void part_builder_alias(struct part_builder *b, const struct mount *mount, const char *authority)
{
	b->aliases = mem_resize(b->aliases, b->aliases_count + 1, sizeof *b->aliases);
	b->aliases[b->aliases_count++] = (struct alias){mount, arena_str(b->part, authority)};
}

static int app_rank(const struct app_info *app)
{
	return app->running ? 0 : app->is_idle ? 1 : 2;
}

/* Running first, then what is not over, then newest first; ids break ties, so the order is stable
 * between snapshots. */
static int app_order(const void *left, const void *right)
{
	const struct app_info *a = left, *b = right;

	if (app_rank(a) != app_rank(b))
		return app_rank(a) - app_rank(b);
	if (a->started_ms != b->started_ms)
		return a->started_ms > b->started_ms ? -1 : 1;
	return -strcmp(a->id, b->id);
}

/* Where copies of lists are, by where they come from: many applications share theirs. */
struct copied_lists {
	const struct access_lists *from, *copy;
};

static const struct access_lists *copy_lists(
	struct registry_part *part, const struct access_lists *from)
{
	struct access_lists *l = arena_take(part, sizeof *l);

	l->view = arena_str(part, from->view);
	l->view_groups = arena_str(part, from->view_groups);
	l->modify = arena_str(part, from->modify);
	l->modify_groups = arena_str(part, from->modify_groups);
	l->admin = arena_str(part, from->admin);
	l->admin_groups = arena_str(part, from->admin_groups);
	return l;
}

static void copy_all_lists(struct registry_part *part, struct cluster_info *info)
{
	size_t size = 16, used = 0;
	struct copied_lists *seen;

	for (size_t i = 0; i < info->apps_count; i++)
		used += info->apps[i].lists != NULL;
	if (used == 0)
		return;
	while (size < 2 * used)
		size *= 2;
	seen = mem_alloc(size, sizeof *seen);
	for (size_t i = 0; i < info->apps_count; i++) {
		const struct access_lists **lists = &info->apps[i].lists;
		size_t at = siphash_secret(lists, sizeof *lists) & (size - 1);
		if (*lists == NULL)
			continue;
		while (seen[at].from && seen[at].from != *lists)
			at = (at + 1) & (size - 1);
		if (seen[at].from == NULL)
			seen[at] = (struct copied_lists){*lists, copy_lists(part, *lists)};
		*lists = seen[at].copy;
	}
	free(seen);
}

static bool has_log_sources(const struct cluster_info *info)
{
	const char *first = "";

	for (size_t i = 0; i < info->apps_count; i++) {
		const char *source = info->apps[i].log_source;
		if (source[0] && first[0] && strcmp(source, first) != 0)
			return true;
		first = first[0] ? first : source;
	}
	return false;
}

static void copy_apps(struct registry_part *part, struct cluster_info *info)
{
	info->apps = arena_copy(part, info->apps, info->apps_count, sizeof *info->apps);
	for (size_t i = 0; i < info->apps_count; i++) {
		struct app_info *a = &info->apps[i];
		a->id = arena_str(part, a->id);
		a->name = arena_str(part, a->name);
		a->user = arena_str(part, a->user);
		a->state = arena_str(part, a->state);
		a->namespace = arena_str(part, a->namespace);
		a->attempt = arena_str(part, a->attempt);
		a->spark_id = arena_str(part, a->spark_id);
		a->log_source = arena_str(part, a->log_source);
		a->reason = arena_str(part, a->reason);
		a->server = arena_str(part, a->server);
		a->other_name = arena_str(part, a->other_name);
		a->resource_kind = arena_str(part, a->resource_kind);
		a->resource_name = arena_str(part, a->resource_name);
		a->resource_key = arena_str(part, a->resource_key);
		a->schedule = arena_str(part, a->schedule);
	}
	info->has_log_sources = has_log_sources(info);
	copy_all_lists(part, info);
	if (info->apps_count)
		qsort(info->apps, info->apps_count, sizeof *info->apps, app_order);
}

static void copy_workers(struct registry_part *part, struct cluster_info *info)
{
	info->workers = arena_copy(part, info->workers, info->workers_count, sizeof *info->workers);
	for (size_t i = 0; i < info->workers_count; i++) {
		struct worker_info *w = &info->workers[i];
		w->id = arena_str(part, w->id);
		w->host = arena_str(part, w->host);
		w->state = arena_str(part, w->state);
	}
}

static void copy_masters(struct registry_part *part, struct cluster_info *info)
{
	info->masters = arena_copy(part, info->masters, info->masters_count, sizeof *info->masters);
	for (size_t i = 0; i < info->masters_count; i++) {
		info->masters[i].url = arena_str(part, info->masters[i].url);
		info->masters[i].status = arena_str(part, info->masters[i].status);
	}
}

static void copy_histories(struct registry_part *part, struct cluster_info *info)
{
	if (info->histories_count == 0 && info->history) { /* it is the only one */
		info->histories = &info->history;
		info->histories_count = 1;
	}
	info->histories = arena_copy(
		part, info->histories, info->histories_count, sizeof(const struct mount *));
	if (info->histories_count)
		info->history = info->histories[0];
}

static void copy_info(struct part_builder *b, const struct cluster_info *from)
{
	struct registry_part *part = b->part;
	struct cluster_info *info = &part->info;
	char path[2048];

	*info = *from;
	info->has_equal_ids = false;
	snprintf(path, sizeof path, "%s/%s", b->base, from->name);
	info->name = arena_str(part, from->name);
	info->path = arena_str(part, path);
	info->finder = arena_str(part, from->finder);
	info->namespace = arena_str(part, from->namespace);
	info->resource_state = arena_str(part, from->resource_state);
	info->spark_version = arena_str(part, from->spark_version);
	copy_masters(part, info);
	copy_workers(part, info);
	copy_apps(part, info);
	info->uis = arena_copy(part, from->uis, from->uis_count, sizeof(const struct mount *));
	copy_histories(part, info);
}

/* --- the index --- */

/* False: another one has it. */
static bool index_own(
	struct registry_part *part, enum registry_space space, const char *text, const void *value)
{
	struct registry_key key = registry_key_of(space, str_of(text));

	return registry_table_add(&part->table, &key, value);
}

static void index_public(
	struct part_builder *b, enum registry_space space, const char *text, const struct mount *m)
{
	struct registry_key key = registry_key_of(space, str_of(text));

	/* Who makes a cluster must not draw links of other clusters' pages to it (S108). */
	if (m->namespace[0] == '\0' || space != SPACE_AUTHORITY)
		b->part->publics[b->publics_count++] = (struct part_public){key, m};
	if (space == SPACE_AUTHORITY)
		registry_table_add(&b->part->table, &key, m);
}

static void index_names(struct part_builder *b)
{
	for (size_t i = 0; i < b->mounts_count; i++) {
		const struct mount *m = b->mounts[i];
		assert(strcmp(m->cluster, b->part->info.name) == 0);
		if (m->kind != UI_HISTORY)
			index_own(b->part, m->kind == UI_OTHER ? SPACE_UI : SPACE_PROXY, m->id, m);
		if (m->label[0])
			index_public(b, SPACE_LABEL, m->label, m);
	}
}

/* A mount with a prefix shares its address with others. */
static void index_authorities(struct part_builder *b, enum mount_state state)
{
	for (size_t i = 0; i < b->mounts_count; i++) {
		const struct mount *m = b->mounts[i];
		bool by_master = m->prefix[0] && (m->kind == UI_WORKER || m->kind == UI_DRIVER);
		if (m->state == state && !m->is_driver_log && !by_master && m->authority[0])
			index_public(b, SPACE_AUTHORITY, m->authority, m);
	}
	b->part->ends[RANK_MOUNT + state] = b->publics_count;
}

static void index_other(struct registry_part *part, const char *name, const struct app_info *app)
{
	if (name[0])
		index_own(part, SPACE_APP_NAME, name, app);
}

static void index_apps(struct registry_part *part)
{
	for (size_t i = 0; i < part->info.apps_count; i++) {
		const struct app_info *app = &part->info.apps[i];
		part->info.has_equal_ids |= !index_own(part, SPACE_APP_ID, app->id, app);
		index_other(part, app->resource_key, app);
		if (app->is_schedule)
			continue;
		index_own(part, SPACE_APP_NAME, app->name, app);
		index_other(part, app->resource_name, app);
	}
	/* A schedule's name leads to its newest run. */
	for (size_t i = 0; i < part->info.apps_count; i++) {
		index_other(part, part->info.apps[i].other_name, &part->info.apps[i]);
		index_other(part, part->info.apps[i].schedule, &part->info.apps[i]);
	}
	for (size_t i = 0; i < part->info.apps_count; i++) {
		if (part->info.apps[i].is_schedule)
			index_other(part, part->info.apps[i].name, &part->info.apps[i]);
	}
}

static size_t count_others(const struct registry_part *part)
{
	size_t count = 0;

	for (size_t i = 0; i < part->info.apps_count; i++) {
		const struct app_info *app = &part->info.apps[i];
		count += (app->resource_name[0] != 0) + (app->resource_key[0] != 0) +
			 (app->schedule[0] != 0) + (app->other_name[0] != 0);
	}
	return count;
}

static void index_all(struct part_builder *b)
{
	struct registry_part *part = b->part;
	size_t publics = 2 * b->mounts_count + b->aliases_count;

	registry_table_init(&part->table, 2 * b->mounts_count + b->aliases_count +
						  2 * part->info.apps_count + count_others(part));
	part->publics = arena_take(part, (publics + 1) * sizeof *part->publics);
	index_names(b);
	for (size_t i = 0; i < b->aliases_count; i++)
		index_public(b, SPACE_AUTHORITY, b->aliases[i].authority, b->aliases[i].mount);
	part->ends[RANK_ALIAS] = b->publics_count;
	for (enum mount_state s = MOUNT_UP; s <= MOUNT_GONE; s++)
		index_authorities(b, s);
	index_apps(part);
}

struct registry_part *part_builder_finish(struct part_builder *b, const struct cluster_info *info)
{
	struct registry_part *part = b->part;

	copy_info(b, info);
	index_all(b);
	free(b->aliases);
	free(b->mounts);
	free(b);
	return part;
}

/* --- sharing --- */

struct registry_part *registry_part_ref(struct registry_part *part)
{
	atomic_fetch_add_explicit(&part->refs, 1, memory_order_relaxed);
	return part;
}

void registry_part_unref(struct registry_part *part)
{
	if (part == NULL || atomic_fetch_sub_explicit(&part->refs, 1, memory_order_acq_rel) > 1)
		return;
	registry_table_clear(&part->table);
	while (part->chunks) {
		struct chunk *c = part->chunks;
		part->chunks = c->next;
		free(c);
	}
	free(part);
}
