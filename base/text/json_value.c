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
