/*
 * auth/session/sign_in_link.h - the one-time sign-in link: of the first start, and of `sparkgate
 * link`.
 *
 * Single use, ten minutes; the store knows its digest only.
 */
#ifndef SPARKGATE_AUTH_SESSION_SIGN_IN_LINK_H
#define SPARKGATE_AUTH_SESSION_SIGN_IN_LINK_H

#include "base/text/digest.h"
#include "base/mem.h"
#include "conf/conf.h"

enum { LINK_SECONDS = 600 };

/* Gives the URL with a fresh secret in it: secret_free() it. Its digest goes to `hash`. */
char *sign_in_link_new(const struct conf *conf, unsigned char hash[static DIGEST_LEN]);
/* The same of the gateway at `site`: its address without a slash at the end. */
char *sign_in_link_at(const char *site, unsigned char hash[static DIGEST_LEN]);
/* The digest of a link's secret; -1 when `secret` cannot be one. */
MUST_CHECK int sign_in_link_hash(struct str secret, unsigned char hash[static DIGEST_LEN]);

#endif
