#include "proxy/launch/artifacts/s3_listing.h"

#include "base/sbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "                           \
	"xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>apps</Name><Prefix>ann/</Prefix>"
#define OBJECT                                                                                     \
	"<Contents><Key>ann/a&amp;b.py</Key><LastModified>2026-11-28T10:00:00.000Z</LastModified>" \
	"<ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>1234</Size>"               \
	"<StorageClass>STANDARD</StorageClass></Contents>"
#define TAIL "</ListBucketResult>"

static void objects_are_read(void **state)
{
	struct s3_listing listing;
	struct err err;

	(void)state;
	assert_int_equal(
		s3_listing_read(STR(HEAD "<IsTruncated>false</IsTruncated>" OBJECT OBJECT TAIL),
			&listing, &err),
		0);
	assert_int_equal(listing.count, 2);
	assert_false(listing.has_more);
	assert_string_equal(listing.objects[1].key, "ann/a&b.py");
	assert_int_equal(listing.objects[1].size, 1234);
	assert_string_equal(listing.objects[1].modified, "2026-11-28T10:00:00.000Z");
	s3_listing_clear(&listing);
}

static void a_list_that_goes_on_says_so(void **state)
{
	struct s3_listing listing;

	(void)state;
	assert_int_equal(
		s3_listing_read(STR(HEAD "<IsTruncated>true</IsTruncated>" TAIL), &listing, NULL),
		0);
	assert_int_equal(listing.count, 0);
	assert_true(listing.has_more);
	s3_listing_clear(&listing);
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const bad[] = {"", "{}", "<html></html>",
		"<Error><Code>x</Code></Error>", HEAD "<Contents><Key>a</Key></Contents>" TAIL,
		HEAD "<Contents><Size>1</Size></Contents>" TAIL,
		HEAD "<Contents><Key>a</Key><Size>-1</Size></Contents>" TAIL,
		HEAD "<Contents><Key>a</Key><Key>b</Key><Size>1</Size></Contents>" TAIL,
		HEAD "<Contents><Key></Key><Size>1</Size></Contents>" TAIL,
		HEAD "<Contents><Key>&x;</Key><Size>1</Size></Contents>" TAIL,
		HEAD "<Contents><Key>a</Key><Size>1</Size><LastModified><b>x</b></LastModified>"
		     "</Contents>" TAIL,
		HEAD OBJECT, HEAD OBJECT TAIL "x"};
	struct s3_listing listing;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (s3_listing_read(str_of(bad[i]), &listing, &err) != -1)
			fail_msg("taken: %s", bad[i]);
	}
}

static void more_objects_than_were_asked_for_are_refused(void **state)
{
	struct s3_listing listing;
	struct sbuf xml;

	(void)state;
	sbuf_init(&xml, 1024 * 1024);
	sbuf_puts(&xml, HEAD);
	for (int i = 0; i < S3_OBJECTS_MAX; i++)
		sbuf_puts(&xml, OBJECT);
	size_t len = xml.len;
	sbuf_puts(&xml, TAIL);
	assert_int_equal(s3_listing_read(sbuf_str(&xml), &listing, NULL), 0);
	assert_int_equal(listing.count, S3_OBJECTS_MAX);
	s3_listing_clear(&listing);
	xml.len = len;
	sbuf_puts(&xml, OBJECT TAIL);
	assert_int_equal(s3_listing_read(sbuf_str(&xml), &listing, NULL), -1);
	sbuf_clear(&xml);
}

static void the_code_of_an_error_is_read(void **state)
{
	char code[S3_CODE_SIZE];

	(void)state;
	s3_error_code(STR("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no "
			  "<b>x</b></Message></Error>"),
		code);
	assert_string_equal(code, "AccessDenied");
	s3_error_code(STR("<html><Code>AccessDenied</Code></html>"), code);
	assert_string_equal(code, "");
	s3_error_code(STR("<Error><Code>a b</Code></Error>"), code);
	assert_string_equal(code, "");
	s3_error_code(STR(""), code);
	assert_string_equal(code, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_read),
		cmocka_unit_test(a_list_that_goes_on_says_so),
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(more_objects_than_were_asked_for_are_refused),
		cmocka_unit_test(the_code_of_an_error_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
