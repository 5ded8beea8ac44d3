/*
 * auth/token/signer.h - the gateway's own key: mints access tokens and publishes the public half
 * (RFC 9068, RFC 7517).
 *
 * ES256, in <data>/signing-key.pem with mode 0600, made at the first start by whichever process is
 * first: the gateway and the command line may race. Immutable after signer_open(), usable from any
 * thread.
 */
#ifndef SPARKGATE_AUTH_TOKEN_SIGNER_H
#define SPARKGATE_AUTH_TOKEN_SIGNER_H

#include "auth/policy/identity.h"
#include "auth/jose/jwk.h"
#include "auth/keys/key_file.h"
#include "base/text/digest.h"

#define SIGNER_AUDIENCE "sparkgate"

enum { SIGNER_MAX = 8192 /* bytes of a token of ours: servers take heads of that size */ };

struct signer;

/* Loads the key, or makes it. NULL data_dir: a key in memory that dies with the process. NULL and a
 * reason when the file is readable by others, is no P-256 key, or cannot be written. */
MUST_CHECK struct signer *signer_open(const char *data_dir, struct err *err);
/* From PEM; `where` it was is for the reason. */
MUST_CHECK struct signer *signer_from_pem(
	const struct key_text *pem, const char *where, struct err *err);
void signer_make_pem(struct key_text *out); /* a new key: clear it */
void signer_free(struct signer *signer);    /* NULL is fine */

struct signer_claims { /* borrowed */
	const char *issuer;
	const char *subject;
	const char *client_name;
	const char *token_id;	       /* jti */
	const char *scope;	       /* RFC 8693 §4.2; "": none */
	const char *standing;	       /* its digest is signed, not its names; NULL or "": none */
	enum role role;		       /* becomes token_type: custom, user or admin */
	int64_t issued_at, expires_at; /* wall seconds */
};
/* Gives a signed compact token: secret_free() it. NULL and a reason when the library fails. */
MUST_CHECK char *signer_mint(
	const struct signer *signer, const struct signer_claims *claims, struct err *err);
/* Gives a token for who has the same key (T57): HS256, issuer SIGNER_AUDIENCE, nobody's name in it;
 * secret_free() it. */
char *signer_mint_shared(struct str key, int64_t issued_at, int64_t expires_at);
/* The role a token of ours carries in its claims; ROLE_NONE for anything else. */
enum role signer_role(const json_t *claims);
/* Whether a token of ours was signed with a standing (auth/roles/standing.h), and with this one. */
bool signer_has_standing(const json_t *claims);
bool signer_standing_is(const json_t *claims, const char *standing);

/* What only who has this key can tell of these parts (four at most): all gateways that take each
 * other's tokens, and nobody else. Wipe it. */
void signer_derive(const struct signer *signer, const struct str *parts, size_t count,
	unsigned char out[static DIGEST_LEN]);

const char *signer_kid(const struct signer *signer);  /* borrows; RFC 7638 thumbprint */
const char *signer_jwks(const struct signer *signer); /* borrows; JSON of _gate/jwks.json */
struct jwk *signer_key(const struct signer *signer);  /* borrows; jwk_ref() it to keep it */

#endif
