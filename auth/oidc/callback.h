/*
 * auth/oidc/callback.h - what the provider has the browser say at <base>/_gate/callback, read
 * strictly (RFC 6749 §4.1.2, RFC 9207, S21).
 *
 * Pure. A parameter that is there twice is an error, for two readers could take one each.
 */
#ifndef SPARKGATE_AUTH_OIDC_CALLBACK_H
#define SPARKGATE_AUTH_OIDC_CALLBACK_H

#include "base/mem.h"
#include "base/str.h"

enum { CALLBACK_CODE_MAX = 4096 };

/* Owned strings, visible ASCII and spaces only; NULL: absent. Either code or error is there, and
 * state always. */
struct callback {
	char *code, *state, *iss;
	char *error;		 /* at most 63 bytes */
	char *error_description; /* for people: clipped to 255 bytes, made printable */
};

/* -1 with a fixed text; then nothing is to be cleared. */
MUST_CHECK int callback_parse(struct str query, struct callback *out, const char **reason);
void callback_clear(struct callback *callback); /* wipes and frees */

#endif
