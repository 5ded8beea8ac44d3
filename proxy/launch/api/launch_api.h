/*
 * proxy/launch/api/launch_api.h - /api/v1/profiles and /api/v1/applications: the same rows on both
 * listeners, for bearer tokens alone (S115).
 *
 * A row's handler makes a question of the request and sends it to the keeper; its answer goes out
 * as JSON, or as a log that streams (launch_stream.c).
 */
#ifndef SPARKGATE_PROXY_LAUNCH_API_LAUNCH_API_H
#define SPARKGATE_PROXY_LAUNCH_API_LAUNCH_API_H

#include "proxy/launch/launch_question.h"
#include "proxy/web/web_serve.h"

/* What a site of the API lends. */
struct launch_home {
	struct event_base *base;
	struct inbox *inbox;			/* of the call's thread */
	struct launch_question_list *questions; /* with the keeper */
	/* Hands it to the keeper, which gives it back to its `home`; any thread. */
	void (*ask)(void *arg, struct launch_question *question);
	void *arg;
};

/* Handlers of rows. */
void launch_api_profiles(struct web_call *call);
void launch_api_list(struct web_call *call);
void launch_api_create(struct web_call *call);
void launch_api_show(struct web_call *call);
void launch_api_kill(struct web_call *call);
void launch_api_restart(struct web_call *call);
void launch_api_logs(struct web_call *call);
void launch_api_events(struct web_call *call);

/* launch_stream.c: answers with what the question's log is; takes the question. */
void launch_stream_begin(struct web_call *call, struct launch_question *question);

#endif
