/* proxy/launch/launcher_int.h - between the parts of the launcher. */
#ifndef SPARKGATE_PROXY_LAUNCH_LAUNCHER_INT_H
#define SPARKGATE_PROXY_LAUNCH_LAUNCHER_INT_H

#include "auth/store/store.h"
#include "base/hash/hash_table.h"
#include "proxy/launch/launch_question.h"
#include "proxy/launch/launcher.h"

struct share_reader;
struct share_hold;

struct launch_job { /* a launch that has not ended, as this process works on it */
	struct launcher *launcher;
	struct store_launch record;
	struct launch_order order;
	bool is_busy;	      /* its target is asked something */
	int64_t due_ms;	      /* monotonic: not before */
	int64_t first_try_ms; /* of submitting; 0: none yet */
	int64_t ended_ms;     /* when its target said that it is over; 0 */
	int64_t killed_ms;    /* when its target was told to end it; 0 */
	unsigned sweep;	      /* in which it was seen last */
	UT_hash_handle hh;    /* by record.id */
};

struct launch_place {			    /* a cluster that launches */
	const struct conf_cluster *cluster; /* of the launcher's conf */
	struct launch_target *target;
};

struct launcher {
	struct event_base *base;
	struct fetcher *fetcher;
	struct store *store;
	struct share_reader *registry;
	const struct discovery *discovery;
	struct share_hold *hold; /* of the snapshot that targets look into */
	struct conf *conf;
	const char *own_issuer;
	struct launch_place *places;
	size_t places_count;
	struct event *tick;
	unsigned char lease[DIGEST_LEN], holder[DIGEST_LEN];
	struct launch_job *jobs; /* a hash */
	size_t busy;
	unsigned sweep;
	int64_t swept_ms;
	LIST_HEAD(, desk_errand) waiting; /* questions of people, with a target */
};

/* launch_step.c */
void launch_step(struct launch_job *job);
void launch_job_free(struct launch_job *job);

/* launch_desk.c: who waits for a target is told to ask again. */
void launch_desk_leave(struct launcher *launcher);

/* launch_kinds.c: the table of a cluster's kind of target; NULL: it launches nothing. */
const struct launch_target_ops *launch_target_of(const struct conf_cluster *cluster);
/* NULL: the configuration does not have it. */
const struct launch_place *launcher_place(const struct launcher *launcher, const char *cluster);
void launcher_soon(struct launcher *launcher); /* sweeps at once */

/* launch_json.c */
json_t *launch_json(const struct store_launch *launch, const struct launch_order *order,
	const struct conf *conf);
json_t *launch_events_json(const struct launch_order *order);

/* launch_audit.c: one audit line. `decision` is a word: "create", "kill", "finished", ... */
struct launch_told {		    /* borrowed; NULL: not known */
	const struct identity *who; /* NULL: the launcher itself, in its owner's name */
	const struct store_launch *launch;
	const char *decision, *reason, *client, *request_id;
};
void launch_audit(const struct launch_told *told);

#endif
