/* The life of a configuration: shared by reference, its strings freed with the last one. */
#include "conf/conf.h"

#include "conf/load/load.h"
#include "conf/values/keywords.h"

#include <stdatomic.h>
#include <stdlib.h>

struct conf *conf_ref(struct conf *conf)
{
	atomic_fetch_add_explicit(&conf->refs, 1, memory_order_relaxed);
	return conf;
}

struct conf *conf_share(const struct conf *conf)
{
	union {
		const struct conf *borrowed;
		struct conf *counted;
	} it = {conf};

	return conf_ref(it.counted);
}

static void clear_group(const char *prefix, void *base);

static void clear_list(const struct keyword *row, void *base)
{
	size_t count;
	char *items = keyword_items(row, base, &count);
	char *prefix = keyword_prefix(row);

	for (size_t i = 0; i < count; i++) {
		void *item = items + i * row->item_size;
		if (row->shape == KEYWORD_GROUPS)
			clear_group(prefix, item);
		else if (row->type->clear)
			row->type->clear(item);
	}
	free(prefix);
	free(items);
}

static void clear_row(const struct keyword *row, void *base)
{
	if (row->shape == KEYWORD_GROUP)
		clear_group(row->path, base);
	else if (row->shape != KEYWORD_VALUE)
		clear_list(row, base);
	else if (row->type->clear)
		row->type->clear((char *)base + row->at);
}

static void clear_group(const char *prefix, void *base)
{
	for (size_t i = 0; i < keywords_count; i++) {
		if (keyword_is_child(keywords[i].path, prefix))
			clear_row(&keywords[i], base);
	}
}

void load_forget_groups(struct conf *conf, const char *path)
{
	const struct keyword *row = keyword_find(path);

	clear_list(row, conf);
	memset((char *)conf + row->at, 0, sizeof(void *));
	memset((char *)conf + row->count_at, 0, sizeof(size_t));
}

/* The first of them are another list's. */
static void free_derived(struct conf_names *names, size_t borrowed)
{
	for (size_t i = borrowed; i < names->count; i++)
		free(names->at[i]);
	free(names->at);
}

void conf_unref(struct conf *conf)
{
	if (conf == NULL || atomic_fetch_sub_explicit(&conf->refs, 1, memory_order_acq_rel) != 1)
		return;
	free_derived(&conf->roles_admin, conf->roles_said.admin.count);
	free_derived(&conf->roles_user, conf->roles_said.user.count);
	clear_group("", conf);
	free(conf->identity_headers.at);
	free(conf->data_dir);
	free(conf->file);
	free(conf);
}

bool conf_finds_clusters(const struct conf *conf)
{
	for (size_t i = 0; i < conf->clusters_count; i++) {
		if (conf->clusters[i].kubernetes.clusters)
			return true;
	}
	return false;
}

const struct conf_cluster *conf_find_cluster(const struct conf *conf, struct str name)
{
	for (size_t i = 0; i < conf->clusters_count; i++) {
		if (str_eq(str_of(conf->clusters[i].name), name))
			return &conf->clusters[i];
	}
	return NULL;
}

bool conf_launch_takes_files(const struct conf_launch *launch)
{
	return launch->has_operator && !launch->has_artifacts;
}

const struct conf_profile *conf_find_profile(const struct conf_cluster *cluster, struct str name)
{
	const struct conf_launch *launch = &cluster->launch;

	for (size_t i = 0; i < launch->profiles_count; i++) {
		if (str_eq(str_of(launch->profiles[i].name), name))
			return &launch->profiles[i];
	}
	return NULL;
}

bool conf_launches(const struct conf *conf)
{
	for (size_t i = 0; i < conf->clusters_count; i++) {
		if (conf->clusters[i].has_launch)
			return true;
	}
	return false;
}

static int compare_user(const void *key, const void *item)
{
	const struct conf_user *user = item;

	return strcmp(key, user->value);
}

const char *conf_find_user(const struct conf_user_map *map, const char *value)
{
	const struct conf_user *found =
		map->count ? bsearch(value, map->at, map->count, sizeof *map->at, compare_user)
			   : NULL;

	return found ? found->user : NULL;
}

bool conf_names_have(const struct conf_names *names, struct str name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (str_eq(name, str_of(names->at[i])))
			return true;
	}
	return false;
}

bool conf_reads_acls(const struct conf *conf)
{
	for (size_t i = 0; i < conf->roles_custom_count; i++) {
		if (conf_names_have(&conf->roles_custom[i].applications, STR("acl")))
			return true;
	}
	return false;
}

const struct conf_ui *conf_find_ui(const struct conf *conf, const char *cluster, const char *name)
{
	const struct conf_cluster *c = conf_find_cluster(conf, str_of(cluster));

	for (size_t i = 0; c && i < c->uis_count; i++) {
		if (strcmp(c->uis[i].name, name) == 0)
			return &c->uis[i];
	}
	for (size_t i = 0; c && i < c->uis_count; i++) {
		if (c->uis[i].nodes_of && conf_pattern_part(c->uis[i].name, str_of(name)).at)
			return &c->uis[i];
	}
	return NULL;
}

struct str conf_pattern_part(const char *pattern, struct str text)
{
	struct str none = {NULL, 0};
	size_t before = strcspn(pattern, "*"), all = strlen(pattern);

	if (before == all || text.len < all)
		return none;
	struct str after = {pattern + before + 1, all - before - 1};
	if (memcmp(text.at, pattern, before) != 0 || !str_ends(text, after))
		return none;
	return (struct str){text.at + before, text.len - before - after.len};
}

struct printer {
	FILE *out;
	unsigned depth;
	bool at_dash; /* "- " stands before the next key */
};

static void print_group(struct printer *p, const char *prefix, const void *base);

static void print_key(struct printer *p, const char *path)
{
	unsigned spaces = p->depth * 2;

	if (p->at_dash)
		fprintf(p->out, "%*s- %s:", (int)spaces - 2, "", keyword_leaf(path));
	else
		fprintf(p->out, "%*s%s:", (int)spaces, "", keyword_leaf(path));
	p->at_dash = false;
}

static void print_value(struct printer *p, const struct keyword *row, const void *base)
{
	struct sbuf text;

	sbuf_init(&text, 8192);
	if (row->type->format(row, (const char *)base + row->at, &text)) {
		print_key(p, row->path);
		fprintf(p->out, " %s\n", sbuf_str(&text).at);
	}
	sbuf_clear(&text);
}

static void print_values(struct printer *p, const struct keyword *row, const void *base)
{
	size_t count;
	char *items = keyword_items(row, base, &count);
	struct sbuf text;

	sbuf_init(&text, 1024 * 1024);
	for (size_t i = 0; i < count; i++) {
		sbuf_puts(&text, i ? ", " : "");
		(void)row->type->format(row, items + i * row->item_size, &text);
	}
	print_key(p, row->path);
	fprintf(p->out, row->shape == KEYWORD_PAIRS ? " {%s}\n" : " [%s]\n", sbuf_str(&text).at);
	sbuf_clear(&text);
}

static void print_below(struct printer *p, const struct keyword *row, const void *base)
{
	print_key(p, row->path);
	fputc('\n', p->out);
	p->depth++;
	print_group(p, row->path, base);
	p->depth--;
}

static void print_groups(struct printer *p, const struct keyword *row, const void *base)
{
	size_t count;
	char *items = keyword_items(row, base, &count);

	if (row->takes_one && count == 1) {
		print_below(p, row, items);
		return;
	}
	char *prefix = keyword_prefix(row);
	print_key(p, row->path);
	fputs(count ? "\n" : " []\n", p->out);
	p->depth += 2;
	for (size_t i = 0; i < count; i++) {
		p->at_dash = true;
		print_group(p, prefix, items + i * row->item_size);
	}
	p->depth -= 2;
	free(prefix);
}

static bool is_written(const struct keyword *row, const void *base)
{
	bool is;

	memcpy(&is, (const char *)base + row->at, sizeof is);
	return is;
}

static void print_row(struct printer *p, const struct keyword *row, const void *base)
{
	switch (row->shape) {
	case KEYWORD_VALUE:
		print_value(p, row, base);
		return;
	case KEYWORD_VALUES:
	case KEYWORD_PAIRS:
		print_values(p, row, base);
		return;
	case KEYWORD_GROUPS:
		print_groups(p, row, base);
		return;
	case KEYWORD_GROUP:
		break;
	}
	if (row->is_optional && !is_written(row, base))
		return;
	print_below(p, row, base);
}

static void print_group(struct printer *p, const char *prefix, const void *base)
{
	for (size_t i = 0; i < keywords_count; i++) {
		if (keyword_is_child(keywords[i].path, prefix))
			print_row(p, &keywords[i], base);
	}
}

/* Secrets are printed as the names of their files, and URLs with a password are refused. */
void conf_print(const struct conf *conf, FILE *out)
{
	struct printer p = {.out = out};

	print_group(&p, "", conf);
}

void conf_set_port(struct conf_listen *listen, unsigned port)
{
	if (listen->public_url.port != 0)
		return;
	listen->public_url.port = (uint16_t)port;
	url_origin(&listen->public_url, listen->origin);
}
