#define _GNU_SOURCE
#include "base/clock.h"

#include "base/mem.h"

#include <stdio.h>
#include <time.h>

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

/* --- read --- */

static int read_number(const char *at, size_t count)
{
	int number = 0;

	for (size_t i = 0; i < count; i++)
		number = number * 10 + (at[i] - '0');
	return number;
}

static bool has_form(struct str text)
{
	static const char form[] = "0000-00-00T00:00:00";

	if (text.len != 10 && text.len != 16 && text.len != sizeof form - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool is_digit = text.at[i] >= '0' && text.at[i] <= '9';
		if (form[i] == '0' ? !is_digit : text.at[i] != form[i])
			return false;
	}
	return true;
}

static bool is_time(const struct tm *tm)
{
	return tm->tm_year >= 70 && tm->tm_year < 200 && tm->tm_mon >= 0 && tm->tm_mon < 12 &&
	       tm->tm_mday >= 1 && tm->tm_mday <= 31 && tm->tm_hour < 24 && tm->tm_min < 60 &&
	       tm->tm_sec < 60;
}

/* Cuts "Z" or "+00:00" off, which a date alone does not have. */
static void cut_zone(struct str *text)
{
	static const struct str zones[] = {STR("Z"), STR("+00:00")};

	for (size_t i = 0; i < ARRAY_LEN(zones) && text->len > 11; i++) {
		if (!str_ends(*text, zones[i]))
			continue;
		text->len -= zones[i].len;
		return;
	}
}

/* Cuts a part of a second off: up to nine digits. -1: it is none. */
static int cut_fraction(struct str *text)
{
	struct str digits = text->len > 19 ? str_from(*text, 19) : STR("");
	int ms = 0;

	if (digits.len == 0)
		return 0;
	if (digits.at[0] != '.' || digits.len < 2 || digits.len > 10)
		return -1;
	for (size_t i = 1; i < digits.len; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9')
			return -1;
	}
	for (size_t i = 1; i <= 3; i++)
		ms = ms * 10 + (i < digits.len ? digits.at[i] - '0' : 0);
	text->len = 19;
	return ms;
}

int64_t clock_read(struct str text)
{
	struct tm tm = {.tm_isdst = 0};

	cut_zone(&text);
	int ms = cut_fraction(&text);
	if (ms == -1 || !has_form(text))
		return -1;
	tm.tm_year = read_number(text.at, 4) - 1900;
	tm.tm_mon = read_number(text.at + 5, 2) - 1;
	tm.tm_mday = read_number(text.at + 8, 2);
	if (text.len > 10) {
		tm.tm_hour = read_number(text.at + 11, 2);
		tm.tm_min = read_number(text.at + 14, 2);
	}
	if (text.len > 16)
		tm.tm_sec = read_number(text.at + 17, 2);
	return is_time(&tm) ? (int64_t)timegm(&tm) * 1000 + ms : -1;
}

int64_t clock_parse(struct str text)
{
	char again[32];
	int64_t ms = clock_read(text);

	if (ms == -1)
		return 0;
	clock_format(ms, again); /* the one spelling there is */
	return str_eq(text, str_of(again)) ? ms : 0;
}
