#include "proxy/http/wiped_bytes.h"

#include "base/mem.h"

#include <event2/buffer.h>
#include <stdlib.h>

static void on_sent(const void *bytes, size_t len, void *block)
{
	(void)bytes, (void)len;
	secret_free(block);
}

void wiped_bytes_add_block(struct evbuffer *out, char *block, size_t len)
{
	if (evbuffer_add_reference(out, block, len, on_sent, block) == -1)
		abort(); /* out of memory, as base/mem.h has it */
}

void wiped_bytes_add(struct evbuffer *out, struct str bytes)
{
	char *block = mem_alloc(bytes.len, 1);

	memcpy(block, bytes.at, bytes.len);
	wiped_bytes_add_block(out, block, bytes.len);
}

/* What was moved out may have left an empty piece. */
void wiped_bytes_drain(struct evbuffer *buffer)
{
	size_t left = buffer ? evbuffer_get_length(buffer) : 0;
	struct evbuffer_iovec piece = {NULL, 1};

	while (left > 0 && piece.iov_len > 0 && evbuffer_peek(buffer, -1, NULL, &piece, 1) > 0) {
		explicit_bzero(piece.iov_base, piece.iov_len);
		evbuffer_drain(buffer, piece.iov_len);
		left -= piece.iov_len;
	}
	if (left > 0)
		evbuffer_drain(buffer, left);
}
