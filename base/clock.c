#define _GNU_SOURCE
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CLOCK_TEXT = 24 }; /* bytes of a moment as text */

static int64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

/* Read a dozen times a request, for deadlines that are counted in tenths of a second: the kernel's
 * own tick (4 ms at most) is exact enough, and costs no look at the hardware's counter. */
int64_t clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC_COARSE) / 1000;
}

int64_t clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_wall_s(void)
{
	return clock_wall_ms() / 1000;
}

void clock_format(int64_t wall_ms, char out[static 32])
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;
	char day[24];

	gmtime_r(&s, &tm);
	strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, 32, "%s.%03dZ", day, (int)(wall_ms % 1000));
}

int64_t clock_parse(struct str text)
{
	char copy[32], again[32];
	struct tm tm = {.tm_sec = 0};

	if (text.len != CLOCK_TEXT || !str_copy(text, copy, sizeof copy))
		return 0;
	if (strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm) != copy + CLOCK_TEXT - 5)
		return 0;
	int64_t ms = (int64_t)timegm(&tm) * 1000 + strtol(copy + CLOCK_TEXT - 4, NULL, 10);
	clock_format(ms, again); /* the one spelling there is */
	return strcmp(copy, again) == 0 ? ms : 0;
}
