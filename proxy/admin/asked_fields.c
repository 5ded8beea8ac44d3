#include "proxy/admin/asked_fields.h"

#include "base/sbuf.h"
#include "base/text/params.h"

#include <stdlib.h>

static bool take_value(struct str value, const struct asked_field *field, bool is_form, char *out)
{
	return str_copy(value, out, field->size) && (out[0] || is_form) &&
	       str_count_chars(value) <= field->chars;
}

const char *asked_fields_read(struct str params, const struct asked_field *fields, size_t count,
	bool is_form, void *record)
{
	const char *fault = NULL;

	for (size_t i = 0; i < count && fault == NULL; i++) {
		struct sbuf value;

		sbuf_init(&value, fields[i].size);
		enum params_found found = params_get(params, fields[i].name, &value);
		if (found == PARAMS_BAD ||
			(found == PARAMS_FOUND && !take_value(sbuf_str(&value), &fields[i], is_form,
							  (char *)record + fields[i].at)))
			fault = fields[i].fault;
		sbuf_clear(&value);
	}
	return fault;
}

size_t asked_limit(const char *text, size_t max)
{
	char *end;
	unsigned long limit = strtoul(text, &end, 10);

	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && limit <= max ? limit : 0;
}
