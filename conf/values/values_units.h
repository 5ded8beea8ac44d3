/* conf/values/values_units.h - numbers with a unit: durations ("30s", "12h", "7d") and sizes
 * ("16KiB"). */
#ifndef SPARKGATE_CONF_VALUES_VALUES_UNITS_H
#define SPARKGATE_CONF_VALUES_VALUES_UNITS_H

#include "conf/values/values.h"

/* Digits and a unit of ms, s, m, h, d; into milliseconds. -1 for anything else or past 2^63. */
MUST_CHECK int values_parse_duration(const char *text, int64_t *ms);
/* Digits and a unit of B, KiB, MiB, GiB; into bytes. -1 for anything else or past 2^63. */
MUST_CHECK int values_parse_size(const char *text, int64_t *bytes);

#endif
