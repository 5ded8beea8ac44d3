#include "proxy/filter/json_scan.h"

#include <stdint.h>

enum { BLOCK = 64 };

#ifdef HAVE_SSE2
static inline __m128i load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}
#endif

/* One bit tells a bracket from a brace. */
const char *json_scan_structure(const char *p, const char *end)
{
#ifdef HAVE_SSE2
	for (; end - p >= 16; p += 16) {
		__m128i bytes = load(p), folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
		__m128i brackets = _mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')),
			_mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
		int hits = _mm_movemask_epi8(
			_mm_or_si128(brackets, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'))));
		if (hits)
			return p + __builtin_ctz((unsigned)hits);
	}
#endif
	while (p < end && *p != '"' && (*p | 0x20) != '{' && (*p | 0x20) != '}')
		p++;
	return p;
}

#ifdef HAVE_SSE2
struct block { /* a bit for each byte */
	uint64_t quotes, backslashes, opens, closes;
};

static inline uint64_t bits_of(__m128i equal, int part)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(equal) << (16 * part);
}

static inline struct block read_block(const char *p)
{
	struct block block = {0, 0, 0, 0};

	for (int part = 0; part < 4; part++) {
		__m128i bytes = load(p + 16 * part);
		__m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
		block.quotes |= bits_of(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), part);
		block.backslashes |= bits_of(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')), part);
		block.opens |= bits_of(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), part);
		block.closes |= bits_of(_mm_cmpeq_epi8(folded, _mm_set1_epi8('}')), part);
	}
	return block;
}

/* Each bit is whether an odd number of bits is set up to there: from a quote on one is in a string.
 */
static inline uint64_t parity_up_to(uint64_t bits)
{
	for (int shift = 1; shift < BLOCK; shift *= 2)
		bits ^= bits << shift;
	return bits;
}

/* Gives the byte that closes the value, or -1. */
static inline int close_in(struct json_depth *depth, uint64_t opens, uint64_t closes)
{
	for (uint64_t marks = opens | closes; marks; marks &= marks - 1) {
		int at = __builtin_ctzll(marks);
		if (opens >> at & 1)
			depth->open++;
		else if (--depth->open == 0)
			return at;
	}
	return -1;
}

/*
 * Most blocks have strings and nothing that opens or closes: all that counts of them is whether
 * they have an odd number of quotes. False: one byte may be a backslash, a bracket or a brace (or
 * 'Y', 'y', '_' or DEL, which have these bits, too), and the block has to be read.
 */
static inline bool pass_block(const char *p, bool *in_string)
{
	__m128i others = _mm_setzero_si128(), quotes = others;

	for (int part = 0; part < 4; part++) {
		__m128i bytes = load(p + 16 * part);
		__m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x26));
		quotes = _mm_xor_si128(quotes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
		others = _mm_or_si128(
			others, _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')),
					_mm_cmpeq_epi8(folded, _mm_set1_epi8(0x7f))));
	}
	if (_mm_movemask_epi8(others))
		return false;
	*in_string ^= __builtin_parity((unsigned)_mm_movemask_epi8(quotes));
	return true;
}
#endif

const char *json_skip_blocks(struct json_depth *depth, const char *p, const char *end)
{
#ifdef HAVE_SSE2
	for (; end - p >= BLOCK; p += BLOCK) {
		if (pass_block(p, &depth->in_string))
			continue;
		struct block block = read_block(p);
		if (block.backslashes)
			break;
		uint64_t inside = parity_up_to(block.quotes) ^ (depth->in_string ? UINT64_MAX : 0);
		int at = close_in(depth, block.opens & ~inside, block.closes & ~inside);
		if (at != -1) {
			depth->in_string = false;
			return p + at + 1;
		}
		depth->in_string = inside >> (BLOCK - 1);
	}
#else
	(void)depth, (void)end;
#endif
	return p;
}
