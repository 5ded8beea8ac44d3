/* auth/service/auth_token.c - a token that is shown to one of the _gate/oauth/ addresses: asked for
 * on a server thread, judged by the keeper (auth/token/token_grant.h). */
#include "auth/service/auth_keeper.h"
#include "auth/service/auth_pending.h"
#include "auth/device/device_desk.h"
#include "auth/token/audit.h"
#include "auth/token/token_grant.h"
#include "base/text/json_text.h"

#include <jansson.h>
#include <stdlib.h>

struct token_ask {
	struct keeper_request base; /* first */
	int kind;		    /* auth_token_question.kind */
	char *token;		    /* secret */
	struct identity *caller;    /* of an introspection, or NULL */
	bool is_forced;
	char *asked[3], *client;
	char *json; /* the answer: secret */
	const char *error;
};

static void clear_token_ask(struct keeper_request *request)
{
	struct token_ask *own = (struct token_ask *)request;

	secret_free(own->token);
	secret_free(own->json);
	identity_unref(own->caller);
	for (size_t i = 0; i < ARRAY_LEN(own->asked); i++)
		free(own->asked[i]);
	free(own->client);
}

/* --- programs that wait for a person --- */

static enum device_outcome ask_device_desk(
	const struct token_ask *own, json_t **json, struct err *err)
{
	const struct device_desk *desk = auth_service_devices(own->base.service);

	audit_come_from(own->client, NULL);
	if (own->kind == AUTH_TOKEN_DEVICE_POLL)
		return device_poll(desk, str_of(own->token), json, err);
	return device_begin(desk,
		&(struct device_asked){.client_name = str_of(own->asked[0]),
			.scope = str_of(own->asked[1]),
			.token_type = str_of(own->asked[2]),
			.from = str_of(own->client)},
		json, err);
}

static void ask_device_on_keeper(struct keeper_request *request)
{
	struct token_ask *own = (struct token_ask *)request;
	struct err err = {""};
	json_t *json = NULL;
	enum device_outcome outcome = ask_device_desk(own, &json, &err);

	audit_come_from(NULL, NULL);
	own->error = device_error(outcome);
	own->json = json_text(json);
	json_decref(json);
	auth_keeper_answer(request,
		outcome == DEVICE_DONE		? AUTH_OK
		: outcome == DEVICE_UNAVAILABLE ? AUTH_UNAVAILABLE
		: outcome == DEVICE_MANY	? AUTH_TOO_MANY
						: AUTH_INVALID_TOKEN,
		err.text);
}

/* --- tokens --- */

static enum token_outcome ask_desk(const struct token_ask *own, json_t **json, struct err *err)
{
	const struct token_desk *desk = auth_service_tokens(own->base.service);
	struct str token = str_of(own->token);

	switch (own->kind) {
	case AUTH_TOKEN_REFRESH:
		return token_grant_next(desk, TOKEN_REFRESH, token, json);
	case AUTH_TOKEN_REGISTER:
		return token_grant_next(desk, TOKEN_REGISTRATION, token, json);
	case AUTH_TOKEN_REVOKE:
		return token_grant_revoke(desk, token, own->is_forced, err);
	case AUTH_TOKEN_INTROSPECT:
		return token_grant_introspect(desk, own->caller, token, json);
	default:
		break;
	}
	abort();
}

static void ask_on_keeper(struct keeper_request *request)
{
	static const enum auth_status statuses[] = {[TOKEN_DONE] = AUTH_OK,
		[TOKEN_INVALID] = AUTH_INVALID_TOKEN,
		[TOKEN_FORBIDDEN] = AUTH_INVALID_TOKEN,
		[TOKEN_UNKNOWN] = AUTH_INVALID_TOKEN,
		[TOKEN_CONFLICT] = AUTH_CONFLICT,
		[TOKEN_UNAVAILABLE] = AUTH_UNAVAILABLE};
	struct token_ask *own = (struct token_ask *)request;
	struct err err = {""};
	json_t *json = NULL;
	enum token_outcome outcome = ask_desk(own, &json, &err);

	own->json = json_text(json);
	json_decref(json);
	auth_keeper_answer(request, statuses[outcome], err.text);
}

static void on_token_answered(struct auth_pending *pending, struct keeper_request *request)
{
	struct token_ask *own = (struct token_ask *)request;

	sign_in_pending_of(pending)->result.json = own->json;
	own->json = NULL;
	sign_in_pending_of(pending)->result.error = own->error;
	auth_pending_answer(pending,
		auth_refused(request->status, auth_pending_reason(pending->auth, request->reason,
						      "the token is not valid")));
}

void auth_token_ask(struct auth *auth, const struct auth_token_question *question,
	sign_in_done *done, void *arg)
{
	struct sign_in_pending *pending = auth_pending_sign_in(auth, sizeof *pending, done, arg);
	struct keeper_request *request = auth_keeper_new(&pending->base, sizeof(struct token_ask));
	struct token_ask *own = (struct token_ask *)request;

	const struct str asked[] = {question->client_name, question->scope, question->token_type};

	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		own->asked[i] = mem_strndup(asked[i].at ? asked[i].at : "", asked[i].len);
	own->client =
		mem_strndup(question->client.at ? question->client.at : "", question->client.len);
	own->kind = question->kind;
	own->is_forced = question->is_forced;
	own->token = mem_strndup(question->token.at ? question->token.at : "", question->token.len);
	own->caller = question->caller ? identity_copy(question->caller) : NULL;
	request->work =
		question->kind >= AUTH_TOKEN_DEVICE_BEGIN ? ask_device_on_keeper : ask_on_keeper;
	request->done = on_token_answered;
	request->clear = clear_token_ask;
	auth_keeper_send(request);
}
