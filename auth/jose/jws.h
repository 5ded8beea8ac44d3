/*
 * auth/jose/jws.h - a compact JSON Web Signature: taken apart strictly, its signature checked, its
 * payload handed on as bytes (S13-S15, S17). Claims are the layer above: jwt.h.
 */
#ifndef SPARKGATE_AUTH_JOSE_JWS_H
#define SPARKGATE_AUTH_JOSE_JWS_H

#include "auth/jose/jwk.h"

/* Longer tokens are refused before any decoding. Providers name a person's hundreds of groups in
 * theirs: 600 of Entra ID's make 32 KiB. What a client sends has to fit into a request's head. */
enum { JWS_MAX = 64 * 1024 };

struct jws { /* filled by jws_parse; owned buffers, freed by jws_clear */
	enum jose_alg alg;
	char kid[256];		  /* "" when absent */
	char typ[64];		  /* "" when absent; as sent */
	struct str signing_input; /* borrows from the token */
	unsigned char signature[1024];
	size_t signature_len;
	char *payload; /* owned, NUL-terminated */
	size_t payload_len;
	json_t *json; /* the payload once it was read, for whoever reads it again; NULL mostly */
};

/* Three parts, canonical base64url, a JSON object header without duplicate names; refuses crit,
 * b64, zip, an unknown alg. jwk, jku, x5u, x5c are ignored. The token must outlive `out`. */
MUST_CHECK int jws_parse(struct str token, struct jws *out, struct err *err);
void jws_clear(struct jws *jws);
/* parse + jwk_fits + jwk_verify in one: what the Wycheproof vectors are run through. */
bool jws_verify(struct str token, const struct jwk *key);

#endif
