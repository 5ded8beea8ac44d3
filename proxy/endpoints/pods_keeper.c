/* proxy/endpoints/pods_keeper.c - what the keeper is asked about a pod, and whether its reader may
 * read what it says: at first, and again and again of a log that is followed. */
#include "proxy/endpoints/pods_state.h"

#include "proxy/registry/topic.h"

/* --- questions --- */

static void on_question_back(struct task *task)
{
	struct pod_question *question = (struct pod_question *)task;

	LIST_REMOVE(question, asked);
	question->done(question);
}

static void send_question(struct endpoint_pods *p, struct pod_question *question)
{
	struct server_thread *thread = p->x->thread;

	p->question = question;
	question->task.run = on_question_back;
	LIST_INSERT_HEAD(&thread->questions, question, asked);
	thread->shared->ask_keeper(thread->shared->suspect_arg, question);
}

static struct pod_question *question_of(
	struct endpoint_pods *p, void (*done)(struct pod_question *question))
{
	return pod_question_new(
		p->x->thread->inbox, p->x->route.cluster->name, p->app->id, done, p);
}

void pods_ask_keeper(
	struct endpoint_pods *p, size_t log_max, void (*done)(struct pod_question *question))
{
	struct pod_question *question = question_of(p, done);

	question->log_max = log_max;
	if (p->asked.pod[0])
		question->executor = mem_strdup(p->asked.pod);
	if (p->x->state != EXCHANGE_FETCHING) /* a history server was asked before */
		exchange_move(p->x, EXCHANGE_FETCHING);
	send_question(p, question);
}

/* --- the verdict --- */

/* It may have changed hands since the registry was published. */
static bool is_same_owner(const struct endpoint_pods *p, const struct pod_answer *told)
{
	const char *settled = p->app->namespace;

	return settled[0] == '\0' || strcmp(settled, told->namespace) == 0;
}

/* A log is its pod's, and there may be several applications in it. */
static enum pods_verdict judge_other(const struct endpoint_pods *p, const char *id)
{
	const struct cluster_info *cluster = p->x->route.cluster;
	const struct access_cluster access = cluster_info_access(cluster);
	const struct app_info *other = registry_app_near(cluster, str_of(id));
	struct access_app facts = access_app_in(&access, id);

	if (other)
		facts = topic_app(cluster, other);
	if (access_to_app(p->x->web.who, &facts) & 1u << ACTION_LOGS)
		return PODS_OPEN;
	return other && other->namespace[0] ? PODS_CLOSED : PODS_NOT_SETTLED;
}

enum pods_verdict pods_judge(const struct endpoint_pods *p, const struct pod_answer *told)
{
	enum pods_verdict all = PODS_OPEN;

	if (told->known == POD_NONE || !is_same_owner(p, told))
		return PODS_NOT_THERE;
	for (size_t i = 0; i < told->others_count; i++) {
		enum pods_verdict one = judge_other(p, told->others[i]);
		if (one > all)
			all = one;
	}
	return all;
}

/* --- again --- */

enum { HELD_LOOKS = 30 }; /* seconds: then nobody settles it any more */

static enum fault fault_of(const struct endpoint_pods *p, const struct pod_answer *told)
{
	enum pods_verdict verdict = pods_judge(p, told);
	bool is_another = told->uid && strcmp(told->uid, p->told->answer.uid) != 0;

	if (verdict == PODS_NOT_THERE || is_another)
		return FAULT_GONE;
	if (verdict == PODS_CLOSED || p->held_looks > HELD_LOOKS)
		return FAULT_FORBIDDEN;
	return FAULT_NONE;
}

/* What it may be is held back meanwhile. */
static void hold(struct endpoint_pods *p, bool is_held)
{
	bool goes_on = p->held_looks && !is_held;

	p->held_looks = is_held ? p->held_looks + 1 : 0;
	if (goes_on && !p->is_full)
		pods_go_on(p);
}

static void on_told_again(struct pod_question *question)
{
	struct endpoint_pods *p = question->arg;

	if (p) {
		enum fault fault = fault_of(p, &question->answer);
		p->question = NULL;
		if (fault == FAULT_NONE)
			hold(p, pods_judge(p, &question->answer) == PODS_NOT_SETTLED);
		else
			pods_follow_end(p->follow, fault);
	}
	pod_question_free(question);
}

/* False: the application is not known any more. */
static bool find_again(struct endpoint_pods *p)
{
	struct exchange *x = p->x;

	(void)exchange_follow(x); /* which is for UIs */
	if (x->route.kind != ROUTE_APP_LOGS)
		return false;
	p->app = registry_app_near(x->route.cluster, x->route.name);
	return p->app != NULL;
}

enum fault pods_look_again(struct exchange *x)
{
	struct endpoint_pods *p = x->pods;
	struct pod_question *question;

	if (!find_again(p))
		return FAULT_GONE;
	if (p->question)
		return FAULT_NONE;
	question = question_of(p, on_told_again);
	question->is_about_others = true;
	send_question(p, question);
	return FAULT_NONE;
}
