#include "tests/support/command_world.h"

#include "tests/support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ARGS_MAX = 16 };

int command_world_set_up(void **state)
{
	struct command_world *w = mem_alloc(1, sizeof *w);

	w->folder = scratch_new();
	w->data = mem_printf("%s/data", w->folder);
	*state = w;
	return 0;
}

int command_world_tear_down(void **state)
{
	struct command_world *w = *state;

	scratch_free(w->folder);
	free(w->data);
	free(w->out);
	free(w->err);
	free(w);
	return 0;
}

int command_world_run(struct command_world *w, command_world_main *run, const char *line)
{
	char *words = mem_strdup(line), *argv[ARGS_MAX], name[] = "command";
	size_t out_len, err_len;
	int argc = 1;

	free(w->out);
	free(w->err);
	argv[0] = name;
	for (char *at = words, *word; (word = strsep(&at, " ")) != NULL && argc < ARGS_MAX;)
		argv[argc++] = strcmp(word, "DATA") == 0 ? w->data : word;
	FILE *out = open_memstream(&w->out, &out_len), *err = open_memstream(&w->err, &err_len);
	int code = run(argc, argv, out, err);
	fclose(out);
	fclose(err);
	free(words);
	return code;
}

json_t *command_world_answer(const struct command_world *w)
{
	json_t *json = json_loads(w->out, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	return json;
}

const char *command_world_text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	return value ? value : "";
}
