/*
 * proxy/http/front_request.h - a request as a front tells of it: what its head says, and who sends
 * it.
 *
 * The guard, the routes and what stands behind them judge and answer this, whichever front has it.
 */
#ifndef SPARKGATE_PROXY_HTTP_FRONT_REQUEST_H
#define SPARKGATE_PROXY_HTTP_FRONT_REQUEST_H

#include "proxy/http/h1.h"

#include <stdint.h>
#include <sys/socket.h>

struct evbuffer;
struct front_wire;

struct front_request {	   /* borrowed from its front; gone when it was answered, was cut, or its
			      client has left */
	struct str method; /* one of those that are served (request_reader_serves_method()) */
	struct str target; /* as it came */
	const struct h1_field *fields;
	size_t fields_count;
	int64_t content_length; /* as announced; 0: none; -1: its end will tell */
	struct evbuffer *body;	/* content that was held, once it is whole; may be moved out */
	const struct sockaddr *peer;
	char peer_text[46];
	bool http_1_0, http_2;	       /* neither: HTTP/1.1 */
	const struct front_wire *wire; /* the front's own: how it is answered */
};

#endif
