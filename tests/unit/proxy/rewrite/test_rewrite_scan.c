/* From tag to tag, sixteen bytes at a time, as one would byte by byte. */
#include "proxy/rewrite/rewrite_scan.h"

#include "base/mem.h"

#include <stdbool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 400 };

/* What the header says, in the plainest way. */
static const char *by_hand(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p != '<')
			continue;
		const char *in = p + 1;
		bool can_tell = end - in >= 3;
		bool letter = can_tell &&
			      ((in[0] >= 'a' && in[0] <= 'z') || (in[0] >= 'A' && in[0] <= 'Z'));

		if (can_tell && (in[0] == '/' || (letter && (in[1] == '>' || in[2] == '>'))))
			continue;
		return in;
	}
	return NULL;
}

static void check_all_tags(const char *p, const char *end)
{
	while (p) {
		const char *found = rewrite_scan_tag(p, end);

		assert_ptr_equal(found, by_hand(p, end));
		p = found;
	}
}

static void every_text_is_scanned_as_by_hand(void **state)
{
	static const char alphabet[] = "<<<<//>>>tdaZ!@[`{ \xe1\n";
	uint32_t seed = 20261121;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char *text = mem_alloc(TEXT_MAX, 1); /* of its own size, for ASan */
		size_t len = (seed >> 8) % TEXT_MAX;

		text = mem_resize(text, len ? len : 1, 1);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
		}
		seed = seed * 1664525 + 1013904223;
		check_all_tags(text, text + len);
		free(text);
	}
}

static void long_text_between_tags_is_passed_over(void **state)
{
	char *text = mem_alloc(10000, 1);

	(void)state;
	memset(text, 'x', 10000);
	memcpy(text + 300, "<td>", 4);
	memcpy(text + 7000, "<a href", 7);
	assert_ptr_equal(rewrite_scan_tag(text, text + 10000), text + 7001);
	assert_null(rewrite_scan_tag(text + 7001, text + 10000));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_is_scanned_as_by_hand),
		cmocka_unit_test(long_text_between_tags_is_passed_over),
	};

	return cmocka_run_group_tests_name("rewrite_scan", tests, NULL, NULL);
}
