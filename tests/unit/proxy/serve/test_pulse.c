/* S54: a loop that stands still is told of, and not any more when it turns. */
#include "proxy/serve/pulse.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { THREADS = 3, STANDS_STILL = 1 };

static unsigned turns[THREADS];
static bool stands_still;

static unsigned look(void *arg, size_t number)
{
	(void)arg;
	if (number != STANDS_STILL || !stands_still)
		turns[number]++;
	return turns[number];
}

static bool stalled(const struct pulse *pulse, char *out, size_t size)
{
	struct sbuf text;

	sbuf_init(&text, 1000);
	bool any = pulse_tell_stalled(pulse, &text);
	(void)str_copy(sbuf_str(&text), out, size);
	sbuf_clear(&text);
	return any;
}

static void look_often(struct pulse *pulse, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		pulse_look(pulse);
}

static void s54_a_loop_that_stands_still_is_named_and_forgiven(void **state)
{
	struct event_base *base = event_base_new();
	struct pulse *pulse = pulse_new(base, THREADS, look, NULL);
	char text[200];

	(void)state;
	look_often(pulse, 2);
	assert_false(stalled(pulse, text, sizeof text));
	stands_still = true;
	look_often(pulse, PULSE_STALLED_S - 1);
	assert_false(stalled(pulse, text, sizeof text));
	look_often(pulse, 3);
	assert_true(stalled(pulse, text, sizeof text));
	assert_non_null(strstr(text, "server thread 1 has not turned for 12 s"));
	assert_null(strstr(text, "worker 0"));
	stands_still = false;
	look_often(pulse, 1);
	assert_false(stalled(pulse, text, sizeof text));
	pulse_free(pulse);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s54_a_loop_that_stands_still_is_named_and_forgiven),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
