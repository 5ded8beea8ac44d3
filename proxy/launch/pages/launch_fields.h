/*
 * proxy/launch/pages/launch_fields.h - the form of a new application: from its fields to the JSON
 * that the API takes, and back. Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_PAGES_LAUNCH_FIELDS_H
#define SPARKGATE_PROXY_LAUNCH_PAGES_LAUNCH_FIELDS_H

#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

struct launch_field {
	const char *name;
	size_t size; /* with its NUL */
};
extern const struct launch_field launch_fields[];
extern const size_t launch_fields_count;
enum { LAUNCH_FIELD_MAX = 32 * 1024 + 1 };

/* The API's JSON of texts by the fields' names. NULL and what is wrong with them. Gives. */
json_t *launch_fields_body(const json_t *values, struct err *err);
/* Texts by the fields' names, of what was once asked for. Gives. */
json_t *launch_fields_values(const json_t *body);

#endif
