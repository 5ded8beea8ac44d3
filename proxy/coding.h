/*
 * proxy/coding.h - content codings on the fly: gzip and deflate taken off, gzip put on (RFC 9110 §8.4).
 *
 * Streaming, with bounded memory whatever the content unpacks to. One thread.
 */
#ifndef SPARKGATE_PROXY_CODING_H
#define SPARKGATE_PROXY_CODING_H

#include "base/mem.h"

#include <stdbool.h>

struct evbuffer;
struct coding;

enum coding_kind { CODING_IDENTITY, CODING_GUNZIP, CODING_GZIP };

struct coding *coding_new(enum coding_kind kind); /* not for CODING_IDENTITY */
void coding_free(struct coding *c);		  /* NULL is fine */
/* Moves all of `in` to `out`, unpacked or packed; `last` ends the stream. -1: corrupt or cut short. */
MUST_CHECK int coding_feed(struct coding *c, struct evbuffer *in, struct evbuffer *out, bool last);

#endif
