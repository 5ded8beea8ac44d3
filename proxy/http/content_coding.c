#include "proxy/http/content_coding.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum { SPACE = 16 * 1024, WINDOW_BITS = 15, GZIP_FORMAT = 16, MEMORY_LEVEL = 8 };

struct content_coding {
	enum content_coding_kind kind;
	z_stream z;
	bool has_stream;  /* z is initialised */
	bool is_complete; /* the end of the compressed data was seen, or written */
	bool is_between;  /* members of gzip: another may follow */
	bool is_pending;  /* z may have more to give without any input */
	bool was_fed;
};

struct content_coding *content_coding_new(enum content_coding_kind kind)
{
	struct content_coding *c = mem_alloc(1, sizeof(*c));

	assert(kind != CODING_IDENTITY);
	c->kind = kind;
	return c;
}

static bool is_packing(const struct content_coding *c)
{
	return c->kind == CODING_GZIP || c->kind == CODING_GZIP_WELL;
}

void content_coding_free(struct content_coding *c)
{
	if (!c)
		return;
	if (c->has_stream && is_packing(c))
		deflateEnd(&c->z);
	else if (c->has_stream)
		inflateEnd(&c->z);
	free(c);
}

/* "deflate" means zlib's format (RFC 9110 §8.4.1.2); some send it bare. RFC 1950 §2.2: the check.
 */
static int deflate_bits(const unsigned char head[2])
{
	bool is_zlib = (head[0] & 0x0f) == Z_DEFLATED && (head[0] * 256 + head[1]) % 31 == 0;

	return is_zlib ? WINDOW_BITS : -WINDOW_BITS;
}

/* False while too little is there to know the format. */
static bool start_coding(struct content_coding *c, struct evbuffer *in, bool last)
{
	unsigned char head[2] = {0, 0};
	int rc = Z_OK;

	if (c->has_stream)
		return true;
	if (c->kind == CODING_INFLATE && evbuffer_copyout(in, head, 2) < 2 && !last)
		return false;
	if (is_packing(c))
		rc = deflateInit2(&c->z, c->kind == CODING_GZIP ? 1 : 6, Z_DEFLATED,
			WINDOW_BITS + GZIP_FORMAT, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
	else if (c->kind == CODING_GUNZIP)
		rc = inflateInit2(&c->z, WINDOW_BITS + GZIP_FORMAT);
	else
		rc = inflateInit2(&c->z, deflate_bits(head));
	if (rc != Z_OK)
		abort(); /* out of memory, as base/mem.h has it */
	c->has_stream = true;
	return true;
}

static int run_zlib(struct content_coding *c, int flush)
{
	return is_packing(c) ? deflate(&c->z, flush) : inflate(&c->z, Z_NO_FLUSH);
}

/* One call of zlib: the first chunk of `in`, into new space of `out`. Returns zlib's word. */
static int run_once(struct content_coding *c, struct evbuffer *in, struct evbuffer *out, int flush)
{
	struct evbuffer_iovec chunk = {NULL, 0}, space;

	if (evbuffer_get_length(in) > 0)
		evbuffer_peek(in, -1, NULL, &chunk, 1);
	if (evbuffer_reserve_space(out, SPACE, &space, 1) != 1)
		abort();
	if (space.iov_len > CODING_STEP)
		space.iov_len = CODING_STEP;
	c->z.next_in = chunk.iov_base;
	c->z.avail_in = (uInt)(chunk.iov_len > UINT32_MAX ? UINT32_MAX : chunk.iov_len);
	c->z.next_out = space.iov_base;
	c->z.avail_out = (uInt)space.iov_len;
	size_t given = c->z.avail_in;
	/* The flush word must wait for the last chunk that is there. */
	int rc = run_zlib(c, chunk.iov_len == evbuffer_get_length(in) ? flush : Z_NO_FLUSH);
	c->is_pending = c->z.avail_out == 0;
	space.iov_len -= c->z.avail_out;
	evbuffer_drain(in, given - c->z.avail_in);
	int committed = evbuffer_commit_space(out, &space, 1);
	assert(committed == 0);
	(void)committed;
	return rc;
}

/* RFC 1952 §2.2: members may follow each other. Anything else after the end is dropped. */
static void look_for_member(struct content_coding *c, struct evbuffer *in)
{
	unsigned char magic[2];

	c->is_between = false;
	if (c->kind == CODING_GUNZIP && evbuffer_copyout(in, magic, 2) == 2 && magic[0] == 0x1f &&
		magic[1] == 0x8b)
		inflateReset(&c->z);
	else
		c->is_complete = true;
}

static int unpack_once(struct content_coding *c, struct evbuffer *in, struct evbuffer *out)
{
	int rc = run_once(c, in, out, Z_NO_FLUSH);

	c->is_between = rc == Z_STREAM_END;
	c->is_pending = c->is_pending && rc == Z_OK;
	if (rc == Z_BUF_ERROR && evbuffer_get_length(in) == 0)
		return 0;
	return rc == Z_OK || rc == Z_STREAM_END ? 0 : -1;
}

static int unpack(struct content_coding *c, struct evbuffer *in, struct evbuffer *out, bool last)
{
	size_t limit = evbuffer_get_length(out) + CODING_STEP;

	while (!c->is_complete && (evbuffer_get_length(in) > 0 || c->is_pending)) {
		if (evbuffer_get_length(out) >= limit)
			return 1;
		if (c->is_between && evbuffer_get_length(in) < 2 && !last)
			return 0;
		if (c->is_between)
			look_for_member(c, in);
		else if (unpack_once(c, in, out) == -1)
			return -1;
	}
	if (c->is_complete)
		evbuffer_drain(in, evbuffer_get_length(in));
	return last && c->was_fed && !c->is_complete && !c->is_between ? -1 : 0;
}

static int pack(struct content_coding *c, struct evbuffer *in, struct evbuffer *out, bool last)
{
	size_t limit = evbuffer_get_length(out) + CODING_STEP;
	bool fresh = evbuffer_get_length(in) > 0;
	/* What came in goes out: a page that is written slowly is read slowly too. */
	int flush = c->kind == CODING_GZIP ? Z_SYNC_FLUSH : Z_NO_FLUSH;

	while (!c->is_complete && (fresh || last || c->is_pending)) {
		if (evbuffer_get_length(out) >= limit)
			return 1;
		int rc = run_once(c, in, out, last ? Z_FINISH : flush);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return -1;
		c->is_complete = rc == Z_STREAM_END;
		fresh = evbuffer_get_length(in) > 0;
	}
	return 0;
}

int content_coding_step(
	struct content_coding *c, struct evbuffer *in, struct evbuffer *out, bool last)
{
	c->was_fed |= evbuffer_get_length(in) > 0;
	if (!start_coding(c, in, last))
		return 0;
	return is_packing(c) ? pack(c, in, out, last) : unpack(c, in, out, last);
}

int content_coding_feed(
	struct content_coding *c, struct evbuffer *in, struct evbuffer *out, bool last)
{
	int rc;

	while ((rc = content_coding_step(c, in, out, last)) == 1)
		continue;
	return rc;
}
