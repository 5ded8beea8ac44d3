#include "conf/load/yaml_tree.h"

#include <stdlib.h>
#include <yaml.h>

enum { DEPTH_MAX = 16, NODES_MAX = 50000, MAP_KEYS_MAX = 200 };

struct builder {
	yaml_parser_t parser;
	const char *name;
	struct err *err;
	unsigned nodes;
};

static int fail_at(struct builder *b, yaml_mark_t mark, const char *what)
{
	return err_set(b->err, "%s:%zu:%zu: %s", b->name, mark.line + 1, mark.column + 1, what);
}

static int next_event(struct builder *b, yaml_event_t *event)
{
	const yaml_parser_t *p = &b->parser;

	if (yaml_parser_parse(&b->parser, event))
		return 0;
	/* The reader (bad UTF-8, control bytes) knows no mark of the problem, only where it read.
	 */
	yaml_mark_t mark = p->error == YAML_READER_ERROR ? p->mark : p->problem_mark;
	return err_set(b->err, "%s:%zu:%zu: not YAML: %s", b->name, mark.line + 1, mark.column + 1,
		p->problem ? p->problem : "unreadable");
}

static struct yaml_node *node_new(enum yaml_kind kind, const char *key, const char *origin)
{
	struct yaml_node *node = mem_alloc(1, sizeof *node);

	node->kind = kind;
	node->key = mem_strdup(key);
	node->origin = mem_strdup(origin);
	return node;
}

struct yaml_node *yaml_tree_new(void)
{
	return node_new(YAML_TREE_MAP, NULL, NULL);
}

static bool stands_at(const struct yaml_node *node, unsigned line, unsigned column, bool is_group)
{
	return node->origin == NULL && node->line == line && node->column == column &&
	       (node->kind != YAML_TREE_SCALAR) == is_group;
}

const struct yaml_node *yaml_tree_remove(
	struct yaml_node *root, unsigned line, unsigned column, bool is_group)
{
	struct yaml_node **link = &root->first, *before = NULL;
	const struct yaml_node *found = NULL;

	while (*link && found == NULL) {
		struct yaml_node *node = *link;
		if (stands_at(node, line, column, is_group)) {
			*link = node->next;
			if (root->last == node)
				root->last = before;
			yaml_tree_free(node);
			return root;
		}
		found = yaml_tree_remove(node, line, column, is_group);
		before = node;
		link = &node->next;
	}
	return found;
}

void yaml_tree_free(struct yaml_node *root)
{
	if (root == NULL)
		return;
	while (root->first) {
		struct yaml_node *next = root->first->next;
		yaml_tree_free(root->first);
		root->first = next;
	}
	free(root->key);
	free(root->text);
	free(root->origin);
	free(root);
}

static void append(struct yaml_node *parent, struct yaml_node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

struct yaml_node *yaml_tree_add(struct yaml_node *parent, enum yaml_kind kind, const char *key,
	const char *text, const char *origin)
{
	struct yaml_node *node = node_new(kind, key, origin);

	node->text = mem_strdup(text);
	append(parent, node);
	return node;
}

static bool is_null(const yaml_event_t *event)
{
	static const char *const words[] = {"", "~", "null"};
	const char *text = (const char *)event->data.scalar.value;

	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* Anchors and tags make the same words mean different things; nothing here needs them. */
static const char *why_not(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return "aliases (*name) are not allowed here";
	case YAML_SCALAR_EVENT:
		if (e->data.scalar.anchor || e->data.scalar.tag)
			return "anchors (&name) and tags (!name) are not allowed here";
		if (strlen((const char *)e->data.scalar.value) != e->data.scalar.length)
			return "a NUL in a value";
		return NULL;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor || e->data.mapping_start.tag
			       ? "anchors (&name) and tags (!name) are not allowed here"
			       : NULL;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor || e->data.sequence_start.tag
			       ? "anchors (&name) and tags (!name) are not allowed here"
			       : NULL;
	default:
		return NULL;
	}
}

static enum yaml_kind kind_of(const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return YAML_TREE_SCALAR;
	return event->type == YAML_MAPPING_START_EVENT ? YAML_TREE_MAP : YAML_TREE_LIST;
}

static int check_key(struct builder *b, const struct yaml_node *map, const yaml_event_t *event)
{
	const char *key = (const char *)event->data.scalar.value;
	unsigned count = 0;

	if (event->type != YAML_SCALAR_EVENT)
		return fail_at(b, event->start_mark, "a key must be a word");
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		if (++count >= MAP_KEYS_MAX)
			return fail_at(b, event->start_mark, "too many keys");
		if (strcmp(n->key, key) != 0)
			continue;
		return err_set(b->err, "%s:%zu:%zu: key \"%.64s\": given twice, first at line %u",
			b->name, event->start_mark.line + 1, event->start_mark.column + 1, key,
			n->line);
	}
	return 0;
}

static int add_children(struct builder *b, struct yaml_node *parent, unsigned depth);

/* Makes a child of the value event; `key` is the key's event in a map, or NULL. */
static int add_child(struct builder *b, struct yaml_node *parent, const yaml_event_t *key,
	const yaml_event_t *value, unsigned depth)
{
	yaml_mark_t mark = key ? key->start_mark : value->start_mark;
	const char *why = why_not(value);

	if (why == NULL && ++b->nodes > NODES_MAX)
		why = "too much";
	if (why)
		return fail_at(b, value->start_mark, why);
	struct yaml_node *node = yaml_tree_add(parent, kind_of(value),
		key ? (const char *)key->data.scalar.value : NULL, NULL, NULL);
	node->line = (unsigned)mark.line + 1;
	node->column = (unsigned)mark.column + 1;
	if (node->kind != YAML_TREE_SCALAR)
		return add_children(b, node, depth + 1);
	node->text = mem_strdup((const char *)value->data.scalar.value);
	node->is_null = is_null(value);
	return 0;
}

static int add_pair(
	struct builder *b, struct yaml_node *map, const yaml_event_t *key, unsigned depth)
{
	const char *why = why_not(key);
	yaml_event_t value;

	if (why)
		return fail_at(b, key->start_mark, why);
	if (check_key(b, map, key) == -1 || next_event(b, &value) == -1)
		return -1;
	int rc = add_child(b, map, key, &value, depth);
	yaml_event_delete(&value);
	return rc;
}

/* Eats events up to the end of the map or list that `parent` stands for. */
static int add_children(struct builder *b, struct yaml_node *parent, unsigned depth)
{
	bool is_map = parent->kind == YAML_TREE_MAP;
	yaml_event_type_t end = is_map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;

	for (;;) {
		yaml_event_t event;
		if (next_event(b, &event) == -1)
			return -1;
		int rc = 0;
		bool at_end = event.type == end;
		if (!at_end && depth >= DEPTH_MAX)
			rc = fail_at(b, event.start_mark, "nested too deeply");
		else if (!at_end)
			rc = is_map ? add_pair(b, parent, &event, depth)
				    : add_child(b, parent, NULL, &event, depth);
		yaml_event_delete(&event);
		if (at_end || rc == -1)
			return rc;
	}
}

/* Cuts off the next event, which must be of one type. */
static int expect(struct builder *b, yaml_event_type_t type, const char *otherwise)
{
	yaml_event_t event;

	if (next_event(b, &event) == -1)
		return -1;
	int rc = event.type == type ? 0 : fail_at(b, event.start_mark, otherwise);
	yaml_event_delete(&event);
	return rc;
}

static int parse_root(struct builder *b, struct yaml_node *root)
{
	yaml_event_t event;

	if (next_event(b, &event) == -1)
		return -1;
	bool is_empty = event.type == YAML_SCALAR_EVENT && is_null(&event);
	const char *why = why_not(&event);
	if (why == NULL && !is_empty && event.type != YAML_MAPPING_START_EVENT)
		why = "expected a map of keys such as \"server:\" and \"clusters:\"";
	int rc = why ? fail_at(b, event.start_mark, why) : 0;
	root->line = (unsigned)event.start_mark.line + 1;
	root->column = (unsigned)event.start_mark.column + 1;
	yaml_event_delete(&event);
	return rc == 0 && !is_empty ? add_children(b, root, 1) : rc;
}

static int parse_stream(struct builder *b, struct yaml_node *root)
{
	yaml_event_t event;

	if (expect(b, YAML_STREAM_START_EVENT, "not YAML") == -1 || next_event(b, &event) == -1)
		return -1;
	yaml_event_type_t type = event.type;
	yaml_event_delete(&event);
	root->line = root->column = 1;
	if (type == YAML_STREAM_END_EVENT)
		return 0;
	if (parse_root(b, root) == -1)
		return -1;
	if (expect(b, YAML_DOCUMENT_END_EVENT, "expected the end of the document") == -1)
		return -1;
	return expect(b, YAML_STREAM_END_EVENT, "only one document is allowed");
}

struct yaml_node *yaml_tree_parse(const char *name, struct str text, struct err *err)
{
	struct builder b = {.name = name, .err = err};
	struct yaml_node *root = yaml_tree_new();

	if (!yaml_parser_initialize(&b.parser))
		abort();
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text.at, text.len);
	if (parse_stream(&b, root) == -1) {
		yaml_tree_free(root);
		root = NULL;
	}
	yaml_parser_delete(&b.parser);
	return root;
}

/* `first` is not const behind a const parent, so that one search serves readers and writers. */
static struct yaml_node *child_of(const struct yaml_node *map, struct str key)
{
	struct yaml_node *n = map ? map->first : NULL;

	while (n && !(n->key && str_eq(str_of(n->key), key)))
		n = n->next;
	return n;
}

const struct yaml_node *yaml_tree_child(const struct yaml_node *map, struct str key)
{
	return child_of(map, key);
}

struct yaml_node *yaml_tree_at(struct yaml_node *root, const char *path)
{
	struct str rest = str_of(path), word;
	struct yaml_node *at = root;

	while (at && str_next(&rest, '.', &word))
		at = child_of(at, word);
	return at;
}

static void set_scalar(struct yaml_node *node, const char *text, const char *origin)
{
	free(node->text);
	free(node->origin);
	node->text = mem_strdup(text);
	node->origin = mem_strdup(origin);
	node->is_null = false;
}

void yaml_tree_put(struct yaml_node *root, const char *path, const char *text, const char *origin)
{
	struct str rest = str_of(path), word;
	struct yaml_node *at = root;

	while (str_next(&rest, '.', &word)) {
		bool is_last = rest.at == NULL;
		struct yaml_node *child = child_of(at, word);
		if (child == NULL) {
			enum yaml_kind kind = is_last ? YAML_TREE_SCALAR : YAML_TREE_MAP;
			char *key = mem_strndup(word.at, word.len);
			child = yaml_tree_add(at, kind, key, NULL, origin);
			free(key);
		}
		if (child->is_null && !is_last)
			child->kind = YAML_TREE_MAP; /* "server:" with nothing below */
		if (child->kind != (is_last ? YAML_TREE_SCALAR : YAML_TREE_MAP))
			return;
		at = child;
	}
	set_scalar(at, text, origin);
}

static const struct yaml_node *item_at(const struct yaml_node *list, struct str index)
{
	uint64_t left;

	if (!str_to_u64(index, &left))
		return NULL;
	const struct yaml_node *n = list->first;
	while (n && left-- > 0)
		n = n->next;
	return n;
}

const struct yaml_node *yaml_tree_find(const struct yaml_node *root, const char *path)
{
	struct str rest = str_of(path), word;

	while (str_next(&rest, '.', &word)) {
		struct str key, index;
		(void)str_next(&word, '[', &key);
		const struct yaml_node *n = yaml_tree_child(root, key);
		if (n == NULL)
			return root;
		root = n;
		if (!str_next(&word, ']', &index))
			continue;
		n = item_at(root, index);
		if (n == NULL)
			return root;
		root = n;
	}
	return root;
}
