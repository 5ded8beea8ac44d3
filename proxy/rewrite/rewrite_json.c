/*
 * The reader of JSON: goes from string to string and knows the few keys whose values are links (T6,
 * T8, T10). Whatever is not JSON passes through.
 */
#include "proxy/rewrite/rewrite_readers.h"

enum {
	OUTSIDE, /* of strings */
	STRING,	 /* any but a link */
	AFTER_KEY,
	BEFORE_VALUE,
	LINK,
	LONG_LINK, /* too long to be one */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static size_t backslashes_before(const char *from, const char *p)
{
	const char *at = p;

	while (at > from && at[-1] == '\\')
		at--;
	return (size_t)(p - at);
}

/* The quote that ends the string p is in. NULL: not in this chunk. */
static const char *string_end(struct json *json, const char *p, const char *end)
{
	for (const char *from = p;; from = p) {
		const char *quote = memchr(p, '"', (size_t)(end - p));
		const char *stop = quote ? quote : end;
		size_t count = backslashes_before(from, stop);
		bool is_escaped = (count + (from + count == stop && json->is_escaped)) % 2;
		json->is_escaped = !quote && is_escaped;
		if (!quote)
			return NULL;
		if (!is_escaped)
			return quote;
		p = quote + 1;
	}
}

static bool key_is_link(struct json *json, struct str key)
{
	static const struct {
		struct str name;
		bool is_map, is_master;
	} keys[] = {{{"executorLogs", 12}, true, false}, {{"processLogs", 11}, true, false},
		{{"webuiaddress", 12}, false, false}, {{"masterwebuiurl", 14}, false, true},
		{{"workerwebuiurl", 14}, false, false}, {{"appuiurl", 8}, false, false},
		{{"uiaddress", 9}, false, false}};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (key.len == keys[i].name.len && str_eq_nocase(key, keys[i].name)) {
			json->key_is_map = keys[i].is_map;
			json->key_is_master = keys[i].is_master;
			return true;
		}
	}
	json->key_is_map = json->key_is_master = false;
	return json->in_map;
}

static void key_add(struct json *json, struct str part)
{
	if (json->key_len > sizeof(json->key) || part.len > sizeof(json->key) - json->key_len) {
		json->key_len = sizeof(json->key) + 1;
		return;
	}
	memcpy(json->key + json->key_len, part.at, part.len);
	json->key_len += (unsigned)part.len;
}

static const char *outside(struct json *json, const char *p, const char *end)
{
	if (!json->in_map) {
		p = memchr(p, '"', (size_t)(end - p));
		if (!p)
			return end;
	}
	for (; *p != '"'; p++) {
		if (*p == '}' || *p == '{' || *p == '[')
			json->in_map = false;
		if (p + 1 == end)
			return end;
	}
	json->state = STRING;
	json->key_len = 0;
	return p + 1;
}

static const char *in_string(struct json *json, const char *p, const char *end)
{
	const char *stop = string_end(json, p, end);
	struct str part = str_range(p, stop ? stop : end);

	if (!stop) {
		key_add(json, part);
		return end;
	}
	if (json->key_len) {
		key_add(json, part);
		bool fits = json->key_len <= sizeof(json->key);
		part = (struct str){json->key, fits ? json->key_len : 0};
	}
	json->state = key_is_link(json, part) ? AFTER_KEY : OUTSIDE;
	return stop + 1;
}

static const char *after_key(struct json *json, const char *p)
{
	if (is_blank(*p))
		return p + 1;
	json->state = *p == ':' ? BEFORE_VALUE : OUTSIDE;
	return p + (*p == ':');
}

static const char *before_value(struct json *json, const char *p)
{
	if (is_blank(*p))
		return p + 1;
	json->state = *p == '"' ? LINK : OUTSIDE;
	if (*p == '{' && json->key_is_map)
		return json->in_map = true, p + 1;
	return p + (*p == '"');
}

static void mend_link(struct rewriter *rw, struct str value)
{
	struct str origin = str_of(rw->links.context->origin);
	struct link_edit edit;

	/* A worker's page knows its master by the address of whatever proxy its cluster was set up
	 * for (T8). */
	bool is_mended =
		(rw->json.key_is_master && links_map_to_master(&rw->links, value, &edit)) ||
		links_map_json(&rw->links, value, &edit);
	if (!is_mended)
		return;
	if (edit.origin.len)
		origin = edit.origin;
	rewriter_edit(rw, value, 0, edit.cut);
	sink_add(&rw->sink, origin.at, origin.len);
	sink_add(&rw->sink, edit.with.at, edit.with.len);
	/* Whoever appends "/json/" to an address must get no "//". */
	if (edit.slash && edit.cut < value.len)
		sink_add(&rw->sink, "/", 1);
}

static const char *in_link(struct rewriter *rw, const char *p, const char *end)
{
	const char *stop = string_end(&rw->json, p, end);

	if (!stop) {
		if (!rewriter_hold(rw, p, end))
			rw->json.state = LONG_LINK;
		return end;
	}
	mend_link(rw, rewriter_candidate(rw, p, stop));
	rewriter_release(rw);
	rw->json.state = OUTSIDE;
	return stop + 1;
}

static const char *in_long_link(struct json *json, const char *p, const char *end)
{
	const char *stop = string_end(json, p, end);

	if (!stop)
		return end;
	json->state = OUTSIDE;
	return stop + 1;
}

void rewrite_json_chunk(struct rewriter *rw, const char *p, const char *end)
{
	struct json *json = &rw->json;

	while (p < end) {
		switch (json->state) {
		case OUTSIDE:
			p = outside(json, p, end);
			break;
		case STRING:
			p = in_string(json, p, end);
			break;
		case AFTER_KEY:
			p = after_key(json, p);
			break;
		case BEFORE_VALUE:
			p = before_value(json, p);
			break;
		case LINK:
			p = in_link(rw, p, end);
			break;
		default:
			p = in_long_link(json, p, end);
			break;
		}
	}
}
