/*
 * proxy/discovery/known/cluster.h - the clusters as known so far, and what they share.
 *
 * discovery.c owns their life; who learns something writes it here and calls cluster_changed().
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_CLUSTER_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_CLUSTER_H

#include "conf/conf.h"
#include "proxy/discovery/known/address_fence.h"
#include "proxy/discovery/known/namespace_shares.h"
#include "proxy/discovery/known/polled_server.h"
#include "proxy/discovery/known/verify_queue.h"
#include "proxy/discovery/spark/spark_json.h"

struct app_lists;
struct event_base;
struct found;
struct found_cluster;
struct fetcher;
struct known_resource;
struct kube_watch;
struct log_keeper;
struct lists_read;
struct pod_probes;
struct registry_part;
struct store;
struct ui_tokens;

enum { APPS_MAX = SPARK_ROWS_MAX, LISTS_READS = 5 };

struct cluster {
	struct discovery *discovery;
	char *name;
	const struct conf_cluster *conf; /* of discovery->conf */
	struct event *timer;
	struct address_fence fence;
	struct master **masters;
	size_t masters_count;
	struct master *active;	    /* borrowed; the one that is followed */
	struct history **histories; /* in the order of the file */
	size_t histories_count;
	struct ui **uis;
	size_t uis_count;
	struct node_list **node_lists;
	size_t node_lists_count;
	struct kube_watch **watches; /* of pods, one for each namespace */
	size_t watches_count;
	struct pod_probes *probes;  /* pod_probe.c; NULL: no pod needs it */
	struct kube_watch **others; /* of other kinds, which may be lacking */
	size_t others_count;
	struct kube_watch **finders; /* found_watch.h: for clusters that it finds */
	size_t finders_count;
	struct kube_watch **executor_watches; /* executor_keep.h */
	size_t executor_watches_count;
	bool has_recalled_found, is_gone_changed; /* found_memory.c: of those that it finds */
	const struct found_cluster *found;	  /* it was found; NULL: the configuration has it */
	const char *finder;			  /* name of the cluster that found it; NULL */
	int64_t polled_from_ms;
	uint64_t polls;	 /* merged answers of an active master */
	uint64_t digest; /* of the last of them; 0: none */
	char version[SPARK_VERSION_MAX];
	struct fetch *version_fetch;
	unsigned version_tries; /* left */
	bool direct_only;	/* its master is no reverse proxy */
	unsigned cores, cores_used;
	uint64_t memory_mb, memory_used_mb;
	struct known_ui *known[3];    /* uthash heads, by enum known_ui_kind */
	struct known_ui_list gone[3]; /* oldest first */
	size_t gone_count[3];
	struct known_resource *resources;      /* known_resource.c: uthash head */
	struct known_resource *resources_gone; /* ... the one that is gone longest */
	struct namespace_shares resource_shares, gone_resource_shares;
	struct app_lists *lists; /* app_lists.c: uthash head */
	size_t lists_bytes, lists_apps;
	struct lists_read *lists_reads[LISTS_READS]; /* read_lists.c: under way; NULL: free */
	int64_t lists_due_ms;			     /* nothing is to be read before */
	struct log_keeper *keeper;		     /* keep_log.c: NULL: no logs are kept */
	struct registry_part *part;		     /* as published last; NULL: never */
	bool is_changed;			     /* since then */
	/* For logs and events, that its API server refuses, as logged: bits by enum kube_right. */
	unsigned rights_lacking;
	struct rights_question *rights_asked; /* ask_rights.c: a list */
	struct known_executors *executors;    /* known_executors.c; NULL: none */
	struct executor_keep *executor_keep;  /* executor_keep.c; NULL: their logs are not kept */
};

struct discovery { /* what the clusters share */
	struct event_base *base;
	struct fetcher *fetcher; /* for Kubernetes, whose watches last */
	struct fetcher *uis;	 /* for what Spark's UIs say */
	struct ui_tokens *tokens;
	struct conf *conf;
	void (*publish)(struct registry *registry, void *arg);
	void *arg;
	struct cluster **clusters; /* those of the configuration, then those that were found */
	size_t clusters_count, rows_count;
	struct found *found;
	struct event *found_timer; /* pending: something of it has changed */
	struct event *publish_timer;
	int64_t publish_cost_ms;
	struct store *store; /* borrowed; NULL: none */
	struct event *claim_timer;
	struct event *lists_timer;
	bool reads_lists; /* a role opens applications to those whom they name themselves */
	struct verify_queue checks;
};

void cluster_changed(struct cluster *c); /* publishes soon */
void cluster_publish_soon(struct discovery *d);
/* GET of what is a UI of this kind: shows it the cluster's token, checks it by the cluster's
 * authorities. */
struct fetch *cluster_ask(
	const struct cluster *c, enum ui_kind kind, const struct fetch_request *request);
/* Whose answer about an application is the newest; NULL: none lists it. */
struct history *cluster_history_of(const struct app *a);
/* One of its history servers lists more than what is known of it. */
bool cluster_history_is_cut(const struct cluster *c);
/* The cluster of this name, of the configuration or found; NULL: there is none. */
struct cluster *cluster_find(const struct discovery *d, struct str name);
/* An application has ended, and how only its history can say. */
void cluster_hurry_history(struct cluster *c);

#endif
