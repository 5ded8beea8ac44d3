#include "auth/store/store_launch.h"

#include "auth/store/store_audit.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert((int)STORE_LAUNCH_ID == (int)STORE_AUDIT_ID, "ids of one form");

const char *launch_state_name(enum launch_state state)
{
	static const char *const names[] = {[LAUNCH_QUEUED] = "queued",
		[LAUNCH_STARTING] = "starting",
		[LAUNCH_RUNNING] = "running",
		[LAUNCH_FINISHED] = "finished",
		[LAUNCH_FAILED] = "failed",
		[LAUNCH_KILLED] = "killed"};

	assert((size_t)state < ARRAY_LEN(names));
	return names[state];
}

bool launch_state_parse(struct str name, enum launch_state *out)
{
	for (int state = 0; state < LAUNCH_STATES; state++) {
		if (str_eq(name, str_of(launch_state_name((enum launch_state)state)))) {
			*out = (enum launch_state)state;
			return true;
		}
	}
	return false;
}

void store_launch_clear(struct store_launch *launch)
{
	free(launch->json.at);
	launch->json = (struct store_bytes){NULL, 0};
}

void store_launch_new_id(int64_t wall_ms, char out[static STORE_LAUNCH_ID])
{
	store_audit_new_id(wall_ms, out);
}

bool store_launch_is_id(struct str text)
{
	return store_audit_is_id(text);
}

bool store_launch_is_wanted(
	const struct store_launch_query *query, const struct store_launch *launch)
{
	return query->states == 0 || (query->states & 1u << launch->state) != 0;
}
