#include "auth/session/cookie.h"

/* The next field's text, when that of the one before is used up. */
static bool has_rest(struct cookie_walk *walk)
{
	while (walk->rest.at == NULL && walk->count > 0) {
		walk->rest = *walk->fields++;
		walk->count--;
	}
	return walk->rest.at != NULL;
}

bool cookie_next(struct cookie_walk *walk, struct str *name, struct str *value)
{
	struct str pair;

	while (has_rest(walk)) {
		if (!str_next(&walk->rest, ';', &pair)) {
			walk->rest.at = NULL;
			continue;
		}
		ptrdiff_t eq = str_find_byte(pair, '=');
		/* A cookie without a name is no cookie of ours, whatever its value looks like. */
		if (eq <= 0)
			continue;
		*name = str_trim(str_range(pair.at, pair.at + eq));
		*value = str_trim(str_from(pair, (size_t)eq + 1));
		return true;
	}
	return false;
}

static bool is_among(const struct str *values, size_t count, struct str value)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(values[i], value))
			return true;
	}
	return false;
}

size_t cookie_find(const struct str *fields, size_t count, struct str name,
	struct str values[static COOKIES_TRIED])
{
	struct cookie_walk walk = {fields, count, {NULL, 0}};
	struct str found, value;
	size_t n = 0;

	while (n < COOKIES_TRIED && cookie_next(&walk, &found, &value)) {
		if (str_eq(found, name) && value.len > 0 && !is_among(values, n, value))
			values[n++] = value;
	}
	return n;
}
