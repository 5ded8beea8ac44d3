#include "base/net/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { V4_IN_V6_BITS = 96 };

static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static void map_v4(unsigned char out[static 16], const struct in_addr *v4)
{
	memcpy(out, v4_prefix, sizeof v4_prefix);
	memcpy(out + sizeof v4_prefix, v4, 4);
}

static bool is_v4(const unsigned char bytes[static 16])
{
	return memcmp(bytes, v4_prefix, sizeof v4_prefix) == 0;
}

/* Address of `sa` as 16 bytes; false for a family that has none. */
static bool address_of(const struct sockaddr *sa, unsigned char out[static 16])
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof in);
		map_v4(out, &in.sin_addr);
		return true;
	}
	if (sa->sa_family != AF_INET6)
		return false;
	memcpy(&in6, sa, sizeof in6);
	memcpy(out, &in6.sin6_addr, 16);
	return true;
}

static unsigned char mask_byte(unsigned bits, unsigned index)
{
	unsigned from = index * 8;

	if (bits >= from + 8)
		return 0xff;
	return bits <= from ? 0 : (unsigned char)(0xff << (8 - (bits - from)));
}

static bool same_network(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8;

	return memcmp(a, b, whole) == 0 &&
	       (whole == 16 || ((a[whole] ^ b[whole]) & mask_byte(bits, whole)) == 0);
}

static void clear_host_bits(struct cidr *range)
{
	for (unsigned i = 0; i < 16; i++)
		range->bytes[i] &= mask_byte(range->bits, i);
}

static bool parse_address(struct str text, struct cidr *out, unsigned *first_bit)
{
	char host[INET6_ADDRSTRLEN];
	struct in_addr v4;

	*first_bit = 0;
	if (text.len == 0 || !str_copy(text, host, sizeof host) || strlen(host) != text.len)
		return false;
	if (inet_pton(AF_INET, host, &v4) == 1) {
		*first_bit = V4_IN_V6_BITS;
		map_v4(out->bytes, &v4);
		return true;
	}
	return inet_pton(AF_INET6, host, out->bytes) == 1;
}

int cidr_parse(struct str text, struct cidr *out, struct err *err)
{
	ptrdiff_t slash = str_find_byte(text, '/');
	struct str host = slash == -1 ? text : (struct str){text.at, (size_t)slash};
	unsigned first_bit;
	uint64_t bits;

	if (!parse_address(host, out, &first_bit))
		return err_set(err, "not an IPv4 or IPv6 address");
	if (slash == -1)
		bits = 128 - first_bit;
	else if (!str_to_u64(str_from(text, (size_t)slash + 1), &bits) || bits > 128 - first_bit)
		return err_set(
			err, "the prefix length is not a number from 0 to %u", 128 - first_bit);
	out->bits = first_bit + (unsigned)bits;

	struct cidr network = *out;
	clear_host_bits(&network);
	if (memcmp(network.bytes, out->bytes, sizeof network.bytes) != 0)
		return err_set(err, "bits are set after the prefix of %u", (unsigned)bits);
	return 0;
}

bool cidr_contains(const struct cidr *range, const struct sockaddr *sa)
{
	unsigned char bytes[16];

	if (!address_of(sa, bytes))
		return false;
	/* "::/0" means every IPv6 address; that IPv4 is kept inside it is our affair, not the
	 * writer's. */
	if (is_v4(bytes) && range->bits < V4_IN_V6_BITS)
		return false;
	return same_network(range->bytes, bytes, range->bits);
}

bool cidr_any_contains(const struct cidr *ranges, size_t count, const struct sockaddr *sa)
{
	for (size_t i = 0; i < count; i++) {
		if (cidr_contains(&ranges[i], sa))
			return true;
	}
	return false;
}

struct cidr cidr_around(const struct sockaddr *sa, unsigned bits4, unsigned bits6)
{
	struct cidr range = {.bits = 128};

	if (!address_of(sa, range.bytes))
		return range;
	range.bits = is_v4(range.bytes) ? V4_IN_V6_BITS + bits4 : bits6;
	clear_host_bits(&range);
	return range;
}

struct cidr cidr_of_client(struct str address)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	char text[INET6_ADDRSTRLEN + 1];

	if (!str_copy(address, text, sizeof text))
		return (struct cidr){.bits = 0};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return cidr_around((const void *)&v4, 32, 64);
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		return cidr_around((const void *)&v6, 32, 64);
	return (struct cidr){.bits = 0};
}
