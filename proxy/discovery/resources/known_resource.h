/*
 * proxy/discovery/resources/known_resource.h - a resource of an operator, from its creation until
 * its links need not say any more what it was.
 *
 * Owned by its cluster. A name that is used again is another resource, in the place of the one
 * before. Whoever changes what pages show calls cluster_changed().
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_RESOURCES_KNOWN_RESOURCE_H
#define SPARKGATE_PROXY_DISCOVERY_RESOURCES_KNOWN_RESOURCE_H

#include "proxy/discovery/known/known_ui.h"
#include "proxy/discovery/kubernetes/kube_resource.h"

enum {
	RESOURCES_MAX = 10000,	   /* of a cluster */
	RESOURCES_GONE_MAX = 1000, /* ... that were deleted */
};

struct known_resource {
	struct cluster *cluster;
	const struct resource_kind *kind;
	struct kube_watch *watch; /* who knows it; NULL: it was deleted */
	uint64_t listing;	  /* of watch, that had it last */
	char *key;		  /* kube_resource.h */
	char *namespace, *uid;
	const char *name; /* in `key` */
	char *app_id;	  /* as its operator says; NULL */
	char *schedule;	  /* what made it; NULL */
	char *reason;	  /* NULL */
	char *earlier; /* the application of a run that is over, while another is awaited; NULL */
	const struct resource_word *word;
	int64_t created_ms, ended_ms; /* wall; 0: unknown, or it has not ended */
	struct app *app; /* while a snapshot is made: what it runs, or ran last; NULL: nothing */
	struct known_resource *next_gone;
	UT_hash_handle hh;
};

struct known_resource *known_resource_find(const struct cluster *c, const char *key);
/* As it is now: a new one, perhaps, or news of one. */
void known_resource_set(struct kube_watch *w, const struct kube_resource *told);
void known_resource_delete(struct known_resource *r); /* its links say so */
/* Those that a listing of this watch lacked were deleted. */
void known_resources_sweep(struct kube_watch *w);
/* Nobody watches any more: forgets those of this watch. */
void known_resources_forget(struct kube_watch *w);
void known_resources_free(struct cluster *c);

#endif
