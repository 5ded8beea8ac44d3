/* The guard's byte stream: any split of the input must lead to the same verdict. */
#include "proxy/tap.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tap_limits limits = {16384, 8192, 100, 1 << 20};
	const char *bytes = (const char *)data;
	struct tap whole, split;

	tap_init(&whole, &limits);
	tap_init(&split, &limits);
	tap_feed(&whole, bytes, size);
	for (size_t i = 0; i < size; i++)
		tap_feed(&split, bytes + i, 1);
	assert(whole.fault == split.fault && whole.requests == split.requests &&
		whole.heads == split.heads);
	return 0;
}
