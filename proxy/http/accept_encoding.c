#include "proxy/http/accept_encoding.h"

enum { UNNAMED = -1, WEIGHT_MAX = 1000 /* thousandths */ };

/* RFC 9110 §12.4.2: 0 to 1 with three digits. What is no weight is none: 1. */
static int weight_of(struct str parameters)
{
	struct str text = str_trim(parameters);
	int weight = 0, unit = WEIGHT_MAX;

	if (!str_starts_nocase(text, STR("q=")))
		return WEIGHT_MAX;
	for (size_t i = 2; i < text.len && unit > 0; i++) {
		char c = text.at[i];
		if (c == '.')
			continue;
		if (c < '0' || c > '9')
			return WEIGHT_MAX;
		weight += (c - '0') * unit;
		unit /= 10;
	}
	return weight < WEIGHT_MAX ? weight : WEIGHT_MAX;
}

/* The last line that names the coding counts. */
static int weight_in(const struct h1_field *fields, size_t count, struct str name)
{
	int weight = UNNAMED;

	for (size_t i = 0; i < count; i++) {
		struct str rest = fields[i].value, item, coding;
		if (fields[i].kind.id != FIELD_ACCEPT_ENCODING)
			continue;
		while (str_next(&rest, ',', &item)) {
			str_next(&item, ';', &coding);
			if (str_eq_nocase(str_trim(coding), name))
				weight = item.at ? weight_of(item) : WEIGHT_MAX;
		}
	}
	return weight;
}

static int gzip_weight(const struct h1_field *fields, size_t count)
{
	int named = weight_in(fields, count, STR("gzip"));

	return named == UNNAMED ? weight_in(fields, count, STR("*")) : named;
}

bool accept_encoding_has_gzip(const struct h1_field *fields, size_t count)
{
	return gzip_weight(fields, count) > 0;
}

enum content_coding_kind accept_encoding_best(const struct h1_field *fields, size_t count)
{
	int gzip = gzip_weight(fields, count), zstd = weight_in(fields, count, STR("zstd"));

	if (zstd > 0 && zstd >= gzip)
		return CODING_ZSTD;
	return gzip > 0 ? CODING_GZIP : CODING_IDENTITY;
}
