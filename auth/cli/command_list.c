#include "auth/cli/command_list.h"

#include "base/clock.h"
#include "base/text/term.h"

struct command_list {
	struct command *command;
	/* What is done with a row. -1: it cannot be written. */
	int (*on_row)(struct command_list *list, const json_t *row);
	struct command_table *table; /* NULL: JSON */
	size_t flags;		     /* of JSON */
	size_t count;		     /* rows so far */
};

int command_list_page(struct command_list *list, const json_t *rows)
{
	size_t n;
	const json_t *row;

	json_array_foreach(rows, n, row)
	{
		if (list->on_row(list, row) == -1)
			return err_set(&list->command->err, "the output cannot be written");
		list->count++;
	}
	return 0;
}

/* --- JSON --- */

/* An array's members stand two columns further right than they do alone. */
static int on_bytes(const char *bytes, size_t len, void *arg)
{
	const char *end = bytes + len;
	FILE *out = arg;

	for (const char *at = bytes, *line; at < end; at = line) {
		line = memchr(at, '\n', (size_t)(end - at));
		line = line ? line + 1 : end;
		if (fwrite(at, 1, (size_t)(line - at), out) != (size_t)(line - at) ||
			(line[-1] == '\n' && fputs("  ", out) == EOF))
			return -1;
	}
	return 0;
}

static int write_json(struct command_list *list, const json_t *row)
{
	FILE *out = list->command->out;

	return fputs(list->count ? ",\n  " : "[\n  ", out) == EOF
		       ? -1
		       : json_dump_callback(row, on_bytes, out, list->flags);
}

static int print_json(struct command_list *list, command_list_walk *walk)
{
	FILE *out = list->command->out;

	list->on_row = write_json;
	if (walk(list->command, list) == -1) /* what is there is no JSON: nobody takes it for all */
		return -1;
	return fputs(list->count ? "\n]\n" : "[]\n", out) == EOF ? -1 : 0;
}

/* --- a table --- */

static int measure(struct command_list *list, const json_t *row)
{
	command_table_measure(list->table, row);
	return 0;
}

static int write_row(struct command_list *list, const json_t *row)
{
	return command_table_add(list->table, list->command->out, row);
}

static int print_table(struct command_list *list, command_list_walk *walk)
{
	struct command *command = list->command;

	list->on_row = measure;
	if (walk(command, list) == -1)
		return -1;
	if (list->count == 0)
		return fprintf(command->out, "%s\n", command->kind->none) < 0 ? -1 : 0;
	list->on_row = write_row;
	return command_table_begin(list->table, command->out) == -1 ? -1 : walk(command, list);
}

int command_list_print(struct command *command, command_list_walk *walk)
{
	const struct command_verb *verb = command->verb;
	size_t width = term_width(command->out);
	struct command_list list = {
		.command = command, .flags = JSON_INDENT(2) | (width ? JSON_ENSURE_ASCII : 0)};
	int result;

	if (width && !command->json) {
		list.table = command_table_new(
			verb->columns, verb->columns_count, width, clock_wall_s());
		result = print_table(&list, walk);
		command_table_free(list.table);
	} else {
		result = print_json(&list, walk);
	}
	if (result == 0 && fflush(command->out) == 0)
		return COMMAND_FINE;
	if (!command->err.text[0])
		err_set(&command->err, "the output cannot be written");
	return COMMAND_REFUSED;
}
