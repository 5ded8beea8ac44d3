#include "proxy/http/multipart.h"

static enum multipart_event fail(struct multipart *m, const char *why)
{
	m->error = why;
	m->state = MULTIPART_OVER;
	return MULTIPART_BAD;
}

/* --- the boundary --- */

static bool is_boundary(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!is_letter && !(c >= '0' && c <= '9') && !(c && strchr("'()+_,-./:=?", c)))
			return false;
	}
	return text.len > 0 && text.len <= MULTIPART_BOUNDARY_MAX;
}

static struct str without_quotes(struct str text)
{
	if (text.len >= 2 && text.at[0] == '"' && text.at[text.len - 1] == '"')
		return (struct str){text.at + 1, text.len - 2};
	return text;
}

bool multipart_begin(struct multipart *m, struct str rest)
{
	static const struct str name = {"boundary=", 9};
	struct str part, boundary = {NULL, 0};

	*m = (struct multipart){.error = NULL};
	if (!str_next(&rest, ';', &part) ||
		!str_eq_nocase(str_trim(part), STR("multipart/form-data")))
		return false;
	while (str_next(&rest, ';', &part)) {
		part = str_trim(part);
		if (!str_starts_nocase(part, name))
			continue;
		if (boundary.at)
			return false;
		boundary = without_quotes(str_from(part, name.len));
	}
	if (boundary.at == NULL || !is_boundary(boundary))
		return false;
	memcpy(m->delimiter, "\r\n--", 4);
	memcpy(m->delimiter + 4, boundary.at, boundary.len);
	m->delimiter_len = 4 + boundary.len;
	m->matched = 2; /* the first delimiter has no line before it */
	return true;
}

size_t multipart_tail(const struct multipart *m)
{
	return m->delimiter_len + strlen("--\r\n");
}

/* --- content --- */

/* Bytes before what may be a delimiter. CR stands only at the beginning of that, so whatever is
 * none is passed over at once. */
static size_t plain_length(const struct multipart *m, struct str bytes)
{
	const char *end = bytes.at + bytes.len, *at = bytes.at;

	while (at < end && (at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
		size_t left = (size_t)(end - at);
		if (memcmp(at, m->delimiter, left < m->delimiter_len ? left : m->delimiter_len) ==
			0)
			return (size_t)(at - bytes.at);
		at++;
	}
	return bytes.len;
}

/* Goes on with what was held back, which is content after all when it does not go on as one. */
static enum multipart_event match(
	struct multipart *m, struct str bytes, size_t *used, struct str *data)
{
	size_t i = 0;

	while (i < bytes.len && m->matched < m->delimiter_len &&
		bytes.at[i] == m->delimiter[m->matched]) {
		i++;
		m->matched++;
	}
	*used = i;
	if (m->matched == m->delimiter_len) {
		m->state = MULTIPART_AT;
		m->matched = m->head_len = 0;
		return MULTIPART_MORE;
	}
	if (i == bytes.len)
		return MULTIPART_MORE;
	if (m->state == MULTIPART_BEFORE)
		return fail(m, "The form does not begin with a part.");
	*data = (struct str){m->delimiter, m->matched};
	m->matched = 0;
	return MULTIPART_DATA;
}

static enum multipart_event take_content(
	struct multipart *m, struct str bytes, size_t *used, struct str *data)
{
	size_t len = m->matched ? 0 : plain_length(m, bytes);

	if (len == 0)
		return match(m, bytes, used, data);
	*used = len;
	*data = (struct str){bytes.at, len};
	return MULTIPART_DATA;
}

/* --- the head of a part --- */

/* `; name="value"` at the beginning of `rest`, which it is cut off. */
static bool next_parameter(struct str *rest, struct str *name, struct str *value)
{
	struct str text = str_trim(*rest);
	ptrdiff_t sign = str_find(text, STR("=\""));

	if (!str_starts(text, STR(";")) || sign == -1)
		return false;
	*name = str_trim((struct str){text.at + 1, (size_t)sign - 1});
	text = str_from(text, (size_t)sign + 2);
	ptrdiff_t end = str_find_byte(text, '"');
	if (end == -1)
		return false;
	*value = (struct str){text.at, (size_t)end};
	*rest = str_from(text, (size_t)end + 1);
	return true;
}

static bool read_disposition(struct multipart *m, struct str value)
{
	static const struct str kind = {"form-data", 9};
	struct str name, text, rest;

	if (m->name[0] || !str_starts_nocase(value, kind))
		return false;
	rest = str_from(value, kind.len);
	while (str_trim(rest).len > 0) {
		if (!next_parameter(&rest, &name, &text))
			return false;
		if (str_eq_nocase(name, STR("name")) && m->name[0] == '\0' && text.len > 0) {
			if (!str_copy(text, m->name, sizeof m->name))
				return false;
		} else if (str_eq_nocase(name, STR("filename")) && !m->is_file) {
			m->is_file = true;
			if (!str_copy(text, m->file_name, sizeof m->file_name))
				return false;
		} else {
			return false;
		}
	}
	return m->name[0] != '\0';
}

static bool is_clean(struct str line)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.at[i];
		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

/* Without its line end. What a field other than these two says is nobody's business (RFC 7578
 * §4.8). */
static bool read_field(struct multipart *m, struct str line)
{
	ptrdiff_t colon = str_find_byte(line, ':');

	if (colon < 1 || !is_clean(line))
		return false;
	struct str name = {line.at, (size_t)colon};
	if (str_eq_nocase(name, STR("content-disposition")))
		return read_disposition(m, str_trim(str_from(line, (size_t)colon + 1)));
	return !str_eq_nocase(name, STR("content-transfer-encoding"));
}

static enum multipart_event read_head(struct multipart *m)
{
	struct str rest = {m->head, m->head_len - 2};

	m->name[0] = m->file_name[0] = '\0';
	m->is_file = false;
	while (rest.len > 0) {
		size_t len = (size_t)str_find(rest, STR("\r\n"));
		if (!read_field(m, (struct str){rest.at, len}))
			return fail(m, "A part of the form has an odd head.");
		rest = str_from(rest, len + 2);
	}
	if (m->name[0] == '\0')
		return fail(m, "A part of the form has no name.");
	m->state = MULTIPART_IN;
	return MULTIPART_PART;
}

static bool is_head_whole(const struct multipart *m)
{
	struct str head = {m->head, m->head_len};

	return str_ends(head, STR("\r\n\r\n")) || str_eq(head, STR("\r\n"));
}

static enum multipart_event take_head(struct multipart *m, struct str bytes, size_t *used)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (m->head_len == sizeof m->head) {
			*used = i;
			return fail(m, "A part of the form has a long head.");
		}
		m->head[m->head_len++] = bytes.at[i];
		*used = i + 1;
		if (is_head_whole(m))
			return read_head(m);
	}
	return MULTIPART_MORE;
}

/* --- between parts --- */

/* A line end: another part. Two hyphens and a line end: that was the last. */
static enum multipart_event take_end_of_line(struct multipart *m, char byte)
{
	static const struct str last = {"--\r\n", 4}, more = {"\r\n", 2};

	m->head[m->head_len++] = byte;
	struct str line = {m->head, m->head_len};
	if (str_eq(line, last)) {
		m->state = MULTIPART_OVER;
		return MULTIPART_END;
	}
	if (!str_eq(line, more))
		return str_starts(last, line) || str_starts(more, line)
			       ? MULTIPART_MORE
			       : fail(m, "The form has something between its parts.");
	if (++m->parts > MULTIPART_PARTS_MAX)
		return fail(m, "The form has too many parts.");
	m->state = MULTIPART_HEAD;
	m->head_len = 0;
	return MULTIPART_MORE;
}

enum multipart_event multipart_take(
	struct multipart *m, struct str bytes, size_t *used, struct str *data)
{
	*used = 0;
	switch (m->state) {
	case MULTIPART_BEFORE:
		return match(m, bytes, used, data);
	case MULTIPART_IN:
		return take_content(m, bytes, used, data);
	case MULTIPART_AT:
		*used = 1;
		return take_end_of_line(m, bytes.at[0]);
	case MULTIPART_HEAD:
		return take_head(m, bytes, used);
	case MULTIPART_OVER:
		break;
	}
	return fail(m, "Something follows the end of the form.");
}
