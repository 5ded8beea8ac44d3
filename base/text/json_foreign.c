#include "base/text/json_foreign.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { NUMBER_MAX = 4096 /* bytes of one; longer ones are not for us to read */ };

static size_t span_digits(struct str text)
{
	size_t len = 0;

	while (len < text.len && text.at[len] >= '0' && text.at[len] <= '9')
		len++;
	return len;
}

/* Takes an optional part off `text`: one of `leads`, a sign if it may have one, digits. False: it
 * has the lead only. */
static bool take_part(struct str *text, const char *leads, bool may_sign, bool *is_there)
{
	*is_there = text->len > 0 && text->at[0] && strchr(leads, text->at[0]);
	if (!*is_there)
		return true;
	*text = str_from(*text, 1);
	if (may_sign && text->len > 0 && (text->at[0] == '+' || text->at[0] == '-'))
		*text = str_from(*text, 1);
	size_t digits = span_digits(*text);
	*text = str_from(*text, digits);
	return digits > 0;
}

/* RFC 8259 §6, whole. */
static bool is_number(struct str text, bool *is_real)
{
	bool has_fraction, has_exponent;

	if (text.len > 0 && text.at[0] == '-')
		text = str_from(text, 1);
	size_t digits = span_digits(text);
	if (digits == 0 || (digits > 1 && text.at[0] == '0'))
		return false;
	text = str_from(text, digits);
	if (!take_part(&text, ".", false, &has_fraction) ||
		!take_part(&text, "eE", true, &has_exponent))
		return false;
	*is_real = has_fraction || has_exponent;
	return text.len == 0;
}

/* As jansson finds it: a number that it refuses. */
static bool is_too_large(struct str text)
{
	char copy[NUMBER_MAX];
	bool is_real;

	if (!is_number(text, &is_real) || !str_copy(text, copy, sizeof copy))
		return false;
	errno = 0;
	if (is_real)
		return isinf(strtod(copy, NULL));
	(void)strtoll(copy, NULL, 10);
	return errno == ERANGE;
}

static size_t span_number(struct str text)
{
	size_t len = 0;

	while (len < text.len && text.at[len] && strchr("0123456789+-.eE", text.at[len]))
		len++;
	return len;
}

/* From its first quote to behind its last. */
static size_t span_string(struct str text)
{
	for (size_t i = 1; i < text.len; i++) {
		if (text.at[i] == '\\')
			i++;
		else if (text.at[i] == '"')
			return i + 1;
	}
	return text.len;
}

static bool begins_number(char c)
{
	return c == '-' || (c >= '0' && c <= '9');
}

/* Writes false over every number that is too large: none of them is shorter. */
static void drop_large_numbers(char *text, size_t len)
{
	static const char no[] = "false";
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		struct str rest = {text + i, len - i};

		step = 1;
		if (rest.at[0] == '"')
			step = span_string(rest);
		else if (begins_number(rest.at[0]))
			step = span_number(rest);
		if (step < sizeof no - 1 || !begins_number(rest.at[0]) ||
			!is_too_large((struct str){rest.at, step}))
			continue;
		memset(text + i, ' ', step);
		memcpy(text + i, no, sizeof no - 1);
	}
}

json_t *json_foreign(struct str text)
{
	json_error_t why;
	json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &why);

	if (json || json_error_code(&why) != json_error_numeric_overflow)
		return json;
	char *copy = mem_alloc(text.len + 1, 1);
	memcpy(copy, text.at, text.len);
	drop_large_numbers(copy, text.len);
	json = json_loadb(copy, text.len, JSON_REJECT_DUPLICATES, NULL);
	secret_free(copy);
	return json;
}
