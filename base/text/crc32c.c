#include "base/text/crc32c.h"

#include "base/simd.h"

#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint32_t table[256];

static void fill_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
		table[i] = c;
	}
}

uint32_t crc32c_add_plain(uint32_t crc, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	pthread_once(&once, fill_table);
	crc = ~crc;
	for (size_t i = 0; i < len; i++)
		crc = table[(crc ^ at[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}

#if defined(HAVE_SSE2) && defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t add_by_instruction(
	uint32_t crc, const unsigned char *at, size_t len)
{
	uint64_t sum = (uint32_t)~crc, word;

	for (; len >= sizeof word; at += sizeof word, len -= sizeof word) {
		memcpy(&word, at, sizeof word);
		sum = __builtin_ia32_crc32di(sum, word);
	}
	crc = (uint32_t)sum;
	for (; len > 0; at++, len--)
		crc = __builtin_ia32_crc32qi(crc, *at);
	return ~crc;
}

uint32_t crc32c_add(uint32_t crc, const void *bytes, size_t len)
{
	return __builtin_cpu_supports("sse4.2") ? add_by_instruction(crc, bytes, len)
						: crc32c_add_plain(crc, bytes, len);
}
#else
uint32_t crc32c_add(uint32_t crc, const void *bytes, size_t len)
{
	return crc32c_add_plain(crc, bytes, len);
}
#endif
