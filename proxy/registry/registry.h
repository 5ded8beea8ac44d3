/*
 * proxy/registry/registry.h - every UI that can be reached, as one immutable snapshot.
 *
 * Discovery builds one with registry_builder_* on the keeper thread and publishes it; server
 * threads look up. Nothing in a request ever names a host or port: a request names a mount, the
 * mount has the checked address.
 */
#ifndef SPARKGATE_PROXY_REGISTRY_REGISTRY_H
#define SPARKGATE_PROXY_REGISTRY_REGISTRY_H

#include "auth/policy/access.h"
#include "auth/policy/policy.h"
#include "base/sbuf.h"

#include <sys/socket.h>

enum mount_state {
	MOUNT_UP,	  /* verified: may be connected to */
	MOUNT_UNVERIFIED, /* known, not yet checked, or it failed its check */
	MOUNT_REFUSED,	  /* outside the SSRF fence */
	MOUNT_GONE,	  /* was there, is finished or lost; kept for its page and permalink */
};

enum mount_lack { /* UNVERIFIED, and why has a page of its own */
	LACKS_NOTHING,
	LACKS_START, /* its UI is not there yet: it began a moment ago, or its pod waits */
	/* By waiting alone these become nothing else: */
	LACKS_ADDRESS, /* the name of its host does not resolve */
	LACKS_UI,      /* an application with spark.ui.enabled=false */
};

struct mount {
	enum ui_kind kind;
	enum mount_state state;
	const char *cluster;
	const char *finder, *namespace; /* of its cluster, as access.h has it; "" for most */
	const char *id;	  /* "master", worker-…, app-…, driver-…, "shs", the name under uis */
	const char *path; /* "<base>/<cluster>/proxy/<id>" and the like, no slash at the end */
	const char *label;     /* of a live UI's own host name (app_origin.h); "" for all others */
	const char *authority; /* Host field for the upstream: "10.0.0.7:8081" */
	const char *prefix;    /* path of the configured URL without its last slash: "" mostly */
	struct sockaddr_storage addr; /* set when UP */
	socklen_t addr_len;
	bool tls;
	const char
		*ca_file;   /* with tls: who signs the upstream's certificate; NULL: the system's */
	bool is_driver_log; /* a driver id: the worker's log pages under the driver's name (T13) */
	enum mount_lack lack;
	const char *why; /* REFUSED, UNVERIFIED: for the log and the page; else "" */
};

struct worker_info {
	const char *id, *host, *state; /* state as Spark says: ALIVE, DEAD, ... */
	unsigned cores, cores_used;
	uint64_t memory_mb, memory_used_mb;
	const struct mount *mount; /* NULL when none */
};

struct app_info {
	/* `user`: as the cluster says and not its driver (S73); "": nobody's, or nobody knows yet.
	 */
	const char *id, *name, *user, *state; /* RUNNING, WAITING, FINISHED, FAILED, KILLED */
	int64_t started_ms;		      /* wall; 0 unknown */
	int64_t duration_ms;		      /* -1: still running or unknown */
	unsigned cores;
	bool running;
	bool in_history;	   /* a history server lists it */
	bool completed_in_history; /* ... as finished */
	const struct mount *mount; /* live UI; NULL when none */
	const char *namespace;	   /* of Kubernetes; "": its driver is no pod, or nobody knows it */
	const struct access_lists *lists; /* it was made with these; NULL: nobody knows */
	/* Of the history server whose word is the newest: */
	const struct mount *history; /* NULL: the first */
	const char *attempt;	     /* the newest one there; "": it has none */
	const char *log_source;	     /* of several directories of logs, its own; "": not told */
	/* What Spark calls it; `id` is what paths call it (app_key.h). "": the same. */
	const char *spark_id;
	bool has_later;	   /* another one that runs has its id, and Spark means that one by it */
	bool has_stranger; /* something of another person has its id (S94) */
	/* Why it waits, or how it ended: plain text, of the cluster or whoever runs it; "": nobody
	 * said. */
	const char *reason;
	int64_t ended_ms; /* wall; 0: it runs, or nobody knows */
	int exit_code;	  /* of its driver; 0: it ended well, or nobody knows */
	/* It is found by this name, too, and seen by who may see applications of it: what its event
	 * log calls an application that its pod calls otherwise. "": none. */
	const char *other_name;
	bool has_pod;	    /* its driver is, or was, a pod whose log and events can be asked for */
	const char *server; /* what it serves its clients as: "Connect server"; "": it does not */
	/* The resource of an operator that runs it, or that is this row as long as nothing is known
	 * that it runs; "": there is none. */
	const char *resource_kind;			     /* "SparkApplication" */
	const char *resource_name, *resource_key, *schedule; /* by which links find it, too */
	bool is_planned; /* this is the resource; `id` is its key, or that of a pod that is gone */
	bool is_idle;	 /* it is suspended, or a schedule: nothing runs, and it is not over */
	bool is_schedule;
};
/* As Spark knows it: for what is said to Spark, and to people. */
const char *app_info_spark_id(const struct app_info *app);
/* Adds "<above><id>[/<attempt>]", as a history server's addresses have it: "/history/app-1/2".
 * Spark finds several attempts by their own names. */
void app_info_write_below(struct sbuf *out, const char *above, const struct app_info *app);

struct master_info {
	const char *url, *status; /* ALIVE, STANDBY, RECOVERING, or "UNREACHABLE" */
	bool active;
};

struct cluster_info {
	const char *name;
	/* Of one that a resource of Kubernetes made (access.h); "": the configuration has it. */
	const char *finder, *namespace;
	const char *resource_state; /* as the resource says; "": it says nothing */
	int64_t deleted_ms; /* wall: its resource is not there any more, and its links say so; 0 */
	const char *path;   /* "<base>/<cluster>" */
	const char *spark_version; /* "" unknown */
	bool has_masters, has_history, history_up;
	bool has_kubernetes, kubernetes_up; /* its API server answers */
	bool has_log_sources;		    /* more than one: the builder looks */
	bool polled;			    /* at least one poll of every source has ended */
	bool is_unread;	     /* some source of its ids has told nothing yet, since the start */
	bool is_history_cut; /* a history server lists more than what is kept of it */
	struct master_info *masters;
	size_t masters_count;
	unsigned cores, cores_used;
	uint64_t memory_mb, memory_used_mb;
	struct worker_info *workers;
	size_t workers_count;
	struct app_info *apps; /* running first, then idle ones; each newest first */
	size_t apps_count;
	bool has_equal_ids;	  /* the builder looks; the first of them is meant */
	const struct mount **uis; /* configured uis */
	size_t uis_count;
	const struct mount **histories; /* in the order of the file */
	size_t histories_count;
	const struct mount *master,
		*history; /* mounts, NULL when none; of several history servers
			     the first: the builder fills the one by the other */
};

/* Borrow. */
/* Its history servers that answer, one after the other; `*next` begins with 0. NULL: that was all.
 * Borrows. */
const struct mount *cluster_info_next_history(const struct cluster_info *cluster, size_t *next);
struct access_cluster cluster_info_access(const struct cluster_info *cluster);
/* Its master ends it: the driver is no pod of its own. */
bool cluster_info_ends(const struct cluster_info *cluster, const struct app_info *app);
struct access_cluster mount_access(const struct mount *mount);
/* The history server whose word on it is the newest; NULL: none lists it. */
const struct mount *cluster_info_history(
	const struct cluster_info *cluster, const struct app_info *app);

/* What a history server's mount is called: "shs", then "shs-2" and so on. */
enum { MOUNT_HISTORY_ID = 16 };
void mount_history_id(size_t index, char out[static MOUNT_HISTORY_ID]);

struct registry;

uint64_t registry_serial(const struct registry *reg); /* of this snapshot alone, ever */
size_t registry_clusters(const struct registry *reg);
const struct cluster_info *registry_cluster_at(const struct registry *reg, size_t index);
const struct cluster_info *registry_cluster(const struct registry *reg, struct str name);
/* All look-ups borrow from the snapshot and give NULL when there is none. O(1). */
const struct mount *registry_proxy(const struct registry *reg, struct str cluster, struct str id);
const struct mount *registry_ui(const struct registry *reg, struct str cluster, struct str name);
/* The mount whose UI lives at "host:port" (lower case, port always there), this cluster's first. */
const struct mount *registry_authority(
	const struct registry *reg, struct str cluster, struct str authority);
/* The same for one of this snapshot's clusters: a page asks for each of its links. */
const struct mount *registry_authority_near(
	const struct registry *reg, const struct cluster_info *cluster, struct str authority);
/* The live UI whose host name begins with this label. */
const struct mount *registry_label(const struct registry *reg, struct str label);
/* An application by id, else the newest one of that name. */
const struct app_info *registry_app(
	const struct registry *reg, struct str cluster, struct str id_or_name);
/* By its id only, of one of this snapshot's clusters: a list asks for each of its items. */
const struct app_info *registry_app_near(const struct cluster_info *cluster, struct str id);
/* The same for thousands of ids that stand mostly as they do here, newest first: `*row`, 0 at
 * first, is where the next one is looked for before it is hashed. */
const struct app_info *registry_app_next(
	const struct cluster_info *cluster, struct str id, size_t *row);
/* That will be asked soon: fetches what it needs into the processor's cache. */
void registry_app_soon(const struct cluster_info *cluster, struct str id, size_t row);
void registry_free(void *registry); /* for share_slot_new() */

#endif
