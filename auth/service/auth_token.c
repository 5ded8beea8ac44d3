/* auth/service/auth_token.c - a token that is shown to one of the _gate/oauth/ addresses: asked for
 * on a server thread, judged by the keeper (auth/token/token_grant.h). */
#include "auth/service/auth_int.h"

#include "base/text/json_text.h"
#include "auth/token/token_grant.h"

#include <jansson.h>
#include <stdlib.h>

static enum token_outcome answer(struct keeper_request *request, json_t **json, struct err *err)
{
	const struct token_desk *desk = auth_service_tokens(request->service);
	struct str token = str_of(request->token);

	switch (request->question) {
	case AUTH_TOKEN_REFRESH:
		return token_grant_next(desk, TOKEN_REFRESH, token, json);
	case AUTH_TOKEN_REGISTER:
		return token_grant_next(desk, TOKEN_REGISTRATION, token, json);
	case AUTH_TOKEN_REVOKE:
		return token_grant_revoke(desk, token, request->is_forced, err);
	case AUTH_TOKEN_INTROSPECT:
		return token_grant_introspect(desk, request->who, token, json);
	}
	abort();
}

static void answer_on_keeper(struct keeper_request *request)
{
	static const enum auth_status statuses[] = {[TOKEN_DONE] = AUTH_OK,
		[TOKEN_INVALID] = AUTH_INVALID_TOKEN,
		[TOKEN_FORBIDDEN] = AUTH_INVALID_TOKEN,
		[TOKEN_UNKNOWN] = AUTH_INVALID_TOKEN,
		[TOKEN_CONFLICT] = AUTH_CONFLICT,
		[TOKEN_UNAVAILABLE] = AUTH_UNAVAILABLE};
	struct err err = {""};
	json_t *json = NULL;

	auth_keeper_say(request, statuses[answer(request, &json, &err)], err.text);
	request->json = json_text(json);
	json_decref(json);
	auth_keeper_return(request);
}

static void on_answered(struct auth_pending *pending, struct keeper_request *request)
{
	pending->signing.json = request->json;
	request->json = NULL;
	auth_pending_answer(pending,
		auth_refused(request->status, auth_keep_reason(pending->auth, request->reason,
						      "the token is not valid")));
}

void auth_token_ask(struct auth *auth, const struct auth_token_question *question,
	sign_in_done *done, void *arg)
{
	struct auth_pending *pending = auth_pending_new(auth, arg);
	struct keeper_request *request = auth_keeper_new(pending);

	pending->on_sign_in = done;
	request->question = question->kind;
	request->is_forced = question->is_forced;
	request->token = mem_strndup(question->token.at, question->token.len);
	request->who = question->caller ? identity_copy(question->caller) : NULL;
	request->work = answer_on_keeper;
	request->done = on_answered;
	auth_keeper_send(request);
}
