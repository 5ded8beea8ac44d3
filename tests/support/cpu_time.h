/*
 * tests/support/cpu_time.h - the processor time of this thread, in microseconds: what a piece of
 * code costs, whoever else has the processor meanwhile.
 */
#ifndef SPARKGATE_TESTS_SUPPORT_CPU_TIME_H
#define SPARKGATE_TESTS_SUPPORT_CPU_TIME_H

#include <stdint.h>
#include <time.h>

static inline int64_t cpu_time_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

#endif
