/*
 * auth/policy/scope_doubt.h - what a scope asks for that is not there: a cluster that nobody knows.
 *
 * It is taken all the same, for the cluster may come; who asks is told. Pure; any thread.
 */
#ifndef SPARKGATE_AUTH_POLICY_SCOPE_DOUBT_H
#define SPARKGATE_AUTH_POLICY_SCOPE_DOUBT_H

#include "auth/policy/identity.h"
#include "conf/conf.h"

/* Gives a sentence, or NULL: there is nothing to doubt. To `who` (NULL: an operator, who sees all)
 * a cluster that is hidden from them is one that nobody knows (S44). */
char *scope_doubt(const struct conf *conf, const struct identity *who, struct str scope);

#endif
