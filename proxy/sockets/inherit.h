/*
 * proxy/sockets/inherit.h - listening sockets that this process was started with: by systemd's
 * socket activation (sd_listen_fds(3)), by systemd's store of descriptors, where the last run's are
 * kept (keep.h), or by the gateway before it, which hands over (handover.h).
 *
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say which descriptors they are, from 3 on. Names:
 * "public" (any number of sockets for server.listen), "admin", "redirect", "admin-redirect", the
 * same with "kept-" before them, and of a gateway that hands over "handover", the pipe on which it
 * waits for the word that this process can serve.
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
	INHERIT_ADMIN_REDIRECT,
	INHERIT_HANDOVER,
	INHERIT_USES
};
enum { INHERIT_FIRST = 3, INHERIT_MAX = 1024 };

#define INHERIT_KEPT "kept-"

struct inherit_socket {
	int fd; /* borrowed */
	enum inherit_use use;
};

/* As LISTEN_FDNAMES has it. */
const char *inherit_name(enum inherit_use use);

struct inherited {
	int *fds[INHERIT_USES]; /* whoever serves one takes it, and puts -1 there */
	size_t counts[INHERIT_USES];
	bool is_kept[INHERIT_USES]; /* of the last run, whose configuration may have been another */
};

/* Takes the sockets, and the variables out of the environment. Before there is another thread. None
 * is no error; -1 and a reason: they are not what they should be. */
MUST_CHECK int inherit_take(struct inherited *in, struct err *err);
/* A gateway waits for the word of this process. */
bool inherit_is_handover(const struct inherited *in);
/* Says it, once. */
void inherit_say_ready(struct inherited *in);
/* Closes those of one use that nobody took, but for the first so many. */
void inherit_drop(struct inherited *in, enum inherit_use use, size_t rest);
/* Closes what nobody took; but the pipe of a handover ends with the process, so that whoever reads
 * it is told how that ended. */
void inherit_clear(struct inherited *in);

#endif
