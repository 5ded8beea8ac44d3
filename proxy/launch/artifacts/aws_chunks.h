/*
 * proxy/launch/artifacts/aws_chunks.h - content as S3 takes it in chunks with a checksum behind it
 * (aws-chunked, STREAMING-UNSIGNED-PAYLOAD-TRAILER).
 *
 * The end is a part of it, so that no server takes a part for the whole (S128): versitygw 1.8 keeps
 * what came of a plain PUT whose connection breaks off. Pure.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_ARTIFACTS_AWS_CHUNKS_H
#define SPARKGATE_PROXY_LAUNCH_ARTIFACTS_AWS_CHUNKS_H

#include "base/str.h"

enum { AWS_CHUNK = 1024 * 1024 };

struct aws_chunks {
	uint64_t length; /* of the content */
	uint64_t taken;	 /* of it */
	uint32_t crc;
	size_t in_chunk; /* content bytes to come of this chunk */
	char frame[64];	 /* what stands between two chunks */
	size_t frame_at, frame_len;
	bool is_last_framed;
};

void aws_chunks_begin(struct aws_chunks *chunks, uint64_t length);
/* Bytes in all, with the frames. */
uint64_t aws_chunks_length(uint64_t length);
/* Writes at most `size` bytes; 0: `read` had none, or all are written. `read` gives content as
 * fetch_source does. */
size_t aws_chunks_read(struct aws_chunks *chunks, char *room, size_t size,
	size_t (*read)(char *room, size_t size, void *arg), void *arg);
/* All of it was written. */
bool aws_chunks_is_done(const struct aws_chunks *chunks);

#endif
