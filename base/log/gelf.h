/*
 * base/log/gelf.h - a log record as a message of the Graylog Extended Log Format 1.1, and how one
 * that is too large for a datagram is cut up ("Chunked GELF").
 *
 * Pure: where messages go is base/net/graylog.h's. What is said is what the line on standard error
 * says (base/log/log.h), key by key.
 */
#ifndef SPARKGATE_BASE_LOG_GELF_H
#define SPARKGATE_BASE_LOG_GELF_H

#include "base/log/log.h"
#include "base/sbuf.h"

enum {
	GELF_DATAGRAM = 1420, /* bytes that tunnels pass on whole, too */
	GELF_ID = 8,
	GELF_HEAD = 2 + GELF_ID + 2, /* of a chunk */
	GELF_CHUNK = GELF_DATAGRAM - GELF_HEAD,
	GELF_CHUNKS = 128,
	GELF_MAX = GELF_CHUNK * GELF_CHUNKS, /* bytes of a message; no longer one can be sent */
};

/* Adds `record` as one JSON object; `host` says who speaks. */
void gelf_add(struct sbuf *out, const char *host, const struct log_record *record);
/* In how many datagrams `len` bytes go: 1 is without a head; 0: more than may be. */
size_t gelf_count(size_t len);
/* The head of chunk `number` (from 0) of `count`; all chunks of a message have one random id. */
void gelf_head(unsigned char out[static GELF_HEAD], const unsigned char id[static GELF_ID],
	size_t number, size_t count);

#endif
