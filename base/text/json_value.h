/* base/text/json_value.h - JSON values that may be missing: as answers show them, and as they are
 * read. */
#ifndef SPARKGATE_BASE_TEXT_JSON_VALUE_H
#define SPARKGATE_BASE_TEXT_JSON_VALUE_H

#include "base/str.h"

#include <jansson.h>
#include <stdint.h>

json_t *json_value_time(int64_t wall_s);   /* gives; null for 0 */
json_t *json_value_text(const char *text); /* gives; null for NULL, "" and what is no UTF-8 */

/* Borrows a string's text; at == NULL for what is none, or is not there. */
struct str json_value_str(const json_t *value);
struct str json_value_member(const json_t *object, const char *name); /* the same of a member */
/* Borrows a member's text; "" for what is none, or is not there. */
const char *json_value_string(const json_t *object, const char *name);

#endif
