/*
 * proxy/front/redirect.h - a listener that speaks http only to send browsers to https.
 *
 * A request that changes something is refused: what it carried has travelled in the clear, and is
 * not to go on as if nothing had happened. On the keeper's thread.
 */
#ifndef SPARKGATE_PROXY_FRONT_REDIRECT_H
#define SPARKGATE_PROXY_FRONT_REDIRECT_H

#include "conf/conf.h"

struct event_base;
struct redirect;

enum redirect_site { REDIRECT_TO_SERVER, REDIRECT_TO_ADMIN };

/* Takes `listen_fd`, borrows `base`. */
struct redirect *redirect_new(
	struct event_base *base, int listen_fd, const struct conf *conf, enum redirect_site site);
/* NULL is fine, here and below. */
void redirect_set_conf(struct redirect *redirect, const struct conf *conf);
void redirect_drain(struct redirect *redirect, int64_t idle_ms);
void redirect_free(struct redirect *redirect);

#endif
