/*
 * HTML, the script files, HTML of other UIs and CSS (the first byte's last bits): whatever comes
 * in, it comes out the same however it is cut.
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

static struct evbuffer *rewrite(
	enum rewrite_kind kind, bool is_other, const uint8_t *data, size_t size, size_t piece)
{
	struct rewrite_context context = {.mount = "/local/proxy/app-1",
		.cluster_root = "/local",
		.origin = "https://gw.example",
		.authority = "10.0.0.9:4040",
		.prefix = "/p",
		.script = "/_gate/static/session.js",
		.is_other = is_other,
		.find_authority = find,
		.find_id = find};

	return rewrite_pieces(&context, kind, (struct str){(const char *)data, size}, piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	static const enum rewrite_kind kinds[] = {
		REWRITE_HTML, REWRITE_SCRIPT, REWRITE_HTML, REWRITE_CSS};
	enum rewrite_kind kind = kinds[data[0] % 4];
	bool is_other = data[0] % 4 >= 2;
	size_t pieces[] = {size, 1, 1 + data[0] / 2};
	struct evbuffer *out[3];

	for (int i = 0; i < 3; i++)
		out[i] = rewrite(kind, is_other, data + 1, size - 1, pieces[i]);
	size_t len = evbuffer_get_length(out[0]);
	for (int i = 1; i < 3; i++) {
		assert(evbuffer_get_length(out[i]) == len);
		assert(len == 0 ||
			memcmp(evbuffer_pullup(out[0], -1), evbuffer_pullup(out[i], -1), len) == 0);
	}
	for (int i = 0; i < 3; i++)
		evbuffer_free(out[i]);
	return 0;
}
