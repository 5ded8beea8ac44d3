/* base/net/cidr.h - address ranges: who is trusted, where a discovered UI may live. */
#ifndef SPARKGATE_BASE_NET_CIDR_H
#define SPARKGATE_BASE_NET_CIDR_H

#include "base/err.h"
#include "base/str.h"

#include <sys/socket.h>

struct cidr {
	unsigned char bytes[16]; /* network order; an IPv4 range is kept as ::ffff:a.b.c.d/96+n */
	unsigned bits;		 /* 0..128 */
};

/* "10.0.0.0/8", "fd00::/8" or a plain address. Host bits that are set are an error. */
MUST_CHECK int cidr_parse(struct str text, struct cidr *out, struct err *err);
/* True when the address of `sa` (AF_INET, AF_INET6, v4-mapped too) lies in the range. */
bool cidr_contains(const struct cidr *range, const struct sockaddr *sa);
bool cidr_any_contains(const struct cidr *ranges, size_t count, const struct sockaddr *sa);
/* The first `bits4` (IPv4) or `bits6` (IPv6) bits around sa's address. */
struct cidr cidr_around(const struct sockaddr *sa, unsigned bits4, unsigned bits6);

/* What counts as one client: an IPv4 address, in either spelling, or a /64 of IPv6, which one
 * machine has for itself. `bits` is 0 for what is no address. */
struct cidr cidr_of_client(struct str address);

#endif
