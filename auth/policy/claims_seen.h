/*
 * auth/policy/claims_seen.h - which claims a provider's words on a person had, for whoever asks why
 * there is no role: the person (whoami, the page without a role) and the operator (the log).
 *
 * Names only, never values, bounded; what a log would have to escape is replaced. Pure; any thread.
 */
#ifndef SPARKGATE_AUTH_POLICY_CLAIMS_SEEN_H
#define SPARKGATE_AUTH_POLICY_CLAIMS_SEEN_H

#include "base/mem.h"
#include "base/str.h"

#include <jansson.h>

enum { CLAIMS_SEEN_NAMES = 1024, CLAIMS_SEEN_TROUBLE = 192 }; /* bytes with their NUL */

enum claims_place { /* bits: where a provider's words on a person are */
	CLAIMS_IN_ID_TOKEN = 1,
	CLAIMS_IN_ACCESS_TOKEN = 2,
	CLAIMS_IN_USERINFO = 4,
};

struct claims_seen {
	bool is_found;			   /* the claim of roles was there */
	unsigned places;		   /* in these, as far as that is known */
	char names[CLAIMS_SEEN_NAMES];	   /* of claims that were there, a space between them */
	char trouble[CLAIMS_SEEN_TROUBLE]; /* why groups kept elsewhere could not be had; or "" */
};

/* The claim at a path as `auth.roles.claim` has it: a dot leads into an object, or belongs to the
 * name. Borrows; NULL: it is not there. */
const json_t *claims_seen_find(const json_t *claims, struct str path);
/* Notes the names in `claims`, and of the objects on the way to `path` (NULL: no claim has roles).
 */
void claims_seen_add(struct claims_seen *seen, const char *path, const json_t *claims);

/* As a session keeps it: gives JSON, with the path that was looked for. */
char *claims_seen_text(const struct claims_seen *seen, const char *path);
/* Reads that. `path` has room for CLAIMS_SEEN_NAMES bytes. False: it is none, and `out` is empty.
 */
MUST_CHECK bool claims_seen_parse(
	const char *text, struct claims_seen *out, char path[static CLAIMS_SEEN_NAMES]);

#endif
