/* Questions that wait: for a record, for keys, for a refresh or for an introspection. */
#include "auth/service/auth_int.h"

#include <openssl/crypto.h>
#include <stdlib.h>

/* Each turn brings one thing that was lacking; more of them means that it goes again as fast as it
 * comes. */
enum { TURNS_MAX = 8 };

struct auth_pending *auth_pending_new(struct auth *auth, void *arg)
{
	struct auth_pending *pending = mem_alloc(1, sizeof *pending);

	pending->auth = auth;
	pending->arg = arg;
	TAILQ_INSERT_TAIL(&auth->pending, pending, link);
	auth->pending_count++;
	return pending;
}

void auth_pending_free(struct auth_pending *pending)
{
	TAILQ_REMOVE(&pending->auth->pending, pending, link);
	pending->auth->pending_count--;
	secret_free(pending->token);
	OPENSSL_cleanse(pending, sizeof *pending);
	free(pending);
}

static struct str keep_text(struct str text, char *out, size_t size)
{
	if (!str_copy(text, out, size))
		out[0] = '\0'; /* which names nothing */
	return str_of(out);
}

void auth_pending_keep(struct auth_pending *pending, const struct question *question)
{
	struct question *own = &pending->question;

	*own = *question;
	if (question->token.at) {
		pending->token = mem_strndup(question->token.at, question->token.len);
		own->token = (struct str){pending->token, question->token.len};
	}
	own->id = keep_text(question->id, pending->id, sizeof pending->id);
	own->client = keep_text(question->client, pending->client, sizeof pending->client);
	own->issuer = NULL;
	if (question->issuer)
		own->issuer =
			keep_text(str_of(question->issuer), pending->issuer, sizeof pending->issuer)
				.at;
}

/* --- judging --- */

static struct auth_result judge(struct auth_pending *pending)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(pending->auth, &hold);
	struct question *question = &pending->question;
	struct auth_result result = question->token.at
					    ? auth_bearer_judge(pending->auth, rules, question)
					    : auth_session_judge(pending->auth, rules, question);

	if (result.status == AUTH_LATER && question->need == NEED_KEYS)
		question->issuer =
			keep_text(str_of(question->issuer), pending->issuer, sizeof pending->issuer)
				.at;
	share_drop(hold);
	return result;
}

static void begin_to_wait(struct auth_pending *pending)
{
	static void (*const ask[NEEDS])(struct auth_pending *) = {
		[NEED_SESSION] = auth_store_view_ask_session,
		[NEED_RECORD] = auth_store_view_ask_token,
		[NEED_KEYS] = auth_keeper_ask_keys,
		[NEED_REFRESH] = auth_refresh_ask,
		[NEED_INTROSPECTION] = auth_keeper_ask_introspection};

	pending->is_waiting = true;
	ask[pending->question.need](pending);
}

struct auth_result auth_pending_run(struct auth_pending *pending)
{
	struct auth_result result = auth_refused(AUTH_LATER, "");

	pending->is_running = true;
	while (!pending->is_waiting) {
		result = judge(pending);
		if (result.status != AUTH_LATER)
			break;
		if (pending->turns++ == TURNS_MAX) {
			result = auth_refused(
				AUTH_UNAVAILABLE, "records change faster than they can be read");
			break;
		}
		begin_to_wait(pending);
	}
	pending->is_running = false;
	return result;
}

void auth_pending_resume(struct auth_pending *pending)
{
	pending->is_waiting = false;
	if (pending->is_running)
		return; /* it came while it was asked for: the loop above goes on */
	struct auth_result result = auth_pending_run(pending);
	if (result.status != AUTH_LATER)
		pending->judged(pending, result);
}

/* --- answering --- */

void auth_pending_answer(struct auth_pending *pending, struct auth_result result)
{
	auth_done *on_auth = pending->on_auth;
	sign_in_done *on_sign_in = pending->on_sign_in;
	struct sign_in_result signing = pending->signing;
	void *arg = pending->arg;

	auth_pending_free(pending);
	if (on_auth) {
		on_auth(arg, result);
		return;
	}
	signing.status = result.status;
	signing.who = result.who;
	signing.reason = result.reason;
	on_sign_in(arg, signing);
}

static void on_answer_later(struct auth_pending *pending, struct keeper_request *request)
{
	struct auth_result result = {request->status, request->who, ""};

	request->who = NULL;
	result.reason = auth_keep_reason(pending->auth, request->reason, "refused");
	auth_pending_answer(pending, result);
}

void auth_pending_answer_later(struct auth_pending *pending, struct auth_result result)
{
	struct keeper_request *request = auth_keeper_new(pending);

	auth_keeper_say(request, result.status, result.reason);
	request->who = result.who;
	request->done = on_answer_later;
	auth_keeper_return(request);
}

void auth_pending_answer_all(struct auth *auth)
{
	struct auth_pending *pending;

	while ((pending = TAILQ_FIRST(&auth->pending)) != NULL)
		auth_pending_answer(pending, auth_refused(AUTH_UNAVAILABLE, "shutting down"));
}
