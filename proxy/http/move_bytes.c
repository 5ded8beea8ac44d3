#include "proxy/http/move_bytes.h"

#include <event2/buffer.h>

enum { SMALL = 512 }; /* bytes; a block of libevent's takes a KiB at least */

void move_bytes(struct evbuffer *to, struct evbuffer *from)
{
	size_t len = evbuffer_get_length(from);

	if (len == 0 || len >= SMALL) {
		evbuffer_add_buffer(to, from);
		return;
	}
	evbuffer_add(to, evbuffer_pullup(from, -1), len);
	evbuffer_drain(from, len);
}
