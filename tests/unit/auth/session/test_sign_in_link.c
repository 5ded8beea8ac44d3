#include "auth/session/sign_in_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct conf conf = {.server = {.origin = "http://127.0.0.1:8480", .base = "/spark"}};

static void link_leads_to_the_sign_in_page_below_the_base(void **state)
{
	unsigned char hash[DIGEST_LEN], again[DIGEST_LEN];
	static const char prefix[] = "http://127.0.0.1:8480/spark/_gate/login?link=";
	char *url = sign_in_link_new(&conf, hash);

	(void)state;
	assert_true(str_starts(str_of(url), STR(prefix)));
	assert_int_equal(sign_in_link_hash(str_of(url + strlen(prefix)), again), 0);
	assert_memory_equal(hash, again, DIGEST_LEN);
	secret_free(url);
}

static void s22_every_link_is_another(void **state)
{
	unsigned char hash[DIGEST_LEN], other[DIGEST_LEN];
	char *a = sign_in_link_new(&conf, hash), *b = sign_in_link_new(&conf, other);

	(void)state;
	assert_string_not_equal(a, b);
	assert_memory_not_equal(hash, other, DIGEST_LEN);
	secret_free(a);
	secret_free(b);
}

static void what_cannot_be_a_link_has_no_digest(void **state)
{
	unsigned char hash[DIGEST_LEN];

	(void)state;
	assert_int_equal(sign_in_link_hash(STR(""), hash), -1);
	assert_int_equal(sign_in_link_hash(STR("' OR 1=1 --"), hash), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_leads_to_the_sign_in_page_below_the_base),
		cmocka_unit_test(s22_every_link_is_another),
		cmocka_unit_test(what_cannot_be_a_link_has_no_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
