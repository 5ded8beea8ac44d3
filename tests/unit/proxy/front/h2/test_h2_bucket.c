#include "proxy/front/h2/h2_bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct h2_bucket_size size = {3, 2};

static void a_full_one_gives_its_burst_and_no_more(void **state)
{
	struct h2_bucket bucket;

	(void)state;
	h2_bucket_fill(&bucket, &size, 1000);
	for (int i = 0; i < 3; i++)
		assert_true(h2_bucket_take(&bucket, &size, 1000));
	assert_false(h2_bucket_take(&bucket, &size, 1000));
}

static void time_brings_drops_back_up_to_the_brim(void **state)
{
	struct h2_bucket bucket;

	(void)state;
	h2_bucket_fill(&bucket, &size, 0);
	for (int i = 0; i < 3; i++)
		assert_true(h2_bucket_take(&bucket, &size, 0));
	assert_false(h2_bucket_take(&bucket, &size, 499));
	assert_true(h2_bucket_take(&bucket, &size, 500));
	for (int i = 0; i < 3; i++)
		assert_true(h2_bucket_take(&bucket, &size, 1000 * 1000));
	assert_false(h2_bucket_take(&bucket, &size, 1000 * 1000));
}

static void good_work_brings_some_back(void **state)
{
	struct h2_bucket bucket;

	(void)state;
	h2_bucket_fill(&bucket, &size, 0);
	for (int i = 0; i < 3; i++)
		assert_true(h2_bucket_take(&bucket, &size, 0));
	h2_bucket_give(&bucket, &size, 100);
	for (int i = 0; i < 3; i++)
		assert_true(h2_bucket_take(&bucket, &size, 0));
	assert_false(h2_bucket_take(&bucket, &size, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_one_gives_its_burst_and_no_more),
		cmocka_unit_test(time_brings_drops_back_up_to_the_brim),
		cmocka_unit_test(good_work_brings_some_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
