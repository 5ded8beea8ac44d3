#include "proxy/discovery/known/address_fence.h"

#include "base/net/listen.h"

#include <assert.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <pthread.h>

enum { RANGES_MAX = 24 };

struct ranges {
	struct cidr at[RANGES_MAX];
	size_t count;
};

/* Refused whatever `networks` says. The /32s and /128s are the instance metadata services of cloud
 * providers that do not live in 169.254.0.0/16. */
static const char *const never_text[] = {
	"0.0.0.0/8",
	"169.254.0.0/16",
	"224.0.0.0/4",
	"240.0.0.0/4",
	"100.100.100.200/32",
	"168.63.129.16/32",
	"192.0.0.192/32",
	"::/128",
	"fe80::/10",
	"fec0::/10",
	"ff00::/8",
	"fd00:ec2::254/128",
	"fd20:ce::254/128",
	NULL,
};
static const char *const private_text[] = {
	"10.0.0.0/8",
	"172.16.0.0/12",
	"192.168.0.0/16",
	"fc00::/7",
	NULL,
};
static const char *const loopback_text[] = {"127.0.0.0/8", "::1/128", NULL};

static struct ranges never, private_ranges, loopback;
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void fill(struct ranges *out, const char *const *text)
{
	for (; *text; text++) {
		assert(out->count < RANGES_MAX);
		if (cidr_parse(str_of(*text), &out->at[out->count++], NULL) == -1)
			assert(!"a range of this file");
	}
}

static void fill_tables(void)
{
	fill(&never, never_text);
	fill(&private_ranges, private_text);
	fill(&loopback, loopback_text);
}

static bool lies_in(const struct ranges *ranges, const struct sockaddr *sa)
{
	return cidr_any_contains(ranges->at, ranges->count, sa);
}

static struct sockaddr_in v4_at(const unsigned char *bytes)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	memcpy(&v4.sin_addr, bytes, 4);
	return v4;
}

/* An IPv6 address that a translator or tunnel turns into the IPv4 one inside it: NAT64 (RFC 6052),
 * 6to4 (RFC 3056), v4-mapped, and the old v4-compatible form. */
static bool embedded_v4(const struct sockaddr *sa, struct sockaddr_in *out)
{
	static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b},
				   mapped[12] = {[10] = 0xff, 0xff};
	static const unsigned char compatible[12], sixtofour[2] = {0x20, 0x02};
	struct sockaddr_in6 v6;
	const unsigned char *b = v6.sin6_addr.s6_addr;

	if (sa->sa_family != AF_INET6)
		return false;
	memcpy(&v6, sa, sizeof v6);
	if (memcmp(b, nat64, 12) == 0 || memcmp(b, mapped, 12) == 0 ||
		(memcmp(b, compatible, 12) == 0 && !IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)))
		*out = v4_at(b + 12);
	else if (memcmp(b, sixtofour, 2) == 0)
		*out = v4_at(b + 2);
	else
		return false;
	return true;
}

static bool is_never(const struct sockaddr *sa)
{
	struct sockaddr_in inner;

	if (lies_in(&never, sa))
		return true;
	return embedded_v4(sa, &inner) && lies_in(&never, (const struct sockaddr *)&inner);
}

static bool is_loopback(const struct sockaddr *sa)
{
	struct sockaddr_in inner;

	if (lies_in(&loopback, sa))
		return true;
	return embedded_v4(sa, &inner) && lies_in(&loopback, (const struct sockaddr *)&inner);
}

static unsigned port_of(const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof v4);
		return ntohs(v4.sin_port);
	}
	memcpy(&v6, sa, sizeof v6);
	return ntohs(v6.sin6_port);
}

void address_fence_set_networks(
	struct address_fence *fence, const struct cidr *networks, size_t count)
{
	fence->networks = networks;
	fence->networks_count = count;
}

bool address_fence_add_master(struct address_fence *fence, const struct sockaddr *sa)
{
	bool news = false;

	pthread_once(&tables_once, fill_tables);
	if (is_loopback(sa)) {
		news = !fence->loopback;
		fence->loopback = fence->is_here = true;
	} else if (!cidr_any_contains(fence->around, fence->around_count, sa) &&
		   fence->around_count < FENCE_AROUND_MAX) {
		fence->around[fence->around_count++] = cidr_around(sa, 16, 64);
		news = true;
	}
	return news;
}

/* Elsewhere than on loopback it says nothing of where pods are: it may be the cloud's own. */
bool address_fence_add_kubernetes(struct address_fence *fence, const struct sockaddr *sa)
{
	pthread_once(&tables_once, fill_tables);
	if (fence->loopback || !is_loopback(sa))
		return false;
	fence->loopback = true;
	return true;
}

/* Of this machine: where a master is on loopback, its workers and drivers are here, too, and call
 * themselves by the machine's name. */
static bool is_own(const struct sockaddr *sa)
{
	struct ifaddrs *all = NULL;
	char wanted[46], text[46];
	bool is = false;

	if (getifaddrs(&all) == -1)
		return false;
	listen_peer_text(sa, wanted);
	for (const struct ifaddrs *one = all; one && !is; one = one->ifa_next) {
		if (one->ifa_addr == NULL || one->ifa_addr->sa_family != sa->sa_family)
			continue;
		listen_peer_text(one->ifa_addr, text);
		is = strcmp(text, wanted) == 0;
	}
	freeifaddrs(all);
	return is;
}

static bool is_inside(const struct address_fence *fence, const struct sockaddr *sa)
{
	if (fence->networks_count)
		return cidr_any_contains(fence->networks, fence->networks_count, sa);
	return lies_in(&private_ranges, sa) ||
	       cidr_any_contains(fence->around, fence->around_count, sa) ||
	       (fence->is_here && is_own(sa));
}

const char *address_fence_check(const struct address_fence *fence, const struct sockaddr *sa)
{
	pthread_once(&tables_once, fill_tables);
	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
		return "its address is not an internet address";
	if (port_of(sa) < FENCE_PORT_MIN)
		return "its port is below 1024";
	if (is_never(sa))
		return "its address is link-local, multicast, reserved or a metadata service";
	if (is_loopback(sa))
		return fence->loopback ? NULL
				       : "its address is loopback and no master or API server is";
	return is_inside(fence, sa) ? NULL : "its address is outside clusters[].networks";
}
