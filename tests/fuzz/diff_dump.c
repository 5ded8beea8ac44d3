/*
 * Tells what proxy/http/request_reader.c and proxy/http/h1.c make of bytes: differential.py asks
 * other readers the same.
 *
 * Standard input, for each stream: its length (4 bytes, the high one first), whose it is ('q': a
 * client's requests, 'r': a UI's answer, 'h': its answer to HEAD) and its bytes; an answer ends
 * with its stream. Standard output: a line of JSON for each, bytes as hexadecimal digits.
 */
#include "proxy/http/h1.h"
#include "proxy/http/request_reader.h"

#include "base/sbuf.h"

#include <stdio.h>
#include <stdlib.h>

enum { STREAM_MAX = 4 << 20 };

static const struct request_reader_limits limits = {16384, 8192, 100, 1 << 20};

static void put_hex(struct str bytes)
{
	putchar('"');
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.at[i];
		putchar("0123456789abcdef"[c >> 4]);
		putchar("0123456789abcdef"[c & 15]);
	}
	putchar('"');
}

static void put_bytes(const char *key, struct str bytes)
{
	printf(",\"%s\":", key);
	put_hex(bytes);
}

static void put_fields(const struct h1_field *fields, size_t count)
{
	printf(",\"fields\":[");
	for (size_t i = 0; i < count; i++) {
		printf("%s[", i ? "," : "");
		put_hex(fields[i].name);
		putchar(',');
		put_hex(fields[i].value);
		putchar(']');
	}
	putchar(']');
}

static void put_flag(const char *key, bool flag)
{
	printf(",\"%s\":%s", key, flag ? "true" : "false");
}

/* --- requests --- */

struct request {
	struct reader reader;
	bool is_head_good;
	size_t used;
};

static enum request_reader_event read_request(
	struct request *request, struct str bytes, struct sbuf *content)
{
	enum request_reader_event event;
	struct str run;
	size_t n;

	request->used = 0;
	request->is_head_good = false;
	sbuf_reset(content);
	request_reader_init(&request->reader, &limits, bytes.at);
	do {
		event = request_reader_take(
			&request->reader, str_from(bytes, request->used), &n, &run);
		request->used += n;
		request->is_head_good |= event != READER_BAD && request->reader.has_head;
		sbuf_add_str(content, run);
	} while (event == READER_HEAD || event == READER_CONTENT);
	return event;
}

/* As front_read.c decides it. */
static bool is_kept_alive(const struct reader *r)
{
	bool is_kept =
		!r->http_1_0 || h1_connection_has(r->fields, r->fields_count, STR("keep-alive"));

	return is_kept && !h1_connection_has(r->fields, r->fields_count, STR("close"));
}

static void put_request(const struct reader *r, struct str content, size_t end, bool is_whole)
{
	printf("{\"end\":%zu,\"minor\":%d", end, r->http_1_0 ? 0 : 1);
	put_flag("whole", is_whole);
	put_flag("keep_alive", is_kept_alive(r));
	put_bytes("method", r->method);
	put_bytes("target", r->target);
	put_bytes("content", content);
	put_fields(r->fields, r->fields_count);
	putchar('}');
}

/* Gives why it stops. */
static const char *put_requests(struct str bytes, struct sbuf *content)
{
	static struct request request;
	size_t at = 0;
	enum request_reader_event event = READER_END;

	while (at < bytes.len && event == READER_END) {
		event = read_request(&request, str_from(bytes, at), content);
		if (!request.is_head_good)
			break;
		printf("%s", at ? "," : "");
		at += request.used;
		put_request(&request.reader, sbuf_str(content), at, event == READER_END);
		if (event == READER_END && !is_kept_alive(&request.reader))
			return "closed";
	}
	return event == READER_MORE ? "more" : event == READER_BAD ? "bad" : "all";
}

/* --- an answer --- */

static enum h1_result read_content(
	const struct h1_response *head, struct str bytes, size_t *used, struct sbuf *content)
{
	enum h1_result result;
	struct h1_content c;
	size_t skip, take;

	h1_content_init(&c, head);
	*used = 0;
	do {
		struct str rest = str_from(bytes, *used);
		result = h1_content_next(&c, rest, &skip, &take);
		sbuf_add(content, rest.at + skip, take);
		*used += skip + take;
	} while (result == H1_MORE && *used < bytes.len);
	/* It ends with the connection. */
	return result == H1_MORE && c.framing == H1_UNTIL_CLOSE ? H1_DONE : result;
}

static void put_answer(
	const struct h1_response *head, struct str content, size_t end, bool is_whole)
{
	printf("{\"end\":%zu,\"minor\":%d,\"status\":%d", end, head->http_1_0 ? 0 : 1,
		head->status);
	put_flag("whole", is_whole);
	put_flag("keep_alive", head->keep_alive);
	put_bytes("reason", head->reason);
	put_bytes("content", content);
	put_fields(head->fields, head->fields_count);
	putchar('}');
}

static const char *put_answers(struct str bytes, bool is_head, struct sbuf *content)
{
	static struct h1_response head;
	enum h1_result result;
	size_t at = 0, used;

	for (;;) {
		result = h1_parse_response(str_from(bytes, at), is_head, &head);
		if (result != H1_DONE)
			return result == H1_MORE ? "more" : "bad";
		printf("%s", at ? "," : "");
		at += head.head_len;
		if (head.status >= 200 || head.status == 101)
			break;
		put_answer(&head, STR(""), at, true); /* on to the final one */
	}
	sbuf_reset(content);
	result = read_content(&head, str_from(bytes, at), &used, content);
	put_answer(&head, sbuf_str(content), at + used, result == H1_DONE);
	return result == H1_DONE ? "closed" : result == H1_MORE ? "more" : "bad";
}

/* False at the end of all streams. */
static bool next_stream(struct sbuf *stream, int *kind)
{
	unsigned char head[5];

	if (fread(head, 1, sizeof head, stdin) != sizeof head)
		return false;
	size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	*kind = head[4];
	sbuf_reset(stream);
	char *room = len <= STREAM_MAX ? sbuf_extend(stream, len) : NULL;
	return room && fread(room, 1, len, stdin) == len;
}

int main(void)
{
	struct sbuf stream, content;
	int kind;

	sbuf_init(&stream, STREAM_MAX);
	sbuf_init(&content, STREAM_MAX);
	while (next_stream(&stream, &kind)) {
		struct str bytes = sbuf_str(&stream);
		printf("{\"messages\":[");
		const char *why = kind == 'q' ? put_requests(bytes, &content)
					      : put_answers(bytes, kind == 'h', &content);
		printf("],\"stops\":\"%s\"}\n", why);
		fflush(stdout);
	}
	sbuf_clear(&stream);
	sbuf_clear(&content);
	return 0;
}
