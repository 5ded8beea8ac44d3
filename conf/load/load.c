/* The tree of keys read into a configuration, row by row of the keyword table. */
#define _GNU_SOURCE
#include "conf/load/load.h"

#include "base/sbuf.h"
#include "conf/conf.h"
#include "conf/load/check.h"
#include "conf/load/env.h"
#include "conf/load/secrets.h"
#include "conf/load/yaml_tree.h"
#include "conf/values/keywords.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 1024 * 1024, PATH_LEN = 256 };

/* Which field it is: "[]" prefixes are for the table, indexes for people. */
struct field {
	char table[PATH_LEN]; /* "clusters[].uis[]" */
	char shown[PATH_LEN]; /* "clusters[0].uis[2]" */
	void *base;	      /* the struct its rows' offsets count from */
};

static void join(char out[static PATH_LEN], const char *prefix, const char *leaf)
{
	snprintf(out, PATH_LEN, "%.100s%s%.100s", prefix, *prefix ? "." : "", leaf);
}

static int load_group(
	const struct loader *l, const struct field *field, const struct yaml_node *map);

static int refuse_unknown(const struct loader *l, const struct yaml_node *node,
	const struct field *field, const char *path)
{
	char table[PATH_LEN];

	join(table, field->table, node->key);
	if (keyword_find_file(table))
		return load_fail(l, node, path,
			"unknown key, for secrets are read from files: use \"%s_file\"", node->key);
	return load_fail(l, node, path, "unknown key, did you mean \"%s\"?",
		keyword_nearest(field->table, str_of(node->key)));
}

/* Every key of the map is a keyword of this version. */
static int check_keys(
	const struct loader *l, const struct field *field, const struct yaml_node *map)
{
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		char path[PATH_LEN], table[PATH_LEN];

		join(path, field->shown, n->key);
		join(table, field->table, n->key);
		if (keyword_find(table) == NULL)
			return refuse_unknown(l, n, field, path);
	}
	return 0;
}

static int load_value(const struct loader *l, const struct keyword *row, const struct field *field,
	const struct yaml_node *node)
{
	const char *text = node ? node->text : row->fallback;
	struct err expected = {""};

	if (node && node->kind != YAML_TREE_SCALAR)
		return load_fail_value(l, node, field->shown, "one value");
	if (text == NULL)
		return 0;
	if (row->type->parse(row, text, (char *)field->base + row->at, &expected) == -1)
		return load_fail_value(l, node, field->shown, expected.text);
	return 0;
}

/* Makes room for `count` items in the row's list, whose fields the caller then fills. */
static char *make_list(const struct keyword *row, void *base, size_t count)
{
	char *items = mem_alloc(count, row->item_size);

	memcpy((char *)base + row->at, &items, sizeof items);
	memcpy((char *)base + row->count_at, &count, sizeof count);
	return items;
}

static int count_items(const struct loader *l, const struct keyword *row, const struct field *field,
	const struct yaml_node *list, size_t *count)
{
	*count = 0;
	if (list->is_null && list->kind == YAML_TREE_SCALAR)
		return 0;
	if (list->kind != YAML_TREE_LIST && row->takes_one) {
		*count = 1;
		return 0;
	}
	if (list->kind != YAML_TREE_LIST)
		return load_fail_value(l, list, field->shown, "a list, such as [...]");
	for (const struct yaml_node *n = list->first; n; n = n->next)
		++*count;
	if (*count > (size_t)row->max)
		return load_fail(l, list, field->shown, "got %zu items, expected at most %zu",
			*count, (size_t)row->max);
	return 0;
}

static int load_default_list(const struct keyword *row, void *base)
{
	struct str rest = str_of(row->fallback), piece;
	size_t count = 0;

	while (str_next(&rest, ',', &piece))
		count++;
	char *items = make_list(row, base, count);
	rest = str_of(row->fallback);
	for (; str_next(&rest, ',', &piece); items += row->item_size) {
		struct str word = str_trim(piece);
		char *text = mem_strndup(word.at, word.len);
		int rc = row->type->parse(row, text, items, NULL);
		free(text);
		if (rc == -1)
			abort(); /* the table contradicts itself */
	}
	return 0;
}

static int load_values(const struct loader *l, const struct keyword *row, const struct field *field,
	const struct yaml_node *list)
{
	size_t count, index = 0;

	if (list == NULL)
		return row->fallback ? load_default_list(row, field->base) : 0;
	if (count_items(l, row, field, list, &count) == -1)
		return -1;
	char *items = make_list(row, field->base, count);
	bool is_one = count && list->kind == YAML_TREE_SCALAR;
	for (const struct yaml_node *n = is_one ? list : list->first; n;
		n = is_one ? NULL : n->next, index++) {
		char path[PATH_LEN];
		struct err expected = {""};

		snprintf(path, sizeof path, is_one ? "%.200s" : "%.200s[%zu]", field->shown, index);
		if (n->kind != YAML_TREE_SCALAR)
			return load_fail_value(l, n, path, "one value");
		if (row->type->parse(row, n->text, items + index * row->item_size, &expected) == -1)
			return load_fail_value(l, n, path, expected.text);
	}
	return 0;
}

/* Key and value are read together, as "key=value". */
static int load_pair(const struct loader *l, const struct keyword *row, const struct field *field,
	const struct yaml_node *node, void *item)
{
	char path[PATH_LEN];
	struct err expected = {""};

	join(path, field->shown, node->key);
	if (node->kind != YAML_TREE_SCALAR)
		return load_fail_value(l, node, path, "one value");
	char *text = mem_printf("%s=%s", node->key, node->text);
	int rc = row->type->parse(row, text, item, &expected);
	free(text);
	return rc == 0 ? 0 : load_fail_value(l, node, path, expected.text);
}

static int load_pairs(const struct loader *l, const struct keyword *row, const struct field *field,
	const struct yaml_node *map)
{
	size_t count = 0;

	if (map == NULL || (map->kind == YAML_TREE_SCALAR && map->is_null))
		return 0;
	if (map->kind != YAML_TREE_MAP)
		return load_fail_value(l, map, field->shown, "a map of keys");
	for (const struct yaml_node *n = map->first; n; n = n->next)
		count++;
	if (count > (size_t)row->max)
		return load_fail(l, map, field->shown, "got %zu keys, expected at most %zu", count,
			(size_t)row->max);
	char *item = make_list(row, field->base, count);
	for (const struct yaml_node *n = map->first; n; n = n->next, item += row->item_size) {
		if (load_pair(l, row, field, n, item) == -1)
			return -1;
	}
	return 0;
}

/* `shown` is the item's path for people. */
static int load_item(const struct loader *l, const struct keyword *row, const char *shown,
	void *base, const struct yaml_node *node)
{
	struct field item = {.base = base};
	char *prefix = keyword_prefix(row);

	snprintf(item.table, sizeof item.table, "%.200s", prefix);
	snprintf(item.shown, sizeof item.shown, "%.200s", shown);
	free(prefix);
	if (node->kind != YAML_TREE_MAP)
		return load_fail_value(l, node, item.shown, "a map of keys");
	return load_group(l, &item, node);
}

static int load_groups(const struct loader *l, const struct keyword *row, const struct field *field,
	const struct yaml_node *list)
{
	size_t count = 0, index = 0;

	if (list && count_items(l, row, field, list, &count) == -1)
		return -1;
	if (row->is_required && count == 0)
		return load_fail(l, list, field->shown, "missing, expected a list of at least one");
	if (count == 0)
		return 0;
	char *items = make_list(row, field->base, count);
	if (list->kind != YAML_TREE_LIST)
		return load_item(l, row, field->shown, items, list);
	for (const struct yaml_node *n = list->first; n; n = n->next, index++) {
		char shown[PATH_LEN];

		snprintf(shown, sizeof shown, "%.200s[%zu]", field->shown, index);
		if (load_item(l, row, shown, items + index * row->item_size, n) == -1)
			return -1;
	}
	return 0;
}

static int load_row(const struct loader *l, const struct keyword *row, const struct field *outer,
	const struct yaml_node *map)
{
	const struct yaml_node *node = yaml_tree_child(map, str_of(keyword_leaf(row->path)));
	struct field field = {.base = outer->base};

	snprintf(field.table, sizeof field.table, "%s", row->path);
	join(field.shown, outer->shown, keyword_leaf(row->path));
	switch (row->shape) {
	case KEYWORD_VALUE:
		if (node == NULL && row->is_required)
			return load_fail(l, map, field.shown, "missing, expected %s", row->help);
		return load_value(l, row, &field, node);
	case KEYWORD_VALUES:
		return load_values(l, row, &field, node);
	case KEYWORD_PAIRS:
		return load_pairs(l, row, &field, node);
	case KEYWORD_GROUPS:
		if (node == NULL && row->is_required)
			return load_fail(
				l, map, field.shown, "missing, expected a list of at least one");
		return load_groups(l, row, &field, node);
	case KEYWORD_GROUP:
		break;
	}
	if (row->is_optional) {
		bool is_written = node != NULL;
		memcpy((char *)outer->base + row->at, &is_written, sizeof is_written);
		if (!is_written)
			return 0;
	}
	return load_group(l, &field, node);
}

static int load_group(
	const struct loader *l, const struct field *field, const struct yaml_node *map)
{
	if (map && map->kind == YAML_TREE_SCALAR && map->is_null)
		map = NULL; /* "log:" with every key below commented out */
	if (map && map->kind != YAML_TREE_MAP)
		return load_fail_value(l, map, field->shown, "a map of keys");
	if (map && check_keys(l, field, map) == -1)
		return -1;
	for (size_t i = 0; i < keywords_count; i++) {
		if (keyword_is_child(keywords[i].path, field->table) &&
			load_row(l, &keywords[i], field, map) == -1)
			return -1;
	}
	return 0;
}

static struct conf *fill_conf(const char *file, struct yaml_node *root, bool opens_files,
	struct load_mistake *mistake, struct err *err)
{
	struct conf *conf = mem_alloc(1, sizeof *conf);
	struct loader l = {.name = file ? file : "sparkgate",
		.root = root,
		.conf = conf,
		.err = err,
		.mistake = mistake};
	struct field top = {.base = conf};
	const char *credentials = secure_getenv("CREDENTIALS_DIRECTORY");

	conf->refs = 1;
	conf->file = mem_strdup(file);
	if (load_group(&l, &top, root) == -1 ||
		(opens_files && secrets_find_credentials(&l, credentials) == -1) ||
		check_conf(&l) == -1 || (opens_files && secrets_read(&l) == -1)) {
		conf_unref(conf);
		conf = NULL;
	}
	yaml_tree_free(root);
	return conf;
}

struct conf *load_tree(const char *file, struct yaml_node *root, struct err *err)
{
	return fill_conf(file, root, false, NULL, err);
}

struct conf *load_tree_and_files(const char *file, struct yaml_node *root, struct err *err)
{
	return fill_conf(file, root, true, NULL, err);
}

struct conf *load_text(const char *name, struct str text, struct err *err)
{
	struct yaml_node *root = yaml_tree_parse(name, text, err);

	return root ? load_tree(name, root, err) : NULL;
}

static int read_file(const char *file, struct sbuf *out, struct err *err)
{
	char chunk[8192];
	size_t n;
	FILE *f = fopen(file, "re");

	sbuf_init(out, FILE_MAX);
	if (f == NULL)
		return err_set(err, "%s: %s", file, strerror(errno));
	while ((n = fread(chunk, 1, sizeof chunk, f)) > 0 && !out->overflow)
		sbuf_add(out, chunk, n);
	int failed = ferror(f) ? errno : 0;
	fclose(f);
	if (failed)
		return err_set(err, "%s: %s", file, strerror(failed));
	return out->overflow ? err_set(err, "%s: longer than 1 MiB", file) : 0;
}

static const struct yaml_node *group_around(
	const struct yaml_node *in, const struct yaml_node *values)
{
	const struct yaml_node *found = NULL;

	for (const struct yaml_node *child = in->first; child && found == NULL; child = child->next)
		found = child == values ? in : group_around(child, values);
	return found;
}

/* What a list of values lacks, the group lacks that it is a key of. */
static void leave_out(struct yaml_node *root, struct load_mistake *mistake)
{
	const struct yaml_node *in =
		yaml_tree_remove(root, mistake->line, mistake->column, mistake->is_group);

	if (in && in->kind == YAML_TREE_LIST && !mistake->is_group)
		in = group_around(root, in);
	mistake->in_line = in && in != root ? in->line : 0;
	mistake->in_column = in && in != root ? in->column : 0;
}

static struct conf *load_file_without(const char *file, struct load_mistake *left_out, size_t count,
	struct load_mistake *mistake, struct err *err)
{
	struct yaml_node *root = NULL;
	struct sbuf text;

	if (read_file(file, &text, err) == 0)
		root = yaml_tree_parse(file, sbuf_str(&text), err);
	sbuf_clear(&text);
	if (root == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		leave_out(root, &left_out[i]);
	if (load_env(root, environ, err) == -1) {
		yaml_tree_free(root);
		return NULL;
	}
	return fill_conf(file, root, true, mistake, err);
}

struct conf *conf_load(const char *file, struct err *err)
{
	return load_file_without(file, NULL, 0, NULL, err);
}

/* What lacks something that was left out is no mistake of its own. */
static bool is_consequence(
	const struct load_mistake *all, size_t count, const struct load_mistake *one)
{
	for (size_t i = 0; one->is_group && i < count; i++) {
		if (all[i].in_line == one->line && all[i].in_column == one->column)
			return true;
	}
	return false;
}

struct conf *load_mistakes(const char *file, conf_warning *tell, void *arg)
{
	struct load_mistake all[MISTAKES_MAX];
	struct err err = {""};
	struct load_mistake one = {.line = 0};
	struct conf *conf = load_file_without(file, NULL, 0, &one, &err);
	size_t count = 0;

	if (conf)
		return conf;
	while (conf == NULL) {
		if (!is_consequence(all, count, &one))
			tell(arg, err.text);
		if (one.line == 0 || count == MISTAKES_MAX)
			return NULL;
		all[count++] = one;
		one = (struct load_mistake){.line = 0};
		err.text[0] = '\0';
		conf = load_file_without(file, all, count, &one, &err);
	}
	conf_unref(conf);
	return NULL;
}
