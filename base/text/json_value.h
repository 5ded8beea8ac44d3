/* base/text/json_value.h - values that may be missing, as answers show them. */
#ifndef SPARKGATE_BASE_TEXT_JSON_VALUE_H
#define SPARKGATE_BASE_TEXT_JSON_VALUE_H

#include <jansson.h>
#include <stdint.h>

json_t *json_value_time(int64_t wall_s);   /* gives; null for 0 */
json_t *json_value_text(const char *text); /* gives; null for NULL, "" and what is no UTF-8 */

#endif
