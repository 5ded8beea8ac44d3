/* The query a browser brings back from the provider: what is taken is whole, bounded, printable. */
#include "auth/oidc/callback.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_printable(const char *text, size_t max)
{
	size_t len = text ? strlen(text) : 0;

	assert(text == NULL || (len > 0 && len <= max));
	for (size_t i = 0; i < len; i++)
		assert(text[i] >= 0x20 && text[i] <= 0x7e);
	(void)max;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str query = {(const char *)data, size};
	struct callback callback;
	const char *reason = NULL;

	if (callback_parse(query, &callback, &reason) == -1) {
		assert(reason[0] != '\0' && callback.code == NULL && callback.state == NULL);
		return 0;
	}
	assert(callback.state && !callback.code != !callback.error);
	assert_printable(callback.code, CALLBACK_CODE_MAX);
	assert_printable(callback.state, 512);
	assert_printable(callback.iss, 2048);
	assert_printable(callback.error, 63);
	assert_printable(callback.error_description, 255);
	callback_clear(&callback);
	return 0;
}
