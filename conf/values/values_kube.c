/* What Kubernetes and Spark call things, as configuration values. */
#include "conf/values/values.h"

#include "conf/values/keywords.h"

#include <stdlib.h>

enum { LABEL_MAX = 63, SELECTOR_MAX = 1024, PATTERN_MAX = 255, CLUSTER_MAX = 191 };

/* RFC 1123 §2.1, as Kubernetes takes it for a namespace; or the word for all of them. */
static int parse_namespace(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	bool is_label = len > 0 && len <= LABEL_MAX && text[len] == '\0' && text[0] != '-' &&
			text[len - 1] != '-';
	char **s = field;

	(void)row;
	if (!is_label && strcmp(text, "*") != 0)
		return err_set(expected,
			"a namespace of a-z, 0-9 and '-', 1 to 63 letters, or \"*\" for all");
	*s = mem_strdup(text);
	return 0;
}

/* The configuration's clusters have no dot; one that was found may be NAME.NAMESPACE (found.h). */
static int parse_cluster(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.");
	bool is_odd = text[0] == '-' || text[0] == '.' || strstr(text, "..") || strstr(text, ".-");
	char **s = field;

	if (strchr(text, '.') == NULL)
		return value_name.parse(row, text, field, expected);
	if (text[len] != '\0' || len > CLUSTER_MAX || is_odd || text[len - 1] == '.')
		return err_set(
			expected, "a cluster's name, or NAME.NAMESPACE of one that is found");
	*s = mem_strdup(text);
	return 0;
}

/* Only the letters that a selector is made of; what it means the API server says. */
static int parse_selector(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "-_./=,!() ");
	char **s = field;

	(void)row;
	if (len == 0 || len > SELECTOR_MAX || text[len] != '\0')
		return err_set(expected, "a label selector such as spark-role=driver");
	*s = mem_strdup(text);
	return 0;
}

/* A pattern of what Spark calls applications: people choose their names, spaces and all. */
static int parse_application(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	char **s = field;

	(void)row;
	if (text[0] == '\0' || strlen(text) > PATTERN_MAX || values_has_control(text))
		return err_set(expected,
			"own, acl, or a pattern of ids and names such as etl-*, at most %d bytes",
			PATTERN_MAX);
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

const struct value_type value_namespace = {parse_namespace, format_text, clear_text};
const struct value_type value_cluster = {parse_cluster, format_text, clear_text};
const struct value_type value_selector = {parse_selector, format_text, clear_text};
const struct value_type value_application = {parse_application, format_text, clear_text};
