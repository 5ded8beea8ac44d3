#include "auth/json_text.h"

#include "base/pool.h"

#include <string.h>

struct text {
	char *at;
	size_t len, room;
};

void json_text_use_pool(void)
{
	json_set_alloc_funcs(pool_malloc, pool_free);
}

static int add(const char *bytes, size_t len, void *arg)
{
	struct text *text = arg;

	if (text->room - text->len <= len) {
		text->room = 2 * text->room + len;
		text->at = mem_resize(text->at, text->room, 1);
	}
	memcpy(text->at + text->len, bytes, len);
	text->len += len;
	return 0;
}

char *json_text(const json_t *json)
{
	struct text text = {mem_alloc(256, 1), 0, 256};

	if (json == NULL || json_dump_callback(json, add, &text, JSON_COMPACT) == -1) {
		secret_free(text.at);
		return NULL;
	}
	text.at[text.len] = '\0'; /* add() leaves room for it */
	return text.at;
}

void json_text_drop(char *text)
{
	json_free_t drop;

	json_get_alloc_funcs(NULL, &drop);
	drop(text);
}

json_t *json_of_text(struct str text, struct err *err)
{
	json_error_t why;
	json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &why);

	if (json == NULL)
		(void)err_set(err, "not JSON: %s", why.text);
	return json;
}
