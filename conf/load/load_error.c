/* conf/load/load_error.c - what is wrong with a configuration, and where it was written. */
#include "conf/load/load_error.h"

#include "base/sbuf.h"
#include "conf/load/yaml_tree.h"
#include "conf/values/keywords.h"

#include <stdarg.h>
#include <stdio.h>

enum { PATH_LEN = 256 };

static void write_position(
	const struct loader *l, const struct yaml_node *node, char out[static 300])
{
	if (node == NULL)
		node = l->root;
	if (node->origin)
		snprintf(out, 300, "%.250s", node->origin);
	else if (node->line == 0)
		snprintf(out, 300, "%.250s", l->name);
	else
		snprintf(out, 300, "%.250s:%u:%u", l->name, node->line, node->column);
}

/* What the whole document lacks stands nowhere. */
static void note_mistake(const struct loader *l, const struct yaml_node *node)
{
	if (l->mistake == NULL || (node && node->origin))
		return;
	if (node == NULL || node == l->root)
		*l->mistake = (struct load_mistake){.is_group = true};
	else
		*l->mistake = (struct load_mistake){.line = node->line,
			.column = node->column,
			.is_group = node->kind != YAML_TREE_SCALAR};
}

int load_fail(const struct loader *l, const struct yaml_node *node, const char *path,
	const char *fmt, ...)
{
	char position[300], message[400];
	va_list ap;

	write_position(l, node, position);
	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	note_mistake(l, node);
	return err_set(l->err, "%s: key \"%s\": %s", position, path, message);
}

static bool is_secretish(const char *path, const char *text)
{
	static const char *const words[] = {"secret", "password", "token", "key"};
	const char *leaf = keyword_leaf(path);

	if (str_ends(str_of(leaf), STR("_file")) && text[0] == '/')
		return false; /* a file's name; else one may have written the secret itself */
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strstr(leaf, words[i]))
			return true;
	}
	return strstr(text, "password=") != NULL;
}

/* What was given, fit to be shown: a password before a host's '@' is not, and neither are secrets.
 */
static void show_value(const char *path, const char *text, char out[static 200])
{
	struct str s = str_of(text), scheme = str_of("");
	ptrdiff_t slashes = str_find(s, STR("://"));
	const char *at = strrchr(text, '@');
	struct sbuf b;

	sbuf_init(&b, 199);
	if (is_secretish(path, text)) {
		sbuf_puts(&b, "(hidden)");
	} else {
		if (at) {
			scheme = (struct str){text, slashes == -1 ? 0 : (size_t)slashes + 3};
			s = str_of(at);
		}
		if (scheme.len > 20)
			scheme.len = 20;
		sbuf_json(&b, scheme);
		sbuf_puts(&b, at ? "***" : "");
		sbuf_json(&b, (struct str){s.at, s.len > 80 ? 80 : s.len});
	}
	(void)str_copy(sbuf_str(&b), out, 200);
	sbuf_clear(&b);
}

int load_fail_value(const struct loader *l, const struct yaml_node *node, const char *path,
	const char *expected)
{
	static const char *const kinds[] = {[YAML_TREE_MAP] = "a map", [YAML_TREE_LIST] = "a list"};
	char shown[200];

	if (node == NULL)
		return load_fail(l, node, path, "missing, expected %s", expected);
	if (node->kind != YAML_TREE_SCALAR)
		return load_fail(l, node, path, "got %s, expected %s", kinds[node->kind], expected);
	show_value(path, node->text, shown);
	return load_fail(l, node, path, "got \"%s\", expected %s", shown, expected);
}

int load_fail_at(const struct loader *l, const char *expected, const char *path_fmt, ...)
{
	char path[PATH_LEN];
	va_list ap;

	va_start(ap, path_fmt);
	vsnprintf(path, sizeof path, path_fmt, ap);
	va_end(ap);
	const struct yaml_node *node = yaml_tree_find(l->root, path);
	const char *leaf = keyword_leaf(path);
	if (node->kind == YAML_TREE_SCALAR && node->key && strcmp(node->key, leaf) == 0)
		return load_fail_value(l, node, path, expected);
	return load_fail(l, node, path, "expected %s", expected);
}
