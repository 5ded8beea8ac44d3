#include "base/text/json_value.h"

#include "base/clock.h"

json_t *json_value_time(int64_t wall_s)
{
	char text[32];

	if (wall_s == 0)
		return json_null();
	clock_format(wall_s * 1000, text);
	return json_string(text);
}

json_t *json_value_text(const char *text)
{
	json_t *json = text && text[0] ? json_string(text) : NULL;

	return json ? json : json_null();
}

struct str json_value_str(const json_t *value)
{
	return (struct str){json_string_value(value), json_string_length(value)};
}

struct str json_value_member(const json_t *object, const char *name)
{
	return json_value_str(json_object_get(object, name));
}

const char *json_value_string(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}
