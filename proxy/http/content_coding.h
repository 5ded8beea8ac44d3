/*
 * proxy/http/content_coding.h - content codings on the fly: gzip and deflate off, gzip and zstd on
 * (RFC 9110 §8.4, RFC 8878).
 *
 * Streaming; memory is bounded whatever the content unpacks to, if taken in steps. One thread.
 */
#ifndef SPARKGATE_PROXY_HTTP_CONTENT_CODING_H
#define SPARKGATE_PROXY_HTTP_CONTENT_CODING_H

#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>

struct evbuffer;
struct content_coding;

enum { CODING_STEP = 256 * 1024 }; /* bytes: what one step makes, at most about */

enum content_coding_kind {
	CODING_IDENTITY,
	CODING_GUNZIP,
	CODING_INFLATE, /* "deflate": zlib's format, or the bare one that some servers send */
	CODING_GZIP,
	CODING_ZSTD,
};

/* As Content-Encoding has it: "gzip", "zstd"; "" for CODING_IDENTITY. Of these three only. */
const char *content_coding_name(enum content_coding_kind kind);

/* Not for CODING_IDENTITY. What packs does it fast, in less than 320 KiB, and what came in goes
 * out.
 */
struct content_coding *content_coding_new(enum content_coding_kind kind);
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
/*
 * `content` in one go and as small as the time allows, once for many: 15 ms for half a megabyte, in
 * up to 16 MiB for as long as that takes.
 */
void content_coding_pack(enum content_coding_kind kind, struct str content, struct evbuffer *out);

#endif
