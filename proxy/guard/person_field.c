#include "proxy/guard/person_field.h"

/* A percent sign or the mark of an encoded value in it would make it read in two ways. */
static bool is_plain(struct str value)
{
	if (value.len == 0)
		return true;
	if (str_starts_nocase(value, STR("UTF-8''")) || str_trim(value).len != value.len)
		return false;
	for (size_t at = 0; at < value.len; at++) { /* spaces may be within */
		at += str_span_graphic(str_from(value, at));
		if (at < value.len && value.at[at] != ' ')
			return false;
	}
	return str_find_byte(value, ',') == -1;
}

static bool add_encoded(struct sbuf *out, struct str name, struct str value)
{
	struct sbuf encoded;

	sbuf_init(&encoded, PERSON_FIELD_VALUE);
	sbuf_puts(&encoded, "UTF-8''");
	sbuf_urlencode(&encoded, value);
	bool fits = !encoded.overflow;
	sbuf_field(out, name, fits ? sbuf_str(&encoded) : STR(""));
	sbuf_clear(&encoded);
	return fits;
}

bool person_field_add(struct sbuf *out, struct str name, struct str value)
{
	if (!is_plain(value))
		return add_encoded(out, name, value);
	bool fits = value.len < PERSON_FIELD_VALUE;
	sbuf_field(out, name, fits ? value : STR(""));
	return fits;
}

bool person_field_is_fit(struct str value)
{
	struct sbuf trial;

	if (value.len == 0 || str_span_printable(value) != value.len)
		return false;
	sbuf_init(&trial, 2 * PERSON_FIELD_VALUE);
	bool fits = person_field_add(&trial, STR("X"), value);
	sbuf_clear(&trial);
	return fits;
}
