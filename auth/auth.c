#include "auth/auth_int.h"

#include "auth/bearer.h"

#include <stdlib.h>

struct auth *auth_new(struct auth_service *service, struct inbox *reply)
{
	struct auth *auth = mem_alloc(1, sizeof *auth);

	auth->service = service;
	auth->port = auth_port_new(auth, reply);
	auth->rules = share_reader_new(service->rules);
	auth->tokens = token_cache_new(TOKEN_CACHE_GOOD, TOKEN_CACHE_BAD);
	auth->sessions = recent_new(RECENT_MAX);
	auth->records = recent_new(RECENT_MAX);
	TAILQ_INIT(&auth->calls);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	auth_port_close(auth->port);
	auth_call_answer_all(auth);
	if (auth->reader)
		auth->reader->ops->close(auth->reader);
	token_cache_free(auth->tokens);
	recent_free(auth->sessions);
	recent_free(auth->records);
	share_reader_free(auth->rules);
	for (size_t i = 0; i < auth->reasons_count; i++)
		free(auth->reasons[i]);
	free(auth);
}

/* The newest keys are published before a refetch is answered, so this is the last word. */
static void on_refetched(struct call *call, struct job *job)
{
	struct auth *auth = call->auth;
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct auth_result result =
		auth_bearer_judge(auth, rules, str_of(call->token), str_of(call->client), NULL);

	(void)job;
	share_drop(hold);
	auth_call_answer(call, result, NULL);
}

static struct auth_result wait_for_keys(struct auth *auth, const char *issuer, struct str token,
	const struct auth_request *req, auth_done *done, void *arg)
{
	struct call *call;

	if (auth->calls_count >= AUTH_WAITING_MAX)
		return auth_refused(
			AUTH_UNAVAILABLE, "too many requests wait for the issuer's keys");
	call = auth_call_new(auth, arg);
	call->on_auth = done;
	call->token = mem_strndup(token.at, token.len);
	if (!str_copy(req->client, call->client, sizeof call->client))
		call->client[0] = '\0';
	auth_job_refetch(call, issuer, on_refetched);
	return auth_refused(AUTH_LATER, "");
}

static struct auth_result check(struct auth *auth, const struct auth_rules *rules,
	const struct auth_request *req, auth_done *done, void *arg)
{
	const char *reason = "", *issuer = NULL;
	struct auth_result result;
	struct str token;

	switch (bearer_read(
		req->authorization, req->authorization_count, req->query, &token, &reason)) {
	case BEARER_MALFORMED:
		return auth_refused(AUTH_MALFORMED, reason);
	case BEARER_OTHER_SCHEME:
		/* It beats the cookie as a bad token does: who sends credentials means them. */
		return auth_refused(AUTH_INVALID_TOKEN, "the Authorization scheme is not Bearer");
	case BEARER_ABSENT:
		return auth_session_judge(
			auth, rules, req->cookies, req->cookies_count, req->client);
	case BEARER_OK:
		break;
	}
	result = auth_bearer_judge(auth, rules, token, req->client, &issuer);
	if (result.status == AUTH_LATER)
		return wait_for_keys(auth, issuer, token, req, done, arg);
	return result;
}

struct auth_result auth_check(
	struct auth *auth, const struct auth_request *req, auth_done *done, void *arg)
{
	struct share_hold *hold;
	const struct auth_rules *rules = auth_rules_get(auth, &hold);
	struct auth_result result = check(auth, rules, req, done, arg);

	share_drop(hold);
	return result;
}

bool auth_is_own_cookie(struct str name)
{
	static const char *const prefixes[] = {"__Host-", "__Secure-"};

	/* More than the names in use: what only looks like one of ours is nobody else's business.
	 */
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (str_starts_nocase(name, str_of(prefixes[i])))
			name = str_from(name, strlen(prefixes[i]));
	}
	if (!str_starts_nocase(name, STR("sparkgate")))
		return false;
	name = str_from(name, strlen("sparkgate"));
	return name.len == 0 || name.at[0] == '-' || name.at[0] == '_';
}
