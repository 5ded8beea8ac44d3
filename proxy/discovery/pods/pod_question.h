/*
 * proxy/discovery/pods/pod_question.h - what a server thread asks the keeper about an application's
 * driver: which pod it is or was, what opens the API server, and what was kept of its log.
 *
 * It travels by inboxes: the asker's thread has it, then the keeper, then the asker's thread again,
 * which owns it. A thread that ends before it has come back is noted in `home`, by the keeper's own
 * thread.
 */
#ifndef SPARKGATE_PROXY_DISCOVERY_PODS_POD_QUESTION_H
#define SPARKGATE_PROXY_DISCOVERY_PODS_POD_QUESTION_H

#include "base/inbox.h"
#include "proxy/discovery/kubernetes/kube_access.h"
#include "proxy/discovery/kubernetes/kube_right.h"
#include "proxy/discovery/pods/kept_end.h"

#include <sys/queue.h>

enum pod_known {
	POD_NONE, /* its driver is no pod, or nobody knows which */
	POD_THERE,
	POD_GONE,
};

struct pod_answer { /* owns what it points to */
	enum pod_known known;
	char *namespace, *pod, *uid; /* but for POD_NONE */
	struct kube_access access;   /* server "": there is none, and why */
	char why[256];
	char **others; /* ids of other applications in the same pod */
	size_t others_count;
	char **executors; /* uids of pods that were seen as its executors */
	size_t executors_count;
	struct kept_end kept;		 /* of it */
	char *kept_events;		 /* JSON, as incidents_text() made it; NULL: none */
	struct kept_end *kept_executors; /* the log is that of the one that is asked for alone */
	size_t kept_executors_count;
};

struct pod_question {
	struct task task;   /* first */
	struct inbox *home; /* borrowed; NULL: nobody waits for it any more */
	char *cluster, *app_id;
	size_t log_max;	      /* bytes of a kept log that are wanted */
	char *executor;	      /* name of the pod whose kept log is wanted; NULL: the driver's */
	bool is_about_others; /* no more is wanted than which pod it is, and what else is in it */
	/* No question, but a note: the API server refuses what takes this right. */
	bool is_note;
	enum kube_right refused;
	struct pod_answer answer;
	void (*done)(struct pod_question *question); /* on the asker's thread, which takes it */
	void *arg;				     /* the asker's; NULL: it has left */
	LIST_ENTRY(pod_question) asked;		     /* of the asker's thread */
};
LIST_HEAD(pod_question_list, pod_question);

struct pod_question *pod_question_new(struct inbox *home, const char *cluster, const char *app_id,
	void (*done)(struct pod_question *question), void *arg);
void pod_question_free(struct pod_question *question);

#endif
