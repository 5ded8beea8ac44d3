/*
 * proxy/discovery/discovery_int.h - what the parts of discovery share: the clusters as known so
 * far.
 *
 * discovery.c owns the lifecycle and the timers; poll_*.c turn answers of configured servers into
 * `struct cluster` through merge_polls.c, kube_watch.c what a Kubernetes API server tells through
 * merge_pods.c, and claim.c settles whose it is; verify_ui.c decides the state of every known UI;
 * publish_registry.c copies it all into a registry. A part that changes anything a page could show
 * calls cluster_changed().
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_DISCOVERY_INT_H
#define SPARKGATE_PROXY_DISCOVERY_DISCOVERY_INT_H

#include "base/net/fetch.h"
#include "auth/token/ui_token.h"
#include "base/siphash.h"
#include "conf/conf.h"
#include "conf/load/kubeconfig.h"
#include "proxy/discovery/discovery.h"
#include "proxy/discovery/known/address_fence.h"
#include "proxy/discovery/kubernetes/kube_json.h"
#include "proxy/registry/registry.h"
#include "proxy/discovery/spark/spark_json.h"

#include <sys/queue.h>

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = (unsigned)siphash_secret(keyptr, keylen))
#define uthash_malloc(size)		     mem_alloc(1, size)
#include <uthash.h>

enum {
	POLL_TIMEOUT_MS = 15000, /* a master of thousands of workers needs seconds under load */
	CHECK_TIMEOUT_MS = 5000,
	UI_CONNECTIONS = 2,  /* to one UI: its listener queues no more (T58) */
	CHECKS_MAX = 128,    /* identity checks at once */
	CHECKS_PACE_MS = 50, /* at most CHECKS_PER_PACE begin in so long: 3,000 a second */
	CHECKS_PER_PACE = 150,
	MASTER_JSON_MAX = 32 * 1024 * 1024,
	HISTORY_JSON_MAX = 32 * 1024 * 1024,
	CHECK_JSON_MAX = 4 * 1024 * 1024, /* a worker lists its executors, finished ones too */
	PROBE_MAX = 1024 * 1024,
	GONE_MAX = 1000, /* per cluster and kind: pages that say "gone" */
	APPS_MAX = SPARK_ROWS_MAX,
};

/* One UI that somebody named, from its first sighting to the page that says it is gone. */
enum known_ui_kind { KNOWN_UI_WORKER, KNOWN_UI_APP, KNOWN_UI_DRIVER };
enum known_ui_queue { QUEUE_NONE, QUEUE_FRESH, QUEUE_WAITING };

struct known_ui {
	struct cluster *cluster;
	enum known_ui_kind kind;
	enum mount_state state;
	char *id;
	const char *why; /* fixed text; "" */
	char *origin;	 /* "http://10.0.0.7:8081"; NULL: not known (yet) */
	char *authority; /* "10.0.0.7:8081" */
	uint16_t port;
	bool tls;
	bool via_master; /* reached through the master's own /proxy/<id> (spark.ui.reverseProxy) */
	struct sockaddr_storage addr; /* when UP */
	socklen_t addr_len;
	/* verify.c */
	TAILQ_ENTRY(known_ui) link; /* by queue */
	enum known_ui_queue queue;
	struct fetch *fetch;
	const char *refused; /* by the fence during this fetch */
	unsigned tries;
	int64_t due_ms; /* QUEUE_WAITING */
	/* merge.c */
	uint64_t seen; /* the poll that listed it last */
	TAILQ_ENTRY(known_ui) gone_link;
	bool is_gone;
	UT_hash_handle hh; /* cluster->places[kind], by id */
};
TAILQ_HEAD(known_ui_list, known_ui);

struct worker {
	struct known_ui known; /* first */
	const char *state;     /* static */
	char *host;
	unsigned cores, cores_used;
	uint64_t memory_mb, memory_used_mb;
};

struct app {
	struct known_ui known; /* first */
	const char *state;     /* static */
	char *name, *user;
	int64_t started_ms, duration_ms;
	unsigned cores;
	bool in_master, running;
	bool had_ui; /* somebody but a history server knew it */
	bool in_history, completed_in_history;
	uint64_t seen_history; /* the full listing that had it last */
	/* merge_pods.c: of an application whose driver is, or was, a pod */
	char *namespace;	  /* of its pod, or of the one it had; NULL: none */
	struct kube_watch *watch; /* who knows its pod; NULL: there is none (any more) */
	char *pod;		  /* its uid, with watch */
	int64_t pod_created_ms, pod_ended_ms;
	uint64_t seen_pods; /* the listing of watch that had it last */
	bool has_rivals;    /* other pods say they are this application, and may be the next */
	bool was_warned;    /* ... that others say so */
	/* claim.c */
	int64_t told_ms;  /* when it started, as a master or a history server says; 0: unknown */
	int64_t asked_ms; /* the store, whose it is; 0: not yet */
	char *owner;	  /* the namespace it is settled for; "": nobody's; NULL: not settled */
	bool is_disputed; /* pods of two namespaces claim it, and nothing was settled before */
	bool is_risen;	  /* its pod came when it had ended, by its history */
	bool is_masters;  /* a master listed it, so it is no pod's */
};

struct driver {
	struct known_ui known; /* first; never checked itself: its worker is */
	char *worker;	       /* id */
};

/* A configured place: trusted as it stands, so only its address is wanted. */
struct polled_server {
	struct cluster *cluster;
	enum ui_kind kind;
	struct url url;
	char *text; /* the URL without its last slash */
	char authority[272];
	struct fetch *fetch;
	struct sockaddr_storage addr; /* the last that answered */
	socklen_t addr_len;	      /* 0: none yet */
	bool tried, up, was_logged;
	int64_t due_ms;
};

struct master {
	struct polled_server source; /* first */
	const char *status;	     /* static */
	char host[256];		     /* as it calls itself; "" unknown */
};

struct history {
	struct polled_server source; /* first */
	bool reading_all;	     /* by the fetch under way */
	uint64_t listings;	     /* full ones so far */
	int64_t all_due_ms;	     /* when the whole list is read again */
	int64_t newest_ms;	     /* end of the newest application listed */
	unsigned limit;		     /* rows asked for */
	bool is_cut;		     /* the last full listing left older ones out */
	struct fetch *version_fetch;
	struct event *hurry; /* an application has ended; NULL: none has */
	int64_t hurried_ms;
};

struct ui {
	struct polled_server source; /* first */
	char *name;
};

/* The driver pods of one namespace, or of all: listed once, then watched. */
struct kube_watch {
	struct cluster *cluster;
	char *namespace;			/* "*": all; NULL: that of our own access */
	char *selector, *kubeconfig;		/* as configured */
	char own_namespace[KUBE_NAMESPACE_MAX]; /* of the last access */
	struct event *timer;			/* the next try */
	struct fetch *fetch;
	int64_t began_ms; /* of the fetch */
	struct kube_list list;
	bool is_broken;			/* the list under way is none */
	uint64_t listings;		/* begun so far */
	char more[KUBE_CONTINUE_MAX];	/* the next page of the list; "": the first */
	char version[KUBE_VERSION_MAX]; /* what is known; "": list anew */
	size_t scanned;			/* bytes of the line that comes in */
	bool is_skipping;		/* ... which is too long */
	unsigned tries;			/* since something good came */
	bool tried, up;
	char *why; /* it is not up, as logged last */
};

struct cluster {
	struct discovery *discovery;
	char *name;
	const struct conf_cluster *conf; /* of discovery->conf */
	struct event *timer;
	struct address_fence fence;
	struct master **masters;
	size_t masters_count;
	struct master *active;	 /* borrowed; the one that is followed */
	struct history *history; /* NULL: none */
	struct ui **uis;
	size_t uis_count;
	struct kube_watch **watches;
	size_t watches_count;
	uint64_t polls;	 /* merged answers of an active master */
	uint64_t merged; /* digest of the last of them; 0: none */
	char version[SPARK_VERSION_MAX];
	struct fetch *version_fetch;
	unsigned version_tries; /* left */
	bool direct_only;	/* its master is no reverse proxy */
	unsigned cores, cores_used;
	uint64_t memory_mb, memory_used_mb;
	struct known_ui *known[3];    /* uthash heads, by enum place_kind */
	struct known_ui_list gone[3]; /* oldest first */
	size_t gone_count[3];
	struct registry_part *part; /* as published last; NULL: never */
	bool is_changed;	    /* since then */
};

struct discovery {
	struct event_base *base;
	struct fetcher *fetcher; /* for Kubernetes, whose watches last */
	struct fetcher *uis;	 /* for what Spark's UIs say */
	struct ui_tokens *tokens;
	struct conf *conf;
	void (*publish)(struct registry *registry, void *arg);
	void *arg;
	struct cluster **clusters;
	size_t clusters_count;
	struct event *publish_timer;
	int64_t publish_cost_ms;
	struct store *store; /* borrowed; NULL: none */
	struct event *retry_timer, *pace_timer, *claim_timer;
	struct known_ui_list fresh, waiting; /* verify.c */
	unsigned checking;
	unsigned begun; /* checks since pace_ms */
	int64_t pace_ms;
};

/* discovery.c */
void cluster_changed(struct cluster *c); /* publishes soon */
/* GET of what is a UI of this kind: shows it the cluster's token, checks it by the cluster's
 * authorities. */
struct fetch *cluster_ask(
	const struct cluster *c, enum ui_kind kind, const struct fetch_request *request);
/* Replaces *slot by a copy of `text`; true when that changed it. */
bool text_replace(char **slot, const char *text);

/* source.c */
void polled_server_init(
	struct polled_server *s, struct cluster *c, enum ui_kind kind, const struct url *url);
void polled_server_clear(struct polled_server *s);
/* GET of the place's URL and `path`; the operator named it, so any address will do. */
struct fetch *polled_server_ask(const struct polled_server *s, const char *path, size_t max_bytes,
	void (*done)(const struct fetch_result *result, void *arg), void *arg);
/* The fetch has ended: keeps the address; `wanted` is the only good status, 0 for any. True when it
 * was good. */
bool polled_server_note(struct polled_server *s, const struct fetch_result *result, int wanted);
void polled_server_set_up(struct polled_server *s, bool up, const char *why);
/* "address:port" of where it answered last; "" when nowhere yet. */
void polled_server_numeric(const struct polled_server *s, char out[static 272]);

/* poll_master.c, poll_history.c, poll_ui.c */
struct master *master_new(struct cluster *c, const struct url *url);
void master_free(struct master *m);
void master_poll(struct master *m);
struct history *history_new(struct cluster *c, const struct url *url);
void history_free(struct history *h);
void history_poll(struct history *h);
void history_hurry(struct history *h); /* NULL is fine; an application has ended */
struct ui *ui_new(struct cluster *c, const struct conf_ui *conf);
void ui_free(struct ui *ui);
void ui_poll(struct ui *ui);

/* kube_watch.c */
/* `namespace` NULL: that of the gateway's own access. */
struct kube_watch *kube_watch_new(
	struct cluster *c, const char *namespace, const struct conf_kubernetes *conf);
void kube_watch_free(struct kube_watch *w); /* its pods are gone */
bool kube_watch_is(
	const struct kube_watch *w, const char *namespace, const struct conf_kubernetes *conf);
void kube_watch_relist(struct kube_watch *w); /* soon */
/* The namespace as people know it: "*" is all; "its own" until that is known. */
const char *kube_watch_namespace(const struct kube_watch *w);
const char *kube_watch_state(const struct kube_watch *w);

/* merge_pods.c */
void merge_pod(struct kube_watch *w, const struct kube_pod *pod);
void merge_pod_gone(struct kube_watch *w, const struct kube_pod *pod);
void merge_pods_end(struct kube_watch *w); /* the listing is complete: what it lacked is gone */
void merge_no_pods(struct kube_watch *w);

/* claim.c */
/* May a pod have this id at all? */
bool claim_may_name(const struct cluster *c, struct str id);
/* May this pod be taken for the application, as far as is known? */
bool claim_allows(struct app *a, const struct kube_pod *pod);
/* Before each snapshot: asks the store whose applications are, settles what can be settled, and
 * parts those from pods that are not theirs. */
void claim_settle(struct cluster *c);
/* Whose people may see it; "": of those who are limited to namespaces nobody. */
const char *claim_namespace(const struct app *a);
void claim_drop(struct app *a); /* its pod is none of its */

/* merge.c */
void merge_master(struct cluster *c, const struct spark_master *m);
/* `listing` numbers a listing of everything; 0: only a part. `cut`: older ones were left out. */
void merge_history(struct cluster *c, const struct spark_apps *apps, uint64_t listing, bool cut);
struct known_ui *known_ui_add(struct cluster *c, enum known_ui_kind kind, const char *id);
void known_ui_keep(struct known_ui *p);	 /* listed (again) */
void known_ui_enter(struct known_ui *p); /* new, or back from the dead: it is checked */
void known_ui_end(struct known_ui *p);	 /* listed, but not there any more */
void known_ui_leave(struct known_ui *p); /* not listed any more */
/* At most SPARK_NAME_MAX bytes, cut between characters; true when that changed it. */
bool known_ui_set_text(char **slot, const char *text);
void merge_no_history(struct cluster *c); /* the history server is not configured any more */
struct known_ui *known_ui_find(const struct cluster *c, enum known_ui_kind kind, struct str id);
void known_ui_free(struct known_ui *p); /* out of every list */
void cluster_forget(struct cluster *c); /* frees all places */

/* verify.c */
void verify_ui_known(struct known_ui *p);	  /* checks it (again), soon */
void verify_ui_forget(struct known_ui *p);	  /* no check any more */
void verify_ui_refence(struct cluster *c);	  /* the fence changed */
void verify_ui_through_master(struct cluster *c); /* another master is followed */
void verify_ui_pump(struct discovery *d);
void verify_ui_retry(struct discovery *d); /* those whose time has come */
/* The one place where a state changes; logs it. */
void known_ui_set_state(struct known_ui *p, enum mount_state state, const char *why);
/* Where it says it lives; NULL: unknown. True when that is news. */
bool known_ui_set_origin(struct known_ui *p, const struct url *url);

/* snapshot.c */
bool cluster_is_tried(const struct cluster *c); /* every source of it, once */
/* Copies the clusters that changed since the last one, and shares the others with it. */
struct registry *snapshot_build(struct discovery *d);

#endif
