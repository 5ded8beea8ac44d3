#include "proxy/relay/static_cache.h"

#include "base/mem.h"

#include <event2/buffer.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 1024 * 1024, NOW = 1000, LATER = 2000 };

static struct mount mount_of(const char *id, unsigned port)
{
	struct mount mount = {.kind = UI_DRIVER,
		.state = MOUNT_UP,
		.path = id,
		.authority = "10.0.0.7:4040",
		.prefix = "",
		.addr_len = sizeof(struct sockaddr_in)};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	memcpy(&mount.addr, &address, sizeof address);
	return mount;
}

static struct static_key key_of(const char *id, const char *path)
{
	struct mount mount = mount_of(id, 4040);
	struct static_key key;

	assert_true(static_key_write(&key, &mount, "4.3.0", str_of(path), CODING_IDENTITY));
	return key;
}

/* As the relay puts it: digest and tag are the content's. */
static void put(struct static_cache *cache, const struct static_key *key, struct str content)
{
	unsigned char digest[DIGEST_LEN];
	char etag[STATIC_ETAG_MAX];

	digest_sha256(content, digest);
	static_etag_write(etag, digest);
	const struct static_file file = {.validators = STR("ETag: x\r\n"),
		.fields = STR("Content-Type: text/css\r\n"),
		.etag = str_of(etag),
		.last_modified = STR("Mon"),
		.content = content};
	const struct static_file *kept = static_cache_put(cache, key, &file, digest, LATER);
	assert_true(str_eq(kept->content, content));
}

static void put_text(
	struct static_cache *cache, const char *id, const char *path, const char *content)
{
	struct static_key key = key_of(id, path);

	put(cache, &key, str_of(content));
}

/* The content, or NULL. */
static const char *get(struct static_cache *cache, const struct static_key *key, int64_t now)
{
	const struct static_file *file;

	/* Kept content ends where its memory does, but tests put texts with their NUL. */
	return static_cache_find(cache, key, now, &file) == STATIC_HIT ? file->content.at : NULL;
}

static bool has(struct static_cache *cache, const char *id, const char *path)
{
	struct static_key key = key_of(id, path);

	return get(cache, &key, NOW) != NULL;
}

static void file_comes_back_with_all_that_was_said_of_it(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);
	struct static_key key = key_of("/c/proxy/app-1", "/static/a.css");
	const struct static_file *file = NULL;

	(void)state;
	assert_int_equal(static_cache_find(cache, &key, NOW, &file), STATIC_MISS);
	put(cache, &key, STR("body{}"));
	assert_int_equal(static_cache_find(cache, &key, NOW, &file), STATIC_HIT);
	assert_true(str_eq(file->content, STR("body{}")));
	assert_true(str_eq(file->validators, STR("ETag: x\r\n")));
	assert_true(str_eq(file->fields, STR("Content-Type: text/css\r\n")));
	assert_true(str_eq(file->last_modified, STR("Mon")));
	assert_int_equal(file->etag.len, 34);
	static_cache_free(cache);
}

static void file_ends_at_its_time(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);
	struct static_key key = key_of("/c/proxy/app-1", "/static/a.css");

	(void)state;
	put(cache, &key, STR("x"));
	assert_non_null(get(cache, &key, LATER - 1));
	assert_null(get(cache, &key, LATER));
	assert_int_equal(static_cache_count(cache).entries, 0);
	assert_int_equal(static_cache_count(cache).contents, 0);
	assert_int_equal(static_cache_count(cache).bytes, 0);
	static_cache_free(cache);
}

static void same_bytes_of_a_hundred_workers_are_one_copy(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 1000);
	char *script = mem_alloc(1, 100000);
	char id[32];

	(void)state;
	memset(script, 'x', 99999);
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof id, "/c/proxy/worker-%d", i);
		put_text(cache, id, "/static/a.js", script);
	}
	assert_int_equal(static_cache_count(cache).entries, 100);
	assert_int_equal(static_cache_count(cache).contents, 1);
	assert_true(static_cache_count(cache).bytes < 200000);
	free(script);
	static_cache_free(cache);
}

static void s0_what_one_ui_answered_is_never_anothers(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);

	(void)state;
	put_text(cache, "/c/proxy/app-evil", "/static/webui.js", "steal()");
	assert_false(has(cache, "/c/proxy/app-good", "/static/webui.js"));
	assert_false(has(cache, "/c/proxy/master", "/static/webui.js"));
	assert_false(has(cache, "/c/shs", "/static/webui.js"));
	put_text(cache, "/c/proxy/app-good", "/static/webui.js", "draw()");
	struct static_key evil = key_of("/c/proxy/app-evil", "/static/webui.js");
	struct static_key good = key_of("/c/proxy/app-good", "/static/webui.js");
	assert_memory_equal(get(cache, &evil, NOW), "steal()", 7);
	assert_memory_equal(get(cache, &good, NOW), "draw()", 6);
	assert_int_equal(static_cache_count(cache).contents, 2);
	static_cache_free(cache);
}

static void s0_same_bytes_do_not_bring_anothers_fields_along(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);
	struct static_key evil = key_of("/c/proxy/app-evil", "/static/a.css"),
			  good = key_of("/c/proxy/app-good", "/static/a.css");
	unsigned char digest[DIGEST_LEN];
	const struct static_file *file;

	(void)state;
	digest_sha256(STR("same"), digest);
	const struct static_file hostile = {
		.fields = STR("Content-Type: text/html\r\n"), .content = STR("same")};
	static_cache_put(cache, &evil, &hostile, digest, LATER);
	put(cache, &good, STR("same"));
	assert_int_equal(static_cache_count(cache).contents, 1);
	assert_int_equal(static_cache_find(cache, &good, NOW, &file), STATIC_HIT);
	assert_true(str_eq(file->fields, STR("Content-Type: text/css\r\n")));
	static_cache_free(cache);
}

static bool keys_differ(const struct mount *a, const char *version_a, const char *path_a,
	const struct mount *b, const char *version_b, const char *path_b)
{
	struct static_key ka, kb;

	assert_true(static_key_write(&ka, a, version_a, str_of(path_a), CODING_IDENTITY));
	assert_true(static_key_write(&kb, b, version_b, str_of(path_b), CODING_IDENTITY));
	return !str_eq((struct str){ka.at, ka.len}, (struct str){kb.at, kb.len});
}

static void t50_another_version_address_or_prefix_is_another_file(void **state)
{
	struct mount one = mount_of("/c/proxy/master", 8080),
		     moved = mount_of("/c/proxy/master", 8081), below = one, renamed = one,
		     secure = one;
	const char *path = "/static/webui.js";

	(void)state;
	below.prefix = "/ui";
	renamed.authority = "standby:8080";
	secure.tls = true;
	assert_false(keys_differ(&one, "4.3.0", path, &one, "4.3.0", path));
	assert_true(keys_differ(&one, "4.3.0", path, &one, "4.2.0", path));
	assert_true(keys_differ(&one, "4.3.0", path, &moved, "4.3.0", path));
	assert_true(keys_differ(&one, "4.3.0", path, &below, "4.3.0", path));
	assert_true(keys_differ(&one, "4.3.0", path, &renamed, "4.3.0", path));
	assert_true(keys_differ(&one, "4.3.0", path, &secure, "4.3.0", path));
	assert_true(keys_differ(&one, "4.3.0", path, &one, "4.3.0", "/static/WEBUI.js"));
	/* No text of one part runs into the next. */
	assert_true(keys_differ(&one, "4.3.0", "/static/a", &one, "4.3.0/static", "/a"));
}

static void representations_have_keys_of_their_own(void **state)
{
	struct mount mount = mount_of("/c/shs", 18080);
	struct static_key keys[3];
	static const enum content_coding_kind codings[] = {
		CODING_IDENTITY, CODING_GZIP, CODING_ZSTD};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		assert_true(
			static_key_write(&keys[i], &mount, "", STR("/static/a.js"), codings[i]));
		for (size_t k = 0; k < i; k++)
			assert_false(str_eq((struct str){keys[i].at, keys[i].len},
				(struct str){keys[k].at, keys[k].len}));
	}
}

static void content_is_found_by_its_digest_as_long_as_a_file_has_it(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);
	struct static_key key = key_of("/c/proxy/app-1", "/static/a.css");
	unsigned char digest[DIGEST_LEN];
	struct str content;

	(void)state;
	digest_sha256(STR("body{}"), digest);
	assert_false(static_cache_content(cache, digest, &content));
	put(cache, &key, STR("body{}"));
	assert_true(static_cache_content(cache, digest, &content));
	assert_true(str_eq(content, STR("body{}")));
	put(cache, &key, STR("other"));
	assert_false(static_cache_content(cache, digest, &content));
	static_cache_free(cache);
}

static void path_too_long_for_a_key_is_not_kept(void **state)
{
	struct mount mount = mount_of("/c/shs", 18080);
	struct static_key key;
	char path[STATIC_KEY_MAX];

	(void)state;
	memset(path, 'a', sizeof path);
	assert_false(static_key_write(
		&key, &mount, "", (struct str){path, sizeof path}, CODING_IDENTITY));
}

static void least_recently_used_file_goes_first(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 3);

	(void)state;
	put_text(cache, "/c/shs", "/static/a", "a");
	put_text(cache, "/c/shs", "/static/b", "b");
	put_text(cache, "/c/shs", "/static/c", "c");
	assert_true(has(cache, "/c/shs", "/static/a")); /* now b is the oldest */
	put_text(cache, "/c/shs", "/static/d", "d");
	assert_true(has(cache, "/c/shs", "/static/a"));
	assert_false(has(cache, "/c/shs", "/static/b"));
	assert_true(has(cache, "/c/shs", "/static/c"));
	assert_true(has(cache, "/c/shs", "/static/d"));
	static_cache_free(cache);
}

static void bytes_stay_below_the_bound_whatever_is_put(void **state)
{
	struct static_cache *cache = static_cache_new(STATIC_CACHE_MIN, 1000);
	size_t max = static_cache_file_max(cache);
	char *content = mem_alloc(1, max);
	char path[64];

	(void)state;
	assert_int_equal(max, STATIC_CACHE_MIN / 4);
	for (unsigned i = 0; i < 500; i++) {
		memcpy(content, &i, sizeof i);
		snprintf(path, sizeof path, "/static/%u", i);
		struct static_key key = key_of("/c/proxy/app-1", path);
		put(cache, &key, (struct str){content, i % 3 ? max : i});
		assert_true(static_cache_count(cache).bytes <= STATIC_CACHE_MIN);
	}
	assert_true(static_cache_count(cache).contents >= 2);
	free(content);
	static_cache_free(cache);
}

static void file_put_again_takes_the_place_of_the_old_one(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);
	struct static_key key = key_of("/c/shs", "/static/a.js");

	(void)state;
	put(cache, &key, STR("old"));
	size_t bytes = static_cache_count(cache).bytes;
	put(cache, &key, STR("old"));
	assert_int_equal(static_cache_count(cache).bytes, bytes);
	put(cache, &key, STR("new"));
	assert_memory_equal(get(cache, &key, NOW), "new", 3);
	assert_int_equal(static_cache_count(cache).entries, 1);
	assert_int_equal(static_cache_count(cache).contents, 1);
	assert_int_equal(static_cache_count(cache).bytes, bytes);
	static_cache_free(cache);
}

static void refusals_push_out_no_file(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);
	const struct static_file *file;
	struct static_key key;
	char path[64];

	(void)state;
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof path, "/static/%d.js", i);
		put_text(cache, "/c/shs", path, path);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof path, "/static/none-%d", i);
		key = key_of("/c/shs", path);
		static_cache_refuse(cache, &key, LATER);
		assert_int_equal(static_cache_find(cache, &key, NOW, &file), STATIC_REFUSED);
		assert_true(static_cache_count(cache).entries <= 10);
	}
	for (int i = 0; i < 10; i++) { /* and files push out refusals, then files */
		snprintf(path, sizeof path, "/static/%d.js", i);
		put_text(cache, "/c/shs", path, path);
	}
	key = key_of("/c/shs", "/static/none-999");
	static_cache_refuse(cache, &key, LATER);
	assert_int_equal(static_cache_find(cache, &key, NOW, &file), STATIC_MISS);
	assert_true(has(cache, "/c/shs", "/static/0.js"));
	static_cache_free(cache);
}

static void refusal_ends_at_its_time_and_by_a_file(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);
	struct static_key key = key_of("/c/shs", "/static/a.js");
	const struct static_file *file;

	(void)state;
	static_cache_refuse(cache, &key, LATER);
	static_cache_refuse(cache, &key, LATER);
	assert_int_equal(static_cache_count(cache).entries, 1);
	assert_int_equal(static_cache_find(cache, &key, LATER, &file), STATIC_MISS);
	static_cache_refuse(cache, &key, LATER);
	put(cache, &key, STR("x"));
	assert_non_null(get(cache, &key, NOW));
	static_cache_free(cache);
}

static void content_lives_until_its_last_answer_is_sent(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);
	struct static_key key = key_of("/c/shs", "/static/a.js");
	struct evbuffer *slow = evbuffer_new(), *quick = evbuffer_new();
	const struct static_file *file = NULL;
	char sent[8] = "";

	(void)state;
	put(cache, &key, STR("content"));
	assert_int_equal(static_cache_find(cache, &key, NOW, &file), STATIC_HIT);
	static_cache_send(file, slow);
	static_cache_send(file, quick);
	struct evbuffer_iovec piece;
	assert_int_equal(evbuffer_peek(quick, -1, NULL, &piece, 1), 1);
	assert_ptr_equal(piece.iov_base, file->content.at); /* not a copy */
	evbuffer_free(quick);
	put(cache, &key, STR("other"));
	static_cache_free(cache);
	assert_int_equal(evbuffer_remove(slow, sent, sizeof sent), 7);
	assert_string_equal(sent, "content");
	evbuffer_free(slow);
}

static void empty_file_is_kept_and_sent(void **state)
{
	struct static_cache *cache = static_cache_new(ROOM, 10);
	struct static_key key = key_of("/c/shs", "/static/empty.css");
	struct evbuffer *out = evbuffer_new();
	const struct static_file *file = NULL;

	(void)state;
	put(cache, &key, (struct str){NULL, 0});
	assert_int_equal(static_cache_find(cache, &key, NOW, &file), STATIC_HIT);
	static_cache_send(file, out);
	assert_int_equal(evbuffer_get_length(out), 0);
	evbuffer_free(out);
	static_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_comes_back_with_all_that_was_said_of_it),
		cmocka_unit_test(file_ends_at_its_time),
		cmocka_unit_test(same_bytes_of_a_hundred_workers_are_one_copy),
		cmocka_unit_test(s0_what_one_ui_answered_is_never_anothers),
		cmocka_unit_test(s0_same_bytes_do_not_bring_anothers_fields_along),
		cmocka_unit_test(t50_another_version_address_or_prefix_is_another_file),
		cmocka_unit_test(representations_have_keys_of_their_own),
		cmocka_unit_test(content_is_found_by_its_digest_as_long_as_a_file_has_it),
		cmocka_unit_test(path_too_long_for_a_key_is_not_kept),
		cmocka_unit_test(least_recently_used_file_goes_first),
		cmocka_unit_test(bytes_stay_below_the_bound_whatever_is_put),
		cmocka_unit_test(file_put_again_takes_the_place_of_the_old_one),
		cmocka_unit_test(refusals_push_out_no_file),
		cmocka_unit_test(refusal_ends_at_its_time_and_by_a_file),
		cmocka_unit_test(content_lives_until_its_last_answer_is_sent),
		cmocka_unit_test(empty_file_is_kept_and_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
