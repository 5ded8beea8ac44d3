/* The reader of requests: any split of the input must lead to the same verdict, fields and content,
 * whether lines are taken whole or byte by byte. */
#include "proxy/http/request_reader.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	enum fault fault;
	size_t requests, content, fields;
	uint32_t heads; /* of methods, targets, names and values */
};

static uint32_t mix(uint32_t heads, struct str part)
{
	return heads * 31 + str_hash(part);
}

static uint32_t mix_head(uint32_t heads, const struct reader *reader)
{
	heads = mix(mix(heads, reader->method), reader->target);
	for (size_t i = 0; i < reader->fields_count; i++)
		heads = mix(mix(heads, reader->fields[i].name), reader->fields[i].value);
	return heads;
}

static struct seen read_in_steps(const char *bytes, size_t len, size_t step)
{
	static const struct request_reader_limits limits = {16384, 8192, 100, 1 << 20};
	struct reader reader;
	struct seen seen = {FAULT_NONE, 0, 0, 0, 0};
	struct str content;
	size_t used, at = 0, come = 0;

	request_reader_init(&reader, &limits, bytes);
	while (at < len || come < len) {
		come = at < come ? come : come + step < len ? come + step : len;
		enum request_reader_event event = request_reader_take(
			&reader, (struct str){bytes + at, come - at}, &used, &content);
		at += used;
		seen.content += content.len;
		if (event == READER_BAD)
			break;
		if (event != READER_END)
			continue;
		seen.requests++;
		seen.fields += reader.fields_count;
		seen.heads = mix_head(seen.heads, &reader);
		assert(reader.method.at >= bytes &&
			reader.target.at + reader.target.len <= bytes + at);
		request_reader_init(&reader, &limits, bytes + at);
	}
	seen.fault = reader.fault;
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct seen whole = read_in_steps(bytes, size, size);
	struct seen split = read_in_steps(bytes, size, 1);

	assert(whole.fault == split.fault && whole.requests == split.requests);
	assert(whole.content == split.content || whole.fault != FAULT_NONE);
	assert(whole.fields == split.fields && whole.heads == split.heads);
	return 0;
}
