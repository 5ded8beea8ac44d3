#include "proxy/http/h1.h"

enum {
	SIZE_DIGITS_MAX = 16, /* what fits the counter */
	CHUNK_LINE_MAX = 256,
	TRAILERS_MAX = 8192,
};

enum step {
	STEP_SIZE,
	STEP_EXTENSION,
	STEP_SIZE_LF,
	STEP_DATA,
	STEP_DATA_CR,
	STEP_DATA_LF,
	STEP_TRAILER,
	STEP_TRAILER_NAME,
	STEP_TRAILER_VALUE,
	STEP_TRAILER_LF,
	STEP_END_LF,
	STEP_DONE
};

static bool is_field_value(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		i += str_span_printable(str_from(s, i));
		if (i < s.len && s.at[i] != '\t')
			return false;
	}
	return true;
}

/* Cuts the next line off `*rest`: CRLF only. H1_MORE when it has not come yet. */
static enum h1_result next_line(struct str *rest, struct str *line)
{
	ptrdiff_t lf = str_find_byte(*rest, '\n');

	if (lf == -1)
		return H1_MORE;
	if (lf == 0 || rest->at[lf - 1] != '\r')
		return H1_BAD;
	*line = (struct str){rest->at, (size_t)lf - 1};
	*rest = str_from(*rest, (size_t)lf + 1);
	return H1_DONE;
}

/* "HTTP/1.1 200 OK"; the reason and the space before it may be missing. */
static bool parse_status_line(struct str line, struct h1_response *out)
{
	uint64_t status;

	if (line.len < 12 || !str_starts(line, STR("HTTP/1.")) || line.at[8] != ' ')
		return false;
	if ((line.at[7] != '0' && line.at[7] != '1') ||
		!str_to_u64((struct str){line.at + 9, 3}, &status))
		return false;
	if (status < 100 || (line.len > 12 && line.at[12] != ' ') || !is_field_value(line))
		return false;
	out->http_1_0 = line.at[7] == '0';
	out->status = (int)status;
	out->reason = str_from(line, 13);
	return true;
}

bool h1_is_odd_framing(const struct h1_field *field, struct str whole)
{
	struct str behind = str_range(field->value.at + field->value.len, whole.at + whole.len);
	bool frames =
		field->kind.id == FIELD_CONTENT_LENGTH || field->kind.id == FIELD_TRANSFER_ENCODING;

	return frames && str_find_byte(behind, '\t') != -1;
}

static bool parse_field(struct str line, struct h1_response *out)
{
	size_t name = str_span_token(line); /* a folded line has none */

	if (name == 0 || name == line.len || line.at[name] != ':' ||
		out->fields_count == H1_FIELDS_MAX)
		return false;
	struct str whole = str_from(line, name + 1), value = str_trim(whole);
	struct h1_field *field = &out->fields[out->fields_count++];
	*field = h1_field_of((struct str){line.at, name}, value);
	return is_field_value(value) && !h1_is_odd_framing(field, whole);
}

struct str h1_find(const struct h1_field *fields, size_t count, enum field id)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].kind.id == id)
			return fields[i].value;
	}
	return (struct str){NULL, 0};
}

struct str h1_field(const struct h1_response *head, enum field id)
{
	return h1_find(head->fields, head->fields_count, id);
}

bool h1_connection_has(const struct h1_field *fields, size_t count, struct str wanted)
{
	for (size_t i = 0; i < count; i++) {
		struct str rest = fields[i].value, token;
		if (fields[i].kind.id != FIELD_CONNECTION)
			continue;
		while (str_next(&rest, ',', &token)) {
			if (str_eq_nocase(str_trim(token), wanted))
				return true;
		}
	}
	return false;
}

/* RFC 9112 §6.3, with every tolerance it allows left out: one way to find the end, or none. */
static bool decide_framing(struct h1_response *out, bool is_head)
{
	unsigned lengths = 0, codings = 0;

	for (size_t i = 0; i < out->fields_count; i++) {
		const struct h1_field *field = &out->fields[i];
		if (field->kind.id == FIELD_CONTENT_LENGTH) {
			lengths++;
			if (!str_to_u64(field->value, &out->length))
				return false;
		} else if (field->kind.id == FIELD_TRANSFER_ENCODING) {
			codings++;
			if (!str_eq_nocase(field->value, STR("chunked")))
				return false;
		}
	}
	if (lengths > 1 || codings > 1 || (lengths && codings) || (codings && out->http_1_0))
		return false;
	/* RFC 9112 §6.1, RFC 9110 §8.6: some would read the next head as its content. */
	if (out->status < 200 && (codings || out->length > 0))
		return false;
	bool none = is_head || out->status < 200 || out->status == 204 || out->status == 304;
	out->framing = none	 ? H1_NO_CONTENT
		       : codings ? H1_CHUNKED
		       : lengths ? H1_LENGTH
				 : H1_UNTIL_CLOSE;
	return true;
}

static bool decide_keep_alive(const struct h1_response *head)
{
	if (head->framing == H1_UNTIL_CLOSE ||
		h1_connection_has(head->fields, head->fields_count, STR("close")))
		return false;
	return !head->http_1_0 ||
	       h1_connection_has(head->fields, head->fields_count, STR("keep-alive"));
}

enum h1_result h1_parse_response(struct str bytes, bool is_head, struct h1_response *out)
{
	struct str rest = bytes, line;
	bool first = true;
	enum h1_result result;

	out->fields_count = 0;
	out->length = 0;
	if (rest.len > H1_HEAD_MAX)
		rest.len = H1_HEAD_MAX;
	while ((result = next_line(&rest, &line)) == H1_DONE && (first || line.len > 0)) {
		if (first ? !parse_status_line(line, out) : !parse_field(line, out))
			return H1_BAD;
		first = false;
	}
	if (result == H1_MORE && bytes.len >= H1_HEAD_MAX)
		return H1_BAD;
	if (result != H1_DONE)
		return result;
	out->head_len = (size_t)(rest.at - bytes.at);
	if (!decide_framing(out, is_head))
		return H1_BAD;
	out->keep_alive = decide_keep_alive(out);
	return H1_DONE;
}

void h1_content_init(struct h1_content *c, const struct h1_response *head)
{
	*c = (struct h1_content){
		.framing = head->framing, .left = head->framing == H1_LENGTH ? head->length : 0};
}

static enum h1_result to(struct h1_content *c, enum step step)
{
	c->step = (int)step;
	c->line = 0;
	return H1_MORE;
}

static enum h1_result on_size(struct h1_content *c, char byte)
{
	int digit = str_hex_digit(byte);

	if (digit != -1) {
		c->left = c->left << 4 | (uint64_t)digit;
		return ++c->line > SIZE_DIGITS_MAX ? H1_BAD : H1_MORE;
	}
	if (c->line == 0)
		return H1_BAD;
	return byte == '\r' ? to(c, STEP_SIZE_LF) : byte == ';' ? to(c, STEP_EXTENSION) : H1_BAD;
}

static enum h1_result on_text(struct h1_content *c, char byte, enum step after_cr)
{
	unsigned char u = (unsigned char)byte;

	if (byte == '\r')
		return to(c, after_cr);
	return (u < 0x20 && byte != '\t') || u == 0x7f ? H1_BAD : H1_MORE;
}

/* A field like those of a head: what others refuse might end elsewhere for them. */
static enum h1_result on_trailer_name(struct h1_content *c, char byte)
{
	if (byte == ':' && c->step == STEP_TRAILER_NAME)
		return to(c, STEP_TRAILER_VALUE);
	c->step = STEP_TRAILER_NAME;
	return str_is_tchar(byte) ? H1_MORE : H1_BAD;
}

/* Trailers are counted over all their lines and dropped. */
static enum h1_result on_trailer(struct h1_content *c, char byte)
{
	if (++c->left > TRAILERS_MAX)
		return H1_BAD;
	if (c->step == STEP_TRAILER && byte == '\r')
		return to(c, STEP_END_LF);
	return c->step == STEP_TRAILER_VALUE ? on_text(c, byte, STEP_TRAILER_LF)
					     : on_trailer_name(c, byte);
}

static enum h1_result on_lf(struct h1_content *c, char byte, enum step next)
{
	return byte == '\n' ? to(c, next) : H1_BAD;
}

static enum h1_result on_framing_byte(struct h1_content *c, char byte)
{
	switch ((enum step)c->step) {
	case STEP_SIZE:
		return on_size(c, byte);
	case STEP_EXTENSION:
		return ++c->line > CHUNK_LINE_MAX ? H1_BAD : on_text(c, byte, STEP_SIZE_LF);
	case STEP_SIZE_LF:
		return on_lf(c, byte, c->left ? STEP_DATA : STEP_TRAILER);
	case STEP_DATA_CR:
		return byte == '\r' ? to(c, STEP_DATA_LF) : H1_BAD;
	case STEP_DATA_LF:
		return on_lf(c, byte, STEP_SIZE);
	case STEP_TRAILER:
	case STEP_TRAILER_NAME:
	case STEP_TRAILER_VALUE:
		return on_trailer(c, byte);
	case STEP_TRAILER_LF:
		return on_lf(c, byte, STEP_TRAILER);
	case STEP_END_LF:
		return on_lf(c, byte, STEP_DONE) == H1_BAD ? H1_BAD : H1_DONE;
	default:
		return H1_BAD;
	}
}

static enum h1_result chunked_next(
	struct h1_content *c, struct str bytes, size_t *skip, size_t *take)
{
	enum h1_result result = H1_MORE;

	while (result == H1_MORE && *skip < bytes.len && c->step != STEP_DATA)
		result = on_framing_byte(c, bytes.at[(*skip)++]);
	if (result != H1_MORE || c->step != STEP_DATA)
		return result;
	*take = bytes.len - *skip < c->left ? bytes.len - *skip : (size_t)c->left;
	c->left -= *take;
	return c->left ? H1_MORE : to(c, STEP_DATA_CR);
}

enum h1_result h1_content_next(struct h1_content *c, struct str bytes, size_t *skip, size_t *take)
{
	*skip = *take = 0;
	switch (c->framing) {
	case H1_NO_CONTENT:
		return H1_DONE;
	case H1_CHUNKED:
		return chunked_next(c, bytes, skip, take);
	case H1_UNTIL_CLOSE:
		*take = bytes.len;
		return H1_MORE;
	case H1_LENGTH:
		break;
	}
	*take = bytes.len < c->left ? bytes.len : (size_t)c->left;
	c->left -= *take;
	return c->left ? H1_MORE : H1_DONE;
}
