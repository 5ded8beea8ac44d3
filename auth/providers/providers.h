/*
 * auth/providers/providers.h - all OpenID providers that people sign in with: how the keeper talks
 * to each of them, and what everybody may read of them.
 *
 * A provider is what its issuer is: a reload keeps what is known of issuers that stay, and forgets
 * the others. Keeper thread only, but for struct provider_list.
 */
#ifndef SPARKGATE_AUTH_PROVIDERS_PROVIDERS_H
#define SPARKGATE_AUTH_PROVIDERS_PROVIDERS_H

#include "auth/oidc/claim_watch.h"
#include "auth/oidc/oidc.h"

struct providers;

/* An immutable snapshot, shared by an atomic reference: one a row of conf->oidc, in its order;
 * NULL: its metadata is not known yet. */
struct provider_list {
	_Atomic int refs;
	size_t count;
	struct oidc_provider *at[];
};
struct provider_list *provider_list_ref(struct provider_list *list);
void provider_list_unref(struct provider_list *list); /* NULL is fine */
/* Borrows; NULL: not known. */
const struct oidc_provider *provider_list_find(
	const struct provider_list *list, const char *issuer);

struct providers_options {	 /* borrowed for the call only, but for the pointers said below */
	struct event_base *base; /* borrows */
	struct fetcher *fetcher; /* borrows */
	/* What is known of a provider has changed; `issuer` is whose metadata has just come, or
	 * NULL. May be called from within providers_set_conf(). */
	void (*changed)(void *arg, const char *issuer);
	const struct keyset *(*keys)(void *arg); /* as in oidc.h, and so is this: */
	void (*refetch)(void *arg, const char *issuer, struct jwks_waiter *waiter);
	void *arg;
};
struct providers *providers_new(const struct providers_options *options, const struct conf *conf);
/* Answers OIDC_SILENT to all that wait; NULL is fine. */
void providers_free(struct providers *providers);
void providers_set_conf(struct providers *providers, const struct conf *conf);

struct provider_list *providers_list(const struct providers *providers); /* gives a reference */
/* Borrows; NULL: there is no provider of this issuer (any more). */
struct oidc *providers_find(const struct providers *providers, const char *issuer);
bool providers_knows(const struct providers *providers, const char *issuer); /* its metadata */
struct provider_counts {						     /* of sign-ins */
	uint64_t ok, refused;
};
struct provider_counts providers_counts(const struct providers *providers, const char *issuer);
/* A sign-in there has ended. */
void providers_note(
	struct providers *providers, const char *issuer, const struct oidc_grant *grant);
/* Warns of providers none of whose people have the claim of roles. */
void providers_tick(struct providers *providers, int64_t now_ms);

#endif
