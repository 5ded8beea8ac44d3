/* Content framing: the first byte chooses it; any split of the rest must give the same content. */
#include "proxy/http/h1.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	enum h1_result result;
	size_t used, taken;
	uint32_t hash; /* of the content */
};

static void take(struct reading *r, struct str content)
{
	for (size_t i = 0; i < content.len; i++)
		r->hash = (r->hash ^ (unsigned char)content.at[i]) * 16777619u;
	r->taken += content.len;
}

/* At most `step` bytes are there at a time. */
static struct reading read_all(const struct h1_response *head, struct str bytes, size_t step)
{
	struct reading r = {H1_MORE, 0, 0, 2166136261u};
	struct h1_content c;
	size_t skip, len, there;

	h1_content_init(&c, head);
	do {
		there = bytes.len - r.used < step ? bytes.len - r.used : step;
		struct str piece = {bytes.at + r.used, there};
		r.result = h1_content_next(&c, piece, &skip, &len);
		assert(skip + len <= there);
		assert(r.result != H1_MORE || there == 0 || skip + len > 0);
		take(&r, (struct str){piece.at + skip, len});
		r.used += skip + len;
	} while (r.result == H1_MORE && there > 0);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct str bytes = {(const char *)data + 1, size - 1};
	struct h1_response head = {.framing = H1_CHUNKED, .length = data[0]};
	if (data[0] % 4 != 'c' % 4)
		head.framing = data[0] % 4 ? H1_LENGTH : H1_UNTIL_CLOSE;
	struct reading whole = read_all(&head, bytes, size);
	for (size_t step = 1; step < 4; step++) {
		struct reading split = read_all(&head, bytes, step);
		assert(split.result == whole.result && split.used == whole.used);
		assert(split.taken == whole.taken && split.hash == whole.hash);
	}
	return 0;
}
