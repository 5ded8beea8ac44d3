/* What S3 answers: a list of objects, or an error. */
#include "base/text/xml_text.h"
#include "proxy/launch/artifacts/s3_listing.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_events(struct str text)
{
	struct xml_reader reader;
	struct str value;
	unsigned depth = 0;
	size_t events = 0;
	enum xml_event event;

	xml_begin(&reader, text);
	while ((event = xml_next(&reader, &value)) < XML_END) {
		assert(value.len == 0 ||
			(value.at >= text.at && value.at + value.len <= text.at + text.len));
		depth += event == XML_OPEN;
		depth -= event == XML_CLOSE;
		assert(depth <= XML_DEPTH);
		assert(++events <= 2 * text.len);
	}
	assert(event == XML_BAD || depth == 0);
	assert(xml_next(&reader, &value) == event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	char code[S3_CODE_SIZE], plain[64];
	struct s3_listing listing;
	struct err err;

	try_events(text);
	if (xml_decode(text, plain, sizeof plain))
		assert(strlen(plain) <= text.len);
	s3_error_code(text, code);
	assert(code[0] == '\0' || str_is_token(str_of(code)));
	if (s3_listing_read(text, &listing, &err) == -1)
		return 0;
	assert(listing.count <= S3_OBJECTS_MAX);
	for (size_t i = 0; i < listing.count; i++)
		assert(listing.objects[i].key[0] != '\0');
	s3_listing_clear(&listing);
	return 0;
}
