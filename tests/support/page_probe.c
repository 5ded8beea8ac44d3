#include "tests/support/page_probe.h"

#include "auth/policy/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

struct sbuf probe_page;
struct registry *probe_world;

static struct identity alice = {.issuer = (char[]){"i"},
	.subject = (char[]){"alice"},
	.name = (char[]){"Alice Moreau"},
	.role = ROLE_ADMIN};
static struct identity stranger = {.issuer = (char[]){"i"},
	.subject = (char[]){"mallory"},
	.name = (char[]){""},
	.role = ROLE_NONE};

const struct page_view as_alice = {.base = "", .who = &alice, .request_id = "4f1d8a90c2e7"};
const struct page_view as_nobody = {.base = "", .request_id = "4f1d8a90c2e7"};
const struct page_view as_stranger = {.base = "", .who = &stranger, .request_id = "4f1d8a90c2e7"};

int page_start(void **state)
{
	(void)state;
	sbuf_init(&probe_page, PAGE_MAX);
	return 0;
}

int page_end(void **state)
{
	(void)state;
	sbuf_clear(&probe_page);
	registry_free(probe_world);
	probe_world = NULL;
	return 0;
}

static const struct cluster_info *cluster(const char *name)
{
	return name ? registry_cluster(probe_world, str_of(name)) : NULL;
}

void render_home(const char *name, const char *query)
{
	sbuf_reset(&probe_page);
	page_home(&probe_page, &as_alice, probe_world, cluster(name),
		query ? str_of(query) : (struct str){NULL, 0});
}

void render_gone(const char *name, const char *id)
{
	const struct mount *m = registry_proxy(probe_world, str_of(name), str_of(id));

	assert_non_null(m);
	sbuf_reset(&probe_page);
	page_gone(&probe_page, &as_alice, probe_world, m);
}

size_t page_times(const char *needle)
{
	struct str rest = sbuf_str(&probe_page);
	size_t n = 0;

	for (ptrdiff_t at; (at = str_find(rest, str_of(needle))) != -1; n++)
		rest = str_from(rest, (size_t)at + strlen(needle));
	return n;
}

void assert_has(const char *needle)
{
	if (page_times(needle) == 0)
		fail_msg("no %s in %s", needle, probe_page.at);
}

void assert_has_not(const char *needle)
{
	if (page_times(needle) != 0)
		fail_msg("%s in %s", needle, probe_page.at);
}

size_t page_rows(void)
{
	return page_times("<tr><th scope=\"row\"");
}

static bool is_void(struct str name)
{
	static const char *const names[] = {"meta", "link", "input", "!doctype", "rect", "path"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(name, str_of(names[i])))
			return true;
	}
	return false;
}

static struct str name_of_tag(struct str tag)
{
	size_t len = 0;

	while (len < tag.len && (len == 0 || (tag.at[len] != ' ' && tag.at[len] != '/')))
		len++;
	return (struct str){tag.at, len};
}

void assert_balanced(const char *what)
{
	struct str open[64], rest = sbuf_str(&probe_page);
	size_t depth = 0;

	for (ptrdiff_t at; (at = str_find_byte(rest, '<')) != -1;) {
		rest = str_from(rest, (size_t)at + 1);
		ptrdiff_t close = str_find_byte(rest, '>');
		assert_true(close > 0);
		struct str name = name_of_tag((struct str){rest.at, (size_t)close});
		rest = str_from(rest, (size_t)close + 1);
		if (is_void(name))
			continue;
		if (name.at[0] != '/') {
			assert_in_range(depth, 0, ARRAY_LEN(open) - 1);
			open[depth++] = name;
		} else if (depth == 0 || !str_eq(open[--depth], str_from(name, 1))) {
			fail_msg("%s: </%.*s> closes something else", what, (int)name.len - 1,
				name.at + 1);
		}
	}
	assert_int_equal(depth, 0);
}

static void write_sample(const char *name)
{
	const char *dir = getenv("SPARKGATE_PAGES_DIR");
	char path[512];

	if (dir == NULL)
		return;
	snprintf(path, sizeof path, "%s/%s.html", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fwrite(probe_page.at, 1, probe_page.len, f);
	fclose(f);
}

void check_sample(const char *name)
{
	assert_false(probe_page.overflow);
	assert_balanced(name);
	assert_int_equal(page_times("<!doctype html>"), 1);
	assert_int_equal(page_times("<h1>"), 1);
	assert_int_equal(page_times("<main id=\"main\""), 1);
	assert_int_equal(page_times("<title>"), 1);
	assert_int_equal(page_times("<script"), page_times("<script src=\""));
	assert_has_not(" style=");
	assert_has_not(" onclick=");
	assert_has_not("javascript:");
	write_sample(name);
}
