/*
 * base/text/json_foreign.h - JSON that others wrote: what providers say of themselves, of people
 * and of tokens.
 *
 * Pure. A number that no type of ours can hold is no reason not to read the rest: it is read as
 * false, so that it is there, and is no number to a rule that wants one (S85).
 */
#ifndef SPARKGATE_BASE_TEXT_JSON_FOREIGN_H
#define SPARKGATE_BASE_TEXT_JSON_FOREIGN_H

#include "base/mem.h"
#include "base/str.h"

#include <jansson.h>

/* What `text` holds, in which no object says a name twice; NULL: it is no such JSON. Gives. */
MUST_CHECK json_t *json_foreign(struct str text);

#endif
