/* tests/support/command_world.h - a data folder, and commands of `sparkgate` run on it in-process.
 */
#ifndef SPARKGATE_TESTS_COMMAND_WORLD_H
#define SPARKGATE_TESTS_COMMAND_WORLD_H

#include "base/mem.h"

#include <jansson.h>

struct command_world {
	char *folder, *data; /* `data` is not there yet */
	char *out, *err;     /* of the last run */
};

/* cmocka's set-up and tear-down; the state is a struct command_world. */
int command_world_set_up(void **state);
int command_world_tear_down(void **state);

typedef int command_world_main(int argc, char **argv, FILE *out, FILE *err);
/* Runs the command with the words of `line`; "DATA" stands for the folder. Gives the exit code. */
int command_world_run(struct command_world *w, command_world_main *run, const char *line);
json_t *command_world_answer(const struct command_world *w); /* gives; fails the test if no JSON */
/* Borrows the text of a member, "" when it is none. */
const char *command_world_text(const json_t *json, const char *key);

#endif
