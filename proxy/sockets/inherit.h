/*
 * proxy/sockets/inherit.h - listening sockets that this process was started with: by systemd's
 * socket activation (sd_listen_fds(3)), or by the gateway before it, which hands over (handover.h).
 *
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say which descriptors they are, from 3 on. Names:
 * "public" (any number of sockets for server.listen), "admin", "redirect", and of a gateway that
 * hands over "handover", the pipe on which it waits for the word that this process can serve.
 */
#ifndef SPARKGATE_PROXY_SOCKETS_INHERIT_H
#define SPARKGATE_PROXY_SOCKETS_INHERIT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum inherit_use {
	INHERIT_PUBLIC,
	INHERIT_ADMIN,
	INHERIT_REDIRECT,
	INHERIT_HANDOVER,
	INHERIT_USES
};
enum { INHERIT_FIRST = 3, INHERIT_MAX = 1024 };

/* As LISTEN_FDNAMES has it. */
const char *inherit_name(enum inherit_use use);

struct inherited {
	int *fds[INHERIT_USES]; /* whoever serves one takes it, and puts -1 there */
	size_t counts[INHERIT_USES];
};

/* Takes the sockets, and the variables out of the environment. Before there is another thread. None
 * is no error; -1 and a reason: they are not what they should be. */
MUST_CHECK int inherit_take(struct inherited *in, struct err *err);
/* A gateway waits for the word of this process. */
bool inherit_is_handover(const struct inherited *in);
/* Says it, once. */
void inherit_say_ready(struct inherited *in);
/* Closes what nobody took. */
void inherit_clear(struct inherited *in);

#endif
