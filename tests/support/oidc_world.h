/*
 * tests/support/oidc_world.h - an OpenID provider on loopback that says whatever it is told to, and
 * the engine that talks to it; both on the test's own event loop.
 */
#ifndef SPARKGATE_TESTS_OIDC_WORLD_H
#define SPARKGATE_TESTS_OIDC_WORLD_H

#include "auth/oidc/oidc.h"
#include "tests/support/fake_http.h"
#include "tests/support/mint.h"

#define OIDC_WORLD_METADATA "/realm/.well-known/openid-configuration"
#define OIDC_WORLD_NONCE    "n-0S6_WzA2Mj"

struct oidc_world {
	struct event_base *base;
	struct fetcher *fetcher;
	struct jwks_fetch *jwks;
	struct keyset *keys;
	struct oidc *oidc;
	struct oidc_provider *provider; /* published last */
	unsigned published;
	struct fake_http *idp;
	struct fake_http *graph; /* where groups are kept elsewhere, as configured; or NULL */
	char *issuer, *folder;
	struct mint_key *key, *new_key; /* ES256; `key` is published as "one" */
	struct conf *conf;
	unsigned places; /* where the claim of roles was before a refresh */
};

/* A world for cmocka's set-up and tear-down: a public client, or one with a secret. */
int oidc_world_make(void **state);
int oidc_world_make_with_secret(void **state);
/* With auth.oidc.groups.endpoint: OIDC_WORLD_MEMBERS at w->graph. */
int oidc_world_make_with_groups(void **state);
#define OIDC_WORLD_MEMBERS "/v1.0/me/getMemberObjects"
int oidc_world_drop(void **state);

/* --- what the provider says from now on --- */

/* `more` is further members of the metadata, "" for none; one that is there already is replaced. */
void oidc_world_publish(struct oidc_world *w, const char *more);
/* One or two JWKs; both are taken, the second may be NULL. */
void oidc_world_publish_keys(struct oidc_world *w, char *one, char *two);
void oidc_world_rotate(struct oidc_world *w); /* `new_key` as "two", and no other */

struct said { /* of an ID token; JSON values. NULL: what is right, "": left out */
	const struct mint_key *key;
	const char *header; /* whole */
	const char *iss, *sub, *aud, *iat, *exp, *nonce;
	const char *more; /* members, with a comma before each; NULL: none */
};
char *oidc_world_id_token(const struct oidc_world *w, const struct said *said); /* gives */
/* The token endpoint's answer. Takes the ID token (NULL: none); `more` as in struct said. */
void oidc_world_answer(struct oidc_world *w, char *id_token, const char *access, const char *more);
void oidc_world_userinfo(struct oidc_world *w, const char *json);

/* --- asking --- */

void oidc_world_start(struct oidc_world *w); /* the engine */
void oidc_world_await(struct oidc_world *w); /* provider and keys are known */
void oidc_world_begin(struct oidc_world *w); /* both */
void oidc_world_wait_until(struct oidc_world *w, bool (*is_so)(struct oidc_world *w));
void oidc_world_turn(struct oidc_world *w); /* the event loop, for two milliseconds */

struct granted { /* a copy of struct oidc_grant */
	bool is_done;
	enum oidc_outcome answer;
	char reason[256], subject[64], name[64], sid[64], refresh_token[64];
	bool has_id_token;
	enum role role;
	bool has_role, is_whole;
	int64_t refresh_at;
	struct claims_seen seen;
};
void oidc_world_expect(struct granted got, enum oidc_outcome want);
void oidc_world_on_grant(void *arg, const struct oidc_grant *grant); /* `arg`: struct granted */
struct granted oidc_world_exchange(struct oidc_world *w);
struct granted oidc_world_refresh(struct oidc_world *w, const char *token, const char *subject);
/* Answers with this ID token and exchanges a code. */
struct granted oidc_world_sign_in(struct oidc_world *w, const struct said *said);

#endif
