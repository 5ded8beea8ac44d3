/*
 * auth/cli/command_table.h - what a command answers, for eyes: a list as a table that fits the
 * terminal, one thing as a line a field.
 *
 * Works on the JSON that scripts get, so that both always say the same. Text of others is written
 * as base/text/term.h does: nothing in it reaches the terminal as a command.
 */
#ifndef SPARKGATE_AUTH_CLI_COMMAND_TABLE_H
#define SPARKGATE_AUTH_CLI_COMMAND_TABLE_H

#include "base/sbuf.h"

#include <jansson.h>
#include <stdio.h>

struct command_column {
	const char *title, *key;
	/* NULL: the text as it is. Else writes what is shown of `row`. */
	void (*write)(struct sbuf *out, const json_t *row, const char *key, int64_t now);
	unsigned least; /* cells; 0: never cut */
	unsigned leave; /* 0: stays; else the highest leaves first when even `least` is too much */
};
/* "3d ago", "in 7d"; "-" for 0. */
void command_table_add_age(struct sbuf *out, int64_t at, int64_t now);
/* For columns of times. */
void command_table_age(struct sbuf *out, const json_t *row, const char *key, int64_t now);

enum { COMMAND_COLUMNS = 12 };

/* A table of rows that come one at a time: all of them to be measured, then once more to be
 * written. */
struct command_table;
/* `width` in cells; `now` in wall seconds. Borrows the columns. */
struct command_table *command_table_new(
	const struct command_column *columns, size_t count, size_t width, int64_t now);
void command_table_free(struct command_table *table);
void command_table_measure(struct command_table *table, const json_t *row);
/* The titles; then the rows. What is wider than what was measured is cut. -1: not written. */
int command_table_begin(struct command_table *table, FILE *out);
int command_table_add(struct command_table *table, FILE *out, const json_t *row);

/* Rows are objects. `width` in cells; `now` in wall seconds. -1: it did not get written. */
int command_table_list(FILE *out, const json_t *rows, const struct command_column *columns,
	size_t count, size_t width, int64_t now);
/* Every member of the object but those of other objects; what is a secret comes last, apart. A
 * column of the same name says how a member is shown. */
int command_table_fields(
	FILE *out, json_t *row, const struct command_column *columns, size_t count, int64_t now);

#endif
