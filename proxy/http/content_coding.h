/*
 * proxy/http/content_coding.h - content codings on the fly: gzip and deflate off, gzip on (RFC 9110
 * §8.4).
 *
 * Streaming; memory is bounded whatever the content unpacks to, if taken in steps. One thread.
 */
#ifndef SPARKGATE_PROXY_HTTP_CONTENT_CODING_H
#define SPARKGATE_PROXY_HTTP_CONTENT_CODING_H

#include "base/mem.h"

#include <stdbool.h>

struct evbuffer;
struct content_coding;

enum { CODING_STEP = 256 * 1024 }; /* bytes: what one step makes, at most about */

enum content_coding_kind {
	CODING_IDENTITY,
	CODING_GUNZIP,
	CODING_INFLATE,	  /* "deflate": zlib's format, or the bare one that some servers send */
	CODING_GZIP,	  /* level 1; what came in goes out */
	CODING_GZIP_WELL, /* level 6; once for many, so what goes out may wait for more */
};

struct content_coding *content_coding_new(
	enum content_coding_kind kind);		    /* not for CODING_IDENTITY */
void content_coding_free(struct content_coding *c); /* NULL is fine */
/*
 * Moves what it can of `in` to `out`, unpacked or packed; `last`: nothing follows what is in `in`.
 * 0: all of it is in `out`. 1: a step's worth is; drain `out` and call again. -1: corrupt or cut
 * short.
 */
MUST_CHECK int content_coding_step(
	struct content_coding *c, struct evbuffer *in, struct evbuffer *out, bool last);
/* All steps at once: 64 KiB may unpack to 64 MiB. 0 or -1. */
MUST_CHECK int content_coding_feed(
	struct content_coding *c, struct evbuffer *in, struct evbuffer *out, bool last);

#endif
