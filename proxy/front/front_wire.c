/* A request's handle: each function of front.h that takes one is its wire's. */
#include "proxy/front/front_int.h"

#define REFUSAL                                                                                    \
	"Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"           \
	"Cache-Control: no-store\r\n"

const char *front_refusal_fields(enum fault fault)
{
	/* RFC 9110 §15.5.6: what is taken at all; each resource takes fewer. */
	return fault == FAULT_METHOD
		       ? "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n" REFUSAL
		       : REFUSAL;
}

void front_set_handler(struct front_request *req, const struct front_handler *handler, void *arg)
{
	req->wire->set_handler(req, handler, arg);
}

enum fault front_content_hold(struct front_request *req, uint64_t max, struct budget *budget)
{
	return req->wire->ask(req, CONTENT_HELD, max, budget);
}

enum fault front_content_stream(struct front_request *req, uint64_t max, struct budget *budget)
{
	return req->wire->ask(req, CONTENT_STREAMED, max, budget);
}

void front_content_want(struct front_request *req, bool wanted)
{
	req->wire->want(req, wanted);
}

void front_reply_head(struct front_request *req, int status, const struct sbuf *fields,
	int64_t length, bool no_content)
{
	req->wire->head(req, status, fields, length, no_content);
}

void front_reply_wiped(struct front_request *req)
{
	req->wire->wiped(req);
}

void front_reply_text(struct front_request *req, struct str text)
{
	req->wire->text(req, text);
}

size_t front_reply_body(struct front_request *req, struct evbuffer *bytes)
{
	return req->wire->body(req, bytes);
}

void front_reply_end(struct front_request *req)
{
	req->wire->end(req);
}

void front_reply_cut(struct front_request *req)
{
	req->wire->cut(req);
}

void front_tunnel_begin(struct front_request *req, const struct sbuf *fields)
{
	req->wire->tunnel(req, fields);
}

void front_tunnel_read(struct front_request *req, bool wanted)
{
	req->wire->tunnel_read(req, wanted);
}

void front_close_after(struct front_request *req)
{
	req->wire->close_after(req);
}
