#include "proxy/http/accept_encoding.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static size_t fields_of(struct h1_field *fields, const char *first, const char *second)
{
	fields[0] = h1_field_of(STR("Accept-Encoding"), str_of(first));
	fields[1] = h1_field_of(STR("accept-encoding"), str_of(second));
	return second ? 2 : first ? 1 : 0;
}

static bool has_gzip(const char *first, const char *second)
{
	struct h1_field fields[2];
	size_t count = fields_of(fields, first, second);

	return accept_encoding_has_gzip(fields, count);
}

static enum content_coding_kind best(const char *first, const char *second)
{
	struct h1_field fields[2];
	size_t count = fields_of(fields, first, second);

	return accept_encoding_best(fields, count);
}

static void gzip_is_taken_by_who_says_so(void **state)
{
	static const char *const yes[] = {"gzip", "GZIP", "gzip, deflate, br",
		"br;q=1, gzip;q=0.001", "gzip ; q=0.5", "gzip;q=1.000", "*",
		"identity;q=0.1, *;q=0.2", "gzip, *;q=0", "zstd, gzip;q=0.1"};
	static const char *const no[] = {"", "identity", "br", "gzip;q=0", "gzip; q=0.0",
		"gzip ;Q=0.000", "*;q=0", "gzip;q=0, *", "*, gzip;q=0", "xgzip", "gzip-2", "zstd"};

	(void)state;
	assert_false(has_gzip(NULL, NULL));
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (!has_gzip(yes[i], NULL))
			fail_msg("refused: %s", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		if (has_gzip(no[i], NULL))
			fail_msg("taken: %s", no[i]);
	}
	assert_true(has_gzip("br", "gzip"));
	assert_false(has_gzip("*", "gzip;q=0"));
}

static void client_gets_the_coding_it_likes_most_and_zstd_of_equals(void **state)
{
	static const struct {
		const char *accepted;
		enum content_coding_kind coding;
	} rows[] = {{"gzip, deflate, br, zstd", CODING_ZSTD}, {"zstd", CODING_ZSTD},
		{"ZSTD;q=0.5, gzip;q=0.5", CODING_ZSTD}, {"zstd;q=0.001", CODING_ZSTD},
		{"zstd;q=0.5, *;q=0", CODING_ZSTD}, {"zstd;q=0.4, gzip;q=0.5", CODING_GZIP},
		{"zstd;q=0.999, gzip", CODING_GZIP}, {"zstd;q=0, gzip;q=0.1", CODING_GZIP},
		{"*", CODING_GZIP}, {"zstd;q=0, *", CODING_GZIP}, {"gzip", CODING_GZIP},
		{"zstd;q=0", CODING_IDENTITY}, {"zstd;q=0.000, gzip;q=0", CODING_IDENTITY},
		{"zstandard", CODING_IDENTITY}, {"identity", CODING_IDENTITY},
		{"", CODING_IDENTITY}};

	(void)state;
	assert_int_equal(best(NULL, NULL), CODING_IDENTITY);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (best(rows[i].accepted, NULL) != rows[i].coding)
			fail_msg("not %d: %s", (int)rows[i].coding, rows[i].accepted);
	}
	assert_int_equal(best("gzip", "zstd"), CODING_ZSTD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_is_taken_by_who_says_so),
		cmocka_unit_test(client_gets_the_coding_it_likes_most_and_zstd_of_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
