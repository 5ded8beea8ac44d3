#include "proxy/sockets/keep.h"

#include "base/log/log.h"
#include "base/net/notify.h"

#include <stdio.h>

enum { STATE_LEN = 64 };

static bool say(const char *verb, enum inherit_use use, const int *fds, size_t count)
{
	char state[STATE_LEN];

	snprintf(state, sizeof state, "%s=1\nFDNAME=" INHERIT_KEPT "%s", verb, inherit_name(use));
	return notify_send_fds(state, fds, count);
}

static bool keep_use(
	const struct inherit_socket *sockets, size_t count, enum inherit_use use, bool is_ours)
{
	int fds[NOTIFY_FDS_MAX];
	size_t n = 0;
	bool is_told = say("FDSTOREREMOVE", use, NULL, 0);

	for (size_t i = 0; i < count && is_ours; i++) {
		if (sockets[i].use == use)
			fds[n++] = sockets[i].fd;
		if (n == NOTIFY_FDS_MAX || (n > 0 && i + 1 == count)) {
			is_told = say("FDSTORE", use, fds, n) && is_told;
			n = 0;
		}
	}
	return is_told;
}

void keep_listeners(const struct listeners *l)
{
	struct inherit_socket sockets[INHERIT_MAX];
	size_t count = listeners_list(l, sockets);
	bool is_told = true;

	for (int use = INHERIT_PUBLIC; use <= INHERIT_ADMIN_REDIRECT; use++)
		is_told = keep_use(sockets, count, (enum inherit_use)use, !l->is_units[use]) &&
			  is_told;
	if (!is_told)
		log_warn("service", "the service manager does not keep the listening sockets");
}
