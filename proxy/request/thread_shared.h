/* proxy/request/thread_shared.h - what the process lends to all of its server threads. */
#ifndef SPARKGATE_PROXY_REQUEST_THREAD_SHARED_H
#define SPARKGATE_PROXY_REQUEST_THREAD_SHARED_H

struct artifact_ledger;
struct auth_service;
struct budget;
struct crowd;
struct front_tls;
struct launch_question;
struct pod_question;
struct share_slot;

struct thread_shared { /* borrowed by all server threads for their life */
	struct auth_service *auth;
	struct share_slot *registry; /* of struct registry */
	struct share_slot *conf;     /* of struct conf */
	void (*suspect)(void *arg, const char *cluster,
		const char *mount_id); /* a UI refused a connection; any thread */
	/* Hands it to the keeper, which gives it back to its `home` with an answer; any thread. */
	void (*ask_keeper)(void *arg, struct pod_question *question);
	/* The same of what somebody wants of launches. */
	void (*ask_launches)(void *arg, struct launch_question *question);
	void *suspect_arg; /* of all three */
	/* Of content that requests carry: all of it, and of people who are not known yet (S57). */
	struct budget *memory, *strangers;
	struct front_tls *tls;		 /* of the listener; NULL: in the clear */
	struct crowd *crowd;		 /* clients of the listener, over all threads */
	struct artifact_ledger *uploads; /* of artifacts, over all threads */
	unsigned threads;
	unsigned port; /* really listened on */
};

#endif
