/*
 * proxy/process/keeper_tasks.h - what server threads ask of the keeper: a UI that stopped answering
 * (discovery), logs and events of pods, launches. Each goes through its inbox.
 */
#ifndef SPARKGATE_PROXY_PROCESS_KEEPER_TASKS_H
#define SPARKGATE_PROXY_PROCESS_KEEPER_TASKS_H

#include "base/inbox.h"

struct discovery;
struct launch_question;
struct launcher;
struct pod_question;

/* Borrowed. The keeper's; but for the inbox, which any thread may use. */
struct keeper_tasks {
	struct inbox *inbox;
	struct discovery *discovery; /* NULL, here and below: the process ends */
	struct launcher *launcher;
};

/* Of struct thread_shared, with a struct keeper_tasks as `arg`. */
void keeper_tasks_suspect(void *arg, const char *cluster, const char *mount_id);
void keeper_tasks_ask_pods(void *arg, struct pod_question *question);
void keeper_tasks_ask_launches(void *arg, struct launch_question *question);

#endif
