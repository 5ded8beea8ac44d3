#include "proxy/http/request_reader.h"

enum step {
	AT_METHOD,
	AT_TARGET,
	AT_VERSION,
	AT_LINE_LF,
	AT_FIELD,
	AT_NAME,
	AT_VALUE,
	AT_VALUE_LF,
	AT_HEAD_LF,
	AT_CONTENT, /* the steps above are the head's */
	AT_CHUNK,
	AT_CHUNK_SIZE,
	AT_CHUNK_SIZE_LF,
	AT_CHUNK_CR,
	AT_CHUNK_LF,
	AT_LAST_CR,
	AT_LAST_LF,
	AT_END,
};

enum { METHOD_MAX = 7 }; /* OPTIONS */

void request_reader_init(
	struct reader *r, const struct request_reader_limits *limits, const char *bytes)
{
	memset(r, 0, offsetof(struct reader, fields));
	r->limits = limits;
	r->body_max = limits->body;
	r->step = AT_METHOD;
	r->part = bytes;
}

static enum fault to(struct reader *r, enum step step)
{
	r->step = (int)step;
	return FAULT_NONE;
}

/* The next part begins behind `at`. */
static enum fault begin(struct reader *r, enum step step, const char *at)
{
	r->part = at + 1;
	return to(r, step);
}

/* TRACE and CONNECT have no business here. */
bool request_reader_serves_method(struct str method)
{
	static const char *const served[] = {
		"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};

	for (size_t i = 0; i < ARRAY_LEN(served); i++) {
		if (str_eq(method, str_of(served[i])))
			return true;
	}
	return false;
}

static enum fault on_method(struct reader *r, const char *at)
{
	size_t len = (size_t)(at - r->part);

	if (*at == ' ' && len > 0) {
		r->method = str_range(r->part, at);
		return request_reader_serves_method(r->method) ? begin(r, AT_TARGET, at)
							       : FAULT_METHOD;
	}
	if (!str_is_tchar(*at))
		return FAULT_BAD_REQUEST;
	return len == METHOD_MAX ? FAULT_METHOD : FAULT_NONE;
}

static enum fault on_target(struct reader *r, const char *at)
{
	size_t len = (size_t)(at - r->part);

	if (*at == ' ' && len > 0) {
		r->target = str_range(r->part, at);
		return begin(r, AT_VERSION, at);
	}
	if (*at <= 0x20 || *at >= 0x7f)
		return FAULT_BAD_TARGET; /* a signed char: bytes from 0x80 on are below too */
	if (len == 0 && *at != '/')
		return FAULT_BAD_TARGET; /* origin-form only (S5, S6) */
	return len == r->limits->target ? FAULT_HEAD_TOO_LARGE : FAULT_NONE;
}

static enum fault on_version(struct reader *r, const char *at)
{
	static const char version[] = "HTTP/1.";
	size_t len = (size_t)(at - r->part);

	if (len < sizeof version - 1)
		return *at == version[len] ? FAULT_NONE : FAULT_BAD_REQUEST;
	if (len == sizeof version - 1) {
		r->http_1_0 = *at == '0';
		return *at == '0' || *at == '1' ? FAULT_NONE : FAULT_BAD_REQUEST;
	}
	return *at == '\r' ? to(r, AT_LINE_LF) : FAULT_BAD_REQUEST;
}

static enum fault on_field(struct reader *r, const char *at)
{
	if (*at == '\r')
		return to(r, AT_HEAD_LF);
	if (!str_is_tchar(*at))
		return FAULT_BAD_REQUEST; /* obs-fold, an empty name */
	if (r->fields_count == r->limits->fields)
		return FAULT_HEAD_TOO_LARGE;
	r->part = at;
	return to(r, AT_NAME);
}

static void add_request_field(struct reader *r, struct str name)
{
	r->fields[r->fields_count++] = h1_field_of(name, (struct str){NULL, 0});
}

static enum fault on_name(struct reader *r, const char *at)
{
	if (*at == ':') {
		add_request_field(r, str_range(r->part, at));
		return begin(r, AT_VALUE, at);
	}
	return str_is_tchar(*at) ? FAULT_NONE : FAULT_BAD_REQUEST;
}

static enum fault end_of_value(struct reader *r, const char *at)
{
	struct h1_field *field = &r->fields[r->fields_count - 1];
	struct str whole = str_range(r->part, at);

	field->value = str_trim(whole);
	if (h1_is_odd_framing(field, whole))
		return FAULT_BAD_FRAMING;
	if (field->kind.id == FIELD_CONTENT_LENGTH) {
		if (r->lengths++ || !str_to_u64(field->value, &r->length))
			return FAULT_BAD_FRAMING;
	} else if (field->kind.id == FIELD_TRANSFER_ENCODING) {
		r->is_chunked = str_eq_nocase(field->value, STR("chunked"));
		if (r->codings++ || !r->is_chunked)
			return FAULT_BAD_FRAMING;
	}
	return to(r, AT_VALUE_LF);
}

static enum fault on_value(struct reader *r, const char *at)
{
	unsigned char c = (unsigned char)*at;

	if (c == '\r')
		return end_of_value(r, at);
	return (c < 0x20 && c != '\t') || c == 0x7f ? FAULT_BAD_REQUEST : FAULT_NONE;
}

static enum fault end_of_head(struct reader *r)
{
	r->has_head = true;
	if (r->codings && (r->lengths || r->http_1_0))
		return FAULT_BAD_FRAMING; /* RFC 9112 §6.1 */
	if (str_eq(r->method, STR("HEAD")) && (r->codings || r->length > 0))
		return FAULT_BAD_FRAMING; /* some would read the content as the next request */
	if (r->length > r->body_max)
		return FAULT_BODY_TOO_LARGE;
	if (r->codings)
		return to(r, AT_CHUNK_SIZE);
	r->left = r->length;
	return to(r, r->left ? AT_CONTENT : AT_END);
}

static enum fault on_head_byte(struct reader *r, const char *at)
{
	if (++r->head_bytes > r->limits->head)
		return FAULT_HEAD_TOO_LARGE;
	switch ((enum step)r->step) {
	case AT_METHOD:
		return on_method(r, at);
	case AT_TARGET:
		return on_target(r, at);
	case AT_VERSION:
		return on_version(r, at);
	case AT_LINE_LF:
	case AT_VALUE_LF:
		return *at == '\n' ? to(r, AT_FIELD) : FAULT_BAD_REQUEST;
	case AT_FIELD:
		return on_field(r, at);
	case AT_NAME:
		return on_name(r, at);
	case AT_VALUE:
		return on_value(r, at);
	default:
		return *at == '\n' ? end_of_head(r) : FAULT_BAD_REQUEST;
	}
}

/* 1*8HEXDIG CRLF; extensions are legal and used by nobody: refused. */
static enum fault on_chunk_size(struct reader *r, char c)
{
	int digit = str_hex_digit(c);

	if (c == '\r' && r->digits > 0) {
		r->digits = 0;
		return to(r, AT_CHUNK_SIZE_LF);
	}
	if (digit == -1 || ++r->digits > 8)
		return FAULT_BAD_FRAMING;
	r->left = r->left * 16 + (uint64_t)digit;
	return FAULT_NONE;
}

static enum fault end_of_chunk_size(struct reader *r)
{
	r->body_bytes += r->left;
	if (r->body_bytes > r->body_max)
		return FAULT_BODY_TOO_LARGE;
	return to(r, r->left ? AT_CHUNK : AT_LAST_CR); /* a trailer section is refused */
}

static enum fault expect(struct reader *r, char c, char wanted, enum step next)
{
	return c == wanted ? to(r, next) : FAULT_BAD_FRAMING;
}

static enum fault on_chunk_byte(struct reader *r, char c)
{
	switch ((enum step)r->step) {
	case AT_CHUNK_SIZE:
		return on_chunk_size(r, c);
	case AT_CHUNK_SIZE_LF:
		return c == '\n' ? end_of_chunk_size(r) : FAULT_BAD_FRAMING;
	case AT_CHUNK_CR:
		return expect(r, c, '\r', AT_CHUNK_LF);
	case AT_CHUNK_LF:
		return expect(r, c, '\n', AT_CHUNK_SIZE);
	case AT_LAST_CR:
		return expect(r, c, '\r', AT_LAST_LF);
	default:
		return expect(r, c, '\n', AT_END);
	}
}

/* --- runs of bytes that end nothing: what a head mostly is, taken without a call for each --- */

static size_t target_run(const struct reader *r, struct str bytes)
{
	size_t room = r->limits->target - (size_t)(bytes.at - r->part);

	if (bytes.len > room)
		bytes.len = room;
	return str_span_graphic(bytes);
}

/* How many bytes were taken; 0: the next one is to be looked at. */
static size_t take_run(struct reader *r, struct str bytes)
{
	size_t room = r->limits->head - r->head_bytes, n = 0;

	if (bytes.len > room)
		bytes.len = room;
	if (r->step == AT_VALUE)
		n = str_span_printable(bytes);
	else if (r->step == AT_NAME)
		n = str_span_token(bytes);
	else if (r->step == AT_TARGET && bytes.at > r->part) /* its first byte is a slash */
		n = target_run(r, bytes);
	r->head_bytes += n;
	return n;
}

/* A whole line of the plain kind at the beginning of a field; else 0: byte by byte. */
static size_t take_field_line(struct reader *r, struct str bytes)
{
	size_t name = str_span_token(bytes), room = r->limits->head - r->head_bytes;

	if (name == 0 || name == bytes.len || bytes.at[name] != ':')
		return 0;
	struct str value = str_from(bytes, name + 1);
	size_t len = str_span_printable(value), line = name + 1 + len + 2;
	if (len + 2 > value.len || value.at[len] != '\r' || value.at[len + 1] != '\n' ||
		line > room || r->fields_count == r->limits->fields)
		return 0;
	add_request_field(r, (struct str){bytes.at, name});
	r->part = value.at;
	r->fault = end_of_value(r, value.at + len);
	to(r, AT_FIELD);
	r->head_bytes += line;
	return line;
}

static enum request_reader_event event_of(const struct reader *r)
{
	return r->fault != FAULT_NONE ? READER_BAD : r->step == AT_END ? READER_END : READER_HEAD;
}

static enum request_reader_event take_head(struct reader *r, struct str bytes, size_t *used)
{
	size_t at = 0;

	while (at < bytes.len && r->step < AT_CONTENT && r->fault == FAULT_NONE) {
		struct str rest = str_from(bytes, at);
		size_t run = r->step == AT_FIELD ? take_field_line(r, rest) : take_run(r, rest);
		at += run;
		if (at < bytes.len && (run == 0 || r->step != AT_FIELD))
			r->fault = on_head_byte(r, bytes.at + at++);
	}
	*used = at;
	return r->step < AT_CONTENT && r->fault == FAULT_NONE ? READER_MORE : event_of(r);
}

int64_t request_reader_content_length(const struct reader *r)
{
	return r->is_chunked ? -1 : (int64_t)r->length;
}

bool request_reader_bound_content(struct reader *r, uint64_t max)
{
	r->body_max = max;
	return r->length <= max;
}

uint64_t request_reader_run_ahead(const struct reader *r)
{
	return r->step == AT_CONTENT || r->step == AT_CHUNK ? r->left : 0;
}

enum request_reader_event request_reader_pass_run(struct reader *r, size_t len)
{
	r->left -= len;
	if (r->left == 0)
		to(r, r->step == AT_CONTENT ? AT_END : AT_CHUNK_CR);
	return r->step == AT_END ? READER_END : len ? READER_CONTENT : READER_MORE;
}

static enum request_reader_event take_run_of_content(
	struct reader *r, struct str bytes, size_t *used, struct str *content)
{
	size_t n = bytes.len < r->left ? bytes.len : (size_t)r->left;

	*content = (struct str){bytes.at, n};
	*used += n;
	return request_reader_pass_run(r, n);
}

enum request_reader_event request_reader_take(
	struct reader *r, struct str bytes, size_t *used, struct str *content)
{
	*used = 0;
	*content = (struct str){bytes.at, 0};
	if (r->fault != FAULT_NONE)
		return READER_BAD;
	if (r->step < AT_CONTENT)
		return take_head(r, bytes, used);
	while (*used < bytes.len && r->step > AT_CHUNK && r->step < AT_END) {
		r->fault = on_chunk_byte(r, bytes.at[(*used)++]);
		if (r->fault != FAULT_NONE)
			return READER_BAD;
	}
	if (r->step == AT_CONTENT || r->step == AT_CHUNK)
		return take_run_of_content(r, str_from(bytes, *used), used, content);
	return r->step == AT_END ? READER_END : READER_MORE;
}

void request_reader_move(struct reader *r, const char *from, const char *to_bytes)
{
	ptrdiff_t by = to_bytes - from;

	r->part += by;
	r->method.at += r->method.at ? by : 0;
	r->target.at += r->target.at ? by : 0;
	for (size_t i = 0; i < r->fields_count; i++) {
		r->fields[i].name.at += by;
		r->fields[i].value.at += r->fields[i].value.at ? by : 0;
	}
}
