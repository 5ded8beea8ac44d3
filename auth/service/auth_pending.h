/*
 * auth/service/auth_pending.h - who waits for what: questions whose answer comes later.
 *
 * Each kind has a struct of its own that begins with a struct auth_pending, and is on its server
 * thread's list until it is answered.
 */
#ifndef SPARKGATE_AUTH_SERVICE_AUTH_PENDING_H
#define SPARKGATE_AUTH_SERVICE_AUTH_PENDING_H

#include "auth/service/auth_judge.h"

enum { AUTH_WAITING_MAX = 4096 };

struct auth_pending {
	TAILQ_ENTRY(auth_pending) link;
	size_t size; /* of the whole struct */
	struct auth *auth;
	struct question question; /* its texts are its own: */
	char *token;
	char ids[COOKIES_TRIED][SESSION_ID_LEN + 1];
	char client[STORE_FROM];
	char issuer[STORE_ISSUER];
	uint64_t generation; /* of the store when it was asked */
	unsigned turns;
	bool is_running, is_waiting;
	/* The question is judged. Takes result.who; answers sooner or later. */
	void (*judged)(struct auth_pending *pending, struct auth_result result);
	/* Frees it and tells who asked. Takes result.who. */
	void (*answer)(struct auth_pending *pending, struct auth_result result);
};

/* Gives one of `size` zeroed bytes, on the server thread's list. */
struct auth_pending *auth_pending_new(struct auth *auth, size_t size,
	void (*answer)(struct auth_pending *pending, struct auth_result result));
/* Copies the question's texts. */
void auth_pending_keep(struct auth_pending *pending, const struct question *question);
/* The rules that question.issuer borrows from are let go of: copies it. */
void auth_pending_keep_issuer(struct auth_pending *pending);
/* Judges until there is an answer or something is to be waited for (AUTH_LATER, and judged() will
 * be called). Otherwise judged() is not called: the caller has the answer. */
struct auth_result auth_pending_run(struct auth_pending *pending);
void auth_pending_resume(struct auth_pending *pending); /* what it waited for has come */
/* Frees without a word. */
void auth_pending_free(struct auth_pending *pending);
/* Tells who asked, and frees it. Takes result.who. */
void auth_pending_answer(struct auth_pending *pending, struct auth_result result);
/* Same, from the event loop: for functions that must not call back at once. */
void auth_pending_answer_later(struct auth_pending *pending, struct auth_result result);
/* Answers AUTH_UNAVAILABLE to all that wait. */
void auth_pending_answer_all(struct auth *auth);

/* A text that lives as long as the server thread: caches and log lines keep reasons, an error's own
 * text dies with it. `otherwise` when there are too many different ones. */
const char *auth_pending_reason(struct auth *auth, const char *text, const char *otherwise);

/* --- whose answer is a struct sign_in_result --- */

struct sign_in_pending {
	struct auth_pending base;     /* first: a pending of this kind is its base */
	struct sign_in_result result; /* what is known of it: cookies, return path; goes along */
	sign_in_done *done;
	void *arg;
};

struct sign_in_pending *auth_pending_sign_in(
	struct auth *auth, size_t size, sign_in_done *done, void *arg);

static inline struct sign_in_pending *sign_in_pending_of(struct auth_pending *pending)
{
	return (struct sign_in_pending *)pending;
}

#endif
