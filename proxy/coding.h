/*
 * proxy/coding.h - content codings on the fly: gzip and deflate off, gzip on (RFC 9110 §8.4).
 *
 * Streaming; memory is bounded whatever the content unpacks to, if taken in steps. One thread.
 */
#ifndef SPARKGATE_PROXY_CODING_H
#define SPARKGATE_PROXY_CODING_H

#include "base/mem.h"

#include <stdbool.h>

struct evbuffer;
struct coding;

enum { CODING_STEP = 256 * 1024 }; /* bytes: what one step makes, at most about */

enum coding_kind {
	CODING_IDENTITY,
	CODING_GUNZIP,
	CODING_INFLATE,	  /* "deflate": zlib's format, or the bare one that some servers send */
	CODING_GZIP,	  /* level 1; what came in goes out */
	CODING_GZIP_WELL, /* level 6; once for many, so what goes out may wait for more */
};

struct coding *coding_new(enum coding_kind kind); /* not for CODING_IDENTITY */
void coding_free(struct coding *c);		  /* NULL is fine */
/*
 * Moves what it can of `in` to `out`, unpacked or packed; `last`: nothing follows what is in `in`.
 * 0: all of it is in `out`. 1: a step's worth is; drain `out` and call again. -1: corrupt or cut
 * short.
 */
MUST_CHECK int coding_step(struct coding *c, struct evbuffer *in, struct evbuffer *out, bool last);
/* All steps at once: 64 KiB may unpack to 64 MiB. 0 or -1. */
MUST_CHECK int coding_feed(struct coding *c, struct evbuffer *in, struct evbuffer *out, bool last);

#endif
