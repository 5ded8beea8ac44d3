/*
 * JSON, and the two fields: what comes in comes out the same however it is cut; a Location never
 * turns into one of another host, and no field grows a line.
 */
#include "tests/fuzz/rewrite_pieces.h"

#include <assert.h>
#include <event2/buffer.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *find(const void *arg, struct str text)
{
	(void)arg;
	return text.len % 3 ? "/local/proxy/worker-1" : NULL;
}

static const struct rewrite_context context = {.mount = "/local/proxy/app-1",
	.cluster_root = "/local",
	.origin = "https://gw.example",
	.authority = "10.0.0.9:4040",
	.prefix = "",
	.find_authority = find,
	.find_id = find};

static struct evbuffer *rewrite(struct str text, size_t piece)
{
	return rewrite_pieces(&context, REWRITE_JSON, text, piece);
}

static void check_fields(struct str text)
{
	struct sbuf out;

	sbuf_init(&out, 1 << 20);
	if (rewrite_location(&context, text, &out))
		assert(out.len && out.at[0] == '/' && out.at[1] != '/' && out.at[1] != '\\');
	sbuf_reset(&out);
	bool changed = rewrite_set_cookie(&context, text, &out);
	bool has_line =
		text.len && (memchr(text.at, '\n', text.len) || memchr(text.at, '\r', text.len));
	assert(!changed || has_line || !out.at || !strpbrk(out.at, "\r\n"));
	sbuf_reset(&out);
	if (rewrite_refresh(&context, text, &out))
		assert(memchr(out.at, '/', out.len));
	sbuf_reset(&out);
	if (rewrite_link_field(&context, text, &out))
		assert(memchr(out.at, '<', out.len));
	sbuf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	size_t pieces[] = {size ? size : 1, 1, size ? 1 + data[0] % 13u : 1};
	struct evbuffer *out[3];

	for (int i = 0; i < 3; i++)
		out[i] = rewrite(text, pieces[i]);
	size_t len = evbuffer_get_length(out[0]);
	for (int i = 1; i < 3; i++) {
		assert(evbuffer_get_length(out[i]) == len);
		assert(len == 0 ||
			memcmp(evbuffer_pullup(out[0], -1), evbuffer_pullup(out[i], -1), len) == 0);
	}
	for (int i = 0; i < 3; i++)
		evbuffer_free(out[i]);
	check_fields(text);
	return 0;
}
