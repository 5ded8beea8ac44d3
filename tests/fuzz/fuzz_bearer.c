/* Authorization fields: one a line, the first line is the query. Their paths go to the policy too.
 */
#include "auth/token/bearer.h"
#include "auth/policy/policy.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 4 };

static void try_fields(struct str query, const struct str *values, size_t count)
{
	struct str token;
	const char *reason;

	switch (bearer_read(values, count, query, &token, &reason)) {
	case BEARER_ABSENT:
		assert(count == 0);
		break;
	case BEARER_OTHER_SCHEME:
		assert(count == 1);
		break;
	case BEARER_OK:
		assert(count == 1 && token.len > 0 && token.len <= BEARER_MAX);
		assert(str_find_byte(token, ' ') == -1 && str_find_byte(token, '\0') == -1);
		break;
	case BEARER_BROKEN:
		assert(count == 1 && reason[0]);
		break;
	case BEARER_MALFORMED:
		assert(reason[0]);
		break;
	}
}

/* However a path is written, worse than refused it does not get. */
static void try_path(struct str path)
{
	for (int kind = UI_GATE; kind <= UI_OTHER; kind++) {
		enum action action = policy_action((enum ui_kind)kind, STR("GET"), path);
		ptrdiff_t at = str_find(path, STR("/jobs/job/kill/"));

		assert(action_name(action));
		assert(at == -1 || kind == UI_GATE || action == ACTION_KILL ||
			action == ACTION_NEVER);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size}, query = {NULL, 0}, values[FIELDS];
	size_t count = 0;

	if (!str_next(&rest, '\n', &query))
		return 0;
	while (count < FIELDS && str_next(&rest, '\n', &values[count]))
		count++;
	try_fields(query, values, count);
	try_path(query);
	return 0;
}
