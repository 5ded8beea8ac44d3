/*
 * auth/token/issue.h - makes tokens of our own: on record in the store before anybody has them,
 * access tokens signed.
 *
 * Used by the command line, with or without a running gateway. Blocks on the store.
 */
#ifndef SPARKGATE_AUTH_TOKEN_ISSUE_H
#define SPARKGATE_AUTH_TOKEN_ISSUE_H

#include "auth/session/token_secret.h"
#include "auth/store/store.h"
#include "auth/token/signer.h"

/* The issuer of our own tokens: public_url without its last slash. -1 when it is too long. */
MUST_CHECK int issue_own_issuer(
	const struct conf *conf, char out[static STORE_ISSUER], struct err *err);

struct issue_request { /* borrowed */
	const char *issuer;
	const char *client_name;
	const char *user; /* the subject; NULL: "client:<client_name>" */
	const char *note, *created_by;
	const char *scope;    /* NULL: not limited */
	const char *standing; /* of who makes it for themselves; NULL: the role alone */
	enum role role;
	int64_t access_ttl, refresh_ttl; /* seconds; refresh_ttl 0: no refresh token */
	int64_t registration_ttl; /* not 0: a registration token only, for who is to have it */
};
struct token_secrets { /* owned; NULL: there is none */
	char *access, *refresh, *registration;
};
void token_secrets_clear(struct token_secrets *secrets); /* wipes and frees */

/* The id of the record that a token with this jti is on: a number follows it in renewed ones. */
struct str issue_record_id(struct str token_id);

enum issue_outcome {
	ISSUE_DONE,
	ISSUE_UNFIT, /* what was asked for; it will be the next time */
	ISSUE_FAILED /* the store or the key */
};

/* `record` is what the store has of it. A reason, and no secrets, unless it is done. */
MUST_CHECK enum issue_outcome issue_token(struct store *store, const struct signer *signer,
	const struct issue_request *request, struct store_token *record,
	struct token_secrets *secrets, struct err *err);

struct issue_shown { /* a one-time secret; borrowed */
	struct str text;
	const char *family_text; /* of it, as in auth/session/token_secret.h */
};
/* The next tokens of a record whose one-time secret, which is shown, has the digest record->secret:
 * changes it in the store and here. NONE: the secret is used up or the record not active by now. */
MUST_CHECK enum store_answer issue_next(struct store *store, const struct signer *signer,
	struct store_token *record, const struct issue_shown *shown, struct token_secrets *secrets);
/* What was shown became the tokens that are good now, no more than ISSUE_AGAIN_S ago: gives these
 * once more, whichever gateway made them. The refresh token is the same; the access token has the
 * same id, rights and end. False: it did not, and there are none. */
enum { ISSUE_AGAIN_S = 10 };
MUST_CHECK bool issue_again(const struct signer *signer, const struct store_token *record,
	const struct issue_shown *shown, struct token_secrets *secrets);

#endif
