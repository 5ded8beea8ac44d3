/* proxy/rewrite/rewrite_scan.h - from one tag that is worth a look to the next, each byte touched
 * once. Pure. */
#ifndef SPARKGATE_PROXY_REWRITE_REWRITE_SCAN_H
#define SPARKGATE_PROXY_REWRITE_REWRITE_SCAN_H

#include "base/simd.h"

#include <stdbool.h>
#include <string.h>

/*
 * Behind the next '<' of [p, end) that may begin a tag with attributes, a comment or a declaration;
 * NULL: there is none. End tags are as good as text, and so are tags of one or two letters without
 * attributes: <td>, <b>. Near `end`, where that cannot be told, every '<' counts.
 */
const char *rewrite_scan_tag(const char *p, const char *end);

/* As memchr(), for what is mostly near: without a call. NULL: it is not there. This and the next:
 * rewrite_bench, "master, 5000 known workers", 8 %. */
static inline const char *rewrite_scan_near(const char *p, const char *end, char wanted)
{
#ifdef HAVE_SSE2
	for (; end - p >= 16; p += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
		int hits = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted)));
		if (hits)
			return p + __builtin_ctz((unsigned)hits);
	}
#endif
	return memchr(p, wanted, (size_t)(end - p));
}

/* The first byte that may end an attribute's name: '=', '>', '/', a space or a control character;
 * or where fewer than sixteen bytes are left. */
static inline const char *rewrite_scan_name(const char *p, const char *end)
{
#ifdef HAVE_SSE2
	for (; end - p >= 16; p += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ')), bytes);
		__m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('/'));
		__m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('=')),
			_mm_cmpeq_epi8(bytes, _mm_set1_epi8('>')));
		int hits = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, slash), marks));
		if (hits)
			return p + __builtin_ctz((unsigned)hits);
	}
#else
	(void)end;
#endif
	return p;
}

/* Whether it is one of the last sixteen bytes. */
static inline bool rewrite_scan_ends_with(const char *p, const char *end, char wanted)
{
#ifdef HAVE_SSE2
	if (end - p >= 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(end - 16));
		return _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted))) != 0;
	}
#endif
	if (end - p > 16)
		p = end - 16;
	return memchr(p, wanted, (size_t)(end - p)) != NULL;
}

#endif
