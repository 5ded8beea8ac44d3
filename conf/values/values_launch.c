/* What a launch is made of, as configuration values: memory as Spark writes it, keys and values of
 * Spark's own configuration, and patterns of both keys and URIs. */
#include "conf/values/values.h"

#include "conf/conf.h"
#include "conf/values/keywords.h"

#include <inttypes.h>
#include <stdlib.h>

enum { KEY_MAX = 255, VALUE_MAX = 4096, URI_MAX = 1024, FOLDER_MAX = 63 };

#define KEY_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static const struct {
	char letter;
	uint64_t mib;
} units[] = {{'t', 1024 * 1024}, {'g', 1024}, {'m', 1}}; /* largest first */

/* As the JVM's and Spark's own settings are written; a whole number of MiB. */
static int parse_memory(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	bool is_number = str_to_u64((struct str){text, digits}, &n) && n <= UINT32_MAX;
	for (size_t i = 0; is_number && i < ARRAY_LEN(units); i++) {
		uint64_t mib = n * units[i].mib;

		if (text[digits] != units[i].letter || text[digits + 1] != '\0' ||
			mib < (uint64_t)row->min || mib > (uint64_t)row->max)
			continue;
		*(unsigned *)field = (unsigned)mib;
		return 0;
	}
	return err_set(expected, "memory such as 512m or 4g, from %" PRId64 "m to %" PRId64 "m",
		row->min, row->max);
}

static bool format_memory(const struct keyword *row, const void *field, struct sbuf *out)
{
	unsigned mib = *(const unsigned *)field;

	(void)row;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (mib % units[i].mib != 0)
			continue;
		sbuf_printf(out, "%" PRIu64 "%c", mib / units[i].mib, units[i].letter);
		break;
	}
	return true;
}

static int parse_pair(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t len = strspn(text, KEY_LETTERS);
	struct conf_pair *pair = field;

	(void)row;
	if (len == 0 || len > KEY_MAX || text[len] != '=')
		return err_set(expected, "a key of letters, digits, '.', '_' and '-'");
	const char *value = text + len + 1;
	if (strlen(value) > VALUE_MAX || values_has_control(value))
		return err_set(expected, "one line of at most %d bytes", VALUE_MAX);
	*pair = (struct conf_pair){mem_strndup(text, len), mem_strdup(value)};
	return 0;
}

static bool format_pair(const struct keyword *row, const void *field, struct sbuf *out)
{
	const struct conf_pair *pair = field;

	(void)row;
	sbuf_printf(out, "%s: \"", pair->key);
	sbuf_json(out, str_of(pair->value));
	sbuf_putc(out, '"');
	return true;
}

static void clear_pair(void *field)
{
	struct conf_pair *pair = field;

	free(pair->key);
	free(pair->value);
	*pair = (struct conf_pair){NULL, NULL};
}

/* A key, or the beginning of keys and a '*'. */
static int parse_spark_key(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t len = strspn(text, KEY_LETTERS);
	char **s = field;

	(void)row;
	if (strlen(text) > KEY_MAX || (text[len] == '*' ? text[len + 1] : text[len]) != '\0' ||
		*text == '\0')
		return err_set(expected,
			"a key of Spark's, or how keys begin and one '*', such as spark.sql.*");
	*s = mem_strdup(text);
	return 0;
}

/* A scheme, what is below it, and perhaps one '*' at the end. What a launch names is brought into
 * one spelling before it is compared (proxy/launch/), so patterns are written in that. */
static int parse_resource(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-");
	const char *star = strchr(text, '*');
	char **s = field;

	(void)row;
	bool is_odd = strstr(text, "/../") || strstr(text, "/./") || strpbrk(text, "%\\?# ") ||
		      values_has_control(text);
	if (scheme == 0 || text[scheme] != ':' || text[scheme + 1] != '/' || is_odd ||
		(star && star[1] != '\0') || strlen(text) > URI_MAX)
		return err_set(expected, "a URI, or how URIs begin and one '*', such as "
					 "s3a://apps/* or file:/opt/spark/examples/*");
	*s = mem_strdup(text);
	return 0;
}

static int parse_folder_name(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t len = strspn(text, KEY_LETTERS);
	char **s = field;

	(void)row;
	if (len == 0 || len > FOLDER_MAX || text[len] != '\0' || text[0] == '.')
		return err_set(expected, "a folder's name of letters, digits, '.', '_' and '-'");
	*s = mem_strdup(text);
	return 0;
}

static bool format_text(const struct keyword *row, const void *field, struct sbuf *out)
{
	return value_string.format(row, field, out);
}

static void clear_text(void *field)
{
	value_string.clear(field);
}

const struct value_type value_memory = {parse_memory, format_memory, NULL};
const struct value_type value_pair = {parse_pair, format_pair, clear_pair};
const struct value_type value_spark_key = {parse_spark_key, format_text, clear_text};
const struct value_type value_resource = {parse_resource, format_text, clear_text};
const struct value_type value_folder_name = {parse_folder_name, format_text, clear_text};
