/* An answer handed over as it comes, over real connections. */
#include "base/net/fetch.h"

#include "tests/support/fake_http.h"
#include "tests/support/fetch_world.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORLD(test) cmocka_unit_test_setup_teardown(test, fetch_world_make, fetch_world_drop)

struct eater {
	struct fetch_outcome outcome; /* first: it is what `done` gets */
	struct fetch_world *world;
	struct fetch *fetch; /* cancelled by the first part */
	size_t bite, eaten, parts, longest;
};

static size_t on_part(struct str part, void *arg)
{
	struct eater *e = arg;
	size_t bite = e->bite < part.len ? e->bite : part.len;

	e->parts++;
	e->longest = part.len > e->longest ? part.len : e->longest;
	if (e->fetch) {
		fetch_cancel(e->fetch);
		fetch_world_start(e->world, e->world->url, &e->outcome); /* others may begin */
		return part.len;
	}
	bite -= bite % 10;
	for (size_t i = 0; i < bite; i++)
		assert_int_equal(part.at[i], '0' + (char)((e->eaten + i) % 10));
	e->eaten += bite;
	return bite;
}

static char *digits(size_t count)
{
	char *text = mem_alloc(count + 1, 1);

	for (size_t i = 0; i < count; i++)
		text[i] = (char)('0' + i % 10);
	return text;
}

static void answer_is_handed_over_as_it_comes_and_what_is_left_comes_again(void **state)
{
	struct fetch_world *w = *state;
	struct eater e = {.bite = 2000000};
	char *text = digits(9000007);

	fake_http_set(w->server, "/x", 200, "text/plain", text);
	w->request.on_part = on_part;
	w->request.max_bytes = 2500000; /* of what waits */
	fetch_world_run(w, w->url, &e.outcome);
	assert_int_equal(e.outcome.status, 200);
	assert_string_equal(e.outcome.body, "0123456");
	assert_int_equal(e.eaten, 9000000);
	assert_true(e.parts > 4 && e.longest <= 2500000);
	free(text);
}

static void what_nobody_eats_may_not_grow(void **state)
{
	struct fetch_world *w = *state;
	struct eater e = {.bite = 0};
	char *text = digits(600000);

	fake_http_set(w->server, "/x", 200, "text/plain", text);
	w->request.on_part = on_part;
	w->request.max_bytes = 500000;
	fetch_world_run(w, w->url, &e.outcome);
	assert_int_equal(e.outcome.status, 0);
	assert_string_equal(e.outcome.error, "the answer is too long");
	free(text);
}

struct pauser {
	struct fetch_outcome outcome; /* first */
	struct fetch *fetch;
	struct event *later;
	size_t eaten, longest, refused;
	bool is_full;
};

static void go_on(int fd, short what, void *arg)
{
	struct pauser *p = arg;

	(void)fd, (void)what;
	p->is_full = false;
	if (!p->outcome.is_done)
		fetch_go_on(p->fetch);
}

/* Every other time it can eat nothing, and asks for it some time later. */
static size_t on_slow_part(struct str part, void *arg)
{
	struct pauser *p = arg;

	p->longest = part.len > p->longest ? part.len : p->longest;
	if (p->is_full) {
		p->refused++;
		return 0;
	}
	p->is_full = true;
	event_add(p->later, &(struct timeval){.tv_usec = 2000});
	for (size_t i = 0; i < part.len; i++)
		assert_int_equal(part.at[i], '0' + (char)((p->eaten + i) % 10));
	p->eaten += part.len;
	return part.len;
}

static void who_can_eat_no_more_makes_the_answer_wait(void **state)
{
	struct fetch_world *w = *state;
	struct pauser p = {.is_full = false};
	char *text = digits(3000007);

	p.later = evtimer_new(w->base, go_on, &p);
	fake_http_set(w->server, "/x", 200, "text/plain", text);
	w->request.on_part = on_slow_part;
	w->request.max_bytes = 65536;
	w->request.waits = true;
	p.fetch = fetch_world_start(w, w->url, &p.outcome);
	fetch_world_wait(w, &p.outcome);
	assert_int_equal(p.outcome.status, 200);
	assert_true(p.eaten <= 3000007 && p.eaten + 65536 >= 3000007); /* the rest is the body */
	assert_true(p.longest <= 65536 && p.refused > 0);
	event_free(p.later);
	free(text);
}

static void refusal_is_not_handed_over_in_parts(void **state)
{
	struct fetch_world *w = *state;
	struct eater e = {.bite = 1000};

	fake_http_set(w->server, "/x", 410, "text/plain", "expired");
	w->request.on_part = on_part;
	fetch_world_run(w, w->url, &e.outcome);
	assert_int_equal(e.outcome.status, 410);
	assert_string_equal(e.outcome.body, "expired");
	assert_int_equal(e.parts, 0);
}

static void who_eats_may_cancel_and_start_others(void **state)
{
	struct fetch_world *w = *state;
	struct eater e = {.world = w};

	w->request.on_part = on_part;
	e.fetch = fetch_world_start(w, w->url, &e.outcome);
	w->request.on_part = NULL;
	fetch_world_wait(w, &e.outcome);
	assert_string_equal(e.outcome.body, "hello");
	assert_int_equal(e.parts, 1);
	assert_int_equal(fake_http_hits(w->server, "/x"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(answer_is_handed_over_as_it_comes_and_what_is_left_comes_again),
		WORLD(what_nobody_eats_may_not_grow),
		WORLD(who_can_eat_no_more_makes_the_answer_wait),
		WORLD(refusal_is_not_handed_over_in_parts),
		WORLD(who_eats_may_cancel_and_start_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
