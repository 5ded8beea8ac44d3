/*
 * proxy/sockets/handover.h - another process takes over: the program is started anew, with the same
 * arguments and environment, and gets the sockets that listen, so that no connection that waits in
 * one of them is lost (S200).
 *
 * It is the file that stands now where this process's program stood. It says when it can serve
 * (inherit.h); until then, and if it never does, nothing has changed here. The keeper's thread.
 */
#ifndef SPARKGATE_PROXY_SOCKETS_HANDOVER_H
#define SPARKGATE_PROXY_SOCKETS_HANDOVER_H

#include "proxy/sockets/inherit.h"

struct event_base;
struct handover;

/* `pid`: of who serves now; 0: it could not, for the reason in `why`, and has ended. Called once,
 * from the loop. */
typedef void handover_on_end(void *arg, int pid, const char *why);

/* Starts it. `argv` as main() has it. Gives what waits for its word; NULL and a reason: it could
 * not be started. */
struct handover *handover_start(struct event_base *base, char *const *argv,
	const struct inherit_socket *sockets, size_t count, handover_on_end *on_end, void *arg,
	struct err *err);
/* It has not said yet. NULL: no. */
bool handover_is_waiting(const struct handover *h);
/* Ends a process that has not said yet that it can serve. NULL is fine. Not from on_end. */
void handover_free(struct handover *h);
/* Where the program stands: its argument's path, else the running file's own. Gives. */
char *handover_program(const char *argument);

#endif
