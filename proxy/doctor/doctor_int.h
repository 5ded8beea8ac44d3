/*
 * proxy/doctor/doctor_int.h - what the files of the doctor share: how a server is asked, and how a
 * line is said. One thread, which waits for each answer.
 */
#ifndef SPARKGATE_PROXY_DOCTOR_DOCTOR_INT_H
#define SPARKGATE_PROXY_DOCTOR_DOCTOR_INT_H

#include "base/net/fetch.h"
#include "conf/conf.h"

#include <stdio.h>

struct ui_tokens;

struct doctor {
	const struct conf *conf;
	FILE *out;
	struct event_base *base;
	struct fetcher *fetcher;
	struct ui_tokens *tokens;
	unsigned fine, notes, wrong; /* lines so far */
};

/* --- doctor_say.c --- */
/* `what` was tried, and `how` it is. */
void doctor_fine(struct doctor *d, const char *what, const char *how_fmt, ...) PRINTF(3, 4);
/* It does not matter to everybody. */
void doctor_note(struct doctor *d, const char *what, const char *how_fmt, ...) PRINTF(3, 4);
/* `todo`: a sentence that says what to do. */
void doctor_wrong(struct doctor *d, const char *what, const char *todo, const char *why_fmt, ...)
	PRINTF(4, 5);

/* --- doctor_ask.c --- */
enum { DOCTOR_WAIT_MS = 10 * 1000, DOCTOR_ANSWER_MAX = 4 * 1024 * 1024 };
struct doctor_answer {
	int status; /* 0: none, for the reason in `error` */
	char *body; /* NUL-terminated, owned */
	char error[200];
	int64_t date_s;
	bool has_no_address;
};
/* The receiver of an answer to a request of one's own: its done and arg, until doctor_wait(). */
struct doctor_wait {
	struct doctor *doctor;
	struct doctor_answer *answer;
};
void doctor_on_done(const struct fetch_result *result, void *arg); /* arg: struct doctor_wait */
void doctor_wait(struct doctor *d);
/* GET, or what `request` says; its limits, done and arg are set here. */
void doctor_ask(struct doctor *d, const struct fetch_request *request, struct doctor_answer *out);
void doctor_answer_clear(struct doctor_answer *answer);
/* There was an answer; else says why not, with what to do about it. `ca_key`: the key of the
 * authorities. */
bool doctor_has_answer(
	struct doctor *d, const char *what, const char *ca_key, const struct doctor_answer *answer);
/* Says so if its clock is another one than ours. */
void doctor_compare_clocks(struct doctor *d, const char *what, const struct doctor_answer *answer);

/* --- doctor_spark.c, doctor_kube.c, doctor_people.c, doctor_introspect.c, doctor_s3.c --- */
void doctor_try_cluster(struct doctor *d, const struct conf_cluster *cluster);
void doctor_try_kubernetes(struct doctor *d, const struct conf_cluster *cluster);
void doctor_try_s3(struct doctor *d, const struct conf_cluster *cluster);
void doctor_try_provider(struct doctor *d, const struct conf_oidc *oidc);
void doctor_try_bearer(struct doctor *d, const struct conf_bearer *row);
void doctor_try_introspection(struct doctor *d, const struct conf_bearer *row);

#endif
