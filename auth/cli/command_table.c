#include "auth/cli/command_table.h"

#include "base/clock.h"
#include "base/text/term.h"

#include <stdlib.h>

enum { CELL_MAX = 4096, LINE_MAX_BYTES = 64 * 1024, GAP = 2, NEVER_CUT = 1 << 20 };

static const char nothing[] = "-";

/* --- times --- */

static void add_span(struct sbuf *out, int64_t seconds)
{
	static const struct unit {
		int64_t seconds;
		char name;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (seconds >= units[i].seconds) {
			sbuf_printf(out, "%lld%c", (long long)(seconds / units[i].seconds),
				units[i].name);
			return;
		}
	}
	sbuf_printf(out, "%llds", (long long)seconds);
}

void command_table_add_age(struct sbuf *out, int64_t at, int64_t now)
{
	if (at == 0) {
		sbuf_puts(out, nothing);
		return;
	}
	if (at > now)
		sbuf_puts(out, "in ");
	add_span(out, at > now ? at - now : now - at);
	if (at <= now)
		sbuf_puts(out, " ago");
}

void command_table_age(struct sbuf *out, const json_t *row, const char *key, int64_t now)
{
	struct str at = str_of(json_string_value(json_object_get(row, key)));

	command_table_add_age(out, clock_parse(at) / 1000, now);
}

/* --- a list --- */

struct command_table {
	const struct command_column *columns;
	size_t count, width;
	size_t cells[COMMAND_COLUMNS]; /* of each column; 0: it has left */
	int64_t now;
	struct sbuf cell, line;
};

static struct str cell_of(struct command_table *l, const json_t *row, size_t i)
{
	const struct command_column *column = &l->columns[i];
	const char *text = json_string_value(json_object_get(row, column->key));

	sbuf_reset(&l->cell);
	if (column->write)
		column->write(&l->cell, row, column->key, l->now);
	else
		sbuf_puts(&l->cell, text ? text : nothing);
	return sbuf_str(&l->cell);
}

struct command_table *command_table_new(
	const struct command_column *columns, size_t count, size_t width, int64_t now)
{
	struct command_table *l = mem_alloc(1, sizeof *l);

	*l = (struct command_table){.columns = columns, .count = count, .width = width, .now = now};
	sbuf_init(&l->cell, CELL_MAX);
	sbuf_init(&l->line, LINE_MAX_BYTES);
	for (size_t i = 0; i < count; i++)
		l->cells[i] = strlen(columns[i].title);
	return l;
}

void command_table_free(struct command_table *l)
{
	sbuf_clear(&l->cell);
	sbuf_clear(&l->line);
	free(l);
}

void command_table_measure(struct command_table *l, const json_t *row)
{
	for (size_t i = 0; i < l->count; i++) {
		size_t cells = term_cells(cell_of(l, row, i));
		if (cells > l->cells[i])
			l->cells[i] = cells;
	}
}

static size_t total_of(const struct command_table *l)
{
	size_t total = 0;

	for (size_t i = 0; i < l->count; i++)
		total += l->cells[i] ? l->cells[i] + GAP : 0;
	return total ? total - GAP : 0;
}

/* The widest of those that may be cut further, or the one that leaves first; -1: none. */
static int pick(const struct command_table *l, bool to_leave)
{
	int best = -1;
	size_t most = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct command_column *column = &l->columns[i];
		bool may_shrink = column->least && l->cells[i] > column->least;
		size_t score = to_leave ? column->leave : may_shrink ? l->cells[i] : 0;

		if (l->cells[i] && score > most) {
			most = score;
			best = (int)i;
		}
	}
	return best;
}

static void fit(struct command_table *l)
{
	while (total_of(l) > l->width) {
		int widest = pick(l, false), leaving = widest == -1 ? pick(l, true) : -1;

		if (widest != -1)
			l->cells[widest]--;
		else if (leaving != -1)
			l->cells[leaving] = 0;
		else
			return; /* the terminal wraps */
	}
}

static void add_cell(struct command_table *l, size_t i, struct str text)
{
	if (l->cells[i] == 0)
		return;
	size_t used = term_add(&l->line, text, l->cells[i]);
	for (; used < l->cells[i] + GAP; used++)
		sbuf_putc(&l->line, ' ');
}

static int end_line(FILE *out, struct sbuf *line)
{
	while (line->len > 0 && line->at[line->len - 1] == ' ')
		line->len--;
	size_t written = fwrite(line->at, 1, line->len, out);
	int result = written == line->len && fputc('\n', out) != EOF ? 0 : -1;
	sbuf_reset(line);
	return result;
}

int command_table_begin(struct command_table *l, FILE *out)
{
	fit(l);
	for (size_t i = 0; i < l->count; i++)
		add_cell(l, i, str_of(l->columns[i].title));
	return end_line(out, &l->line);
}

int command_table_add(struct command_table *l, FILE *out, const json_t *row)
{
	for (size_t i = 0; i < l->count; i++)
		add_cell(l, i, cell_of(l, row, i));
	return end_line(out, &l->line);
}

int command_table_list(FILE *out, const json_t *rows, const struct command_column *columns,
	size_t count, size_t width, int64_t now)
{
	struct command_table *l = command_table_new(columns, count, width, now);
	size_t n;
	const json_t *row;

	json_array_foreach(rows, n, row) command_table_measure(l, row);
	int result = command_table_begin(l, out);
	json_array_foreach(rows, n, row)
	{
		if (result == 0)
			result = command_table_add(l, out, row);
	}
	command_table_free(l);
	return result;
}

/* --- one thing --- */

static bool is_secret(const char *key)
{
	return str_ends(str_of(key), STR("_token"));
}

/* "client_name" is read as "client name". */
static void add_label(struct sbuf *line, const char *key)
{
	for (; *key; key++)
		sbuf_putc(line, *key == '_' ? ' ' : *key);
}

static size_t label_cells(json_t *row)
{
	size_t most = 0;
	const char *key;
	json_t *value;

	json_object_foreach(row, key, value)
	{
		size_t len = strlen(key);
		if (!is_secret(key) && len > most)
			most = len;
	}
	return most;
}

static void add_value(struct sbuf *line, const json_t *value)
{
	if (json_is_integer(value))
		sbuf_printf(line, "%lld", (long long)json_integer_value(value));
	else
		term_add(line, str_of(json_is_string(value) ? json_string_value(value) : nothing),
			NEVER_CUT);
}

/* The moment, and how far it is: "2026-01-31 12:00:00 UTC (in 7d)". */
static void add_time(struct sbuf *line, const char *text, int64_t now)
{
	struct str at = str_of(text);

	term_add(line, (struct str){at.at, 10}, NEVER_CUT);
	sbuf_putc(line, ' ');
	term_add(line, (struct str){at.at + 11, 8}, NEVER_CUT);
	sbuf_puts(line, " UTC (");
	command_table_add_age(line, clock_parse(at) / 1000, now);
	sbuf_putc(line, ')');
}

struct field {
	const json_t *row;
	const char *key;
	const json_t *value;
	size_t label; /* cells */
	int64_t now;
};

static const struct command_column *column_of(
	const struct command_column *columns, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(columns[i].key, key) == 0)
			return &columns[i];
	}
	return NULL;
}

static int write_field(FILE *out, const struct field *f, const struct command_column *column)
{
	struct sbuf line;

	sbuf_init(&line, LINE_MAX_BYTES);
	add_label(&line, f->key);
	while (line.len < f->label + GAP)
		sbuf_putc(&line, ' ');
	if (clock_parse(str_of(json_string_value(f->value))))
		add_time(&line, json_string_value(f->value), f->now);
	else if (column && column->write)
		column->write(&line, f->row, f->key, f->now);
	else
		add_value(&line, f->value);
	int result = end_line(out, &line);
	sbuf_clear(&line);
	return result;
}

/* An array has a line for each of its members. */
static int write_member(FILE *out, struct field f, const struct command_column *column)
{
	const json_t *value = f.value;
	size_t n;
	int result = 0;

	if (!json_is_array(value))
		return write_field(out, &f, column);
	json_array_foreach(value, n, f.value) result |= write_field(out, &f, NULL);
	return result;
}

static int write_secret(FILE *out, const char *key, const char *secret)
{
	struct sbuf line;

	sbuf_init(&line, LINE_MAX_BYTES);
	sbuf_putc(&line, '\n');
	add_label(&line, key);
	sbuf_puts(&line, ", shown this once:\n\n");
	term_add(&line, str_of(secret), NEVER_CUT);
	int result = end_line(out, &line);
	sbuf_clear(&line);
	return result;
}

int command_table_fields(
	FILE *out, json_t *row, const struct command_column *columns, size_t count, int64_t now)
{
	struct field field = {.row = row, .label = label_cells(row), .now = now};
	const char *key;
	json_t *value;
	int result = 0;

	json_object_foreach(row, key, value)
	{
		field.key = key;
		field.value = value;
		if (!is_secret(key) && !json_is_object(value))
			result |= write_member(out, field, column_of(columns, count, key));
	}
	json_object_foreach(row, key, value)
	{
		if (is_secret(key))
			result |= write_secret(out, key, json_string_value(value));
	}
	return result;
}
