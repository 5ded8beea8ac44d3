/*
 * proxy/tap.h - a strict look at the bytes of a client connection before evhttp reads them (S1, S2,
 * S4).
 *
 * evhttp forgives what two readers of one stream could read differently (libraries.md 3.4): bare
 * LF, folded lines, NUL, spaces before a colon, odd lengths and chunk sizes. The tap follows the
 * same bytes, request after request, and names the first fault; the front then answers it and
 * closes, and evhttp never sees what followed. Pure: no sockets, no memory of its own beyond this
 * struct.
 */
#ifndef SPARKGATE_PROXY_TAP_H
#define SPARKGATE_PROXY_TAP_H

#include "proxy/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tap_limits {
	size_t head;	 /* bytes of request line and fields together */
	size_t target;	 /* bytes */
	unsigned fields; /* of one request */
	size_t body;	 /* bytes of content */
};

struct tap {				 /* private but for `heads` and `requests` */
	const struct tap_limits *limits; /* borrows */
	int step;
	enum fault fault;  /* sticky */
	uint64_t heads;	   /* request heads complete so far */
	uint64_t requests; /* requests complete so far, with their content */
	size_t head_bytes, part_bytes;
	unsigned fields;
	char method[8], name[20], value[24];
	size_t name_len, value_len;
	unsigned lengths, codings; /* Content-Length and Transfer-Encoding fields seen */
	uint64_t length;
	bool http_1_0, is_chunked;
	uint64_t left; /* of the content or chunk */
	uint64_t body_bytes;
};

void tap_init(struct tap *tap, const struct tap_limits *limits);
/* The first fault in the stream so far, or FAULT_NONE. Bytes after a fault are not looked at. */
enum fault tap_feed(struct tap *tap, const char *bytes, size_t len);
/* Between two requests: not one byte of the next has come. */
bool tap_is_idle(const struct tap *tap);

#endif
