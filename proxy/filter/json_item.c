#include "proxy/filter/json_item.h"

#include "proxy/filter/json_scan.h"

enum { DEPTH_MAX = 32 };
enum { FIELD_NONE, FIELD_ID, FIELD_NAME, FIELD_USER };

struct row { /* a key that matters, at its place */
	struct str key;
	int field;
	const struct row *inside; /* of objects that are its value, or are in an array that is */
};
#define KEY(text)                                                                                  \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}
#define END                                                                                        \
	{                                                                                          \
		{NULL, 0}, FIELD_NONE, NULL                                                        \
	}

static const struct row attempt[] = {{KEY("sparkUser"), FIELD_USER, NULL}, END};
static const struct row description[] = {
	{KEY("name"), FIELD_NAME, NULL}, {KEY("user"), FIELD_USER, NULL}, END};
static const struct row history_app[] = {{KEY("id"), FIELD_ID, NULL},
	{KEY("name"), FIELD_NAME, NULL}, {KEY("attempts"), FIELD_NONE, attempt}, END};
static const struct row master_app[] = {{KEY("id"), FIELD_ID, NULL},
	{KEY("name"), FIELD_NAME, NULL}, {KEY("user"), FIELD_USER, NULL}, END};
static const struct row executor[] = {
	{KEY("appid"), FIELD_ID, NULL}, {KEY("appdesc"), FIELD_NONE, description}, END};
static const struct row *const shapes[] = {[JSON_HISTORY_APP] = history_app,
	[JSON_MASTER_APP] = master_app,
	[JSON_EXECUTOR] = executor};

struct reader {
	const char *end;
	struct json_item *item;
	const struct json_ask *ask; /* or NULL */
	const char *hidden_at;	    /* nothing more of it is read */
	unsigned hidden_depth, depth;
};

/* --- bytes --- */

static inline const char *skip_blanks(const struct reader *r, const char *p)
{
	p = p ? json_skip_blanks(p, r->end) : r->end;
	return p == r->end ? NULL : p;
}

/* --- strings --- */

struct string {
	struct str raw; /* between the quotes */
	bool has_escapes;
};

/* `p` is at the first quote. Gives what is behind the other; NULL: there is none. */
static const char *read_string(const struct reader *r, const char *p, struct string *string)
{
	const char *from = ++p;

	string->has_escapes = false;
	while ((p = json_scan_string(p, r->end)) < r->end && *p == '\\') {
		string->has_escapes = true;
		if (r->end - p < 2)
			return NULL;
		p += 2;
	}
	if (p == r->end)
		return NULL;
	string->raw = str_range(from, p);
	return p + 1;
}

static size_t write_utf8(unsigned c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* `s` begins behind "\u". Gives how many bytes that is; 0: it is no character. */
static size_t read_unicode(struct str s, unsigned *c)
{
	int high = str_hex(s, 4), low;

	*c = (unsigned)high;
	if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
		return 0;
	if (high < 0xd800 || high > 0xdbff)
		return 4;
	if (!str_starts(str_from(s, 4), STR("\\u")))
		return 0;
	low = str_hex(str_from(s, 6), 4);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*c = 0x10000 + (((unsigned)high - 0xd800) << 10) + ((unsigned)low - 0xdc00);
	return 10;
}

/* One escape, `s` from its backslash on. Gives how many bytes that is; 0: it is none. */
static size_t read_escape(struct str s, unsigned *c)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	size_t len;

	if (s.len < 2)
		return 0;
	if (s.at[1] == 'u')
		return (len = read_unicode(str_from(s, 2), c)) ? len + 2 : 0;
	const char *name = memchr(names, s.at[1], sizeof names - 1);
	*c = name ? (unsigned)values[name - names] : 0;
	return name ? 2 : 0;
}

/* The text that a string stands for, NUL-terminated. False: it does not fit, or has a NUL or what
 * is no character in it. */
static bool copy_text(const struct string *string, char *out, size_t size)
{
	struct str raw = string->raw;
	size_t len = 0, step;
	unsigned c;

	if (!string->has_escapes)
		return memchr(raw.at, '\0', raw.len) == NULL && str_copy(raw, out, size);
	for (size_t i = 0; i < raw.len; i += step) {
		bool is_escape = raw.at[i] == '\\';
		step = is_escape ? read_escape(str_from(raw, i), &c) : raw.at[i] != '\0';
		if (step == 0 || size - len < 5)
			return false;
		if (is_escape)
			len += write_utf8(c, out + len);
		else
			out[len++] = raw.at[i];
	}
	out[len] = '\0';
	return true;
}

/* --- what matters --- */

/* The id may be there once, and is written plainly. */
static bool take_id(struct json_item *item, const struct string *string)
{
	return item->id[0] == '\0' && !string->has_escapes && string->raw.len > 0 &&
	       copy_text(string, item->id, sizeof item->id);
}

static bool take_name(struct json_item *item, const struct string *string)
{
	if (item->has_name)
		return false;
	item->has_name = copy_text(string, item->name, sizeof item->name);
	return true;
}

/* All attempts have to agree. */
static bool take_user(struct json_item *item, const struct string *string)
{
	char user[JSON_USER_SIZE];

	if (item->is_disputed)
		return true;
	bool is_text = copy_text(string, user, sizeof user);
	if (item->has_user)
		item->is_disputed = !is_text || strcmp(user, item->user) != 0;
	else if (is_text)
		memcpy(item->user, user, sizeof user);
	else
		item->is_disputed = true;
	item->has_user = !item->is_disputed;
	return true;
}

static bool is_hidden(const struct reader *r)
{
	const struct json_ask *ask = r->ask;

	return ask && r->item->id[0] && r->item->has_name && !ask->shows(ask->arg, r->item);
}

static const char *take_field(struct reader *r, int field, const char *p)
{
	static bool (*const takers[])(struct json_item * item, const struct string *string) = {
		[FIELD_ID] = take_id, [FIELD_NAME] = take_name, [FIELD_USER] = take_user};
	struct string string;

	if (*p != '"') { /* null is no name and no user */
		bool is_null = field != FIELD_ID && r->end - p >= 4 && memcmp(p, "null", 4) == 0;
		return is_null ? p + 4 : NULL;
	}
	const char *next = read_string(r, p, &string);
	if (next == NULL || !takers[field](r->item, &string))
		return NULL;
	if (field == FIELD_ID && r->ask)
		r->ask->soon(r->ask->arg, r->item->id);
	if (field == FIELD_USER && is_hidden(r)) {
		r->hidden_at = next;
		r->hidden_depth = r->depth;
		return NULL;
	}
	return next;
}

static const struct row *find_row(const struct row *rows, struct str key)
{
	for (; rows && rows->key.at; rows++) {
		if (str_eq(rows->key, key))
			return rows;
	}
	return NULL;
}

/* --- structure --- */

static const char *read_value(struct reader *r, const struct row *rows, const char *p);

/* What is between a key and its value. Gives where that begins. */
static const char *read_colon(const struct reader *r, const char *p)
{
	if (r->end - p > 3 && memcmp(p, " : ", 3) == 0 && !json_is_blank(p[3]))
		return p + 3; /* as Spark writes it */
	p = skip_blanks(r, p);
	return p && *p == ':' ? skip_blanks(r, p + 1) : NULL;
}

/* The key and the colon. Gives where the value begins. */
static const char *read_key(
	struct reader *r, const struct row *rows, const char *p, const struct row **row)
{
	struct string key;

	if (*p != '"')
		return NULL;
	p = read_string(r, p, &key);
	if (p == NULL || (rows && key.has_escapes))
		return NULL;
	*row = find_row(rows, key.raw);
	return read_colon(r, p);
}

static const char *read_member(struct reader *r, const struct row *rows, const char *p)
{
	const struct row *row;

	p = read_key(r, rows, p, &row);
	if (p && row && row->field)
		return take_field(r, row->field, p);
	return p ? read_value(r, row ? row->inside : NULL, p) : NULL;
}

/* An object or an array: `p` is at what opens it. */
static const char *read_container(struct reader *r, const struct row *rows, const char *p)
{
	bool is_object = *p == '{';
	char close = is_object ? '}' : ']';

	if (++r->depth > DEPTH_MAX)
		return NULL;
	p = skip_blanks(r, p + 1);
	bool is_empty = p && *p == close;
	while (p && !is_empty) {
		p = is_object ? read_member(r, rows, p) : read_value(r, rows, p);
		p = skip_blanks(r, p);
		if (p == NULL || *p == close)
			break;
		p = *p == ',' ? skip_blanks(r, p + 1) : NULL;
	}
	r->depth--;
	return p ? p + 1 : NULL;
}

static const char *read_scalar(const struct reader *r, const char *p)
{
	const char *from = p;

	while (p < r->end && (str_is_alnum(*p) || *p == '-' || *p == '+' || *p == '.'))
		p++;
	return p == from ? NULL : p;
}

static const char *read_value(struct reader *r, const struct row *rows, const char *p)
{
	struct string string;

	if (*p == '"')
		return read_string(r, p, &string);
	if (*p == '{' || *p == '[')
		return read_container(r, rows, p);
	return read_scalar(r, p);
}

struct json_look json_item_look(enum json_shape shape, const char *p, const char *end,
	struct json_item *item, const struct json_ask *ask)
{
	struct reader r = {.end = end, .item = item, .ask = ask};

	item->has_name = item->has_user = item->is_disputed = false;
	item->id[0] = '\0';
	if (p == end || *p != '{')
		return (struct json_look){JSON_ODD, p, 0};
	const char *stop = read_container(&r, shapes[shape], p);
	if (r.hidden_at)
		return (struct json_look){JSON_HIDDEN, r.hidden_at, r.hidden_depth};
	return (struct json_look){stop && item->id[0] ? JSON_WHOLE : JSON_ODD, stop, 0};
}
