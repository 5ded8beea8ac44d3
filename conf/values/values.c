#define _GNU_SOURCE
#include "conf/values/values.h"

#include "conf/conf.h"
#include "conf/values/keywords.h"

#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>

static void clear_string(void *field)
{
	char **s = field;

	free(*s);
	*s = NULL;
}

static void add_quoted(struct sbuf *out, const char *s)
{
	sbuf_putc(out, '"');
	sbuf_json(out, str_of(s));
	sbuf_putc(out, '"');
}

static bool format_string(const struct keyword *row, const void *field, struct sbuf *out)
{
	const char *const *s = field;

	(void)row;
	if (*s == NULL)
		return false;
	add_quoted(out, *s);
	return true;
}

bool values_has_control(const char *text)
{
	static const char *const unseen[] = {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf"};
	const unsigned char *c = (const unsigned char *)text;

	for (; *c; c++) {
		bool is_c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f;
		if (*c < 0x20 || *c == 0x7f || is_c1)
			return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(unseen); i++) {
		if (strstr(text, unseen[i]))
			return true;
	}
	return false;
}

static bool is_printable(const char *text)
{
	return *text != '\0' && strchr(text, ' ') == NULL && !values_has_control(text);
}

static int parse_string(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	char **s = field;

	if (!is_printable(text) || strlen(text) > 1024)
		return err_set(expected, "%s, without spaces, 1 to 1024 bytes", row->help);
	*s = mem_strdup(text);
	return 0;
}

/* What others call their roles and services: as they do, but nobody sees a space at the end. */
static int parse_words(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t len = strlen(text);
	char **s = field;

	if (len == 0 || len > 1024 || text[0] == ' ' || text[len - 1] == ' ' ||
		values_has_control(text))
		return err_set(
			expected, "%s, without spaces around them, 1 to 1024 bytes", row->help);
	*s = mem_strdup(text);
	return 0;
}

static const char *word_refused_as_name(const char *text)
{
	static const struct {
		const char *word, *why;
	} refused[] = {
		{"proxy", "a name other than proxy: Spark's pages take the word after it for an "
			  "application"},
		{"history", "a name other than history: Spark's pages take the word after it for "
			    "an application"},
		{"shs", "a name other than shs: it is where a cluster's history server is"},
		{"_gate", "a name other than _gate: it is where the gateway's own pages are"},
	};

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (strcmp(text, refused[i].word) == 0)
			return refused[i].why;
	}
	return NULL;
}

static int parse_name(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	const char *why = word_refused_as_name(text);
	char **s = field;

	(void)row;
	if (why)
		return err_set(expected, "%s", why);
	if (len == 0 || len > 63 || text[len] != '\0' || text[0] == '-')
		return err_set(
			expected, "a name of a-z, 0-9 and '-', 1 to 63 letters, not '-' first");
	*s = mem_strdup(text);
	return 0;
}

/* The index of text among the choices, or -1 with all of them in `expected`. */
static int choose(const struct keyword *row, const char *text, struct err *expected)
{
	char all[256];
	struct sbuf list;

	sbuf_init(&list, sizeof all - 1);
	for (int i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], text) == 0) {
			sbuf_clear(&list);
			return i;
		}
		sbuf_printf(&list, "%s%s", i ? ", " : "", row->choices[i]);
	}
	(void)str_copy(sbuf_str(&list), all, sizeof all);
	sbuf_clear(&list);
	return err_set(expected, "%s%s", strchr(all, ',') ? "one of " : "", all);
}

static int parse_choice(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	int index = choose(row, text, expected);

	if (index == -1)
		return -1;
	*(int *)field = index;
	return 0;
}

static bool format_choice(const struct keyword *row, const void *field, struct sbuf *out)
{
	sbuf_puts(out, row->choices[*(const int *)field]);
	return true;
}

static int parse_fixed(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	(void)field;
	return choose(row, text, expected) == -1 ? -1 : 0;
}

static bool format_fixed(const struct keyword *row, const void *field, struct sbuf *out)
{
	(void)field;
	sbuf_puts(out, row->choices[0]);
	return true;
}

static int parse_choice_name(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	int index = choose(row, text, expected);
	char **s = field;

	if (index == -1)
		return -1;
	*s = mem_strdup(row->choices[index]);
	return 0;
}

static int parse_bool(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	bool *out = field;

	(void)row;
	*out = strcmp(text, "true") == 0;
	if (!*out && strcmp(text, "false") != 0)
		return err_set(expected, "true or false");
	return 0;
}

static bool format_bool(const struct keyword *row, const void *field, struct sbuf *out)
{
	(void)row;
	sbuf_puts(out, *(const bool *)field ? "true" : "false");
	return true;
}

static int parse_count(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	uint64_t n;

	if (!str_to_u64(str_of(text), &n) || (int64_t)n < row->min || (int64_t)n > row->max)
		return err_set(
			expected, "a number from %" PRId64 " to %" PRId64, row->min, row->max);
	*(unsigned *)field = (unsigned)n;
	return 0;
}

static bool format_count(const struct keyword *row, const void *field, struct sbuf *out)
{
	(void)row;
	sbuf_printf(out, "%u", *(const unsigned *)field);
	return true;
}

/* Processors this process may run on: in a container fewer than the machine has. */
static unsigned processors(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) == -1)
		return 1;
	int n = CPU_COUNT(&set);
	return n < 1 ? 1 : (unsigned)n;
}

static int parse_threads(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	unsigned n = processors();

	if (strcmp(text, "auto") == 0) {
		*(unsigned *)field = n > (unsigned)row->max ? (unsigned)row->max : n;
		return 0;
	}
	if (parse_count(row, text, field, NULL) == -1)
		return err_set(expected, "auto, or a number from %" PRId64 " to %" PRId64, row->min,
			row->max);
	return 0;
}

/* RFC 6749 §3.3: what would end the list of scopes or need quoting is none. */
static int parse_scope(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	char **s = field;

	(void)row;
	for (const char *c = text; *c; c++) {
		if (*c <= 0x20 || *c >= 0x7f || *c == '"' || *c == '\\')
			return err_set(expected, "one scope, without spaces and quotes");
	}
	if (*text == '\0' || strlen(text) > 256)
		return err_set(expected, "a scope of 1 to 256 letters");
	*s = mem_strdup(text);
	return 0;
}

static int parse_label(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	char **s = field;

	(void)row;
	if (values_has_control(text))
		return err_set(expected, "one line of text");
	if (*text == '\0' || strlen(text) > 100)
		return err_set(expected, "a few words, 1 to 100 bytes");
	*s = mem_strdup(text);
	return 0;
}

const struct value_type value_string = {parse_string, format_string, clear_string};
const struct value_type value_words = {parse_words, format_string, clear_string};
const struct value_type value_name = {parse_name, format_string, clear_string};
const struct value_type value_choice = {parse_choice, format_choice, NULL};
const struct value_type value_fixed = {parse_fixed, format_fixed, NULL};
const struct value_type value_choice_name = {parse_choice_name, format_string, clear_string};
const struct value_type value_bool = {parse_bool, format_bool, NULL};
const struct value_type value_count = {parse_count, format_count, NULL};
const struct value_type value_threads = {parse_threads, format_count, NULL};
const struct value_type value_scope = {parse_scope, format_string, clear_string};
const struct value_type value_label = {parse_label, format_string, clear_string};
