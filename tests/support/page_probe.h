/*
 * tests/support/page_probe.h - one rendered page, and the questions tests ask of it.
 *
 * With SPARKGATE_PAGES_DIR set, every sample page is also written there, for people to look at.
 */
#ifndef SPARKGATE_TESTS_PAGE_PROBE_H
#define SPARKGATE_TESTS_PAGE_PROBE_H

#include "proxy/pages/page.h"
#include "tests/support/page_world.h"

extern struct sbuf probe_page;	     /* of the test that runs */
extern struct registry *probe_world; /* of the test that runs, or NULL */

extern const struct page_view as_alice, as_stranger,
	as_nobody; /* an administrator, no role, nobody */

/* A cmocka test between a fresh page and the end of both. */
#define PAGE_TEST(f) cmocka_unit_test_setup_teardown(f, page_start, page_end)
int page_start(void **state);
int page_end(void **state);

/* Renders anew: a cluster's page, or home when `cluster` is NULL; that of a UI below proxy/. */
void render_home(const char *cluster, const char *query);
void render_gone(const char *cluster, const char *id);

size_t page_times(const char *needle);
size_t page_rows(void); /* of all its tables */
void assert_has(const char *needle);
void assert_has_not(const char *needle);
/* Every element that is opened is closed, in order: a value that broke out of its place would show.
 */
void assert_balanced(const char *what);
/* Whole, balanced, one heading, nothing inline. */
void check_sample(const char *name);

#endif
