/* tests/support/jwks_world.h - an issuer with a key set on loopback, and what jwks_fetch knows of
 * it. */
#ifndef SPARKGATE_TESTS_JWKS_WORLD_H
#define SPARKGATE_TESTS_JWKS_WORLD_H

#include "auth/issuers/jwks_fetch.h"
#include "tests/support/fake_http.h"
#include "tests/support/mint.h"

#include <stdatomic.h>

enum { PATIENCE_MS = 10000 }; /* then a wait has failed */
#define JWKS_WORLD_DISCOVERY "/realm/.well-known/openid-configuration"

/* A provider and what we know of it. The handler runs on the provider's thread. */
struct jwks_world {
	struct event_base *base;
	struct fetcher *fetcher;
	struct jwks_fetch *jf;
	struct keyset *set;
	unsigned published;
	struct fake_http *idp;
	struct mint_key *old_key, *new_key;
	char issuer[64];
	char *algorithms[2], *audience[1];
	struct conf_bearer row;
	struct conf conf;
	char *keys;		 /* the document at /keys */
	const char *extra;	 /* its header lines */
	_Atomic int keys_status; /* of /keys */
};

/* Everything happens at once; and everything only when asked for. */
extern const struct jwks_timing jwks_world_quick, jwks_world_patient;

bool jwks_world_has_failed(struct jwks_world *w);
enum keyset_verdict jwks_world_verify(
	struct jwks_world *w, const struct mint_key *key, const char *kid);
int jwks_world_drop(void **state);
/* Runs the loop until `is_so`; fails the test when it never is. */
void jwks_world_wait_until(struct jwks_world *w, bool (*is_so)(struct jwks_world *w));
bool jwks_world_has_failed_twice(struct jwks_world *w);
void jwks_world_set_discovery(struct jwks_world *w, const char *issuer, const char *jwks_uri);
bool jwks_world_has_no_keys(struct jwks_world *w);
bool jwks_world_has_failed_thrice(struct jwks_world *w);
void jwks_world_on_publish(struct keyset *set, void *arg);
int jwks_world_make(void **state);
bool jwks_world_has_old_key(struct jwks_world *w);
void jwks_world_start(struct jwks_world *w, const struct jwks_timing *timing);
bool jwks_world_has_new_key(struct jwks_world *w);
/* Only between fetches that cannot overlap: the provider's thread reads these. */
void jwks_world_rotate(struct jwks_world *w);
bool jwks_world_has_fetched_thrice(struct jwks_world *w);
void jwks_world_own_uri(const struct jwks_world *w, const char *path, char out[static 128]);

#endif
