#include "proxy/front/h2/h2_head.h"

#include "base/rnd.h"

#include <openssl/evp.h>

enum { KEY_BYTES = 16, KEY_SIZE = 25, LINES_MAX = 256 }; /* LINES_MAX: of what is written here */

void h2_head_init(struct h2_head *head, size_t max)
{
	sbuf_init_secret(&head->text, max + LINES_MAX);
	sbuf_init_secret(&head->cookies, max + LINES_MAX);
	sbuf_init_secret(&head->kept, max + LINES_MAX);
}

void h2_head_free(struct h2_head *head)
{
	sbuf_clear(&head->text);
	sbuf_clear(&head->cookies);
	sbuf_clear(&head->kept);
}

/* at == NULL: it has not come. */
static struct str pseudo(const struct h2_head *head, enum h2_pseudo which)
{
	return head->pseudo[which].is_there ? (struct str){head->kept.at + head->pseudo[which].at,
						      head->pseudo[which].len}
					    : (struct str){NULL, 0};
}

static void spoil(struct h2_head *head, enum fault fault)
{
	if (head->fault == FAULT_NONE)
		head->fault = fault;
}

static bool is_lower_token(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] >= 'A' && name.at[i] <= 'Z')
			return false;
	}
	return name.len > 0 && str_span_token(name) == name.len;
}

/* --- the request line --- */

static void keep_pseudo(struct h2_head *head, struct str name, struct str value)
{
	static const struct str names[H2_PSEUDO_COUNT] = {[H2_METHOD] = STR(":method"),
		[H2_SCHEME] = STR(":scheme"),
		[H2_AUTHORITY] = STR(":authority"),
		[H2_PATH] = STR(":path"),
		[H2_PROTOCOL] = STR(":protocol")};
	size_t i = 0;

	while (i < H2_PSEUDO_COUNT && !str_eq(name, names[i]))
		i++;
	if (i == H2_PSEUDO_COUNT || head->pseudo[i].is_there || head->has_line) {
		spoil(head, FAULT_BAD_REQUEST);
		return;
	}
	head->pseudo[i].at = head->kept.len;
	head->pseudo[i].len = value.len;
	sbuf_add(&head->kept, value.at, value.len);
	head->pseudo[i].is_there = !head->kept.overflow;
}

/* RFC 8441 §4: with a protocol CONNECT is no CONNECT of old, which has no business here. */
static struct str find_method(struct h2_head *head)
{
	struct str method = pseudo(head, H2_METHOD);
	struct str protocol = pseudo(head, H2_PROTOCOL);
	bool is_connect = str_eq(method, STR("CONNECT"));

	if (!is_connect && protocol.at)
		spoil(head, FAULT_BAD_REQUEST);
	if (!is_connect)
		return method;
	head->asks_tunnel = str_eq_nocase(protocol, STR("websocket"));
	if (!head->asks_tunnel)
		spoil(head, FAULT_METHOD);
	return STR("GET");
}

/* Each byte that could end a part of the line is looked for here: nobody else has. */
static void put_line(struct h2_head *head)
{
	struct str method = find_method(head), path = pseudo(head, H2_PATH);
	struct str scheme = pseudo(head, H2_SCHEME);
	struct str authority = pseudo(head, H2_AUTHORITY);

	head->has_line = true;
	if (method.len == 0 || str_span_token(method) != method.len ||
		(!str_eq(scheme, STR("https")) && !str_eq(scheme, STR("http"))) ||
		str_span_graphic(authority) != authority.len)
		spoil(head, FAULT_BAD_REQUEST);
	if (path.len == 0 || str_span_graphic(path) != path.len)
		spoil(head, FAULT_BAD_TARGET);
	if (head->fault != FAULT_NONE)
		return;
	sbuf_add_str(&head->text, method);
	sbuf_putc(&head->text, ' ');
	sbuf_add_str(&head->text, path);
	sbuf_puts(&head->text, " HTTP/1.1\r\n");
	if (authority.at)
		sbuf_field(&head->text, STR("host"), authority);
}

/* --- fields --- */

/* RFC 9113 §8.3.1: who is asked is said once, or twice the same. */
static bool is_said_host(struct h2_head *head, struct str name, struct str value)
{
	struct str authority = pseudo(head, H2_AUTHORITY);

	if (!str_eq(name, STR("host")) || authority.at == NULL)
		return false;
	if (!str_eq(value, authority))
		spoil(head, FAULT_BAD_REQUEST);
	return true;
}

/* RFC 9113 §8.2.3: crumbs are one cookie again. */
static bool is_crumb(struct h2_head *head, struct str name, struct str value)
{
	if (!str_eq(name, STR("cookie")))
		return false;
	if (head->cookies.len > 0)
		sbuf_puts(&head->cookies, "; ");
	sbuf_add_str(&head->cookies, value);
	return true;
}

/* RFC 9113 §8.2.2: what is about a connection is another's. TE may only say that. */
static bool is_of_connection(struct str name, struct str value)
{
	static const struct str names[] = {STR("connection"), STR("keep-alive"),
		STR("proxy-connection"), STR("transfer-encoding"), STR("upgrade")};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(name, names[i]))
			return true;
	}
	return str_eq(name, STR("te")) && !str_eq_nocase(value, STR("trailers"));
}

static void add_field(struct h2_head *head, struct str name, struct str value)
{
	if (!is_lower_token(name) || str_span_printable(value) != value.len ||
		is_of_connection(name, value))
		spoil(head, FAULT_BAD_REQUEST);
	if (head->fault != FAULT_NONE || is_said_host(head, name, value) ||
		is_crumb(head, name, value))
		return;
	/* The handshake's own is written below. */
	if (!head->asks_tunnel || !str_eq(name, STR("sec-websocket-key")))
		sbuf_field(&head->text, name, value);
}

void h2_head_add(struct h2_head *head, struct str name, struct str value)
{
	head->bytes += name.len + value.len + strlen(": \r\n");
	if (name.len > 0 && name.at[0] == ':') {
		keep_pseudo(head, name, value);
		return;
	}
	if (!head->has_line)
		put_line(head);
	add_field(head, name, value);
}

/* RFC 6455 §4.1, in place of RFC 8441: whoever reads it finds one kind of handshake. */
static void put_handshake(struct h2_head *head)
{
	unsigned char bytes[KEY_BYTES];
	unsigned char key[KEY_SIZE];

	rnd_bytes(bytes, sizeof bytes);
	EVP_EncodeBlock(key, bytes, sizeof bytes);
	sbuf_puts(&head->text, "upgrade: websocket\r\nconnection: Upgrade\r\n");
	sbuf_field(&head->text, STR("sec-websocket-key"), str_of((const char *)key));
}

/* A length that content may not have, or content of what has none. */
static enum fault check_length(const struct h2_head *head, bool ends)
{
	int64_t length = h2_head_content_length(head, ends);

	if (head->asks_tunnel)
		return ends || request_reader_content_length(&head->reader) ? FAULT_BAD_REQUEST
									    : FAULT_NONE;
	if (str_eq(head->reader.method, STR("HEAD")) && length != 0)
		return FAULT_BAD_FRAMING;
	return ends && request_reader_content_length(&head->reader) ? FAULT_BAD_FRAMING
								    : FAULT_NONE;
}

enum fault h2_head_read(struct h2_head *head, const struct request_reader_limits *limits, bool ends)
{
	struct str content;
	size_t used = 0;

	if (!head->has_line)
		put_line(head);
	if (head->cookies.len > 0)
		sbuf_field(&head->text, STR("cookie"), sbuf_str(&head->cookies));
	if (head->asks_tunnel)
		put_handshake(head);
	sbuf_puts(&head->text, "\r\n");
	if (head->fault == FAULT_NONE &&
		(head->text.overflow || head->cookies.overflow || head->kept.overflow))
		head->fault = FAULT_HEAD_TOO_LARGE;
	if (head->fault != FAULT_NONE)
		return head->fault;
	request_reader_init(&head->reader, limits, head->text.at);
	enum request_reader_event event =
		request_reader_take(&head->reader, sbuf_str(&head->text), &used, &content);
	if (event == READER_BAD)
		return head->reader.fault;
	/* One head it is, and all of it. */
	return head->reader.has_head && used == head->text.len ? check_length(head, ends)
							       : FAULT_BAD_REQUEST;
}

int64_t h2_head_content_length(const struct h2_head *head, bool ends)
{
	if (ends || head->asks_tunnel)
		return 0;
	return h1_find(head->reader.fields, head->reader.fields_count, FIELD_CONTENT_LENGTH).at
		       ? request_reader_content_length(&head->reader)
		       : -1;
}
