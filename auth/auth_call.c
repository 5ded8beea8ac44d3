#include "auth/auth_int.h"

#include <openssl/crypto.h>
#include <stdlib.h>

/* Each turn brings one thing that was lacking; more of them means that it goes again as fast as it
 * comes. */
enum { TURNS_MAX = 8 };

struct call *auth_call_new(struct auth *auth, void *arg)
{
	struct call *call = mem_alloc(1, sizeof *call);

	call->auth = auth;
	call->arg = arg;
	TAILQ_INSERT_TAIL(&auth->calls, call, link);
	auth->calls_count++;
	return call;
}

void auth_call_free(struct call *call)
{
	TAILQ_REMOVE(&call->auth->calls, call, link);
	call->auth->calls_count--;
	secret_free(call->token);
	OPENSSL_cleanse(call, sizeof *call);
	free(call);
}

static struct str keep_text(struct str text, char *out, size_t size)
{
	if (!str_copy(text, out, size))
		out[0] = '\0'; /* which names nothing */
	return str_of(out);
}

void auth_call_keep(struct call *call, const struct question *question)
{
	struct question *own = &call->question;

	*own = *question;
	if (question->token.at) {
		call->token = mem_strndup(question->token.at, question->token.len);
		own->token = (struct str){call->token, question->token.len};
	}
	own->id = keep_text(question->id, call->id, sizeof call->id);
	own->client = keep_text(question->client, call->client, sizeof call->client);
	own->issuer = NULL;
	if (question->issuer)
		own->issuer =
			keep_text(str_of(question->issuer), call->issuer, sizeof call->issuer).at;
}

/* --- judging --- */

static struct auth_result judge(struct call *call)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(call->auth, &hold);
	struct question *question = &call->question;
	struct auth_result result = question->token.at
					    ? auth_bearer_judge(call->auth, rules, question)
					    : auth_session_judge(call->auth, rules, question);

	if (result.status == AUTH_LATER && question->need == NEED_KEYS)
		question->issuer =
			keep_text(str_of(question->issuer), call->issuer, sizeof call->issuer).at;
	share_drop(hold);
	return result;
}

static void begin_to_wait(struct call *call)
{
	static void (*const ask[NEEDS])(struct call *) = {[NEED_SESSION] = auth_record_ask_session,
		[NEED_RECORD] = auth_record_ask_token,
		[NEED_KEYS] = auth_job_ask_keys,
		[NEED_REFRESH] = auth_refresh_ask,
		[NEED_INTROSPECTION] = auth_job_ask_introspection};

	call->is_waiting = true;
	ask[call->question.need](call);
}

struct auth_result auth_call_run(struct call *call)
{
	struct auth_result result = auth_refused(AUTH_LATER, "");

	call->is_running = true;
	while (!call->is_waiting) {
		result = judge(call);
		if (result.status != AUTH_LATER)
			break;
		if (call->turns++ == TURNS_MAX) {
			result = auth_refused(
				AUTH_UNAVAILABLE, "records change faster than they can be read");
			break;
		}
		begin_to_wait(call);
	}
	call->is_running = false;
	return result;
}

void auth_call_resume(struct call *call)
{
	call->is_waiting = false;
	if (call->is_running)
		return; /* it came while it was asked for: the loop above goes on */
	struct auth_result result = auth_call_run(call);
	if (result.status != AUTH_LATER)
		call->judged(call, result);
}

/* --- answering --- */

void auth_call_answer(struct call *call, struct auth_result result)
{
	auth_done *on_auth = call->on_auth;
	sign_in_done *on_sign_in = call->on_sign_in;
	struct sign_in_result signing = call->signing;
	void *arg = call->arg;

	auth_call_free(call);
	if (on_auth) {
		on_auth(arg, result);
		return;
	}
	signing.status = result.status;
	signing.who = result.who;
	signing.reason = result.reason;
	on_sign_in(arg, signing);
}

static void on_answer_later(struct call *call, struct job *job)
{
	struct auth_result result = {job->status, job->who, ""};

	job->who = NULL;
	result.reason = auth_keep_reason(call->auth, job->reason, "refused");
	auth_call_answer(call, result);
}

void auth_call_answer_later(struct call *call, struct auth_result result)
{
	struct job *job = auth_job_new(call);

	auth_job_say(job, result.status, result.reason);
	job->who = result.who;
	job->done = on_answer_later;
	auth_job_return(job);
}

void auth_call_answer_all(struct auth *auth)
{
	struct call *call;

	while ((call = TAILQ_FIRST(&auth->calls)) != NULL)
		auth_call_answer(call, auth_refused(AUTH_UNAVAILABLE, "shutting down"));
}
