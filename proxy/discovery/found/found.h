/*
 * proxy/discovery/found/found.h - clusters that nobody configured: each SparkCluster resource
 * (spark.apache.org/v1), with its master's pod and the history servers beside it.
 *
 * Owns what the API server said of them, and the configuration that is made of it: networks,
 * authorities and pace are those of the cluster that finds it (kubernetes.clusters). The resource's
 * namespace, the addresses and the times are the API server's own words; all other words are of
 * whoever made the objects. Who watches tells found_watch.h; discovery.c makes clusters of them. On
 * the keeper.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_FOUND_FOUND_H
#define SPARKGATE_PROXY_DISCOVERY_FOUND_FOUND_H

#include "conf/conf.h"
#include "proxy/discovery/known/namespace_shares.h"

#include <sys/queue.h>

struct cluster;
struct discovery;
struct kube_watch;

enum {
	FOUND_MAX = 256,	  /* clusters, of all that find some */
	FOUND_SERVERS_MAX = 1024, /* pods of masters and history servers, and services of these */
	FOUND_GONE_MAX = 64,	  /* clusters whose links say what they were */
	FOUND_NAME_MAX = 192,	  /* NAME.NAMESPACE.FINDER, with its NUL */
	FOUND_STATE_MAX = 64,
};

struct found_cluster {
	TAILQ_ENTRY(found_cluster) entry;
	struct cluster *finder;	  /* borrowed */
	struct kube_watch *watch; /* who knows it; NULL: its resource was deleted */
	uint64_t listing;	  /* of the watch, that had it last */
	char *namespace, *name, *uid;
	char *share;			/* the finder's name and the namespace */
	char *state;			/* as the resource says; "" */
	int64_t created_ms, deleted_ms; /* wall; 0 */
	bool is_over;			/* to be freed */
	/* Its first path segment, settled in the store: nobody else's for as long as it is known
	 * there. NULL: not settled (yet). */
	char *path;
	int64_t asked_ms; /* the store */
	bool was_warned;
	struct url master, histories[CONF_HISTORIES];
	struct conf_cluster conf; /* `path` is its name */
	bool is_changed;	  /* since `cluster` was given it */
	struct cluster *cluster;  /* discovery.c's; NULL: none yet */
};
TAILQ_HEAD(found_clusters, found_cluster);

enum found_role { FOUND_MASTER, FOUND_HISTORY };
struct found_server { /* a pod, or a service */
	TAILQ_ENTRY(found_server) entry;
	enum found_role role;
	struct kube_watch *watch;
	uint64_t listing;
	char *namespace, *name, *uid;
	char *share;
	int64_t created_ms;
	struct url url;
};
TAILQ_HEAD(found_servers, found_server);

struct found {
	struct found_clusters clusters; /* the oldest first, by the API server's clock */
	struct found_servers servers;	/* so, too */
	struct namespace_shares cluster_shares, gone_shares, server_shares; /* by `share` */
	bool is_full;							    /* it was said */
};

struct found *found_new(void);
void found_free(struct found *found); /* whoever made clusters of them has freed these */

/* What a watch says. Borrow. */
struct found_word { /* of an object */
	const char *namespace, *name, *uid;
	int64_t created_ms;
};
void found_put_cluster(struct kube_watch *w, const struct found_word *word, const char *state);
void found_drop_cluster(struct kube_watch *w, const struct found_word *word);
/* One that was deleted before this process knew it, or at another gateway (found_memory.h). Nothing
 * happens if it, or one of its name, is known. */
struct found_gone { /* borrowed */
	struct found_word word;
	const char *path, *state;
	int64_t deleted_ms;
};
void found_recall(struct cluster *finder, const struct found_gone *gone);
/* `url` NULL: it is not reachable, or not what it was. */
void found_put_server(struct kube_watch *w, enum found_role role, const struct found_word *word,
	const struct url *url);
void found_listed(struct kube_watch *w);    /* what its last list lacks is not there any more */
void found_unwatched(struct kube_watch *w); /* nobody watches them: nothing of it is known */

/* Names those that have none yet, and writes the configuration of each anew, after anything
 * changed. False: the store did not answer, and some wait. */
MUST_CHECK bool found_settle(struct discovery *d);
/* Nothing is said any more of one that was deleted. */
void found_end(struct found *found, struct found_cluster *f);
/* Frees those that are over. */
void found_sweep(struct found *found);

#endif
