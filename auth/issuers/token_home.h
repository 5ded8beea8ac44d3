/*
 * auth/issuers/token_home.h - whose a token is that several issuers might be asked about (S49).
 *
 * Each issuer that is asked about an opaque token sees it, and could use it elsewhere. So a token
 * goes only to the issuer it can belong to: the one it names itself, the one whose prefix it has,
 * the one that knew it before. Keeper thread only.
 */
#ifndef SPARKGATE_AUTH_ISSUERS_TOKEN_HOME_H
#define SPARKGATE_AUTH_ISSUERS_TOKEN_HOME_H

#include "base/text/digest.h"
#include "conf/conf.h"

enum { TOKEN_HOMES = 4096 /* tokens whose issuer is remembered at most */ };

enum token_names {
	TOKEN_NAMES_NOBODY, /* opaque: it says nothing */
	TOKEN_NAMES_ISSUER, /* a JSON Web Token with an iss */
	TOKEN_NAMES_BROKEN, /* a JSON Web Token that cannot be read in one way: nobody's */
};
/* What a token says of its issuer, believed by nobody. `issuer` holds the name, "" if none; one
 * that is too long is TOKEN_NAMES_BROKEN. */
enum token_names token_home_named(struct str token, char issuer[static 512]);

/* What a token says that it is for: bits of enum token_use (auth/jose/token_use.h), in its header
 * and in its claims. An opaque one says TOKEN_USE_UNSAID. */
unsigned token_home_use(struct str token);
/* Whether it says that it has not ended and names other audiences than this one. */
bool token_home_is_for_others(struct str token, const char *audience, int64_t now);

/* The longest prefix of introspection rows that the token has; "" when it has none of them. */
const char *token_home_prefix(const struct conf *conf, struct str token);
/* Whether this row may be asked: by that prefix, or by having none. */
bool token_home_fits(const struct conf_bearer *row, const char *prefix);

struct token_homes; /* which issuer knew which token, by digests of both */
struct token_homes *token_homes_new(void);
void token_homes_free(struct token_homes *homes);
/* Whether some issuer is known to have known this token, and then whether it is this one. */
bool token_homes_has(const struct token_homes *homes, struct str token);
bool token_homes_is(const struct token_homes *homes, struct str token, const char *issuer);
void token_homes_note(struct token_homes *homes, struct str token, const char *issuer);

#endif
