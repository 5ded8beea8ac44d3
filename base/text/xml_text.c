#include "base/text/xml_text.h"

void xml_begin(struct xml_reader *r, struct str text)
{
	*r = (struct xml_reader){.rest = text};
	if (str_starts(r->rest, STR("\xef\xbb\xbf")))
		r->rest = str_from(r->rest, 3);
}

static enum xml_event fail(struct xml_reader *r)
{
	r->rest = STR("<");
	r->depth = 0;
	r->is_begun = true;
	return XML_BAD;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct str *rest)
{
	while (rest->len > 0 && is_space(rest->at[0]))
		*rest = str_from(*rest, 1);
}

static bool is_name_byte(char c)
{
	return str_is_alnum(c) || c == '_' || c == '-' || c == '.' || c == ':';
}

static struct str take_name(struct str *rest)
{
	size_t len = 0;

	while (len < rest->len && is_name_byte(rest->at[len]))
		len++;
	struct str name = {rest->at, len};
	*rest = str_from(*rest, len);
	return name;
}

/* name = "value" */
static bool skip_attribute(struct str *rest)
{
	if (take_name(rest).len == 0)
		return false;
	skip_space(rest);
	if (rest->len < 2 || rest->at[0] != '=')
		return false;
	*rest = str_from(*rest, 1);
	skip_space(rest);
	if (rest->len < 2 || (rest->at[0] != '"' && rest->at[0] != '\''))
		return false;
	ptrdiff_t end = str_find_byte(str_from(*rest, 1), rest->at[0]);
	if (end == -1 || str_find_byte((struct str){rest->at + 1, (size_t)end}, '<') != -1)
		return false;
	*rest = str_from(*rest, (size_t)end + 2);
	return rest->len > 0 && (is_space(rest->at[0]) || strchr("/>?", rest->at[0]));
}

/* Up to and with `end`: ">", "/>" or "?>"; false: something else stands there. */
static bool skip_attributes(struct str *rest, struct str end)
{
	skip_space(rest);
	while (rest->len > 0 && is_name_byte(rest->at[0])) {
		if (!skip_attribute(rest))
			return false;
		skip_space(rest);
	}
	if (!str_starts(*rest, end))
		return false;
	*rest = str_from(*rest, end.len);
	return true;
}

static enum xml_event open_element(struct xml_reader *r, struct str *value)
{
	struct str rest = str_from(r->rest, 1);

	*value = take_name(&rest);
	if (value->len == 0 || r->depth == XML_DEPTH || (r->is_begun && r->depth == 0))
		return fail(r);
	struct str after = rest;
	if (skip_attributes(&after, STR("/>")))
		r->closes_at_once = true;
	else if (after = rest, !skip_attributes(&after, STR(">")))
		return fail(r);
	r->rest = after;
	r->open[r->depth++] = *value;
	r->is_begun = true;
	return XML_OPEN;
}

static enum xml_event close_element(struct xml_reader *r, struct str *value)
{
	if (r->closes_at_once) {
		r->closes_at_once = false;
	} else {
		struct str rest = str_from(r->rest, 2);
		struct str name = take_name(&rest);
		skip_space(&rest);
		if (r->depth == 0 || !str_eq(name, r->open[r->depth - 1]) ||
			!str_starts(rest, STR(">")))
			return fail(r);
		r->rest = str_from(rest, 1);
	}
	*value = r->open[--r->depth];
	return XML_CLOSE;
}

static enum xml_event take_text(struct xml_reader *r, struct str *value)
{
	ptrdiff_t end = str_find_byte(r->rest, '<');

	if (end == -1 || str_find((struct str){r->rest.at, (size_t)end}, STR("]]>")) != -1)
		return fail(r);
	*value = (struct str){r->rest.at, (size_t)end};
	r->rest = str_from(r->rest, (size_t)end);
	return XML_TEXT;
}

/* Outside of the root. */
static enum xml_event at_the_edge(struct xml_reader *r, struct str *value)
{
	if (!r->is_begun && str_starts(r->rest, STR("<?xml"))) {
		r->rest = str_from(r->rest, 5);
		if (!skip_attributes(&r->rest, STR("?>")))
			return fail(r);
	}
	skip_space(&r->rest);
	if (r->rest.len == 0)
		return r->is_begun ? XML_END : fail(r);
	return r->is_begun || r->rest.at[0] != '<' ? fail(r) : open_element(r, value);
}

enum xml_event xml_next(struct xml_reader *r, struct str *value)
{
	*value = STR("");
	if (r->closes_at_once)
		return close_element(r, value);
	if (r->depth == 0)
		return at_the_edge(r, value);
	if (str_starts(r->rest, STR("</")))
		return close_element(r, value);
	if (r->rest.len > 0 && r->rest.at[0] == '<')
		return open_element(r, value);
	return take_text(r, value);
}

/* --- references --- */

static bool read_number(struct str digits, unsigned base, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < digits.len; i++) {
		int digit = str_hex_digit(digits.at[i]);
		if (digit < 0 || (unsigned)digit >= base)
			return false;
		*out = *out * base + (unsigned)digit;
		if (*out > 0x10ffff)
			return false;
	}
	return digits.len > 0 && *out > 0 && (*out < 0xd800 || *out > 0xdfff);
}

static bool read_reference(struct str name, uint32_t *out)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

	if (str_starts(name, STR("#x")))
		return read_number(str_from(name, 2), 16, out);
	if (str_starts(name, STR("#")))
		return read_number(str_from(name, 1), 10, out);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		*out = (unsigned char)known[i].c;
		if (str_eq(name, str_of(known[i].name)))
			return true;
	}
	return false;
}

/* RFC 3629 §3. */
static size_t write_utf8(uint32_t c, char out[static 4])
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = len; i > 1; i--) {
		out[i - 1] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)(lead[len] | c);
	return len;
}

bool xml_decode(struct str text, char *out, size_t size)
{
	size_t len = 0;

	while (text.len > 0) {
		char bytes[4] = {text.at[0]};
		size_t count = 1, used = 1;
		ptrdiff_t end = text.at[0] == '&' ? str_find_byte(text, ';') : 0;
		uint32_t c;
		if (end == -1 || text.at[0] == '\0')
			return false;
		if (end > 0) {
			if (!read_reference((struct str){text.at + 1, (size_t)end - 1}, &c))
				return false;
			count = write_utf8(c, bytes);
			used = (size_t)end + 1;
		}
		if (len + count >= size)
			return false;
		memcpy(out + len, bytes, count);
		len += count;
		text = str_from(text, used);
	}
	if (size == 0)
		return false;
	out[len] = '\0';
	return true;
}
