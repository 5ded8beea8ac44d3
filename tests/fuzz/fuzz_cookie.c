/* Cookie fields, one a line: what is found is there, whole, each value once. */
#include "auth/session/cookie.h"
#include "auth/session/session.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 4 };

static size_t count_of(struct str field, struct str text)
{
	size_t count = 0;
	ptrdiff_t at;

	while ((at = str_find(field, text)) != -1) {
		count++;
		field = str_from(field, (size_t)at + 1);
	}
	return count;
}

static void check_value(const struct str *fields, size_t count, struct str name, struct str value)
{
	unsigned char key[DIGEST_LEN];
	size_t named = 0;
	bool is_inside = false;

	for (size_t i = 0; i < count; i++) {
		named += count_of(fields[i], name);
		is_inside |= value.at >= fields[i].at &&
			     value.at + value.len <= fields[i].at + fields[i].len;
	}
	assert(named > 0 && is_inside && value.len > 0);
	assert(str_find_byte(value, ';') == -1);
	if (session_key(value, key) == 0)
		assert(value.len == SESSION_ID_LEN);
}

static void try_fields(const struct str *fields, size_t count, struct str name)
{
	struct str values[COOKIES_TRIED];
	size_t found = cookie_find(fields, count, name, values);

	assert(found <= COOKIES_TRIED);
	for (size_t i = 0; i < found; i++) {
		check_value(fields, count, name, values[i]);
		for (size_t other = 0; other < i; other++)
			assert(!str_eq(values[i], values[other]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size}, fields[FIELDS];
	size_t count = 0;

	while (count < FIELDS && str_next(&rest, '\n', &fields[count]))
		count++;
	try_fields(fields, count, STR("sparkgate"));
	try_fields(fields, count, STR("__Host-sparkgate"));
	return 0;
}
