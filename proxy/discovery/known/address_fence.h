/*
 * proxy/discovery/known/address_fence.h - the SSRF fence: may an address that somebody else named
 * be connected to?
 *
 * A worker or driver names its own UI address, so whoever can register with a master could aim the
 * gateway at anything. Judged is always the resolved address. What the operator wrote
 * into the configuration is not judged here. One thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_ADDRESS_FENCE_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_ADDRESS_FENCE_H

#include "base/net/cidr.h"

enum { FENCE_AROUND_MAX = 32, FENCE_PORT_MIN = 1024 };

struct address_fence {
	const struct cidr *networks; /* borrowed from the configuration */
	size_t networks_count;	     /* 0: the default, private ranges and around the masters */
	struct cidr around[FENCE_AROUND_MAX];
	size_t around_count;
	bool loopback; /* a master or an API server is on loopback */
	bool is_here;  /* a master: this machine's own addresses are inside the default, too */
};

/* Replaces the configured ranges; what is known of the masters is kept. */
void address_fence_set_networks(
	struct address_fence *fence, const struct cidr *networks, size_t count);
/* An API server whose pods are looked for lives at this address: may they be on loopback? True when
 * that is news. */
bool address_fence_add_kubernetes(struct address_fence *fence, const struct sockaddr *sa);
/* A master lives at this address: opens its /16 or /64, or loopback. True when that is news. */
bool address_fence_add_master(struct address_fence *fence, const struct sockaddr *sa);
/* NULL when the address may be connected to, else why not (fixed text). */
const char *address_fence_check(const struct address_fence *fence, const struct sockaddr *sa);

#endif
