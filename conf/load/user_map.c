#include "conf/load/user_map.h"

#include "conf/conf.h"
#include "conf/values/values.h"

#include <stdlib.h>

enum { LINES_MAX = 100000, WORD_MAX = 255 };

static int refuse_line(struct err *err, size_t number, const char *expected)
{
	return err_set(err, "line %zu: expected %s", number, expected);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct str last_word(struct str line)
{
	size_t at = line.len;

	while (at > 0 && !is_space(line.at[at - 1]))
		at--;
	return str_from(line, at);
}

static bool is_plain(const char *text)
{
	return text[0] != '\0' && strlen(text) <= WORD_MAX && !values_has_control(text);
}

static int add_line(struct conf_user_map *map, struct str line, size_t number, struct err *err)
{
	struct str user = last_word(line);
	struct str value = str_trim((struct str){line.at, line.len - user.len});
	struct conf_user *row;

	if (value.len == 0 || memchr(line.at, '\0', line.len))
		return refuse_line(err, number, "a value and a Spark user");
	map->at = mem_resize(map->at, map->count + 1, sizeof *map->at);
	row = &map->at[map->count++];
	row->value = mem_strndup(value.at, value.len);
	row->user = mem_strndup(user.at, user.len);
	if (!is_plain(row->value) || !is_plain(row->user))
		return refuse_line(err, number, "at most 255 bytes without control characters");
	return 0;
}

static int compare_values(const void *a, const void *b)
{
	const struct conf_user *left = a, *right = b;

	return strcmp(left->value, right->value);
}

/* Two users for one value: nobody could say which. */
static int check_values(const struct conf_user_map *map, struct err *err)
{
	for (size_t i = 1; i < map->count; i++) {
		if (strcmp(map->at[i - 1].value, map->at[i].value) == 0)
			return err_set(
				err, "the value \"%.100s\" is there twice", map->at[i].value);
	}
	return 0;
}

int user_map_parse(struct str text, struct conf_user_map *map, struct err *err)
{
	struct str line;

	for (size_t number = 1; str_next(&text, '\n', &line); number++) {
		if (str_ends(line, STR("\r")))
			line.len--;
		line = str_trim(line);
		if (line.len == 0 || line.at[0] == '#')
			continue;
		if (map->count == LINES_MAX)
			return refuse_line(err, number, "at most 100,000 lines");
		if (add_line(map, line, number, err) == -1)
			return -1;
	}
	if (map->count > 0)
		qsort(map->at, map->count, sizeof *map->at, compare_values);
	return check_values(map, err);
}
