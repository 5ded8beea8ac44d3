/*
 * proxy/launch/launcher.h - brings launches on their way and keeps their records true: submits,
 * looks, ends; and answers what people ask of them.
 *
 * What is meant to be done is in the store before it is done, and one gateway at a time does it
 * (a lease), so nothing is lost and nothing runs twice, whichever process is killed whenever
 * (S116, S122). Keeper thread.
 *
 *   launcher.c      targets, the sweep over what has not ended
 *   launch_step.c   the next step of one launch, and what its answer changes
 *   launch_desk.c   questions of people
 *   launch_errand.c what their answers share
 *   launch_create.c what they want to have launched
 *   launch_file.c   a small file that travels with a launch
 *   launch_json.c   a launch as the API shows it
 */
#ifndef SPARKGATE_PROXY_LAUNCH_LAUNCHER_H
#define SPARKGATE_PROXY_LAUNCH_LAUNCHER_H

#include "conf/conf.h"

struct discovery;
struct event_base;
struct fetcher;
struct launch_question;
struct launcher;
struct share_slot;
struct store;

/* Borrows all but `conf`, which it shares; `registry` is the slot of snapshots. */
struct launcher *launcher_new(struct event_base *base, struct store *store,
	struct share_slot *registry, const struct discovery *discovery, struct conf *conf,
	const char *own_issuer);
void launcher_free(struct launcher *launcher);
/* A reload: targets are opened anew. */
void launcher_set_conf(struct launcher *launcher, struct conf *conf);
/* Takes the question, and gives it back to its home, sooner or later. */
void launcher_answer(struct launcher *launcher, struct launch_question *question);

#endif
