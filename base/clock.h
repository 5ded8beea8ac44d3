/* base/clock.h - the only reader of time: monotonic for intervals, wall clock for people and
 * tokens. */
#ifndef SPARKGATE_BASE_CLOCK_H
#define SPARKGATE_BASE_CLOCK_H

#include "base/str.h"

int64_t clock_mono_us(void); /* microseconds since an arbitrary start; never goes back */
int64_t clock_mono_ms(void);
int64_t clock_wall_s(void); /* seconds since the epoch */
int64_t clock_wall_ms(void);
/* RFC 3339 in UTC with milliseconds, e.g. 2026-01-31T12:00:00.123Z. */
void clock_format(int64_t wall_ms, char out[static 32]);
/* Wall milliseconds of a time of RFC 3339 in UTC, as clocks, people, storages and <input
 * type="datetime-local"> write it: a date alone, a time to the minute, to the second or a part of
 * it; with Z, +00:00 or nothing behind it. -1: no such time from 1970 to 2099. */
int64_t clock_read(struct str text);
/* Wall milliseconds of what clock_format() wrote; 0 for any other text. */
int64_t clock_parse(struct str text);

#endif
