#include "tests/support/rewrite_world.h"
#include "base/mem.h"

#include <event2/buffer.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *find_authority(const void *arg, struct str authority)
{
	static const struct {
		const char *authority, *mount;
	} rows[] = {{"10.0.0.1:8080", MASTER}, {"10.0.0.1:18080", "/local/shs"},
		{"10.0.0.7:8081", WORKER}, {"10.0.0.9:4040", APP},
		{"plain.example:80", "/local/ui/plain"}, {"secure.example:443", "/local/ui/secure"},
		{"[fd00::7]:8081", WORKER}, {"hostile.example:80", "/local/\"><script>"}};

	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (str_eq(authority, str_of(rows[i].authority)))
			return rows[i].mount;
	}
	return NULL;
}

static const char *find_id(const void *arg, struct str id)
{
	static const char *const mounts[] = {
		MASTER, WORKER, APP, "/local/proxy/driver-1", "/local/proxy/app-21"};

	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		if (str_eq(id, str_of(strrchr(mounts[i], '/') + 1)))
			return mounts[i];
	}
	return NULL;
}

#define WORLD(mount_, authority_, is_worker_)                                                      \
	{                                                                                          \
		.mount = (mount_), .cluster_root = "/local", .origin = "https://gw.example",       \
		.authority = (authority_), .prefix = "", .find_authority = find_authority,         \
		.find_id = find_id, .is_worker = (is_worker_)                                      \
	}

const struct rewrite_context world_master = WORLD(MASTER, "10.0.0.1:8080", false);
const struct rewrite_context world_worker = WORLD(WORKER, "10.0.0.7:8081", true);
const struct rewrite_context world_app = WORLD(APP, "10.0.0.9:4040", false);
const struct rewrite_context world_history = WORLD("/local/shs", "10.0.0.1:18080", false);

struct rewrite_context world_context(const char *mount, const char *authority)
{
	return (struct rewrite_context)WORLD(mount, authority, false);
}

static char *take_all(struct evbuffer *out)
{
	size_t len = evbuffer_get_length(out);
	char *text = mem_alloc(len + 1, 1);

	evbuffer_remove(out, text, len);
	evbuffer_free(out);
	return text;
}

char *world_rewrite(const struct rewrite_context *context, enum rewrite_kind kind, struct str text,
	size_t piece)
{
	struct rewriter *rw = rewriter_new(context, kind);
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();

	for (size_t at = 0; at < text.len && piece; at += piece) {
		evbuffer_add(in, text.at + at, text.len - at < piece ? text.len - at : piece);
		rewriter_feed(rw, in, out, false);
	}
	if (piece == 0)
		evbuffer_add(in, text.at, text.len);
	rewriter_feed(rw, in, out, true);
	rewriter_free(rw);
	evbuffer_free(in);
	return take_all(out);
}

char *world_rewrite_cut(
	const struct rewrite_context *context, enum rewrite_kind kind, struct str text, size_t at)
{
	struct rewriter *rw = rewriter_new(context, kind);
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();

	evbuffer_add(in, text.at, at);
	rewriter_feed(rw, in, out, false);
	evbuffer_add(in, text.at + at, text.len - at);
	rewriter_feed(rw, in, out, true);
	rewriter_free(rw);
	evbuffer_free(in);
	return take_all(out);
}

void world_assert(const struct rewrite_context *context, enum rewrite_kind kind, const char *text,
	const char *want)
{
	char *got = world_rewrite(context, kind, str_of(text), 0);

	assert_string_equal(got, want);
	free(got);
	got = world_rewrite(context, kind, str_of(text), 1);
	assert_string_equal(got, want);
	free(got);
	for (size_t at = 0; at <= strlen(text); at++) {
		got = world_rewrite_cut(context, kind, str_of(text), at);
		assert_string_equal(got, want);
		free(got);
	}
}

char *world_read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	struct sbuf text;
	char buf[65536];
	size_t n;

	if (!file)
		fail_msg("no file %s", path);
	sbuf_init(&text, 64 * 1024 * 1024);
	while ((n = fread(buf, 1, sizeof(buf), file)) > 0)
		sbuf_add(&text, buf, n);
	fclose(file);
	if (len)
		*len = text.len;
	return sbuf_take(&text);
}
