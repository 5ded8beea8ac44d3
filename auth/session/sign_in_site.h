/*
 * auth/session/sign_in_site.h - the two origins where people sign in: the gateway's own, whose
 * pages run users' code, and the admin listener's, whose sessions are good there and nowhere else
 * (S0).
 *
 * Pure.
 */
#ifndef SPARKGATE_AUTH_SESSION_SIGN_IN_SITE_H
#define SPARKGATE_AUTH_SESSION_SIGN_IN_SITE_H

#include "conf/conf.h"

enum auth_site { AUTH_SITE_PUBLIC, AUTH_SITE_ADMIN, AUTH_SITES };

/* Borrows: where its pages are. */
const struct conf_listen *sign_in_site_listen(const struct conf *conf, enum auth_site site);
/* As it is sealed in a session: "" or "admin". */
const char *sign_in_site_name(enum auth_site site);

#endif
