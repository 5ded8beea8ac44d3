#include "conf/values/values_file.h"

#include "conf/conf.h"
#include "conf/values/keywords.h"

#include <stdlib.h>

enum { PATH_LEN_MAX = 1024 };

/* Absolute, for nobody can tell which folder a service is started in. */
static int parse_file(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	char **file = field;

	(void)row;
	if (values_has_control(text))
		return err_set(expected, "a file's name without control characters");
	if (text[0] != '/' || strlen(text) > PATH_LEN_MAX)
		return err_set(expected, "the absolute path of a file");
	*file = mem_strdup(text);
	return 0;
}

static bool format_file(const struct keyword *row, const void *field, struct sbuf *out)
{
	return value_string.format(row, field, out);
}

static void clear_file(void *field)
{
	value_string.clear(field);
}

static int parse_secret(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	struct conf_secret *secret = field;

	return parse_file(row, text, &secret->file, expected);
}

/* The file's name; the mask behind it says that it was read. */
static bool format_secret(const struct keyword *row, const void *field, struct sbuf *out)
{
	const struct conf_secret *secret = field;

	if (!format_file(row, &secret->file, out))
		return false;
	sbuf_puts(out, secret->value ? "  # ********" : "");
	return true;
}

static void clear_secret(void *field)
{
	struct conf_secret *secret = field;

	clear_file(&secret->file);
	secret_free(secret->value);
	secret->value = NULL;
}

static int parse_user_map(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	struct conf_user_map *map = field;

	return parse_file(row, text, &map->file, expected);
}

static bool format_user_map(const struct keyword *row, const void *field, struct sbuf *out)
{
	const struct conf_user_map *map = field;

	return format_file(row, &map->file, out);
}

static void clear_user_map(void *field)
{
	struct conf_user_map *map = field;

	for (size_t i = 0; i < map->count; i++) {
		free(map->at[i].value);
		free(map->at[i].user);
	}
	free(map->at);
	clear_file(&map->file);
	*map = (struct conf_user_map){NULL, NULL, 0};
}

const struct value_type value_file = {parse_file, format_file, clear_file};
const struct value_type value_folder = {parse_file, format_file, clear_file};
const struct value_type value_token_file = {parse_file, format_file, clear_file};
const struct value_type value_kubeconfig = {parse_file, format_file, clear_file};
const struct value_type value_user_map = {parse_user_map, format_user_map, clear_user_map};
const struct value_type value_secret = {parse_secret, format_secret, clear_secret};
const struct value_type value_key = {parse_secret, format_secret, clear_secret};
const struct value_type value_jws_key = {parse_secret, format_secret, clear_secret};

bool values_file_is_secret(const struct value_type *type)
{
	return type == &value_secret || type == &value_key || type == &value_jws_key;
}
