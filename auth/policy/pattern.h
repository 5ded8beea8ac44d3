/* auth/policy/pattern.h - names by pattern: "*" is any run of bytes, all else is itself. Pure. */
#ifndef SPARKGATE_AUTH_POLICY_PATTERN_H
#define SPARKGATE_AUTH_POLICY_PATTERN_H

#include "base/str.h"

/* Takes no more than both lengths multiplied. */
bool pattern_matches(struct str pattern, struct str text);

#endif
