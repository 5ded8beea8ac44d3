/*
 * proxy/admin/asked_fields.h - parameters of a list, by a table: each once, not too long, into the
 * text of its name in a record. Pure.
 */
#ifndef SPARKGATE_PROXY_ADMIN_ASKED_FIELDS_H
#define SPARKGATE_PROXY_ADMIN_ASKED_FIELDS_H

#include "base/str.h"

struct asked_field {
	const char *name;
	size_t at, size, chars; /* of a char[size] in the record; characters at most */
	const char *fault;	/* a sentence */
};
#define ASKED_FIELD(record, member, name, chars, fault)                                            \
	{                                                                                          \
		name, offsetof(record, member), sizeof(((record *)NULL)->member), chars, fault     \
	}

/* NULL, or the fault of the first that is not as it should be. `is_form`: empty ones are as good as
 * none. What is not there stays as it is. */
const char *asked_fields_read(struct str params, const struct asked_field *fields, size_t count,
	bool is_form, void *record);
/* A number from 1 to `max`; 0: it is none. */
size_t asked_limit(const char *text, size_t max);

#endif
