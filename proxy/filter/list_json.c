/*
 * proxy/filter/list_json.c - a list in JSON, byte by byte only where something begins or ends.
 *
 * An array at the top (history) has elements; an object (master, worker) has members, of which a
 * table says what becomes of each. An element is copied only if a chunk's end cuts it in two.
 */
#include "proxy/filter/json_scan.h"
#include "proxy/filter/list_int.h"

enum state {
	AT_START,
	AT_ELEMENT, /* before one, a comma or the array's end */
	IN_ELEMENT,
	AT_MEMBER, /* before a key, a comma or the object's end */
	IN_KEY,
	AT_COLON,
	AT_VALUE,
	IN_VALUE,
	AT_END, /* or broken: nothing more is written */
};

enum rule {
	RULE_DROP,
	RULE_PASS,
	RULE_LIST,  /* an array: its elements are looked at */
	RULE_EMPTY, /* an array: nobody's */
};

struct member {
	const char *key;
	enum rule rule;
};

/* MasterPage's and WorkerPage's renderJson, JsonProtocol.scala (Spark 2.4 to 4.3). */
static const struct member of_master[] = {{"url", RULE_PASS}, {"workers", RULE_PASS},
	{"aliveworkers", RULE_PASS}, {"cores", RULE_PASS}, {"coresused", RULE_PASS},
	{"memory", RULE_PASS}, {"memoryused", RULE_PASS}, {"resources", RULE_PASS},
	{"resourcesused", RULE_PASS}, {"activeapps", RULE_LIST}, {"completedapps", RULE_LIST},
	{"activedrivers", RULE_EMPTY}, {"completeddrivers", RULE_EMPTY}, {"status", RULE_PASS},
	{NULL, RULE_DROP}};
static const struct member of_worker[] = {{"id", RULE_PASS}, {"masterurl", RULE_PASS},
	{"masterwebuiurl", RULE_PASS}, {"cores", RULE_PASS}, {"coresused", RULE_PASS},
	{"memory", RULE_PASS}, {"memoryused", RULE_PASS}, {"resources", RULE_PASS},
	{"resourcesused", RULE_PASS}, {"executors", RULE_LIST}, {"finishedexecutors", RULE_LIST},
	{"drivers", RULE_EMPTY}, {"finisheddrivers", RULE_EMPTY}, {NULL, RULE_DROP}};

static void write_text(struct list_filter *filter, const char *text)
{
	sink_add(&filter->sink, text, strlen(text));
}

/* What cannot be a list is nobody's. */
static const char *give_up(struct json_list *json, const char *end)
{
	json->state = AT_END;
	return end;
}

/* --- a value, to its end --- */

/* Its first byte is at p. Gives what is behind that. */
static const char *begin_value(struct json_list *json, const char *p)
{
	bool is_container = *p == '{' || *p == '[';

	json->in_string = *p == '"';
	json->is_scalar = !is_container && !json->in_string;
	json->is_escaped = false;
	json->depth = is_container;
	return p + 1;
}

/* The string goes on at p. Gives what is behind its quote; `end`: it goes on. */
static const char *skip_string(struct json_list *json, const char *p, const char *end)
{
	while (p < end) {
		if (json->is_escaped) {
			json->is_escaped = false;
			p++;
			continue;
		}
		p = json_scan_string(p, end);
		if (p == end)
			return end;
		json->in_string = *p == '\\';
		json->is_escaped = *p == '\\';
		p++;
		if (!json->in_string)
			return p;
	}
	return end;
}

static const char *skip_scalar(const char *p, const char *end, bool *done)
{
	while (p < end && !json_is_blank(*p) && *p != ',' && *p != '}' && *p != ']')
		p++;
	*done = p < end;
	return p;
}

/* What of it can be skipped at once. */
static const char *skip_blocks(struct json_list *json, const char *p, const char *end)
{
	struct json_depth depth = {json->depth, json->in_string};

	if (json->depth == 0 || json->is_escaped)
		return p;
	p = json_skip_blocks(&depth, p, end);
	json->depth = depth.open;
	json->in_string = depth.in_string;
	return p;
}

/* Gives what is behind the value, or `end` while it is not done. */
static const char *skip_value(struct json_list *json, const char *p, const char *end, bool *done)
{
	if (json->is_scalar)
		return skip_scalar(p, end, done);
	p = skip_blocks(json, p, end);
	for (;;) {
		if (json->in_string)
			p = skip_string(json, p, end);
		*done = !json->in_string && json->depth == 0;
		if (*done || p == end)
			return p;
		p = json_scan_structure(p, end);
		if (p == end)
			return p;
		char c = *p++;
		if (c == '"')
			json->in_string = true;
		else
			json->depth = c == '{' || c == '[' ? json->depth + 1 : json->depth - 1;
	}
}

/* --- elements --- */

static enum json_shape shape_of(enum list_kind kind)
{
	return kind == LIST_HISTORY  ? JSON_HISTORY_APP
	       : kind == LIST_MASTER ? JSON_MASTER_APP
				     : JSON_EXECUTOR;
}

static bool shows(const void *arg, const struct json_item *item)
{
	const struct list_filter *filter = arg;

	return filter->context.shows(filter->context.arg,
		&(struct list_item){item->id, item->has_name ? item->name : NULL,
			item->has_user ? item->user : NULL});
}

static void soon(const void *arg, const char *id)
{
	const struct list_filter *filter = arg;

	if (filter->context.soon)
		filter->context.soon(filter->context.arg, id);
}

static void show_element(struct list_filter *filter, struct str element)
{
	write_text(filter, filter->json.any_element ? ", " : "");
	sink_add(&filter->sink, element.at, element.len);
	filter->json.any_element = true;
	filter->left--;
}

static bool is_wanted(const struct list_filter *filter)
{
	return filter->left > 0 && filter->json.rule == RULE_LIST;
}

static void end_element(struct list_filter *filter, struct str element)
{
	struct json_list *json = &filter->json;

	json->state = AT_ELEMENT;
	if (json->is_too_long || !is_wanted(filter))
		return;
	const char *end = element.at + element.len;
	struct json_look look =
		json_item_look(shape_of(filter->kind), element.at, end, &filter->item, NULL);
	if (look.found == JSON_WHOLE && look.at == end && shows(filter, &filter->item))
		show_element(filter, element);
}

/* An element that begins at p, if one look at it is enough, as it mostly is. Gives where to read
 * on; NULL: it has to be read on its own, to its end. */
static const char *look_at_element(struct list_filter *filter, const char *p, const char *end)
{
	struct json_list *json = &filter->json;

	if (*p != '{' || !is_wanted(filter))
		return NULL;
	struct json_look look = json_item_look(shape_of(filter->kind), p, end, &filter->item,
		&(struct json_ask){shows, soon, filter});
	if (look.found == JSON_ODD || look.at - p > LIST_HOLD_MAX)
		return NULL;
	if (look.found == JSON_WHOLE && shows(filter, &filter->item))
		show_element(filter, str_range(p, look.at));
	if (look.found == JSON_HIDDEN) {
		*json = (struct json_list){.state = IN_ELEMENT,
			.rule = json->rule,
			.depth = look.depth,
			.is_too_long = true, /* nothing of it is wanted */
			.in_array = json->in_array,
			.any_member = json->any_member,
			.any_element = json->any_element};
	}
	return look.at;
}

/* [from, end) of it is here. A list's elements alone are wanted whole. */
static void hold_part(struct list_filter *filter, const char *from, const char *end)
{
	struct json_list *json = &filter->json;

	json->is_too_long |=
		!is_wanted(filter) || (size_t)(end - from) > LIST_HOLD_MAX - filter->hold.len;
	if (!json->is_too_long)
		sbuf_add(&filter->hold, from, (size_t)(end - from));
}

/* `from`: where it begins in this chunk; `p`: where to read on. */
static const char *read_element(
	struct list_filter *filter, const char *from, const char *p, const char *end)
{
	bool done = false;

	p = skip_value(&filter->json, p, end, &done);
	if (!done) {
		hold_part(filter, from, end);
		return end;
	}
	if (filter->hold.len == 0) {
		filter->json.is_too_long |= (size_t)(p - from) > LIST_HOLD_MAX;
		end_element(filter, str_range(from, p));
		return p;
	}
	hold_part(filter, from, p);
	end_element(filter, sbuf_str(&filter->hold));
	sbuf_reset(&filter->hold);
	return p;
}

static const char *at_element(struct list_filter *filter, const char *p, const char *end)
{
	struct json_list *json = &filter->json;

	p = json_skip_blanks(p, end);
	if (p == end)
		return end;
	if (*p == ',')
		return p + 1;
	if (*p == ']') {
		write_text(filter, " ]");
		json->state = json->in_array ? AT_MEMBER : AT_END;
		return p + 1;
	}
	sbuf_reset(&filter->hold);
	const char *next = look_at_element(filter, p, end);
	if (next)
		return next;
	json->state = IN_ELEMENT;
	json->is_too_long = false;
	return read_element(filter, p, begin_value(json, p), end);
}

/* --- members --- */

static enum rule rule_of(const struct list_filter *filter)
{
	const struct member *row = filter->kind == LIST_MASTER ? of_master : of_worker;

	if (filter->json.is_too_long)
		return RULE_DROP;
	for (; row->key; row++) {
		if (str_eq(str_of(row->key), sbuf_str(&filter->hold)))
			break;
	}
	return row->rule;
}

static const char *at_member(struct list_filter *filter, const char *p, const char *end)
{
	struct json_list *json = &filter->json;

	p = json_skip_blanks(p, end);
	if (p == end)
		return end;
	if (*p == ',')
		return p + 1;
	if (*p == '}') {
		write_text(filter, "\n}");
		json->state = AT_END;
		return p + 1;
	}
	if (*p != '"')
		return give_up(json, end);
	json->state = IN_KEY;
	json->is_too_long = false;
	sbuf_reset(&filter->hold);
	return begin_value(json, p);
}

/* Of a key with escapes nobody knows what it stands for; it is none of the table's. */
static const char *in_key(struct list_filter *filter, const char *p, const char *end)
{
	struct json_list *json = &filter->json;
	const char *stop = skip_string(json, p, end);
	const char *last = json->in_string ? stop : stop - 1;

	json->is_too_long |= (size_t)(last - p) > LIST_KEY_MAX - filter->hold.len;
	if (!json->is_too_long)
		sbuf_add(&filter->hold, p, (size_t)(last - p));
	if (!json->in_string)
		json->state = AT_COLON;
	return stop;
}

static const char *at_colon(struct list_filter *filter, const char *p, const char *end)
{
	struct json_list *json = &filter->json;

	p = json_skip_blanks(p, end);
	if (p == end)
		return end;
	json->rule = (int)rule_of(filter);
	json->state = AT_VALUE;
	return *p == ':' ? p + 1 : give_up(json, end);
}

static void begin_member(struct list_filter *filter)
{
	struct json_list *json = &filter->json;

	write_text(filter, json->any_member ? ",\n  \"" : "\n  \"");
	sink_add(&filter->sink, filter->hold.at, filter->hold.len);
	write_text(filter, "\" : ");
	json->any_member = true;
	sbuf_reset(&filter->hold);
}

static const char *at_value(struct list_filter *filter, const char *p, const char *end)
{
	struct json_list *json = &filter->json;

	p = json_skip_blanks(p, end);
	if (p == end)
		return end;
	if (*p == ',' || *p == ':' || *p == '}' || *p == ']')
		return give_up(json, end);
	if (json->rule >= RULE_LIST && *p != '[')
		json->rule = RULE_DROP;
	if (json->rule != RULE_DROP)
		begin_member(filter);
	if (json->rule >= RULE_LIST) {
		write_text(filter, "[ ");
		json->any_element = false;
		json->in_array = true;
		json->state = AT_ELEMENT;
		return p + 1;
	}
	json->state = IN_VALUE;
	if (json->rule == RULE_PASS)
		sink_add(&filter->sink, p, 1);
	return begin_value(json, p);
}

static const char *in_value(struct list_filter *filter, const char *p, const char *end)
{
	struct json_list *json = &filter->json;
	bool done = false;
	const char *stop = skip_value(json, p, end, &done);

	if (json->rule == RULE_PASS)
		sink_add(&filter->sink, p, (size_t)(stop - p));
	if (done)
		json->state = AT_MEMBER;
	return stop;
}

/* --- the reader --- */

static const char *at_start(struct list_filter *filter, const char *p, const char *end)
{
	bool is_array = filter->kind == LIST_HISTORY;

	p = json_skip_blanks(p, end);
	if (p == end)
		return end;
	if (*p != (is_array ? '[' : '{'))
		return give_up(&filter->json, end);
	write_text(filter, is_array ? "[ " : "{");
	filter->json.rule = RULE_LIST;
	filter->json.state = is_array ? AT_ELEMENT : AT_MEMBER;
	return p + 1;
}

static const char *step(struct list_filter *filter, const char *p, const char *end)
{
	switch (filter->json.state) {
	case AT_START:
		return at_start(filter, p, end);
	case AT_ELEMENT:
		return at_element(filter, p, end);
	case IN_ELEMENT:
		return read_element(filter, p, p, end);
	case AT_MEMBER:
		return at_member(filter, p, end);
	case IN_KEY:
		return in_key(filter, p, end);
	case AT_COLON:
		return at_colon(filter, p, end);
	case AT_VALUE:
		return at_value(filter, p, end);
	case IN_VALUE:
		return in_value(filter, p, end);
	default:
		return end;
	}
}

void list_json_chunk(struct list_filter *filter, const char *p, const char *end)
{
	while (p < end)
		p = step(filter, p, end);
}
