/* proxy/filter/list_kind.c - which answers are lists of applications, and what becomes of a query's
 * limit. */
#include "base/text/params.h"
#include "proxy/filter/list_filter.h"

enum { NAME_MAX_ = 64, VALUE_MAX = 32, SPARK_MAX = 0x7fffffff };

/* What a UI answers there, by its type: HTML, JSON, anything else. A path that ends in a slash
 * stands for all below it, too. The first row that fits counts. */
static const struct row {
	enum ui_kind ui;
	struct str path;
	enum list_kind html, json, other;
} rows[] = {
	{UI_MASTER, {"/app/", 5}, LIST_NONE, LIST_NOTHING, LIST_NOTHING},
	/* An application's UI, through a master with spark.ui.reverseProxy: it was judged by its
	 * id. A master without answers with its own page (T49). */
	{UI_MASTER, {"/proxy/", 7}, LIST_PROXIED_PAGE, LIST_NONE, LIST_NONE},
	{UI_MASTER, {"/static/", 8}, LIST_NONE, LIST_NONE, LIST_NONE},
	{UI_MASTER, {"/logPage", 8}, LIST_NOTHING, LIST_NOTHING, LIST_NOTHING},
	{UI_MASTER, {"/environment", 12}, LIST_NOTHING, LIST_NOTHING, LIST_NOTHING},
	{UI_MASTER, {"/json", 5}, LIST_NOTHING, LIST_MASTER, LIST_NOTHING},
	{UI_MASTER, {"", 0}, LIST_MASTER_PAGE, LIST_NOTHING, LIST_NOTHING},
	{UI_WORKER, {"/logPage/", 9}, LIST_NONE, LIST_NOTHING, LIST_NOTHING},
	{UI_WORKER, {"/log/", 5}, LIST_NOTHING, LIST_NOTHING, LIST_NONE},
	{UI_WORKER, {"/static/", 8}, LIST_NONE, LIST_NONE, LIST_NONE},
	{UI_WORKER, {"/json", 5}, LIST_NOTHING, LIST_WORKER, LIST_NOTHING},
	{UI_WORKER, {"", 0}, LIST_WORKER_PAGE, LIST_NOTHING, LIST_NOTHING},
	{UI_HISTORY, {"/history/", 9}, LIST_NONE, LIST_NONE, LIST_NONE},
	{UI_HISTORY, {"/static/", 8}, LIST_NONE, LIST_NONE, LIST_NONE},
	{UI_HISTORY, {"/api/v1/version", 15}, LIST_NONE, LIST_NONE, LIST_NONE},
	{UI_HISTORY, {"/api/v1/applications", 20}, LIST_NOTHING, LIST_HISTORY, LIST_NOTHING},
	{UI_HISTORY, {"/api/v1/applications/", 21}, LIST_NONE, LIST_NONE, LIST_NONE},
	{UI_HISTORY, {"/logPage", 8}, LIST_NOTHING, LIST_NOTHING, LIST_NOTHING},
	{UI_HISTORY, {"", 0}, LIST_HISTORY_PAGE, LIST_NOTHING, LIST_NOTHING},
	{UI_DRIVER, {"", 0}, LIST_NONE, LIST_NONE, LIST_NONE},
	{UI_OTHER, {"", 0}, LIST_NONE, LIST_NONE, LIST_NONE},
};

/* "/json" is "/json/", which both redirect to; "/json/WORD" is neither. */
static bool is_at(const struct row *row, struct str path)
{
	if (row->path.len == 0)
		return true;
	if (str_ends(row->path, STR("/")))
		return str_starts(path, row->path) && path.len > row->path.len - 1;
	bool has_slash = path.len == row->path.len + 1 && path.at[path.len - 1] == '/';
	return str_eq(path, row->path) || (has_slash && str_starts(path, row->path));
}

static const struct row *find_row(enum ui_kind ui, struct str path)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].ui == ui && is_at(&rows[i], path))
			return &rows[i];
	}
	return NULL;
}

static bool is_type(struct str content_type, const char *wanted)
{
	struct str rest = content_type, type;

	return str_next(&rest, ';', &type) && str_eq_nocase(str_trim(type), str_of(wanted));
}

enum list_kind list_kind_of(enum ui_kind ui, struct str path, struct str content_type)
{
	const struct row *row = find_row(ui, path);

	if (row == NULL)
		return LIST_NOTHING;
	if (is_type(content_type, "text/html"))
		return row->html;
	bool is_json = is_type(content_type, "application/json") ||
		       is_type(content_type, "text/json"); /* masters and workers */
	return is_json ? row->json : row->other;
}

bool list_is_at(enum ui_kind ui, struct str path)
{
	const struct row *row = find_row(ui, path);

	return row && (row->html > LIST_NOTHING || row->json > LIST_NOTHING);
}

/* --- the limit --- */

/* As a servlet reads it. False: it is not `wanted`, or nobody knows. */
static bool is_named(struct str pair, const char *wanted)
{
	ptrdiff_t eq = str_find_byte(pair, '=');
	struct sbuf name;

	sbuf_init(&name, NAME_MAX_);
	bool is_it = params_decode((struct str){pair.at, eq == -1 ? pair.len : (size_t)eq},
			     PARAMS_FORM, &name) &&
		     str_eq(sbuf_str(&name), str_of(wanted));
	sbuf_clear(&name);
	return is_it;
}

/* As Java's Integer.valueOf(): a sign is fine, and what is below zero is none at all. */
static bool read_number(struct str text, uint64_t *number)
{
	bool is_below = str_starts(text, STR("-"));

	if (is_below || str_starts(text, STR("+")))
		text = str_from(text, 1);
	if (!str_to_u64(text, number) || *number > (uint64_t)SPARK_MAX + is_below)
		return false;
	*number = is_below ? 0 : *number;
	return true;
}

static bool read_limit(struct str pair, uint64_t *limit)
{
	ptrdiff_t eq = str_find_byte(pair, '=');
	struct sbuf value;
	uint64_t number;

	sbuf_init(&value, VALUE_MAX);
	bool is_read = params_decode(str_from(pair, eq == -1 ? pair.len : (size_t)eq + 1),
			       PARAMS_FORM, &value) &&
		       read_number(sbuf_str(&value), &number);
	sbuf_clear(&value);
	if (is_read)
		*limit = number;
	return is_read;
}

/* The first one counts, as for Spark. */
void list_take_limit(struct str query, struct sbuf *rest, uint64_t *limit)
{
	struct str pair;
	bool is_known = false;

	*limit = UINT64_MAX;
	while (query.at && str_next(&query, '&', &pair)) {
		bool is_limit = is_named(pair, "limit");
		if (is_limit && is_known)
			continue;
		is_known |= is_limit;
		if (is_limit && read_limit(pair, limit))
			continue;
		sbuf_puts(rest, rest->len ? "&" : "");
		if (is_limit)
			sbuf_puts(rest, "limit=x");
		else
			sbuf_add_str(rest, pair);
	}
}
