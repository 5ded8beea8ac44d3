#include "auth/device/device_pace.h"

#include <stdlib.h>

enum { PLACES = 1024, SOONEST_MS = DEVICE_PACE_S * 1000 - DEVICE_PACE_SLACK_MS };

struct device_pace {
	struct place {
		unsigned char key[DIGEST_LEN];
		int64_t asked_ms;
	} places[PLACES];
};

struct device_pace *device_pace_new(void)
{
	return mem_alloc(1, sizeof(struct device_pace));
}

void device_pace_free(struct device_pace *pace)
{
	free(pace);
}

bool device_pace_ask(
	struct device_pace *pace, const unsigned char key[static DIGEST_LEN], int64_t now_ms)
{
	struct place *place = &pace->places[(key[0] << 8 | key[1]) % PLACES];

	/* A digest of a secret is no secret. */
	if (memcmp(place->key, key, DIGEST_LEN) == 0 && now_ms - place->asked_ms < SOONEST_MS)
		return false;
	memcpy(place->key, key, DIGEST_LEN);
	place->asked_ms = now_ms;
	return true;
}
