/*
 * base/simd.h - sixteen bytes at a time where the machine can: HAVE_SSE2 and its intrinsics.
 *
 * What uses them has the same in plain C beside it, which is all of a build with -DPORTABLE.
 */
#ifndef SPARKGATE_BASE_SIMD_H
#define SPARKGATE_BASE_SIMD_H

#if defined(__SSE2__) && !defined(PORTABLE)
#include <emmintrin.h>
#define HAVE_SSE2
#endif

#endif
