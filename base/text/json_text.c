#include "base/text/json_text.h"

#include "base/block.h"

#include <string.h>

struct text {
	char *at;
	size_t len, room;
};

void json_text_use_pool(void)
{
	/* Claims, tokens and what a session holds are read and written as JSON: what a value or the
	 * parser had is overwritten, whoever lets go of it. */
	json_set_alloc_funcs(block_malloc, block_free_wiped);
}

static int add_text(const char *bytes, size_t len, void *arg)
{
	struct text *text = arg;

	if (text->room - text->len <= len) {
		char *larger = mem_alloc(2 * text->room + len, 1);
		memcpy(larger, text->at, text->len);
		text->at[text->len] = '\0';
		secret_free(text->at);
		text->at = larger;
		text->room = 2 * text->room + len;
	}
	memcpy(text->at + text->len, bytes, len);
	text->len += len;
	return 0;
}

char *json_text(const json_t *json)
{
	struct text text = {mem_alloc(256, 1), 0, 256};

	if (json == NULL || json_dump_callback(json, add_text, &text, JSON_COMPACT) == -1) {
		secret_free(text.at);
		return NULL;
	}
	text.at[text.len] = '\0'; /* add_text() leaves room for it */
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
