#include "proxy/tap.h"

#include "base/mem.h"
#include "base/str.h"

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
	AT_CONTENT,
	AT_CHUNK_SIZE,
	AT_CHUNK_SIZE_LF,
	AT_CHUNK,
	AT_CHUNK_CR,
	AT_CHUNK_LF,
	AT_LAST_CR,
	AT_LAST_LF,
};

static enum fault to(struct tap *t, enum step step)
{
	t->step = (int)step;
	t->part_bytes = 0;
	return FAULT_NONE;
}

static void begin_request(struct tap *t)
{
	t->head_bytes = 0;
	t->fields = t->lengths = t->codings = 0;
	t->length = t->left = t->body_bytes = 0;
	t->is_chunked = t->http_1_0 = false;
	t->method[0] = '\0';
	to(t, AT_METHOD);
}

void tap_init(struct tap *t, const struct tap_limits *limits)
{
	*t = (struct tap){.limits = limits};
	begin_request(t);
}

bool tap_is_idle(const struct tap *t)
{
	return t->step == AT_METHOD && t->part_bytes == 0;
}

static enum fault finish_request(struct tap *t)
{
	t->requests++;
	begin_request(t);
	return FAULT_NONE;
}

/* TRACE and CONNECT have no business here; evhttp would hand on anything (libraries.md 3.4). */
static bool method_is_served(const char *method)
{
	static const char *const served[] = {
		"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};

	for (size_t i = 0; i < ARRAY_LEN(served); i++) {
		if (strcmp(method, served[i]) == 0)
			return true;
	}
	return false;
}

static enum fault on_method(struct tap *t, unsigned char c)
{
	if (c == ' ' && t->part_bytes > 0)
		return method_is_served(t->method) ? to(t, AT_TARGET) : FAULT_METHOD;
	if (!str_is_tchar((char)c))
		return FAULT_BAD_REQUEST;
	if (t->part_bytes + 1 >= sizeof t->method)
		return FAULT_METHOD;
	t->method[t->part_bytes++] = (char)c;
	t->method[t->part_bytes] = '\0';
	return FAULT_NONE;
}

static enum fault on_target(struct tap *t, unsigned char c)
{
	if (c == ' ' && t->part_bytes > 0)
		return to(t, AT_VERSION);
	if (c <= 0x20 || c >= 0x7f)
		return FAULT_BAD_TARGET;
	if (t->part_bytes == 0 && c != '/')
		return FAULT_BAD_TARGET; /* origin-form only (S5, S6) */
	return ++t->part_bytes > t->limits->target ? FAULT_HEAD_TOO_LARGE : FAULT_NONE;
}

static enum fault on_version(struct tap *t, unsigned char c)
{
	static const char version[] = "HTTP/1.";

	if (t->part_bytes < sizeof version - 1)
		return c == (unsigned char)version[t->part_bytes++] ? FAULT_NONE
								    : FAULT_BAD_REQUEST;
	if (t->part_bytes++ == sizeof version - 1) {
		t->http_1_0 = c == '0';
		return c == '0' || c == '1' ? FAULT_NONE : FAULT_BAD_REQUEST;
	}
	return c == '\r' ? to(t, AT_LINE_LF) : FAULT_BAD_REQUEST;
}

static enum fault on_field(struct tap *t, unsigned char c)
{
	if (c == '\r')
		return to(t, AT_HEAD_LF);
	if (!str_is_tchar((char)c))
		return FAULT_BAD_REQUEST; /* obs-fold, an empty name */
	if (++t->fields > t->limits->fields)
		return FAULT_HEAD_TOO_LARGE;
	to(t, AT_NAME);
	t->value_len = 0;
	t->name[0] = (char)c;
	t->name_len = 1;
	return FAULT_NONE;
}

static enum fault on_name(struct tap *t, unsigned char c)
{
	if (c == ':')
		return to(t, AT_VALUE);
	if (!str_is_tchar((char)c))
		return FAULT_BAD_REQUEST;
	/* A name too long to keep is none of those looked for. */
	if (t->name_len < sizeof t->name)
		t->name[t->name_len++] = (char)c;
	return FAULT_NONE;
}

static enum fault end_of_value(struct tap *t)
{
	struct str name = {t->name, t->name_len};
	struct str value = str_trim((struct str){t->value, t->value_len});

	to(t, AT_VALUE_LF);
	if (str_eq_nocase(name, STR("content-length"))) {
		if (t->lengths++ || !str_to_u64(value, &t->length))
			return FAULT_BAD_FRAMING;
	} else if (str_eq_nocase(name, STR("transfer-encoding"))) {
		t->is_chunked = str_eq_nocase(value, STR("chunked"));
		if (t->codings++ || !t->is_chunked)
			return FAULT_BAD_FRAMING;
	}
	return FAULT_NONE;
}

static enum fault on_value(struct tap *t, unsigned char c)
{
	if (c == '\r')
		return end_of_value(t);
	if ((c < 0x20 && c != '\t') || c == 0x7f)
		return FAULT_BAD_REQUEST;
	if (t->value_len == 0 && (c == ' ' || c == '\t'))
		return FAULT_NONE;
	/* What is too long to keep whole is marked, so that its start is never taken for all of it.
	 */
	if (t->value_len < sizeof t->value)
		t->value[t->value_len++] = (char)c;
	else
		t->value[sizeof t->value - 1] = '?';
	return FAULT_NONE;
}

static enum fault end_of_head(struct tap *t)
{

	t->heads++;
	if (t->codings && (t->lengths || t->http_1_0))
		return FAULT_BAD_FRAMING; /* RFC 9112 §6.1 */
	if (strcmp(t->method, "HEAD") == 0 && (t->codings || t->length > 0))
		return FAULT_BAD_FRAMING; /* evhttp would read the content as the next request */
	if (t->length > t->limits->body)
		return FAULT_BODY_TOO_LARGE;
	if (t->codings)
		return to(t, AT_CHUNK_SIZE);
	t->left = t->length;
	return t->left ? to(t, AT_CONTENT) : finish_request(t);
}

/* 1*8HEXDIG CRLF; extensions are legal and used by nobody: refused, as evhttp does. */
static enum fault on_chunk_size(struct tap *t, unsigned char c)
{
	int digit = str_hex_digit((char)c);

	if (c == '\r' && t->part_bytes > 0)
		return to(t, AT_CHUNK_SIZE_LF);
	if (digit == -1 || ++t->part_bytes > 8)
		return FAULT_BAD_FRAMING;
	t->left = t->left * 16 + (uint64_t)digit;
	return FAULT_NONE;
}

static enum fault end_of_chunk_size(struct tap *t)
{
	t->body_bytes += t->left;
	if (t->body_bytes > t->limits->body)
		return FAULT_BODY_TOO_LARGE;
	return to(t, t->left ? AT_CHUNK : AT_LAST_CR); /* a trailer section is refused */
}

static enum fault expect(struct tap *t, unsigned char c, unsigned char wanted, enum step next)
{
	return c == wanted ? to(t, next) : FAULT_BAD_FRAMING;
}

static enum fault on_body_byte(struct tap *t, unsigned char c)
{
	switch ((enum step)t->step) {
	case AT_CHUNK_SIZE:
		return on_chunk_size(t, c);
	case AT_CHUNK_SIZE_LF:
		return c == '\n' ? end_of_chunk_size(t) : FAULT_BAD_FRAMING;
	case AT_CHUNK_CR:
		return expect(t, c, '\r', AT_CHUNK_LF);
	case AT_CHUNK_LF:
		return expect(t, c, '\n', AT_CHUNK_SIZE);
	case AT_LAST_CR:
		return expect(t, c, '\r', AT_LAST_LF);
	default:
		return c == '\n' ? finish_request(t) : FAULT_BAD_FRAMING;
	}
}

static enum fault on_head_byte(struct tap *t, unsigned char c)
{
	if (++t->head_bytes > t->limits->head)
		return FAULT_HEAD_TOO_LARGE;
	switch ((enum step)t->step) {
	case AT_METHOD:
		return on_method(t, c);
	case AT_TARGET:
		return on_target(t, c);
	case AT_VERSION:
		return on_version(t, c);
	case AT_LINE_LF:
	case AT_VALUE_LF:
		return c == '\n' ? to(t, AT_FIELD) : FAULT_BAD_REQUEST;
	case AT_FIELD:
		return on_field(t, c);
	case AT_NAME:
		return on_name(t, c);
	case AT_VALUE:
		return on_value(t, c);
	default:
		return c == '\n' ? end_of_head(t) : FAULT_BAD_REQUEST;
	}
}

/* Content bytes are only counted. Gives how many of `len` belong to it. */
static size_t skip_content(struct tap *t, size_t len)
{
	size_t n = len < t->left ? len : (size_t)t->left;

	t->left -= n;
	if (t->left == 0 && t->step == AT_CONTENT)
		finish_request(t);
	else if (t->left == 0)
		to(t, AT_CHUNK_CR);
	return n;
}

/* --- runs of bytes that end nothing: what a head mostly is, taken without a call for each --- */

/* Keeps as much of a value as there is room for; what is longer is marked, as on_value() does. */
static void keep_value(struct tap *t, const char *bytes, size_t len)
{
	size_t room = sizeof t->value - t->value_len, kept = len < room ? len : room;

	memcpy(t->value + t->value_len, bytes, kept);
	t->value_len += kept;
	if (kept < len)
		t->value[sizeof t->value - 1] = '?';
}

static size_t value_run(struct tap *t, const char *bytes, size_t len)
{
	size_t n = str_span_printable((struct str){bytes, len}), blanks = 0;

	while (t->value_len == 0 && blanks < n && bytes[blanks] == ' ')
		blanks++;
	keep_value(t, bytes + blanks, n - blanks);
	return n;
}

static size_t name_run(struct tap *t, const char *bytes, size_t len)
{
	size_t n = 0, room = sizeof t->name - t->name_len;

	while (n < len && n < room && str_is_tchar(bytes[n]))
		n++;
	memcpy(t->name + t->name_len, bytes, n);
	t->name_len += n;
	return n;
}

static size_t target_run(struct tap *t, const char *bytes, size_t len)
{
	size_t n = 0, room = t->limits->target - t->part_bytes;

	while (n < len && n < room && bytes[n] > ' ' && bytes[n] < 0x7f)
		n++;
	t->part_bytes += n;
	return n;
}

/* How many of `len` bytes were taken; 0: the next one is to be looked at. */
static size_t take_run(struct tap *t, const char *bytes, size_t len)
{
	size_t room = t->limits->head - t->head_bytes, n = 0;

	if (len > room)
		len = room;
	if (t->step == AT_VALUE)
		n = value_run(t, bytes, len);
	else if (t->step == AT_NAME)
		n = name_run(t, bytes, len);
	else if (t->step == AT_TARGET && t->part_bytes > 0) /* its first byte is a slash */
		n = target_run(t, bytes, len);
	t->head_bytes += n;
	return n;
}

enum fault tap_feed(struct tap *t, const char *bytes, size_t len)
{
	for (size_t i = 0, run; i < len && t->fault == FAULT_NONE; i += run) {
		if (t->step == AT_CONTENT || t->step == AT_CHUNK) {
			run = skip_content(t, len - i);
			continue;
		}
		run = t->step < AT_CONTENT ? take_run(t, bytes + i, len - i) : 0;
		if (run > 0)
			continue;
		run = 1;
		t->fault = t->step > AT_CONTENT ? on_body_byte(t, (unsigned char)bytes[i])
						: on_head_byte(t, (unsigned char)bytes[i]);
	}
	return t->fault;
}
