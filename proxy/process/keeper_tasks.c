#include "proxy/process/keeper_tasks.h"

#include "proxy/discovery/discovery.h"
#include "proxy/discovery/pods/pod_desk.h"
#include "proxy/discovery/pods/pod_question.h"
#include "proxy/launch/launch_question.h"
#include "proxy/launch/launcher.h"

#include <stdlib.h>

struct suspect_task {
	struct task task;
	struct keeper_tasks *keeper;
	char *cluster, *mount_id;
};

struct question_task {
	struct task task;
	struct keeper_tasks *keeper;
	struct pod_question *question;
};

struct launch_task {
	struct task task;
	struct keeper_tasks *keeper;
	struct launch_question *question;
};

static void on_suspect_task(struct task *task)
{
	struct suspect_task *suspect = (struct suspect_task *)task;

	if (suspect->keeper->discovery)
		discovery_suspect(suspect->keeper->discovery, str_of(suspect->cluster),
			str_of(suspect->mount_id));
	free(suspect->cluster);
	free(suspect->mount_id);
	free(suspect);
}

void keeper_tasks_suspect(void *arg, const char *cluster, const char *mount_id)
{
	struct suspect_task *suspect = mem_alloc(1, sizeof *suspect);
	struct keeper_tasks *keeper = arg;

	*suspect = (struct suspect_task){
		{on_suspect_task, NULL}, keeper, mem_strdup(cluster), mem_strdup(mount_id)};
	inbox_post(keeper->inbox, &suspect->task);
}

/* Its thread may have ended meanwhile, as noted on this very thread. */
static void on_question_task(struct task *task)
{
	struct question_task *asked = (struct question_task *)task;
	struct pod_question *q = asked->question;

	if (asked->keeper->discovery)
		pod_desk_answer(asked->keeper->discovery, q);
	if (q->home)
		inbox_post(q->home, &q->task);
	else
		pod_question_free(q);
	free(asked);
}

void keeper_tasks_ask_pods(void *arg, struct pod_question *question)
{
	struct question_task *asked = mem_alloc(1, sizeof *asked);
	struct keeper_tasks *keeper = arg;

	*asked = (struct question_task){{on_question_task, NULL}, keeper, question};
	inbox_post(keeper->inbox, &asked->task);
}

static void on_launch_task(struct task *task)
{
	struct launch_task *asked = (struct launch_task *)task;

	if (asked->keeper->launcher) {
		launcher_answer(asked->keeper->launcher, asked->question);
	} else { /* the process ends */
		asked->question->fault = FAULT_STORE_DOWN;
		launch_question_give_back(asked->question);
	}
	free(asked);
}

void keeper_tasks_ask_launches(void *arg, struct launch_question *question)
{
	struct launch_task *asked = mem_alloc(1, sizeof *asked);
	struct keeper_tasks *keeper = arg;

	*asked = (struct launch_task){{on_launch_task, NULL}, keeper, question};
	inbox_post(keeper->inbox, &asked->task);
}
