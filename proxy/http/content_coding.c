#include "proxy/http/content_coding.h"

#include <assert.h>
#include <event2/buffer.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { SPACE = 16 * 1024, WINDOW_BITS = 15, GZIP_FORMAT = 16, MEMORY_LEVEL = 8 };
/* Measured on Spark's pages and scripts: level 1 of zstd in a window of 32 KiB takes a third of the
 * time that level 1 of gzip takes, and as much memory; a larger window is hardly smaller and costs
 * up to 900 KiB. Level 12 takes as long as gzip's 6, and is a tenth smaller. */
enum { GZIP_FAST = 1, GZIP_SMALL = 6, ZSTD_FAST = 1, ZSTD_SMALL = 12 };

struct content_coding {
	enum content_coding_kind kind;
	z_stream z;
	ZSTD_CCtx *zstd;
	bool has_stream;  /* z or zstd is initialised */
	bool is_complete; /* the end of the compressed data was seen, or written */
	bool is_between;  /* members of gzip: another may follow */
	bool is_pending;  /* there may be more to give without any input */
	bool was_fed;
};

/* What one call of a library takes and gives. */
struct span {
	unsigned char *in, *out;
	size_t in_len, out_len; /* afterwards: what is left of each */
};

enum flush { FLUSH_NO, FLUSH_ALL, FLUSH_END };
enum word { WORD_ON, WORD_END, WORD_STUCK /* without more input or space */, WORD_BAD };

const char *content_coding_name(enum content_coding_kind kind)
{
	return kind == CODING_ZSTD ? "zstd" : kind == CODING_GZIP ? "gzip" : "";
}

struct content_coding *content_coding_new(enum content_coding_kind kind)
{
	struct content_coding *c = mem_alloc(1, sizeof(*c));

	assert(kind != CODING_IDENTITY);
	c->kind = kind;
	return c;
}

static bool is_packing(const struct content_coding *c)
{
	return c->kind == CODING_GZIP || c->kind == CODING_ZSTD;
}

void content_coding_free(struct content_coding *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->zstd);
	if (c->has_stream && c->kind == CODING_GZIP)
		deflateEnd(&c->z);
	else if (c->has_stream && !is_packing(c))
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

static void start_gzip(z_stream *z, int level)
{
	if (deflateInit2(z, level, Z_DEFLATED, WINDOW_BITS + GZIP_FORMAT, MEMORY_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* out of memory, as base/mem.h has it */
}

static ZSTD_CCtx *start_zstd(int level)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	if (zstd == NULL ||
		ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level)))
		abort();
	return zstd;
}

static void start_unpacking(struct content_coding *c, const unsigned char head[2])
{
	int bits = c->kind == CODING_GUNZIP ? WINDOW_BITS + GZIP_FORMAT : deflate_bits(head);

	if (inflateInit2(&c->z, bits) != Z_OK)
		abort();
}

/* False while too little is there to know the format. */
static bool start_coding(struct content_coding *c, struct evbuffer *in, bool last)
{
	unsigned char head[2] = {0, 0};

	if (c->has_stream)
		return true;
	if (c->kind == CODING_INFLATE && evbuffer_copyout(in, head, 2) < 2 && !last)
		return false;
	c->has_stream = true;
	if (c->kind == CODING_GZIP) {
		start_gzip(&c->z, GZIP_FAST);
	} else if (c->kind == CODING_ZSTD) {
		c->zstd = start_zstd(ZSTD_FAST);
		ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_windowLog, WINDOW_BITS);
	} else {
		start_unpacking(c, head);
	}
	return true;
}

static enum word run_zlib(struct content_coding *c, struct span *span, enum flush flush)
{
	static const int flushes[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
	uInt given = (uInt)(span->in_len > UINT32_MAX ? UINT32_MAX : span->in_len);

	c->z.next_in = span->in;
	c->z.avail_in = given;
	c->z.next_out = span->out;
	c->z.avail_out = (uInt)span->out_len;
	int rc = is_packing(c) ? deflate(&c->z, flushes[flush]) : inflate(&c->z, Z_NO_FLUSH);
	span->in_len -= given - c->z.avail_in;
	span->out_len = c->z.avail_out;
	c->is_pending = c->z.avail_out == 0;
	if (rc == Z_BUF_ERROR)
		return WORD_STUCK;
	return rc == Z_OK ? WORD_ON : rc == Z_STREAM_END ? WORD_END : WORD_BAD;
}

static enum word run_zstd(struct content_coding *c, struct span *span, enum flush flush)
{
	static const ZSTD_EndDirective flushes[] = {ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end};
	ZSTD_inBuffer in = {span->in, span->in_len, 0};
	ZSTD_outBuffer out = {span->out, span->out_len, 0};
	size_t left = ZSTD_compressStream2(c->zstd, &out, &in, flushes[flush]);

	if (ZSTD_isError(left))
		return WORD_BAD;
	span->in_len -= in.pos;
	span->out_len -= out.pos;
	/* While more is to come, `left` only says what it would like to have. */
	c->is_pending = flush == FLUSH_NO ? span->out_len == 0 : left > 0;
	return flush == FLUSH_END && left == 0 ? WORD_END : WORD_ON;
}

/* One call of a library: the first chunk of `in`, into new space of `out`. */
static enum word run_once(
	struct content_coding *c, struct evbuffer *in, struct evbuffer *out, enum flush flush)
{
	struct evbuffer_iovec chunk = {NULL, 0}, space;

	if (evbuffer_get_length(in) > 0)
		evbuffer_peek(in, -1, NULL, &chunk, 1);
	if (evbuffer_reserve_space(out, SPACE, &space, 1) != 1)
		abort();
	if (space.iov_len > CODING_STEP)
		space.iov_len = CODING_STEP;
	struct span span = {chunk.iov_base, space.iov_base, chunk.iov_len, space.iov_len};
	/* The flush word must wait for the last chunk that is there. */
	if (chunk.iov_len < evbuffer_get_length(in))
		flush = FLUSH_NO;
	enum word word = c->zstd ? run_zstd(c, &span, flush) : run_zlib(c, &span, flush);
	space.iov_len -= span.out_len;
	evbuffer_drain(in, chunk.iov_len - span.in_len);
	int committed = evbuffer_commit_space(out, &space, 1);
	assert(committed == 0);
	(void)committed;
	return word;
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
	enum word word = run_once(c, in, out, FLUSH_NO);

	c->is_between = word == WORD_END;
	c->is_pending = c->is_pending && word == WORD_ON;
	if (word == WORD_STUCK && evbuffer_get_length(in) == 0)
		return 0;
	return word == WORD_ON || word == WORD_END ? 0 : -1;
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

	while (!c->is_complete && (fresh || last || c->is_pending)) {
		if (evbuffer_get_length(out) >= limit)
			return 1;
		/* What came in goes out: a page that is written slowly is read slowly too. */
		enum word word = run_once(c, in, out, last ? FLUSH_END : FLUSH_ALL);
		if (word == WORD_BAD)
			return -1;
		c->is_complete = word == WORD_END;
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

static size_t pack_gzip(struct str content, unsigned char *to, size_t size)
{
	z_stream z = {0};

	start_gzip(&z, GZIP_SMALL);
	z.next_in = (Bytef *)(uintptr_t)content.at;
	z.avail_in = (uInt)content.len;
	z.next_out = to;
	z.avail_out = (uInt)size;
	int rc = deflate(&z, Z_FINISH);
	assert(rc == Z_STREAM_END);
	(void)rc;
	deflateEnd(&z);
	return size - z.avail_out;
}

static size_t pack_zstd(struct str content, unsigned char *to, size_t size)
{
	ZSTD_CCtx *zstd = start_zstd(ZSTD_SMALL);
	size_t len = ZSTD_compress2(zstd, to, size, content.at, content.len);

	if (ZSTD_isError(len))
		abort(); /* only for want of memory: there is space */
	ZSTD_freeCCtx(zstd);
	return len;
}

void content_coding_pack(enum content_coding_kind kind, struct str content, struct evbuffer *out)
{
	bool is_zstd = kind == CODING_ZSTD;
	/* zlib's own sum is for streams without gzip's head, which has 18 bytes. */
	size_t size = is_zstd ? ZSTD_compressBound(content.len) : compressBound(content.len) + 18;
	struct evbuffer_iovec space;

	assert(is_zstd || kind == CODING_GZIP);
	if (evbuffer_reserve_space(out, (ev_ssize_t)size, &space, 1) != 1)
		abort();
	space.iov_len = is_zstd ? pack_zstd(content, space.iov_base, size)
				: pack_gzip(content, space.iov_base, size);
	if (evbuffer_commit_space(out, &space, 1) == -1)
		abort();
}
