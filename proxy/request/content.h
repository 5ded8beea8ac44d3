/*
 * proxy/request/content.h - what a request carries: asked for once it is known who sends it and
 * that they may (S47, S55).
 *
 * Held where something in it decides, handed on as it comes elsewhere.
 */
#ifndef SPARKGATE_PROXY_REQUEST_CONTENT_H
#define SPARKGATE_PROXY_REQUEST_CONTENT_H

#include "proxy/request/exchange.h"

/* The content that goes to a UI. Calls `send` when it is whole in x->req->body or x->gathered, or,
 * with x->streams, when the rest will be told of as it comes; else answers. */
void content_take(struct exchange *x, void (*send)(struct exchange *x));
/* A piece came before `send` was called. */
void content_gather(struct exchange *x, struct evbuffer *bytes, bool is_last);

#endif
