/*
 * auth/issue.h - makes an access token of our own: signed, and on record in the store before
 * anybody has it.
 *
 * Used by the command line, with or without a running gateway. Blocks on the store.
 */
#ifndef SPARKGATE_AUTH_ISSUE_H
#define SPARKGATE_AUTH_ISSUE_H

#include "auth/signer.h"
#include "auth/store.h"

enum { ISSUE_ID_LEN = 32 }; /* hexadecimal digits of a token's id */

/* The issuer of our own tokens: public_url without its last slash. -1 when it is too long. */
MUST_CHECK int issue_own_issuer(
	const struct conf *conf, char out[static STORE_ISSUER], struct err *err);

struct issue_request { /* borrowed */
	const char *issuer;
	const char *client_name;
	const char *user; /* the subject; NULL: "client:<client_name>" */
	const char *note, *created_by;
	enum role role;
	int64_t ttl; /* seconds */
};
/* Gives the signed token: secret_free() it. `record` is what the store has of it. NULL and a reason
 * when a name is not fit or the store or the key fail. */
MUST_CHECK char *issue_token(struct store *store, const struct signer *signer,
	const struct issue_request *request, struct store_token *record, struct err *err);

#endif
