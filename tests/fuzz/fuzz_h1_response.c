/* Response heads: whatever is taken lies within the bytes, and no shorter part of it was a head. */
#include "proxy/http/h1.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct str part, struct str whole)
{
	return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static void check(struct str bytes, const struct h1_response *head)
{
	assert(head->head_len >= 16 && head->head_len <= bytes.len &&
		head->head_len <= H1_HEAD_MAX);
	assert(memcmp(bytes.at + head->head_len - 4, "\r\n\r\n", 4) == 0);
	assert(head->status >= 100 && head->status <= 999); /* 101 is for who asked */
	assert(head->fields_count <= H1_FIELDS_MAX);
	assert(!head->keep_alive || head->framing != H1_UNTIL_CLOSE);
	bytes.len = head->head_len;
	assert(is_within(head->reason, bytes));
	for (size_t i = 0; i < head->fields_count; i++) {
		struct str value = head->fields[i].value;
		assert(head->fields[i].name.len > 0 && is_within(head->fields[i].name, bytes));
		assert(is_within(value, bytes) && memchr(value.at, '\0', value.len) == NULL);
		assert(memchr(value.at, '\r', value.len) == NULL);
		assert(memchr(value.at, '\n', value.len) == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};
	struct h1_response head, part;
	enum h1_result result = h1_parse_response(bytes, false, &head);

	if (result == H1_DONE)
		check(bytes, &head);
	size_t len = result == H1_DONE ? head.head_len : size;
	for (size_t i = 0; i < len; i += 1 + i / 64) {
		enum h1_result early = h1_parse_response((struct str){bytes.at, i}, false, &part);
		assert(early == H1_MORE || (early == H1_BAD && result == H1_BAD));
	}
	/* A HEAD's answer differs in nothing but its framing. */
	assert(h1_parse_response(bytes, true, &part) == result);
	assert(result != H1_DONE || part.framing == H1_NO_CONTENT);
	return 0;
}
