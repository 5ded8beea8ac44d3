#include "auth/store/store_audit.h"

#include "base/rnd.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { CHANCE = STORE_AUDIT_ID - 1 - STORE_AUDIT_STAMP };
#define LATEST_MS ((INT64_C(1) << 48) - 1)

void store_audit_stamp(int64_t wall_ms, char out[static STORE_AUDIT_STAMP + 1])
{
	int64_t ms = wall_ms < 0 ? 0 : wall_ms > LATEST_MS ? LATEST_MS : wall_ms;

	snprintf(out, STORE_AUDIT_STAMP + 1, "%0*llx", STORE_AUDIT_STAMP, (unsigned long long)ms);
}

void store_audit_new_id(int64_t wall_ms, char out[static STORE_AUDIT_ID])
{
	store_audit_stamp(wall_ms, out);
	rnd_hex(out + STORE_AUDIT_STAMP, CHANCE);
}

bool store_audit_is_id(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (strchr("0123456789abcdef", text.at[i]) == NULL || text.at[i] == '\0')
			return false;
	}
	return text.len == STORE_AUDIT_ID - 1;
}

int64_t store_audit_time(const char *id)
{
	int64_t ms = 0;

	for (size_t i = 0; i < STORE_AUDIT_STAMP && id[i]; i++)
		ms = ms * 16 + str_hex_digit(id[i]);
	return ms;
}

void store_audit_bounds(const struct store_audit_query *query, char below[static STORE_AUDIT_ID],
	char from[static STORE_AUDIT_STAMP + 1])
{
	char until[STORE_AUDIT_STAMP + 1];

	memcpy(below, "g", 2); /* above all digits */
	if (query->until_ms > 0) {
		store_audit_stamp(query->until_ms, until);
		memcpy(below, until, sizeof until);
	}
	if (query->before[0] && strcmp(query->before, below) < 0)
		memcpy(below, query->before, STORE_AUDIT_ID);
	store_audit_stamp(query->from_ms, from);
}

static bool is_same(const char *wanted, const char *text)
{
	return wanted == NULL || strcmp(wanted, text) == 0;
}

bool store_audit_is_wanted(const struct store_audit_query *query, const struct store_audit *event)
{
	return is_same(query->user, event->user) && is_same(query->action, event->action) &&
	       (is_same(query->app, event->app_id) || is_same(query->app, event->app_name));
}

/* --- one text --- */

/* A line each: no text has control characters. */
char *store_audit_pack(const struct store_audit *event, size_t *len)
{
	char *text = mem_printf("%s\n%s\n%s\n%s\n%s\n%s", event->id, event->user, event->action,
		event->app_id, event->app_name, event->fields);

	*len = strlen(text);
	assert(*len <= STORE_AUDIT_BYTES);
	return text;
}

bool store_audit_unpack(char *text, size_t len, struct store_audit *out)
{
	const char **parts[] = {
		&out->user, &out->action, &out->app_id, &out->app_name, &out->fields};
	char *at = text, *end;

	if (len < STORE_AUDIT_ID || len > STORE_AUDIT_BYTES || memchr(text, '\0', len) ||
		text[STORE_AUDIT_ID - 1] != '\n' ||
		!store_audit_is_id((struct str){text, STORE_AUDIT_ID - 1}))
		return false;
	memcpy(out->id, text, STORE_AUDIT_ID - 1);
	out->id[STORE_AUDIT_ID - 1] = '\0';
	at += STORE_AUDIT_ID;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		*parts[i] = at;
		end = memchr(at, '\n', (size_t)(text + len - at));
		if ((end == NULL) != (i == ARRAY_LEN(parts) - 1))
			return false;
		if (end) {
			*end = '\0';
			at = end + 1;
		}
	}
	return true; /* hiredis ends its texts with a NUL */
}
