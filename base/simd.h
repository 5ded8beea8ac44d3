/*
 * base/simd.h - sixteen bytes at a time where the machine can: HAVE_SSE2 and its intrinsics; and
 * thirty-two in functions marked AVX2, which are called only where simd_has_avx2().
 *
 * What uses them has the same in plain C beside it, which is all of a build with -DPORTABLE.
 */
#ifndef SPARKGATE_BASE_SIMD_H
#define SPARKGATE_BASE_SIMD_H

#if defined(__SSE2__) && !defined(PORTABLE)
#include <immintrin.h>
#include <stdbool.h>
#define HAVE_SSE2
#define AVX2 __attribute__((target("avx2")))

static inline bool simd_has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#endif

#endif
