/* proxy/http/move_bytes.h - bytes from one buffer to the end of another: what is large by its
 * blocks, what is small by a copy, so that a queue of many small pieces is no larger than what is
 * in it (S57). */
#ifndef SPARKGATE_PROXY_HTTP_MOVE_BYTES_H
#define SPARKGATE_PROXY_HTTP_MOVE_BYTES_H

struct evbuffer;

/* All of `from`, which is empty then. */
void move_bytes(struct evbuffer *to, struct evbuffer *from);

#endif
