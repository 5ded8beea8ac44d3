#include "conf/values/values_units.h"

#include "conf/values/keywords.h"

#include <inttypes.h>

struct unit {
	const char *name;
	int64_t scale;
};

/* Largest first, so that a value is written back in its largest whole unit. */
static const struct unit times[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

static int parse_units(const struct unit *units, size_t count, const char *text, int64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t n;

	if (!str_to_u64((struct str){text, digits}, &n))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text + digits, units[i].name) != 0)
			continue;
		if (n > (uint64_t)(INT64_MAX / units[i].scale))
			return -1;
		*out = (int64_t)n * units[i].scale;
		return 0;
	}
	return -1;
}

static void format_units(const struct unit *units, size_t count, int64_t n, struct sbuf *out)
{
	for (size_t i = 0; i < count; i++) {
		if (n % units[i].scale != 0 || (n == 0 && i + 1 < count))
			continue;
		sbuf_printf(out, "%" PRId64 "%s", n / units[i].scale, units[i].name);
		return;
	}
}

int values_parse_duration(const char *text, int64_t *ms)
{
	return parse_units(times, ARRAY_LEN(times), text, ms);
}

int values_parse_size(const char *text, int64_t *bytes)
{
	return parse_units(sizes, ARRAY_LEN(sizes), text, bytes);
}

static int out_of_range(struct err *expected, const struct unit *units, size_t count, int64_t min,
	int64_t max, const char *what)
{
	struct sbuf b;

	sbuf_init(&b, 128);
	format_units(units, count, min, &b);
	sbuf_puts(&b, "..");
	format_units(units, count, max, &b);
	err_set(expected, "%s %s", what, sbuf_str(&b).at);
	sbuf_clear(&b);
	return -1;
}

/* One reader for both: a field in seconds takes whole seconds only. */
static int parse_time(const struct keyword *row, int64_t scale, const char *text, int64_t *field,
	struct err *expected)
{
	int64_t ms;

	if (values_parse_duration(text, &ms) == -1 || ms % scale != 0 || ms / scale < row->min ||
		ms / scale > row->max)
		return out_of_range(expected, times, ARRAY_LEN(times), row->min * scale,
			row->max * scale, "duration (such as 30s, 5m, 12h, 7d)");
	*field = ms / scale;
	return 0;
}

static int parse_ms(const struct keyword *row, const char *text, void *field, struct err *expected)
{
	return parse_time(row, 1, text, field, expected);
}

static int parse_seconds(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	return parse_time(row, 1000, text, field, expected);
}

static bool format_ms(const struct keyword *row, const void *field, struct sbuf *out)
{
	(void)row;
	format_units(times, ARRAY_LEN(times), *(const int64_t *)field, out);
	return true;
}

static bool format_seconds(const struct keyword *row, const void *field, struct sbuf *out)
{
	(void)row;
	format_units(times, ARRAY_LEN(times), *(const int64_t *)field * 1000, out);
	return true;
}

static int parse_size(
	const struct keyword *row, const char *text, void *field, struct err *expected)
{
	int64_t bytes;

	if (values_parse_size(text, &bytes) == -1 || bytes < row->min || bytes > row->max)
		return out_of_range(expected, sizes, ARRAY_LEN(sizes), row->min, row->max,
			"size (such as 16KiB)");
	*(size_t *)field = (size_t)bytes;
	return 0;
}

/* None where none is written: a row without a default that takes no zero. */
static bool format_size(const struct keyword *row, const void *field, struct sbuf *out)
{
	int64_t bytes = (int64_t) * (const size_t *)field;

	if (bytes < row->min)
		return false;
	format_units(sizes, ARRAY_LEN(sizes), bytes, out);
	return true;
}

const struct value_type value_ms = {parse_ms, format_ms, NULL};
const struct value_type value_seconds = {parse_seconds, format_seconds, NULL};
const struct value_type value_size = {parse_size, format_size, NULL};
