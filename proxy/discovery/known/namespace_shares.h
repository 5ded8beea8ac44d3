/*
 * proxy/discovery/known/namespace_shares.h - places that namespaces share, so that none takes all:
 * who may make objects in one of them leaves room for those of others.
 *
 * Where something has to wait or to be left out, a namespace has a quarter of all places; where the
 * old goes for the new, the oldest of whoever has most goes. Counts only; who takes a place gives
 * it back. The keeper's thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_NAMESPACE_SHARES_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_NAMESPACE_SHARES_H

#include "conf/conf.h"

struct namespace_share;

struct namespace_shares { /* all zero: nothing is taken */
	struct namespace_share *by_name;
	uint64_t taken;
};

void namespace_shares_clear(struct namespace_shares *shares);
/* Of something that has `all` places for the namespaces of this configuration; NULL: of several. */
bool namespace_shares_have_room(const struct namespace_shares *shares, const char *namespace,
	uint64_t all, const struct conf_kubernetes *conf);
void namespace_shares_take(struct namespace_shares *shares, const char *namespace, uint64_t places);
void namespace_shares_give(struct namespace_shares *shares, const char *namespace, uint64_t places);
uint64_t namespace_shares_of(const struct namespace_shares *shares, const char *namespace);
/* Of those that nobody has more than, the one that came first; "": nothing is taken. Borrows. */
const char *namespace_shares_most(const struct namespace_shares *shares);

#endif
