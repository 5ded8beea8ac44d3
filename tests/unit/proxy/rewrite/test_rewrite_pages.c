/*
 * Real pages of both Spark versions (tests/fixtures/spark), with and without X-Forwarded-Context
 * and behind Spark's own reverse proxy: no link leaves the gateway, and nothing but links changes.
 */
#include "tests/support/rewrite_world.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATH_MAX_ = 256, PAGES_MAX = 128, NAME_MAX_ = 96 };

struct page {
	char name[NAME_MAX_]; /* of its file, without the extension */
	char mount[NAME_MAX_ * 2];
	unsigned port;
};

struct set { /* one directory of pages, as its INDEX lists them */
	const char *dir;
	struct page pages[PAGES_MAX];
	size_t count;
};

static const char *const dirs[] = {"tests/fixtures/spark/3.5", "tests/fixtures/spark/4.3",
	"tests/fixtures/spark/3.5-reverse-proxy", "tests/fixtures/spark/4.3-reverse-proxy"};

static const char *mount_at(const struct set *set, unsigned port)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->pages[i].port == port && set->pages[i].mount[0])
			return set->pages[i].mount;
	}
	return NULL;
}

/* Everything on loopback is known: a port without a page of its own is another worker. */
static const char *find_authority(const void *arg, struct str authority)
{
	const struct set *set = arg;
	char text[64];
	unsigned port = 0;

	if (!str_starts(authority, STR("127.0.0.1:")) && !str_starts(authority, STR("localhost:")))
		return NULL;
	str_copy(authority, text, sizeof(text));
	sscanf(strchr(text, ':'), ":%u", &port);
	const char *mount = mount_at(set, port);
	return mount ? mount : "/local/proxy/worker-other";
}

static const char *find_id(const void *arg, struct str id)
{
	static char mount[NAME_MAX_ * 2];

	(void)arg;
	if (str_find_byte(id, '-') == -1 && !str_eq(id, STR("master")))
		return NULL;
	snprintf(mount, sizeof(mount), "/local/proxy/%.*s", (int)id.len, id.at);
	return mount;
}

static void add_page(struct set *set, const char *line)
{
	struct page *page = &set->pages[set->count];
	const char *url = strstr(line, "http://127.0.0.1:"), *mount = strstr(line, " /local/");

	if (!url || sscanf(line, "%95s", page->name) != 1 || strstr(line, " 200 ") == NULL)
		return;
	sscanf(url, "http://127.0.0.1:%u", &page->port);
	if (mount)
		sscanf(mount, " %191s", page->mount);
	assert_true(++set->count < PAGES_MAX);
}

static void read_set(struct set *set, const char *dir)
{
	char path[PATH_MAX_];
	struct str rest, line;

	*set = (struct set){.dir = dir};
	snprintf(path, sizeof(path), "%s/INDEX", dir);
	char *index = world_read_file(path, NULL);
	rest = str_of(index);
	while (str_next(&rest, '\n', &line)) {
		char *text = mem_strndup(line.at, line.len);
		add_page(set, text);
		free(text);
	}
	free(index);
	assert_true(set->count > 0);
}

static const char *const links[] = {
	"href", "src", "action", "formaction", "data-detail-url", "xlink:href"};

/* The value of a link attribute that begins at p (" href=\"…"), or at == NULL. */
static struct str link_at(const char *p)
{
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		size_t len = strlen(links[i]);
		if (*p != ' ' || strncmp(p + 1, links[i], len) != 0 || p[len + 1] != '=')
			continue;
		const char *value = p + len + 3, *end = strchr(value, p[len + 2]);
		if ((p[len + 2] == '"' || p[len + 2] == '\'') && end)
			return str_range(value, end);
	}
	return (struct str){NULL, 0};
}

/* What script says about the root: setUIRoot('…') and from "…". */
static struct str script_at(const char *p)
{
	static const char *const words[] = {"setUIRoot('", " from \""};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *value = p + strlen(words[i]);
		if (strncmp(p, words[i], strlen(words[i])) == 0 && strpbrk(value, "'\""))
			return str_range(value, strpbrk(value, "'\""));
	}
	return (struct str){NULL, 0};
}

typedef void (*visit_fn)(void *arg, const char *from, struct str link);

/* Calls with each link and the text before it; last with at == NULL. Knows <pre> and <script>, no
 * more. */
static void visit_links(const char *page, visit_fn visit, void *arg)
{
	const char *from = page, *stop = NULL, *tag = page;

	for (const char *p = page; *p; p++) {
		if (!stop && (strncmp(p, "<pre", 4) == 0 || strncmp(p, "<script", 7) == 0)) {
			stop = p[1] == 'p' ? "</pre>" : "</script>";
			tag = p;
		}
		if (stop && strncmp(p, stop, strlen(stop)) == 0)
			stop = NULL;
		bool in_tag = memchr(tag, '>', (size_t)(p - tag)) == NULL;
		struct str link = !stop || in_tag ? link_at(p) : script_at(p);
		if (link.at == NULL)
			continue;
		visit(arg, from, link);
		from = link.at + link.len;
		p = from - 1;
	}
	visit(arg, from, (struct str){NULL, 0});
}

static void assert_inside(void *arg, const char *from, struct str link)
{
	(void)from;
	if (link.at == NULL)
		return;
	bool leaves = str_starts(link, STR("http://127.0.0.1")) ||
		      str_starts(link, STR("http://localhost")) ||
		      str_starts(link, STR("https://gw")) ||
		      (str_starts(link, STR("/")) && !str_starts(link, STR("/local/")));
	if (leaves)
		fail_msg("%s: %.*s", (const char *)arg, (int)link.len, link.at);
}

/* Of a link only what no rewriting may change is kept: query and fragment, and whole links that are
 * relative. */
static void add_skeleton(void *arg, const char *from, struct str link)
{
	struct sbuf *out = arg;

	if (link.at == NULL) {
		sbuf_puts(out, from);
		return;
	}
	sbuf_add(out, from, (size_t)(link.at - from));
	bool is_mended =
		str_starts(link, STR("/")) || str_starts(link, STR("http")) || link.len == 0;
	size_t keep = 0;
	while (is_mended && keep < link.len && link.at[keep] != '?' && link.at[keep] != '#')
		keep++;
	sbuf_add_str(out, str_from(link, keep));
}

static void assert_same_text(const char *page, const char *got)
{
	struct sbuf a, b;

	sbuf_init(&a, 8 * 1024 * 1024);
	sbuf_init(&b, 8 * 1024 * 1024);
	visit_links(page, add_skeleton, &a);
	visit_links(got, add_skeleton, &b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.at, b.at, a.len);
	sbuf_clear(&a);
	sbuf_clear(&b);
}

static struct rewrite_context context_of(
	const struct set *set, const struct page *page, char authority[32])
{
	struct rewrite_context context = world_context(mount_at(set, page->port), authority);

	snprintf(authority, 32, "127.0.0.1:%u", page->port);
	context.find_authority = find_authority;
	context.find_id = find_id;
	context.arg = set;
	return context;
}

typedef void (*check_fn)(
	const struct rewrite_context *context, const char *path, char *text, size_t len);

/* Every page with that extension of every set. */
static void each_page(const char *extension, check_fn check)
{
	static struct set set;
	size_t checked = 0;

	for (size_t d = 0; d < ARRAY_LEN(dirs); d++) {
		read_set(&set, dirs[d]);
		for (size_t i = 0; i < set.count; i++) {
			char path[PATH_MAX_ * 2], authority[32];
			size_t len;
			snprintf(path, sizeof(path), "%s/%s.%s", set.dir, set.pages[i].name,
				extension);
			FILE *there = fopen(path, "rb");
			if (!there || !mount_at(&set, set.pages[i].port)) {
				if (there)
					fclose(there);
				continue;
			}
			fclose(there);
			struct rewrite_context context = context_of(&set, &set.pages[i], authority);
			char *text = world_read_file(path, &len);
			check(&context, path, text, len);
			free(text);
			checked++;
		}
	}
	assert_true(checked > 4);
}

static void check_inside(
	const struct rewrite_context *context, const char *path, char *text, size_t len)
{
	char *got = world_rewrite(context, REWRITE_HTML, (struct str){text, len}, 0);
	char name[PATH_MAX_ * 2];

	snprintf(name, sizeof(name), "%s", path);
	visit_links(got, assert_inside, name);
	assert_same_text(text, got);
	free(got);
}

static void no_link_of_a_real_page_leaves_the_gateway_and_its_text_is_unchanged(void **state)
{
	(void)state;
	each_page("html", check_inside);
}

static void check_pieces(
	enum rewrite_kind kind, const struct rewrite_context *context, struct str text)
{
	static const size_t pieces[] = {1, 7, 64, 1449, 4096};
	char *whole = world_rewrite(context, kind, text, 0);

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		char *got = world_rewrite(context, kind, text, pieces[i]);
		assert_string_equal(got, whole);
		free(got);
	}
	free(whole);
}

static void check_html_pieces(
	const struct rewrite_context *context, const char *path, char *text, size_t len)
{
	(void)path;
	check_pieces(REWRITE_HTML, context, (struct str){text, len});
}

static void real_page_comes_out_the_same_in_pieces_of_any_size(void **state)
{
	(void)state;
	each_page("html", check_html_pieces);
}

/* With our script a page is what it is without, and the script. */
static void check_own_script(
	const struct rewrite_context *context, const char *path, char *text, size_t len)
{
	static const char own[] = "<script src=\"/_gate/static/session.js?v=1\"></script>";
	struct rewrite_context with = *context;
	char *plain = world_rewrite(context, REWRITE_HTML, (struct str){text, len}, 0);

	with.script = "/_gate/static/session.js?v=1";
	char *got = world_rewrite(&with, REWRITE_HTML, (struct str){text, len}, 0);
	char *at = strstr(got, own);
	if (!at || strstr(at + 1, own) || strncmp(at - 6, "<head>", 6) != 0)
		fail_msg("%s", path);
	memmove(at, at + strlen(own), strlen(at + strlen(own)) + 1);
	assert_string_equal(got, plain);
	check_pieces(REWRITE_HTML, &with, (struct str){text, len});
	free(got);
	free(plain);
}

static void own_script_is_all_that_is_added_to_a_real_page(void **state)
{
	(void)state;
	each_page("html", check_own_script);
}

static void check_every_split(
	const struct rewrite_context *context, const char *path, char *text, size_t len)
{
	if (len > 9000 || !strstr(path, "/worker."))
		return;
	char *whole = world_rewrite(context, REWRITE_HTML, (struct str){text, len}, 0);
	for (size_t at = 0; at <= len; at++) {
		char *got = world_rewrite_cut(context, REWRITE_HTML, (struct str){text, len}, at);
		assert_string_equal(got, whole);
		free(got);
	}
	free(whole);
}

static void worker_page_comes_out_the_same_wherever_it_is_cut(void **state)
{
	(void)state;
	each_page("html", check_every_split);
}

static void check_json(
	const struct rewrite_context *context, const char *path, char *text, size_t len)
{
	char *got = world_rewrite(context, REWRITE_JSON, (struct str){text, len}, 0);

	if (strstr(path, "allexecutors")) {
		assert_non_null(strstr(got, "\"https://gw.example/local/proxy/worker-"));
		assert_null(strstr(got, "\"http://127.0.0.1"));
		assert_null(strstr(got, "\"/proxy/"));
	}
	free(got);
	check_pieces(REWRITE_JSON, context, (struct str){text, len});
}

static void t10_real_executor_logs_lead_through_the_gateway(void **state)
{
	(void)state;
	each_page("json", check_json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			no_link_of_a_real_page_leaves_the_gateway_and_its_text_is_unchanged),
		cmocka_unit_test(real_page_comes_out_the_same_in_pieces_of_any_size),
		cmocka_unit_test(own_script_is_all_that_is_added_to_a_real_page),
		cmocka_unit_test(worker_page_comes_out_the_same_wherever_it_is_cut),
		cmocka_unit_test(t10_real_executor_logs_lead_through_the_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
