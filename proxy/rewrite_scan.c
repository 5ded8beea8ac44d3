#include "proxy/rewrite_scan.h"

#include <stdbool.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
	LOOK = 3,  /* bytes behind a '<' that tell */
	QUIET = 8, /* sixteens without one */
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* `p` is behind a '<'. */
static bool is_dull(const char *p, const char *end)
{
	return end - p >= LOOK &&
	       (p[0] == '/' || (is_letter(p[0]) && (p[1] == '>' || p[2] == '>')));
}

static const char *scan_bytes(const char *p, const char *end)
{
	while ((p = memchr(p, '<', (size_t)(end - p)))) {
		p++;
		if (!is_dull(p, end))
			return p;
	}
	return NULL;
}

#ifdef __SSE2__

static __m128i load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static __m128i equal(__m128i bytes, char c)
{
	return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}

/* A letter in either case is at most 25 behind 'a'. */
static __m128i letters(__m128i bytes)
{
	__m128i behind = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));

	return _mm_cmpeq_epi8(_mm_min_epu8(behind, _mm_set1_epi8(25)), behind);
}

/* A bit for each of the sixteen bytes at `p` that is a '<' worth a look; `*any`: there is one at
 * all. Reads LOOK bytes more. */
static unsigned tags_at(const char *p, unsigned *any)
{
	__m128i opens = equal(load(p), '<'), first = load(p + 1);

	*any = (unsigned)_mm_movemask_epi8(opens);
	if (*any == 0)
		return 0;
	__m128i is_short = _mm_and_si128(
		letters(first), _mm_or_si128(equal(load(p + 2), '>'), equal(load(p + 3), '>')));
	__m128i dull = _mm_or_si128(equal(first, '/'), is_short);

	return (unsigned)_mm_movemask_epi8(_mm_andnot_si128(dull, opens));
}

const char *rewrite_scan_tag(const char *p, const char *end)
{
	unsigned any, quiet = 0;

	while (end - p >= 16 + LOOK) {
		unsigned tags = tags_at(p, &any);

		if (tags)
			return p + __builtin_ctz(tags) + 1;
		p += 16;
		quiet = any ? 0 : quiet + 1;
		if (quiet < QUIET)
			continue;
		/* Long text: the C library looks at more bytes at once, for this one alone. */
		p = memchr(p, '<', (size_t)(end - p));
		if (p == NULL)
			return NULL;
		quiet = 0;
	}
	return scan_bytes(p, end);
}

#else

const char *rewrite_scan_tag(const char *p, const char *end)
{
	return scan_bytes(p, end);
}

#endif
