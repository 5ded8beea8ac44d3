/*
 * auth/cli/command_list.h - a list as a command's answer, a page in memory at a time: as JSON or as
 * a table, like command_print().
 */
#ifndef SPARKGATE_AUTH_CLI_COMMAND_LIST_H
#define SPARKGATE_AUTH_CLI_COMMAND_LIST_H

#include "auth/cli/command.h"

struct command_list;

/* Gives all pages of the list to command_list_page(); -1 with a reason in command->err. On a
 * terminal it is asked twice: the table is measured first. */
typedef int command_list_walk(struct command *command, struct command_list *list);
/* Prints what `walk` gives. Gives the exit code. */
int command_list_print(struct command *command, command_list_walk *walk);
/* The next rows, an array of objects; borrowed. -1: they cannot be written, so stop. */
MUST_CHECK int command_list_page(struct command_list *list, const json_t *rows);

#endif
