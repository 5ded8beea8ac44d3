#include "auth/session/cookie.h"

/* Adds the cookies of one field called `name` to `*times`; the last one's value goes to `*value`.
 */
static void scan(struct str field, struct str name, unsigned *times, struct str *value)
{
	struct str pair;

	while (field.at && str_next(&field, ';', &pair)) {
		ptrdiff_t eq = str_find_byte(pair, '=');

		/* A cookie without a name is no cookie of ours, whatever its value looks like. */
		if (eq <= 0 || !str_eq(str_trim(str_range(pair.at, pair.at + eq)), name))
			continue;
		*value = str_trim(str_from(pair, (size_t)eq + 1));
		++*times;
	}
}

bool cookie_find(const struct str *fields, size_t count, struct str name, struct str *value)
{
	unsigned times = 0;

	*value = STR("");
	for (size_t i = 0; i < count; i++)
		scan(fields[i], name, &times, value);
	if (times == 1 && value->len > 0)
		return true;
	*value = STR("");
	return false;
}
