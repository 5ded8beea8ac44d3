/*
 * conf/providers.h - the OpenID providers of a configuration, found by what names them, and what
 * their people are called here.
 *
 * Two providers may have people of one subject, and roles of one name. So what a provider that has
 * a name says of its people is written with that name before it: "oidc:NAME:SUBJECT",
 * "oidc:NAME:ROLE" (S190, S191). The one without a name, and issuers of tokens, say things as they
 * are; what begins with "oidc:" then is none of theirs to say.
 */
#ifndef SPARKGATE_CONF_PROVIDERS_H
#define SPARKGATE_CONF_PROVIDERS_H

#include "conf/conf.h"

enum { CONF_PERSON = 4 * 255 + 1 /* bytes of what somebody is called, with a NUL */ };

/* The one whose issuer this is, byte for byte. Borrows; NULL: there is none. */
const struct conf_oidc *conf_provider_of(const struct conf *conf, struct str issuer);
/* The one of this name; "": the one that has none. Borrows; NULL: there is none. */
const struct conf_oidc *conf_provider_named(const struct conf *conf, struct str name);
/* For logs and metrics: "" where it has none, or where `of` is NULL. */
const char *conf_provider_name(const struct conf_oidc *of);

/* Gives what the gateway calls a subject of this provider; of NULL, of who has none. NULL: it is
 * too long, or pretends to be another's. */
char *conf_person_of(const struct conf_oidc *of, struct str subject);
/* The same by the issuer, which may be the gateway's own: its subjects are persons' names already.
 */
char *conf_person(const struct conf *conf, struct str issuer, struct str subject);
/* The other way: what this issuer calls that person. Borrows; at == NULL: it is none of its people.
 */
struct str conf_subject(const struct conf *conf, struct str issuer, struct str person);
/* Whether this issuer's people are the platform's own, whose names the gateway's own tokens have
 * (S31): providers' are, and without any those of the first issuer of tokens. */
bool conf_is_platform(const struct conf *conf, struct str issuer);

/* Where the roles of its people are looked for; `of` NULL: of who has no provider. NULL: nowhere.
 */
const char *conf_roles_claim(const struct conf *conf, const struct conf_oidc *of);
/* Gives the name that a role out of a claim has in `auth.roles`; NULL: it is none of theirs. */
char *conf_role(const struct conf_oidc *of, struct str name);
/* What people of this issuer call a name of `auth.roles`. Borrows; NULL: none of them has it. */
const char *conf_role_of(const struct conf *conf, struct str issuer, const char *name);
/* Whether the names that Spark knows, of users and of groups, are theirs: of a provider with a name
 * only where its entry says so (user_claim or user_map_file). */
bool conf_is_known_to_spark(const struct conf_oidc *of);
/* The claim that has the Spark user of its people; `of` as above. Borrows; NULL: they have none. */
const char *conf_user_claim(const struct conf *conf, const struct conf_oidc *of);
/* Gives the key that says so, and the claim: "auth.user_claim: preferred_username". */
char *conf_user_claim_said(const struct conf *conf, const struct conf_oidc *of);

#endif
