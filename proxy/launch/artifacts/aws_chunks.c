#include "proxy/launch/artifacts/aws_chunks.h"

#include "base/text/crc32c.h"

#include <stdio.h>

#define TRAILER "0\r\nx-amz-checksum-crc32c:"

static size_t next_chunk(uint64_t left)
{
	return left < AWS_CHUNK ? (size_t)left : AWS_CHUNK;
}

/* Four bytes, the highest first, in base64. */
static void write_sum(uint32_t crc, char out[static 9])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (int i = 0; i < 5; i++)
		out[i] = digits[crc >> (26 - 6 * i) & 63];
	out[5] = digits[crc << 4 & 63];
	out[6] = out[7] = '=';
	out[8] = '\0';
}

/* What comes before the next chunk, and after the one before it. */
static void begin_frame(struct aws_chunks *c)
{
	const char *end = c->taken > 0 ? "\r\n" : "";
	char sum[9];
	int len;

	c->in_chunk = next_chunk(c->length - c->taken);
	c->is_last_framed = c->in_chunk == 0;
	write_sum(c->crc, sum);
	if (c->is_last_framed)
		len = snprintf(c->frame, sizeof c->frame, "%s" TRAILER "%s\r\n\r\n", end, sum);
	else
		len = snprintf(c->frame, sizeof c->frame, "%s%zx\r\n", end, c->in_chunk);
	c->frame_at = 0;
	c->frame_len = (size_t)len;
}

void aws_chunks_begin(struct aws_chunks *c, uint64_t length)
{
	*c = (struct aws_chunks){.length = length};
	begin_frame(c);
}

uint64_t aws_chunks_length(uint64_t length)
{
	uint64_t whole = length / AWS_CHUNK, rest = length % AWS_CHUNK;
	char size[24];
	uint64_t sum = length + strlen(TRAILER) + 8 + strlen("\r\n\r\n");

	sum += whole * ((uint64_t)snprintf(size, sizeof size, "%x", AWS_CHUNK) + 4);
	if (rest > 0)
		sum += (uint64_t)snprintf(size, sizeof size, "%llx", (unsigned long long)rest) + 4;
	return sum;
}

static size_t copy_frame(struct aws_chunks *c, char *room, size_t size)
{
	size_t len = c->frame_len - c->frame_at;

	len = len < size ? len : size;
	memcpy(room, c->frame + c->frame_at, len);
	c->frame_at += len;
	return len;
}

static size_t copy_content(struct aws_chunks *c, char *room, size_t size,
	size_t (*read)(char *room, size_t size, void *arg), void *arg)
{
	size_t len = read(room, size < c->in_chunk ? size : c->in_chunk, arg);

	c->crc = crc32c_add(c->crc, room, len);
	c->taken += len;
	c->in_chunk -= len;
	if (c->in_chunk == 0)
		begin_frame(c);
	return len;
}

size_t aws_chunks_read(struct aws_chunks *c, char *room, size_t size,
	size_t (*read)(char *room, size_t size, void *arg), void *arg)
{
	size_t len = 0;

	while (len < size && !aws_chunks_is_done(c)) {
		size_t more = c->frame_at < c->frame_len
				      ? copy_frame(c, room + len, size - len)
				      : copy_content(c, room + len, size - len, read, arg);
		if (more == 0)
			break;
		len += more;
	}
	return len;
}

bool aws_chunks_is_done(const struct aws_chunks *c)
{
	return c->is_last_framed && c->frame_at == c->frame_len;
}
