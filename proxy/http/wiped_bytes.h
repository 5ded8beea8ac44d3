/* proxy/http/wiped_bytes.h - bytes of a buffer that are secret, or may be: overwritten when the
 * buffer lets go of them (S69). */
#ifndef SPARKGATE_PROXY_HTTP_WIPED_BYTES_H
#define SPARKGATE_PROXY_HTTP_WIPED_BYTES_H

#include "base/str.h"

struct evbuffer;

/* At the end of `out`, in a block of their own that is overwritten. Takes the block, of
 * mem_alloc().
 */
void wiped_bytes_add_block(struct evbuffer *out, char *block, size_t len);
void wiped_bytes_add(struct evbuffer *out, struct str bytes); /* a copy */
/* Overwrites all that is in `buffer`, and drains it. NULL is fine. */
void wiped_bytes_drain(struct evbuffer *buffer);

#endif
