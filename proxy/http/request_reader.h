/*
 * proxy/http/request_reader.h - the strict reader of requests: one pass over the bytes of a client
 * connection (S1, S2, S4; RFC 9112).
 *
 * What two readers of one stream could read differently is refused and named: bare LF, folded
 * lines, NUL, spaces before a colon, odd lengths and chunk sizes (HTTP.md). Pure: no
 * sockets, no memory of its own. What it gives points into the caller's bytes.
 */
#ifndef SPARKGATE_PROXY_HTTP_REQUEST_READER_H
#define SPARKGATE_PROXY_HTTP_REQUEST_READER_H

#include "proxy/http/fault.h"
#include "proxy/http/h1.h"

struct request_reader_limits {
	size_t head;	 /* bytes of request line and fields together */
	size_t target;	 /* bytes */
	unsigned fields; /* of one request; at most H1_FIELDS_MAX */
	uint64_t body;	 /* bytes of content, until request_reader_bound_content() */
};

enum request_reader_event {
	READER_MORE,	/* all bytes are taken; more are needed */
	READER_HEAD,	/* the head is complete, and content follows */
	READER_CONTENT, /* a run of content */
	READER_END,	/* the request is complete; perhaps with a last run of content */
	READER_BAD,	/* see `fault`; nothing more is taken */
};

struct reader {			 /* of one request */
	struct str method;	 /* one of those that are served */
	struct str target;	 /* origin-form, as it came */
	bool http_1_0, has_head; /* from READER_HEAD or READER_END on the above is complete */
	enum fault fault;
	size_t fields_count;
	/* --- private --- */
	const struct request_reader_limits *limits; /* borrows */
	int step;
	size_t head_bytes;
	const char *part; /* where the part under way begins */
	unsigned lengths, codings;
	bool is_chunked;
	unsigned digits; /* of a chunk's size */
	uint64_t length, left, body_bytes, body_max;
	struct h1_field
		fields[H1_FIELDS_MAX]; /* last: request_reader_init() leaves them as they are */
};

/* `bytes`: where the request's first byte stands or will stand. */
void request_reader_init(
	struct reader *r, const struct request_reader_limits *limits, const char *bytes);
/*
 * Looks at bytes that stand in memory right behind those taken before (those of the head; content
 * may be anywhere). `*used` gets how many were taken, `*content` the content among them: with
 * READER_CONTENT and READER_END, else empty.
 */
MUST_CHECK enum request_reader_event request_reader_take(
	struct reader *r, struct str bytes, size_t *used, struct str *content);
/* What the head announces of content: its length in bytes, or -1 when its end will tell. */
int64_t request_reader_content_length(const struct reader *r);
/* The content may have `max` bytes. False: it announces more. Before any of it is taken. */
MUST_CHECK bool request_reader_bound_content(struct reader *r, uint64_t max);
/* How many bytes of content stand next, before any framing; 0: framing, or the end. */
uint64_t request_reader_run_ahead(const struct reader *r);
/* So many of these were taken elsewhere. */
MUST_CHECK enum request_reader_event request_reader_pass_run(struct reader *r, size_t len);
/* The head's bytes, which began at `from`, begin at `to` now. */
void request_reader_move(struct reader *r, const char *from, const char *to);
bool request_reader_serves_method(struct str method); /* one of those that are served at all */

#endif
