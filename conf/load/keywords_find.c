/* A key looked up: by its path, among its siblings, and the nearest one to a misspelt one. */
#include "conf/values/keywords.h"

#include <stdlib.h>

bool keyword_is_child(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(path, prefix, len) != 0 || (len > 0 && path[len] != '.'))
		return false;
	return strchr(path + len + (len > 0), '.') == NULL;
}

const char *keyword_leaf(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

const struct keyword *keyword_find(const char *path)
{
	for (size_t i = 0; i < keywords_count; i++) {
		if (strcmp(keywords[i].path, path) == 0)
			return &keywords[i];
	}
	return NULL;
}

const struct keyword *keyword_find_file(const char *path)
{
	char *file = mem_printf("%s_file", path);
	const struct keyword *row = keyword_find(file);

	free(file);
	return row;
}

char *keyword_prefix(const struct keyword *row)
{
	return mem_printf("%s%s", row->path, row->takes_one ? "" : "[]");
}

char *keyword_items(const struct keyword *row, const void *base, size_t *count)
{
	char *items;

	memcpy(&items, (const char *)base + row->at, sizeof items);
	memcpy(count, (const char *)base + row->count_at, sizeof *count);
	return items;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein's table plus one rule for two neighbours swapped. */
unsigned keyword_distance(struct str a, struct str b)
{
	enum { LEN_MAX = 48 };
	unsigned d[LEN_MAX + 1][LEN_MAX + 1];

	if (a.len > LEN_MAX || b.len > LEN_MAX)
		return 99;
	for (unsigned i = 0; i <= a.len; i++) {
		for (unsigned j = 0; j <= b.len; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			unsigned other = a.at[i - 1] != b.at[j - 1];
			d[i][j] =
				least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + other);
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
				a.at[i - 2] == b.at[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a.len][b.len];
}

/* Keeps the nearer of the best so far and `path`. A misspelling beside is likelier than the exact
 * word in another place only when it is a very near one. */
static void consider(const char *path, const char *prefix, struct str leaf, const char **best,
	unsigned *least_steps)
{
	struct str word = str_of(keyword_leaf(path));
	unsigned steps;

	if (keyword_is_child(path, prefix))
		steps = keyword_distance(word, leaf);
	else if (str_eq(word, leaf))
		steps = 2;
	else
		return;
	if (*best == NULL || steps < *least_steps) {
		*best = path;
		*least_steps = steps;
	}
}

const char *keyword_nearest(const char *prefix, struct str leaf)
{
	const char *best = NULL;
	unsigned steps = 0;

	for (size_t i = 0; i < keywords_count; i++)
		consider(keywords[i].path, prefix, leaf, &best, &steps);
	return best;
}
