#include "base/hash/siphash.h"

#include "base/rnd.h"

#include <endian.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static unsigned char secret[16];
static pthread_once_t secret_once = PTHREAD_ONCE_INIT;
static atomic_bool secret_made; /* asked for first: pthread_once() is a call each time */

static inline uint64_t rotl(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void round_once(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static uint64_t read_le(const unsigned char *at, size_t len)
{
	uint64_t word = 0;

	if (len == 8) { /* nearly all of a long text: one load */
		memcpy(&word, at, 8);
		return le64toh(word);
	}
	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)at[i] << (8 * i);
	return word;
}

static inline void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	round_once(s);
	round_once(s);
	s->v0 ^= word;
}

uint64_t siphash(const unsigned char key[static 16], const void *bytes, size_t len)
{
	uint64_t k0 = read_le(key, 8), k1 = read_le(key + 8, 8);
	struct state s = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
		k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
	const unsigned char *at = bytes;
	size_t left = len;

	for (; left >= 8; left -= 8, at += 8)
		absorb(&s, read_le(at, 8));
	absorb(&s, read_le(at, left) | (uint64_t)len << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		round_once(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static void make_secret(void)
{
	rnd_bytes(secret, sizeof secret);
	atomic_store_explicit(&secret_made, true, memory_order_release);
}

uint64_t siphash_secret(const void *bytes, size_t len)
{
	if (!atomic_load_explicit(&secret_made, memory_order_acquire))
		pthread_once(&secret_once, make_secret);
	return siphash(secret, bytes, len);
}
