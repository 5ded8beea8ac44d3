/*
 * proxy/sockets/listeners.h - the sockets of this process: one of the server for each server
 * thread, one of the admin site, one for each of both that redirects; and who else has the
 * addresses (S61).
 */
#ifndef SPARKGATE_PROXY_SOCKETS_LISTENERS_H
#define SPARKGATE_PROXY_SOCKETS_LISTENERS_H

#include "conf/conf.h"
#include "proxy/sockets/inherit.h"

enum { LISTENERS_ADDRESSES = 4 };

struct listeners {
	int *threads; /* conf->threads of them; whoever serves one takes it; the number
		 stays known, until that one drains */
	int admin, redirect, admin_redirect; /* -1: none; as above */
	unsigned count;			     /* of threads */
	bool is_joined;			     /* another gateway has listened there before */
	bool is_kept;			     /* of the last run, so somebody may wait in them */
	bool is_units[INHERIT_USES];	     /* of a socket unit, which gives them again */
	int names[LISTENERS_ADDRESSES];	     /* join_announce() */
};

void listeners_init(struct listeners *l);
/* `in`: sockets that this process was started with; an address for which there are some gets no
 * others, and as many server threads at least. Those kept of the last run serve only the address
 * and the number of threads that are configured now; the others are closed (S181). `store`: NULL,
 * or the store_id() of those with whom the addresses may be shared. Ports that were 0 are set in
 * conf. -1 and a reason that says which address, and what to do. */
MUST_CHECK int listeners_open(struct listeners *l, struct conf *conf, struct inherited *in,
	const char *store, struct err *err);
/* Lets others join; `store` as above. */
void listeners_announce(struct listeners *l, const struct conf *conf, const char *store);
/* All of them, borrowed; how many. */
size_t listeners_list(const struct listeners *l, struct inherit_socket out[static INHERIT_MAX]);
/* Not the sockets, which others have taken. */
void listeners_clear(struct listeners *l);

#endif
