#include "proxy/launch/artifacts/aws_chunks.h"

#include "base/sbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct source {
	size_t left, bite;
	bool is_dry; /* every second time */
};

static size_t read_some(char *room, size_t size, void *arg)
{
	struct source *source = arg;
	size_t len = source->bite < size ? source->bite : size;

	source->is_dry = !source->is_dry;
	if (source->is_dry)
		return 0;
	len = len < source->left ? len : source->left;
	memset(room, 'x', len);
	source->left -= len;
	return len;
}

/* Gives all that is written for a content of so many "x". */
static char *written(size_t length, size_t bite, size_t room_size, size_t *len)
{
	struct source source = {.left = length, .bite = bite};
	struct aws_chunks chunks;
	struct sbuf out;
	char *room = mem_alloc(1, room_size);
	unsigned dry = 0;

	sbuf_init(&out, 2 * length + 1000);
	aws_chunks_begin(&chunks, length);
	while (!aws_chunks_is_done(&chunks) && dry < 2) {
		size_t n = aws_chunks_read(&chunks, room, room_size, read_some, &source);
		dry = n == 0 ? dry + 1 : 0;
		sbuf_add(&out, room, n);
	}
	assert_true(aws_chunks_is_done(&chunks));
	assert_int_equal(aws_chunks_read(&chunks, room, room_size, read_some, &source), 0);
	assert_int_equal(out.len, aws_chunks_length(length));
	*len = out.len;
	free(room);
	return sbuf_take(&out);
}

static void content_stands_between_sizes_and_a_checksum(void **state)
{
	size_t len;
	char *text = written(5, 2, 3, &len);

	(void)state;
	assert_string_equal(text, "5\r\nxxxxx\r\n0\r\nx-amz-checksum-crc32c:97N5Rg==\r\n\r\n");
	free(text);
	text = written(0, 1, 100, &len);
	assert_string_equal(text, "0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n");
	free(text);
}

static void the_length_is_known_before(void **state)
{
	static const size_t lengths[] = {0, 1, 15, 16, AWS_CHUNK - 1, AWS_CHUNK, AWS_CHUNK + 1,
		3 * AWS_CHUNK, 3 * AWS_CHUNK + 4096};
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		free(written(lengths[i], 70000, 65536, &len));
		free(written(lengths[i], 1000, 7000, &len));
	}
}

static void s128_what_is_broken_off_has_no_end(void **state)
{
	struct source source = {.left = 99, .bite = 99};
	struct aws_chunks chunks;
	char room[1000];

	(void)state;
	aws_chunks_begin(&chunks, 100);
	for (int i = 0; i < 6; i++) {
		size_t n = aws_chunks_read(&chunks, room, sizeof room, read_some, &source);
		assert_null(memchr(room, '0', n));
	}
	assert_false(aws_chunks_is_done(&chunks));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_stands_between_sizes_and_a_checksum),
		cmocka_unit_test(the_length_is_known_before),
		cmocka_unit_test(s128_what_is_broken_off_has_no_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
