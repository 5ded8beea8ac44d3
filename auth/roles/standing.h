/*
 * auth/roles/standing.h - what somebody's sign-in or token keeps of who they are: the roles they
 * hold that the configuration mentions, what Spark calls them, and their groups where a row has
 * "acl".
 *
 * It is kept as JSON, at most STANDING_TEXT bytes, and says names only. What these open is decided
 * by the configuration in force whenever an identity is made of it: a reload changes the rights of
 * living sessions and tokens. Only a sealed session and a token's record hold it (S71). Pure; any
 * thread.
 */
#ifndef SPARKGATE_AUTH_ROLES_STANDING_H
#define SPARKGATE_AUTH_ROLES_STANDING_H

#include "auth/policy/grants.h"

#include <jansson.h>

enum { STANDING_TEXT = 8193 }; /* with its NUL */

struct standing;

struct standing *standing_new(void);
void standing_free(struct standing *standing); /* NULL is fine */
/* Adds what these claims of the provider `of` (NULL: of who has none) say: names add up, and the
 * first Spark user stays. */
void standing_add(struct standing *standing, const struct conf *conf, const struct conf_oidc *of,
	const json_t *claims);
/* Some groups or roles were too many to be kept. */
bool standing_is_cut(const struct standing *standing);

/* Gives. */
struct grants *standing_grants(const struct standing *standing, const struct conf *conf);
char *standing_text(const struct standing *standing);
/* Gives the same text of who has these grants; NULL: "", for nothing is known of them. */
char *standing_text_of(const struct grants *grants);
/* Gives what a text opens by this configuration; NULL: it is none of ours, or "". */
struct grants *standing_read(const struct conf *conf, struct str text);
/* Gives the newer of two texts of one person, with the older's Spark user where it has none. */
char *standing_renew(struct str older, struct str newer);
/* Whether `left` still holds all that the text does: roles that the configuration mentions, the
 * Spark user, groups. False: the text is none of ours. */
bool standing_is_within(const struct conf *conf, struct str text, const struct grants *left);

/* Gives who the bearer of these claims is, with the roles that they open. NULL: the subject is none
 * that this issuer may give (conf/providers.h). */
struct identity *standing_identity(const struct conf *conf, const json_t *claims, struct str issuer,
	struct str subject, int64_t expires_at);
/* Gives `who` these grants (takes them; NULL is fine) and the role they open; with `most` no
 * higher one. Before anybody shares it. */
void standing_apply(struct identity *who, struct grants *grants, enum role most);

#endif
