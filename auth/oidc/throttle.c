#include "auth/oidc/throttle.h"

#include "base/net/cidr.h"
#include "base/mem.h"
#include "base/hash/siphash.h"

#include <stdlib.h>

enum { PROBES = 8, WINDOW_MS = THROTTLE_SECONDS * 1000 };

struct client {
	uint64_t key; /* 0: free */
	unsigned under_way, failures;
	int64_t began_ms; /* of the window its failures are counted in */
};

struct throttle {
	unsigned under_way;
	struct client clients[THROTTLE_CLIENTS];
};

struct throttle *throttle_new(void)
{
	return mem_alloc(1, sizeof(struct throttle));
}

void throttle_free(struct throttle *throttle)
{
	free(throttle);
}

/* One client is what server.limits.per_client counts as one. */
static uint64_t client_key(struct str client)
{
	struct cidr who = cidr_of_client(client);
	uint64_t key = who.bits ? siphash_secret(who.bytes, sizeof who.bytes)
				: siphash_secret(client.at, client.len);

	return key ? key : 1;
}

static void age(struct client *client, int64_t now_ms)
{
	if (now_ms - client->began_ms >= WINDOW_MS) {
		client->failures = 0;
		client->began_ms = now_ms;
	}
}

/* The client's place; or, for a new one, that of somebody with nothing under way, the one with the
 * fewest failures. NULL: there is none. */
static struct client *find_client(struct throttle *throttle, uint64_t key, int64_t now_ms)
{
	struct client *free_place = NULL;

	for (size_t i = 0; i < PROBES; i++) {
		struct client *client = &throttle->clients[(key + i) % THROTTLE_CLIENTS];

		if (client->key == key)
			return client;
		age(client, now_ms);
		if (client->under_way == 0 &&
			(free_place == NULL || client->failures < free_place->failures))
			free_place = client;
	}
	if (free_place)
		*free_place = (struct client){.key = key, .began_ms = now_ms};
	return free_place;
}

enum throttle_verdict throttle_begin(struct throttle *throttle, struct str client, int64_t now_ms)
{
	if (throttle->under_way >= THROTTLE_ALL)
		return THROTTLE_BUSY;
	struct client *who = find_client(throttle, client_key(client), now_ms);
	if (who == NULL)
		return THROTTLE_BUSY;
	age(who, now_ms);
	if (who->under_way >= THROTTLE_CLIENT || who->failures >= THROTTLE_FAILURES)
		return THROTTLE_SLOW;
	who->under_way++;
	throttle->under_way++;
	return THROTTLE_GO;
}

/* What is under way keeps its place. */
void throttle_end(struct throttle *throttle, struct str client, bool was_bad, int64_t now_ms)
{
	struct client *who = find_client(throttle, client_key(client), now_ms);

	throttle->under_way--;
	if (who == NULL)
		return;
	age(who, now_ms);
	who->under_way -= who->under_way > 0;
	who->failures += was_bad;
}
