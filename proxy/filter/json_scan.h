/* proxy/filter/json_scan.h - from one byte of JSON that means something to the next, sixteen at a
 * time. Pure. */
#ifndef SPARKGATE_PROXY_FILTER_JSON_SCAN_H
#define SPARKGATE_PROXY_FILTER_JSON_SCAN_H

#include "base/simd.h"

#include <stdbool.h>

static inline bool json_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The first byte of [p, end) that is no blank, or `end`. */
static inline const char *json_skip_blanks(const char *p, const char *end)
{
	if (p < end && !json_is_blank(*p))
		return p;
#ifdef HAVE_SSE2
	if (end - p >= 2 && !json_is_blank(p[1])) /* mostly it is one */
		return p + 1;
	for (; end - p >= 16; p += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i lines = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')),
			_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')));
		__m128i spaces = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')),
			_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')));
		int others = _mm_movemask_epi8(_mm_or_si128(lines, spaces)) ^ 0xffff;
		if (others)
			return p + __builtin_ctz((unsigned)others);
	}
#endif
	while (p < end && json_is_blank(*p))
		p++;
	return p;
}

/* The quote or the backslash in [p, end) that comes first, or `end`. */
static inline const char *json_scan_string(const char *p, const char *end)
{
#ifdef HAVE_SSE2
	for (; end - p >= 16; p += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
		int hits = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
			_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
		if (hits)
			return p + __builtin_ctz((unsigned)hits);
	}
#endif
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* The same for what opens or closes: a quote, a bracket or a brace. */
const char *json_scan_structure(const char *p, const char *end);

struct json_depth {
	unsigned open; /* braces and brackets: at least one */
	bool in_string;
};
/*
 * Goes on in a value that is open, block by block, as long as none has a backslash. Gives how far
 * it came: behind what closes the value if `*depth` is 0 then.
 */
const char *json_skip_blocks(struct json_depth *depth, const char *p, const char *end);

#endif
