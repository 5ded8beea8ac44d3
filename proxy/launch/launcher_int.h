/* proxy/launch/launcher_int.h - between the parts of the launcher. */
#ifndef SPARKGATE_PROXY_LAUNCH_LAUNCHER_INT_H
#define SPARKGATE_PROXY_LAUNCH_LAUNCHER_INT_H

#include "auth/store/store.h"
#include "base/hash/hash_table.h"
#include "proxy/launch/launch_question.h"
#include "proxy/launch/launcher.h"
#include "proxy/launch/rules/launch_person.h"

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
	bool is_dropped;      /* its file is not at its target any more */
	/* Waits until its file is gone: what ends it, and why; NULL: what its target says. */
	void (*ending)(struct launch_job *job, const struct launch_answer *answer);
	char why[LAUNCH_REASON];
	unsigned sweep;	   /* in which it was seen last */
	UT_hash_handle hh; /* by record.id */
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
	unsigned carrying;		  /* of these: bring a file */
};

/* launch_step.c */
void launch_step(struct launch_job *job);
void launch_job_free(struct launch_job *job);

/* launch_file.c: a small file that travels with a launch. */
struct desk_errand { /* a question of a person, which waits for a target */
	LIST_ENTRY(desk_errand) among;
	struct launcher *launcher;
	struct launch_question *question;
	struct store_launch launch;
	struct launch_order order;
	bool is_carrying;
};
/* False: so many are on their way that another one would take too much memory. */
bool launch_file_has_room(const struct launcher *launcher);
/* Whether it is still to be brought there by whoever asks for this launch. */
bool launch_file_comes(const struct store_launch *launch, const struct launch_order *order);
/* Answers the question with what was launched, once its file is there or was not taken. Takes
 * the errand. */
void launch_file_carry(struct desk_errand *errand, struct launch_target *target);
/* Whether a launch can go on, as far as its file goes. GONE: `why` not. */
enum launch_file_wait { LAUNCH_FILE_READY, LAUNCH_FILE_WAITS, LAUNCH_FILE_GONE };
enum launch_file_wait launch_file_look(
	const struct launch_order *order, char why[static LAUNCH_REASON]);

/* launch_create.c: answers of questions. */
void launch_create(struct launcher *launcher, struct launch_question *question);
void launch_restart(struct launcher *launcher, struct launch_question *question);

/* launch_errand.c */
bool launch_desk_sees(const struct launcher *launcher, const struct launch_question *question,
	const struct store_launch *launch);
struct launch_asker launch_desk_asker(
	const struct launcher *launcher, const struct launch_question *question);
void launch_desk_refuse(struct launch_question *question, enum fault fault, const char *reason);
void launch_desk_audit(const struct launch_question *question, const struct store_launch *launch,
	const char *decision, const char *reason);
/* False: it is not there, or not for them to know; refused. Else launch_desk_drop() both. */
MUST_CHECK bool launch_desk_get(struct launcher *launcher, struct launch_question *question,
	struct store_launch *launch, struct launch_order *order);
void launch_desk_drop(struct store_launch *launch, struct launch_order *order);
/* Gives an errand; from launch_desk_wait() on it is the launcher's, and launch_desk_end() gives its
 * question back. */
struct desk_errand *launch_desk_errand(struct launcher *launcher, struct launch_question *question);
void launch_desk_wait(struct desk_errand *errand);
void launch_desk_end(struct desk_errand *errand);
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
