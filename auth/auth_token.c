/* auth/auth_token.c - a token that is shown to one of the _gate/oauth/ addresses: asked for on a
 * worker, judged by the keeper (auth/token_grant.h). */
#include "auth/auth_int.h"

#include "auth/json_text.h"
#include "auth/token_grant.h"

#include <jansson.h>
#include <stdlib.h>

static enum token_outcome answer(struct job *job, json_t **json, struct err *err)
{
	struct auth_service *service = job->service;
	struct str token = str_of(job->token);

	switch (job->question) {
	case AUTH_TOKEN_REFRESH:
		return token_grant_next(service, TOKEN_REFRESH, token, json);
	case AUTH_TOKEN_REGISTER:
		return token_grant_next(service, TOKEN_REGISTRATION, token, json);
	case AUTH_TOKEN_REVOKE:
		return token_grant_revoke(service, token, job->is_forced, err);
	case AUTH_TOKEN_INTROSPECT:
		return token_grant_introspect(service, job->who, token, json);
	}
	abort();
}

static void answer_on_keeper(struct job *job)
{
	static const enum auth_status statuses[] = {[TOKEN_DONE] = AUTH_OK,
		[TOKEN_INVALID] = AUTH_INVALID_TOKEN,
		[TOKEN_FORBIDDEN] = AUTH_INVALID_TOKEN,
		[TOKEN_UNKNOWN] = AUTH_INVALID_TOKEN,
		[TOKEN_CONFLICT] = AUTH_CONFLICT,
		[TOKEN_UNAVAILABLE] = AUTH_UNAVAILABLE};
	struct err err = {""};
	json_t *json = NULL;

	auth_job_say(job, statuses[answer(job, &json, &err)], err.text);
	job->json = json_text(json);
	json_decref(json);
	auth_job_return(job);
}

static void on_answered(struct call *call, struct job *job)
{
	call->signing.json = job->json;
	job->json = NULL;
	auth_call_answer(call, auth_refused(job->status, auth_keep_reason(call->auth, job->reason,
								 "the token is not valid")));
}

void auth_token_ask(struct auth *auth, const struct auth_token_question *question,
	sign_in_done *done, void *arg)
{
	struct call *call = auth_call_new(auth, arg);
	struct job *job = auth_job_new(call);

	call->on_sign_in = done;
	job->question = question->kind;
	job->is_forced = question->is_forced;
	job->token = mem_strndup(question->token.at, question->token.len);
	job->who = question->caller ? identity_copy(question->caller) : NULL;
	job->work = answer_on_keeper;
	job->done = on_answered;
	auth_job_send(job);
}
