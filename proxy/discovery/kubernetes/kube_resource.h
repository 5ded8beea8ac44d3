/*
 * proxy/discovery/kubernetes/kube_resource.h - what the resources of Spark's operators say of
 * themselves: a table of kinds, of the paths of each, and of its operator's words. Another operator
 * is a row.
 *
 * Name and namespace are the cluster's own words, the status is the operator's. What is read is
 * bounded; the object, which may have hundreds of kilobytes, is not kept. Pure.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_RESOURCE_H
#define SPARKGATE_PROXY_DISCOVERY_KUBERNETES_KUBE_RESOURCE_H

#include "proxy/discovery/kubernetes/kube_json.h"
#include "proxy/discovery/kubernetes/kube_right.h"

enum {
	KUBE_RESOURCE_NAME_MAX = 128, /* its driver's pod has it in a label of 63 */
	KUBE_REASON_MAX = 512,
	KUBE_NAMESPACE_LEN = 63, /* a label of DNS (RFC 1123) */
	KUBE_RESOURCE_KEY_SIZE = KUBE_NAMESPACE_LEN + 3 + KUBE_RESOURCE_NAME_MAX + 1,
};

enum resource_stage {
	RESOURCE_WAITS,
	RESOURCE_RUNS,
	RESOURCE_IDLE, /* suspended or scheduled: nothing of it runs, and it is not over */
	RESOURCE_ENDED,
};

struct resource_word {
	const char *word; /* the operator's */
	enum resource_stage stage;
	const char *state;   /* as pages have it */
	const char *says;    /* what the word tells more; NULL: nothing */
	bool is_of_this_run; /* the status is about the application that it names, and not about
				the one before */
};

/* A failure after which its operator tries again, if the policy is Always; if it is OnFailure, as
 * long as no more tries were made than `limit` says. */
struct resource_again {
	const char *word;	   /* the operator's */
	const char *tries, *limit; /* paths */
};

struct resource_kind {
	char letter; /* in keys */
	enum kube_right right;
	const char *api, *plural, *kind;
	const char *older_api; /* where that is not there; NULL: there is none */
	const char *words;     /* for the log */
	int first_attempt;
	/* Paths; NULL: it has none. */
	const char *state, *message, *app_id, *attempts, *ended, *suspended;
	const char *history;	 /* a map from number to what `state` and `message` end in */
	const char *schedule;	 /* a label: what made it */
	const char *cron, *next; /* of a schedule */
	const char *policy;	 /* Always, OnFailure or another word: whether it tries again */
	const struct resource_again *again;    /* ends with a word that is NULL */
	const struct resource_word *retry;     /* what is said of it then */
	const struct resource_word *never_ran; /* in place of a failure before the first attempt */
	const struct resource_word *at;	       /* ends with a word that is NULL: any other one */
};
enum { RESOURCE_KINDS = 4 };
extern const struct resource_kind resource_kinds[RESOURCE_KINDS];

struct kube_resource { /* borrows from the object, but for `reason` */
	const struct resource_kind *kind;
	const struct kube_object *object;
	const struct resource_word *word;
	char reason[KUBE_REASON_MAX + 1]; /* one line; "" */
	bool has_message;		  /* in `reason`: the operator's own words */
	const char *app_id, *schedule;	  /* "" */
	int64_t ended_ms;		  /* wall; 0: it has not, or does not say */
};

/* False: no permanent link can have its name. */
bool kube_resource_read(const struct resource_kind *kind, const struct kube_object *object,
	struct kube_resource *out);
/* Of all resources of a cluster, and none of an application's (app_key.h): "<namespace>~k~<name>".
 * False: there is none. */
bool kube_resource_key(char letter, const char *namespace, const char *name,
	char out[static KUBE_RESOURCE_KEY_SIZE]);
/* The name in a key. Borrows. */
const char *kube_resource_name(const char *key);

#endif
