/*
 * proxy/front/h2/h2_head.h - the head of a request of HTTP/2, from its fields to what the strict
 * reader makes of them.
 *
 * It is written as HTTP/1.1 has it, and read by the reader of HTTP/1.1 (request_reader.h): one
 * grammar for both. What only HTTP/2 has is seen to here: pseudo-fields, Host beside :authority,
 * cookies in crumbs, extended CONNECT (RFC 8441), which becomes RFC 6455's handshake. Pure.
 */
#ifndef SPARKGATE_PROXY_FRONT_H2_H2_HEAD_H
#define SPARKGATE_PROXY_FRONT_H2_H2_HEAD_H

#include "base/sbuf.h"
#include "proxy/http/request_reader.h"

enum h2_pseudo { H2_METHOD, H2_SCHEME, H2_AUTHORITY, H2_PATH, H2_PROTOCOL, H2_PSEUDO_COUNT };

struct h2_head {
	struct reader reader;
	struct sbuf text, cookies, kept; /* wiped before they go (S69); kept: the pseudo-fields */
	struct {
		size_t at, len; /* in `kept` */
		bool is_there;
	} pseudo[H2_PSEUDO_COUNT];
	size_t bytes; /* of all fields, kept or not */
	enum fault fault;
	bool has_line;	  /* a field has come, so no pseudo-field may */
	bool asks_tunnel; /* extended CONNECT for a WebSocket */
};

/* Of at most `max` bytes. */
void h2_head_init(struct h2_head *head, size_t max);
void h2_head_free(struct h2_head *head);
/* A field as it came. What is wrong with it stands in head->fault. */
void h2_head_add(struct h2_head *head, struct str name, struct str value);
/* All have come: the reader has the request, or says what is wrong. `ends`: no content follows.
 * Borrows `limits`. */
MUST_CHECK enum fault h2_head_read(
	struct h2_head *head, const struct request_reader_limits *limits, bool ends);
/* What is announced of content; 0: none; -1: its end will tell. */
int64_t h2_head_content_length(const struct h2_head *head, bool ends);

#endif
