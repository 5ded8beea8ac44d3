/* proxy/upstream/upstream_turn.c - what is left to the end of this turn of the loop, when nothing
 * of ours is on the stack. */
#include "proxy/upstream/upstream_int.h"

void turn_end_soon(struct upstream *up)
{
	event_active(&up->turn_end, EV_TIMEOUT, 0);
}

void turn_came_free(struct address *address)
{
	struct upstream_call *first = TAILQ_FIRST(&address->waiters);
	struct conn *late = TAILQ_FIRST(&address->connecting);
	struct upstream *up = first ? first->up : late ? late->up : NULL;

	if (up == NULL || address->is_ready)
		return;
	address->is_ready = true;
	TAILQ_INSERT_TAIL(&up->ready, address, ready);
	turn_end_soon(up);
}
