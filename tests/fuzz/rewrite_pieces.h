/*
 * tests/fuzz/rewrite_pieces.h - a text through the rewriter, `piece` bytes at a time. Gives what
 * came out.
 *
 * Included by the targets that rewrite: a fuzz target is one file.
 */
#ifndef SPARKGATE_TESTS_REWRITE_PIECES_H
#define SPARKGATE_TESTS_REWRITE_PIECES_H

#include "proxy/rewrite/rewrite.h"

#include <assert.h>
#include <event2/buffer.h>

static struct evbuffer *rewrite_pieces(const struct rewrite_context *context,
	enum rewrite_kind kind, struct str text, size_t piece)
{
	struct rewriter *rw = rewriter_new(context, kind);
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();

	for (size_t at = 0; at < text.len; at += piece) {
		evbuffer_add(in, text.at + at, text.len - at < piece ? text.len - at : piece);
		rewriter_feed(rw, in, out, false);
	}
	rewriter_feed(rw, in, out, true);
	assert(evbuffer_get_length(in) == 0);
	rewriter_free(rw);
	evbuffer_free(in);
	return out;
}

#endif
