#include "base/mem.h"
#include "proxy/http/content_coding.h"

#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

enum { PAGE = 300 * 1024 };

/* Content that packs about as well as a Spark page. */
static char *make_page(void)
{
	char *page = mem_alloc(PAGE + 1, 1);

	for (size_t i = 0; i < PAGE; i++)
		page[i] = "<tr><td>worker-7</td></tr>\n"[i % 27];
	for (size_t i = 0; i < PAGE; i += 97)
		page[i] = (char)('a' + i / 97 * 7 % 26);
	return page;
}

/* `bits` as deflateInit2() has them: 31 gzip, 15 zlib, -15 bare. */
static size_t pack_with(int bits, const char *bytes, size_t len, unsigned char *out, size_t size)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (const Bytef *)bytes;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t packed = size - z.avail_out;
	deflateEnd(&z);
	return packed;
}

/* Feeds `bytes` in pieces; returns the last result, what came out in `out`. */
static int feed_pieces(struct content_coding *c, const unsigned char *bytes, size_t len,
	size_t piece, struct evbuffer *out)
{
	struct evbuffer *in = evbuffer_new();
	int rc = 0;

	for (size_t at = 0; at < len && rc == 0; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		evbuffer_add(in, bytes + at, n);
		rc = content_coding_feed(c, in, out, at + n == len);
	}
	evbuffer_free(in);
	return rc;
}

static void assert_holds(struct evbuffer *out, const char *bytes, size_t len)
{
	assert_int_equal(evbuffer_get_length(out), len);
	assert_memory_equal(evbuffer_pullup(out, -1), bytes, len);
}

static void unpacks(enum content_coding_kind kind, int bits)
{
	static const size_t pieces[] = {1, 2, 7, 1000, 65536, PAGE};
	unsigned char *packed = mem_alloc(PAGE, 1);
	char *page = make_page();
	size_t len = pack_with(bits, page, PAGE, packed, PAGE);

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct content_coding *c = content_coding_new(kind);
		struct evbuffer *out = evbuffer_new();
		assert_int_equal(feed_pieces(c, packed, len, pieces[i], out), 0);
		assert_holds(out, page, PAGE);
		evbuffer_free(out);
		content_coding_free(c);
	}
	free(packed);
	free(page);
}

static void gzip_is_undone_however_it_is_cut(void **state)
{
	(void)state;
	unpacks(CODING_GUNZIP, 31);
}

static void deflate_is_undone_in_zlib_format(void **state)
{
	(void)state;
	unpacks(CODING_INFLATE, 15);
}

static void deflate_is_undone_in_the_bare_format_some_servers_send(void **state)
{
	(void)state;
	unpacks(CODING_INFLATE, -15);
}

static void gzip_members_follow_each_other_and_padding_is_dropped(void **state)
{
	unsigned char packed[256];
	size_t len = pack_with(31, "one ", 4, packed, sizeof(packed));

	(void)state;
	len += pack_with(31, "two", 3, packed + len, sizeof(packed) - len);
	memset(packed + len, 0, 8);
	for (size_t piece = 1; piece <= len + 8; piece++) {
		struct content_coding *c = content_coding_new(CODING_GUNZIP);
		struct evbuffer *out = evbuffer_new();
		assert_int_equal(feed_pieces(c, packed, len + 8, piece, out), 0);
		assert_holds(out, "one two", 7);
		evbuffer_free(out);
		content_coding_free(c);
	}
}

static void corrupt_gzip_is_refused(void **state)
{
	unsigned char packed[256];
	size_t len = pack_with(31, "some content, long enough", 25, packed, sizeof(packed));
	struct evbuffer *out = evbuffer_new();

	(void)state;
	packed[len - 6] ^= 0x55; /* the checksum */
	struct content_coding *c = content_coding_new(CODING_GUNZIP);
	assert_int_equal(feed_pieces(c, packed, len, len, out), -1);
	content_coding_free(c);
	c = content_coding_new(CODING_GUNZIP);
	assert_int_equal(feed_pieces(c, (const unsigned char *)"<html>", 6, 6, out), -1);
	content_coding_free(c);
	evbuffer_free(out);
}

static void gzip_cut_short_is_refused_at_its_end(void **state)
{
	unsigned char packed[256];
	size_t len = pack_with(31, "some content, long enough", 25, packed, sizeof(packed));

	(void)state;
	for (size_t cut = 1; cut < len; cut++) {
		struct content_coding *c = content_coding_new(CODING_GUNZIP);
		struct evbuffer *out = evbuffer_new();
		assert_int_equal(feed_pieces(c, packed, cut, cut, out), -1);
		evbuffer_free(out);
		content_coding_free(c);
	}
}

static void empty_content_is_no_error_in_any_coding(void **state)
{
	static const enum content_coding_kind kinds[] = {CODING_GUNZIP, CODING_INFLATE};
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct content_coding *c = content_coding_new(kinds[i]);
		assert_int_equal(content_coding_feed(c, in, out, true), 0);
		assert_int_equal(evbuffer_get_length(out), 0);
		content_coding_free(c);
	}
	evbuffer_free(in);
	evbuffer_free(out);
}

static void bomb_is_unpacked_one_bounded_step_at_a_time(void **state)
{
	enum { BOMB = 64 * 1024 * 1024 };
	unsigned char *packed = mem_alloc(BOMB / 512, 1);
	char *zeros = mem_alloc(BOMB, 1);
	size_t len = pack_with(31, zeros, BOMB, packed, BOMB / 512), made = 0, steps = 0;
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
	struct content_coding *c = content_coding_new(CODING_GUNZIP);
	int rc = 1;

	(void)state;
	evbuffer_add(in, packed, len);
	for (; rc == 1; steps++) {
		rc = content_coding_step(c, in, out, true);
		assert_true(evbuffer_get_length(out) <= 2 * CODING_STEP);
		made += evbuffer_get_length(out);
		evbuffer_drain(out, evbuffer_get_length(out));
	}
	assert_int_equal(rc, 0);
	assert_int_equal(made, BOMB);
	assert_true(steps > BOMB / CODING_STEP / 2);
	content_coding_free(c);
	evbuffer_free(in);
	evbuffer_free(out);
	free(packed);
	free(zeros);
}

/* By the libraries themselves; gives the length. */
static size_t unpack_gzip(struct str packed, char *to, size_t size)
{
	z_stream z = {.next_in = (const Bytef *)packed.at,
		.avail_in = (uInt)packed.len,
		.next_out = (Bytef *)to,
		.avail_out = (uInt)size};

	assert_int_equal(inflateInit2(&z, 31), Z_OK);
	int rc = inflate(&z, Z_SYNC_FLUSH);
	assert_true(rc == Z_OK || rc == Z_STREAM_END);
	inflateEnd(&z);
	return size - z.avail_out;
}

static size_t unpack_zstd(struct str packed, char *to, size_t size)
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	ZSTD_inBuffer in = {packed.at, packed.len, 0};
	ZSTD_outBuffer out = {to, size, 0};

	assert_false(ZSTD_isError(ZSTD_decompressStream(zstd, &out, &in)));
	assert_int_equal(in.pos, packed.len);
	ZSTD_freeDCtx(zstd);
	return out.pos;
}

static const struct packing {
	enum content_coding_kind kind;
	const char *name;
	size_t (*unpack)(struct str packed, char *to, size_t size);
} packings[] = {{CODING_GZIP, "gzip", unpack_gzip}, {CODING_ZSTD, "zstd", unpack_zstd}};

static void assert_unpacks(
	const struct packing *packing, struct evbuffer *packed, const char *text, size_t len)
{
	char *out = mem_alloc(PAGE + 1, 1);
	struct str all = {(char *)evbuffer_pullup(packed, -1), evbuffer_get_length(packed)};

	assert_int_equal(packing->unpack(all, out, PAGE + 1), len);
	assert_memory_equal(out, text, len);
	free(out);
}

static void what_is_packed_toward_the_client_unpacks_to_the_same(void **state)
{
	static const size_t pieces[] = {100, 4096, 65536, PAGE};
	char *page = make_page();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pieces) * ARRAY_LEN(packings); i++) {
		const struct packing *packing = &packings[i % ARRAY_LEN(packings)];
		struct content_coding *pack = content_coding_new(packing->kind);
		struct evbuffer *packed = evbuffer_new();
		assert_int_equal(feed_pieces(pack, (const unsigned char *)page, PAGE,
					 pieces[i / ARRAY_LEN(packings)], packed),
			0);
		assert_true(evbuffer_get_length(packed) < PAGE / 2);
		assert_unpacks(packing, packed, page, PAGE);
		evbuffer_free(packed);
		content_coding_free(pack);
	}
	free(page);
}

static void what_does_not_pack_comes_out_whole_as_well(void **state)
{
	unsigned char *noise = mem_alloc(PAGE, 1);
	unsigned at = 1;

	(void)state;
	for (size_t i = 0; i < PAGE; i++)
		noise[i] = (unsigned char)((at = at * 1103515245 + 12345) >> 16);
	for (size_t i = 0; i < ARRAY_LEN(packings); i++) {
		struct content_coding *pack = content_coding_new(packings[i].kind);
		struct evbuffer *packed = evbuffer_new();
		assert_int_equal(feed_pieces(pack, noise, PAGE, 50000, packed), 0);
		assert_unpacks(&packings[i], packed, (const char *)noise, PAGE);
		evbuffer_drain(packed, evbuffer_get_length(packed));
		content_coding_pack(packings[i].kind, (struct str){(char *)noise, PAGE}, packed);
		assert_unpacks(&packings[i], packed, (const char *)noise, PAGE);
		evbuffer_free(packed);
		content_coding_free(pack);
	}
	free(noise);
}

static size_t packed_length(enum content_coding_kind kind, const char *page)
{
	struct content_coding *pack = content_coding_new(kind);
	struct evbuffer *packed = evbuffer_new();

	assert_int_equal(feed_pieces(pack, (const unsigned char *)page, PAGE, 4096, packed), 0);
	size_t len = evbuffer_get_length(packed);
	evbuffer_free(packed);
	content_coding_free(pack);
	return len;
}

static void what_is_packed_once_for_many_is_the_smaller_one(void **state)
{
	char *page = make_page();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(packings); i++) {
		struct evbuffer *packed = evbuffer_new();
		content_coding_pack(packings[i].kind, (struct str){page, PAGE}, packed);
		assert_unpacks(&packings[i], packed, page, PAGE);
		assert_true(evbuffer_get_length(packed) < packed_length(packings[i].kind, page));
		evbuffer_free(packed);
	}
	assert_true(packed_length(CODING_ZSTD, page) < packed_length(CODING_GZIP, page));
	free(page);
}

static void nothing_is_packed_as_well(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(packings); i++) {
		struct content_coding *pack = content_coding_new(packings[i].kind);
		struct evbuffer *in = evbuffer_new(), *packed = evbuffer_new();
		assert_int_equal(content_coding_feed(pack, in, packed, true), 0);
		assert_true(evbuffer_get_length(packed) > 0);
		assert_unpacks(&packings[i], packed, "", 0);
		evbuffer_drain(packed, evbuffer_get_length(packed));
		content_coding_pack(packings[i].kind, (struct str){"", 0}, packed);
		assert_unpacks(&packings[i], packed, "", 0);
		evbuffer_free(in);
		evbuffer_free(packed);
		content_coding_free(pack);
	}
}

static void what_packs_gives_at_once_what_it_was_given(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(packings); i++) {
		struct content_coding *pack = content_coding_new(packings[i].kind);
		struct evbuffer *in = evbuffer_new(), *packed = evbuffer_new();
		for (unsigned lines = 1; lines <= 3; lines++) {
			evbuffer_add(in, "a line\n", 7);
			assert_int_equal(content_coding_feed(pack, in, packed, false), 0);
			assert_unpacks(&packings[i], packed, "a line\na line\na line\n", 7 * lines);
		}
		assert_int_equal(content_coding_feed(pack, in, packed, true), 0);
		assert_unpacks(&packings[i], packed, "a line\na line\na line\n", 21);
		evbuffer_free(in);
		evbuffer_free(packed);
		content_coding_free(pack);
	}
}

static void codings_have_the_names_that_fields_use(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(packings); i++)
		assert_string_equal(content_coding_name(packings[i].kind), packings[i].name);
	assert_string_equal(content_coding_name(CODING_IDENTITY), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_is_undone_however_it_is_cut),
		cmocka_unit_test(deflate_is_undone_in_zlib_format),
		cmocka_unit_test(deflate_is_undone_in_the_bare_format_some_servers_send),
		cmocka_unit_test(gzip_members_follow_each_other_and_padding_is_dropped),
		cmocka_unit_test(corrupt_gzip_is_refused),
		cmocka_unit_test(gzip_cut_short_is_refused_at_its_end),
		cmocka_unit_test(empty_content_is_no_error_in_any_coding),
		cmocka_unit_test(bomb_is_unpacked_one_bounded_step_at_a_time),
		cmocka_unit_test(what_is_packed_toward_the_client_unpacks_to_the_same),
		cmocka_unit_test(what_does_not_pack_comes_out_whole_as_well),
		cmocka_unit_test(what_is_packed_once_for_many_is_the_smaller_one),
		cmocka_unit_test(nothing_is_packed_as_well),
		cmocka_unit_test(what_packs_gives_at_once_what_it_was_given),
		cmocka_unit_test(codings_have_the_names_that_fields_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
