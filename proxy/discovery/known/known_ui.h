/*
 * proxy/discovery/known/known_ui.h - one UI that somebody named: a worker's, an application's or a
 * driver's log pages, from its first sighting to the page that says it is gone.
 *
 * Owned by its cluster. What changes anything a page could show calls cluster_changed().
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_KNOWN_KNOWN_UI_H
#define SPARKGATE_PROXY_DISCOVERY_KNOWN_KNOWN_UI_H

#include "base/hash/hash_table.h"
#include "base/mem.h"
#include "base/text/url.h"
#include "conf/conf.h"
#include "proxy/registry/registry.h"

#include <sys/queue.h>
#include <sys/socket.h>

struct cluster;
struct fetch;
struct known_resource;
struct kube_watch;
struct app_lists;
struct lists_read;

enum known_ui_kind { KNOWN_UI_WORKER, KNOWN_UI_APP, KNOWN_UI_DRIVER };
enum known_ui_queue { QUEUE_NONE, QUEUE_FRESH, QUEUE_WAITING };

struct known_ui {
	struct cluster *cluster;
	enum known_ui_kind kind;
	enum mount_state state;
	char *id;
	const char *why;      /* fixed text; "" */
	enum mount_lack lack; /* of UNVERIFIED, with `why` */
	char *origin;	      /* "http://10.0.0.7:8081"; NULL: not known (yet) */
	char *authority;      /* "10.0.0.7:8081" */
	uint16_t port;
	bool tls;
	bool via_master; /* reached through the master's own /proxy/<id> (spark.ui.reverseProxy) */
	struct sockaddr_storage addr; /* when UP */
	socklen_t addr_len;
	/* verify_queue.c */
	TAILQ_ENTRY(known_ui) queued;
	enum known_ui_queue queue;
	struct fetch *fetch;
	const char *refused; /* by the fence during this fetch */
	unsigned tries;
	int64_t due_ms; /* QUEUE_WAITING */
	/* merge_polls.c */
	uint64_t last_poll; /* that listed it */
	TAILQ_ENTRY(known_ui) gone;
	bool is_gone;
	UT_hash_handle hh; /* cluster->known[kind], by id */
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
	char *name;
	int64_t started_ms, duration_ms;
	unsigned cores;
	char *spark_id; /* what Spark calls it, if that is another name (app_key.h); else NULL */
	int64_t run_ms; /* when its master says it began; of a name that is used again, which */
	bool has_twin, has_later, has_stranger; /* as its master lists it (spark_json.h) */
	bool in_master, running;
	bool had_ui; /* somebody but a history server knew it */
	bool in_history, completed_in_history;
	unsigned in_histories;		       /* by slot (polled_server.h): bits */
	unsigned history_slot;		       /* the one whose answer is the newest */
	int64_t history_ms;		       /* when that was written */
	uint64_t last_history[CONF_HISTORIES]; /* the full listing that had it last, by slot */
	char *attempt;	    /* the newest one's id, as history has it; "": it has none */
	char *log_source;   /* of several directories, as history has it; "": not told */
	bool has_many_logs; /* history has several attempts of it */
	/* merge_pods.c: of an application whose driver is, or was, a pod */
	char *namespace;	  /* of its pod, or of the one it had; NULL: none */
	struct kube_watch *watch; /* who knows its pod; NULL: there is none (any more) */
	char *pod, *pod_object;	  /* uid of the last one, and what it is called itself */
	int64_t pod_created_ms, pod_ended_ms;
	bool is_log_read;   /* keep_log.c: it was begun for this pod */
	uint64_t last_pods; /* the listing of watch that had it last */
	const char *server; /* static: what it serves clients of, "Connect server"; "" or NULL */
	bool never_started; /* its pod went before it had an address */
	bool has_rivals;    /* other pods say they are this application, and may be the next */
	bool was_warned;    /* ... that others say so */
	char *resource;	    /* of an operator, that its pod names: its key; NULL */
	char *schedule;	    /* what makes such resources; NULL */
	struct known_resource *shows; /* while a snapshot is made: the one that is this; NULL */
	/* app_word.c: what whoever runs it says last */
	char *reason;	  /* why it waits, or how it ended; NULL: nobody said */
	int64_t ended_ms; /* wall; 0: it runs, or nobody knows */
	int exit_code;	  /* of its driver; 0: it ended well, or nobody knows */
	/* claim.c */
	int64_t told_ms;  /* when it started, as a master or a history server says; 0: unknown */
	int64_t asked_ms; /* the store, whose it is; 0: not yet */
	char *owner;	  /* the namespace it is settled for; "": nobody's; NULL: not settled */
	bool is_disputed; /* pods of two namespaces claim it, and nothing was settled before */
	bool is_risen;	  /* its pod came when it had ended, by its history */
	bool is_masters;  /* a master listed it, so it is no pod's */
	/* app_names.c */
	char *pod_name;	       /* what its pod is called, or what was settled; NULL: nobody knows */
	char *log_name;	       /* what its only event log calls it; NULL: nobody knows */
	int64_t name_asked_ms; /* the store; 0: not yet */
	bool is_name_settled;
	/* app_user.c */
	char *user;	       /* settled; "": nobody's; NULL: not settled */
	char *user_told;       /* by its master or pod, first; NULL: neither has named it */
	char *user_in_history; /* by its event logs; "": they disagree; NULL: there are none */
	int64_t user_asked_ms; /* the store; 0: not yet */
	bool is_user_heard;    /* everybody who could name it was heard */
	bool was_user_warned;  /* ... that another user is told of now */
	/* read_lists.c */
	struct app_lists *lists;       /* as it was made with them; NULL: not known (yet) */
	struct lists_read *lists_read; /* under way; NULL: none */
	bool has_driver_lists;	       /* of its driver; else of its event log */
	bool has_no_lists;	       /* nobody asks any more */
	unsigned lists_tries;
	int64_t lists_due_ms; /* asked no earlier */
};

struct driver {
	struct known_ui known; /* first; never checked itself: its worker is */
	char *worker;	       /* id */
};

/* Its id is one that app_id_is_numbered() knows, and not made of its name (T59): else anybody may
 * have it, too. */
bool app_is_numbered(const struct app *a);
/* NULL: there is none. */
struct known_ui *known_ui_find(const struct cluster *c, enum known_ui_kind kind, struct str id);
struct known_ui *known_ui_add(struct cluster *c, enum known_ui_kind kind, const char *id);
void known_ui_keep(struct known_ui *ui);  /* listed (again) */
void known_ui_enter(struct known_ui *ui); /* new, or back from the dead: it is checked */
void known_ui_end(struct known_ui *ui);	  /* listed, but not there any more */
void known_ui_leave(struct known_ui *ui); /* not listed any more */
/* What Spark calls it. Borrows. */
const char *known_ui_spark_id(const struct known_ui *ui);
/* The same for a segment or a value of an address. Gives. */
char *known_ui_in_address(const struct known_ui *ui);
void known_ui_free(struct known_ui *ui); /* out of every list */
void known_ui_free_all(struct cluster *c);

/* The one place where a state changes; logs it. */
void known_ui_set_state(struct known_ui *ui, enum mount_state state, const char *why);
/* Where it says it lives; NULL: unknown. True when that is news. */
bool known_ui_set_origin(struct known_ui *ui, const struct url *url);
/* What its pod told was another's. */
void app_forget_told(struct app *a);
/* At most SPARK_NAME_MAX bytes, cut between characters; true when that changed it. */
bool known_ui_set_text(char **slot, const char *text);

#endif
