/*
 * proxy/admin/api.h - the API as its files share it: JSON over the admin listener, for bearer
 * tokens (S35). Launches and artifacts also for who has signed in here (S170).
 *
 * Every error is problem JSON (RFC 9457); nothing is cached.
 */
#ifndef SPARKGATE_PROXY_ADMIN_API_H
#define SPARKGATE_PROXY_ADMIN_API_H

#include "proxy/admin/admin_call.h"

/* Each ends the call. */
void api_answer(struct web_call *call, int status, json_t *json); /* takes json; NULL: none */
/* 404 for what was taken away, which is not to say that its owner may not know what it was (RFC
 * 9457 §3.2); takes token. */
void api_gone(struct web_call *call, const char *detail, json_t *token);

/* A parameter of the query, decoded; false when it is absent. Twice or broken: `*is_bad`. */
bool api_parameter(
	const struct web_call *call, const char *name, char *out, size_t size, bool *is_bad);

/* Handlers of rows: api_tokens.c. */
void api_list(struct web_call *call);
void api_create(struct web_call *call);
void api_show(struct web_call *call);
void api_revoke(struct web_call *call);
void api_disable(struct web_call *call);
void api_enable(struct web_call *call);
void api_revoke_many(struct web_call *call);
/* api_audit.c, api_sessions.c: for who has the right. */
void api_audit(struct web_call *call);
void api_sessions(struct web_call *call);
void api_session_end(struct web_call *call);
void api_sessions_end(struct web_call *call);
/* api_describe.c */
void api_describe(struct web_call *call);

#endif
