/* What a store could hand back instead of what was put into it: sealed bytes and the JSON within,
 * changed by who can write the store but has no key. */
#include "auth/keys/seal.h"
#include "auth/session/session_data.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing but what the ring has sealed for this place opens; and that can be read or not. */
static void open_sealed(const struct keyring *ring, struct str input)
{
	struct store_session session = {.version = 1};
	struct session_data out;

	session.sealed.at = mem_alloc(input.len + 1, 1);
	session.sealed.len = input.len;
	memcpy(session.sealed.at, input.at, input.len);
	session.label = session.sealed;
	assert(session_data_open(ring, STR("cookie"), &session, &out) == -1);
	assert(session_data_open_label(ring, &session, &out) == -1);
	free(session.sealed.at);
}

/* The same bytes under a good seal, and with one of them changed. */
static void open_changed(const struct keyring *ring, struct str input)
{
	struct store_bytes sealed;
	char *plain = NULL;
	size_t len = 0;

	seal(ring, "fuzz", STR("cookie"), STR("key"), input, &sealed);
	struct str bytes = {(const char *)sealed.at, sealed.len};
	assert(unseal(ring, "fuzz", STR("cookie"), STR("key"), bytes, &plain, &len) == 0);
	assert(str_eq((struct str){plain, len}, input));
	seal_plain_free(plain, len);
	sealed.at[input.len % sealed.len] ^= 1;
	assert(unseal(ring, "fuzz", STR("cookie"), STR("key"), bytes, &plain, &len) == -1);
	free(sealed.at);
}

/* JSON that is taken can be sealed again, unless it is too long for the store, and says the same.
 */
static void decode(const struct keyring *ring, struct str input)
{
	struct store_session session = {.version = 1};
	struct session_data data, again;

	if (session_data_decode(input, &data) == -1)
		return;
	if (session_data_seal(ring, &data, STR("cookie"), &session) == 0) {
		assert(session_data_open(ring, STR("cookie"), &session, &again) == 0);
		assert(strcmp(data.subject, again.subject) == 0 && data.role == again.role);
		assert(strcmp(data.refresh_token, again.refresh_token) == 0);
		session_data_clear(&again);
	}
	store_session_clear(&session);
	session_data_clear(&data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keyring *ring;
	struct str input = {(const char *)data, size};

	if (ring == NULL)
		ring = keyring_new(STR("key material of the fuzzer, no secret"), STR(""));
	open_sealed(ring, input);
	open_changed(ring, input);
	decode(ring, input);
	return 0;
}
