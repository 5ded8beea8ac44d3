/* The API's operations on sessions: listed, one ended, all of a person ended (S78). */
#include "proxy/admin/api.h"

#include "auth/policy/policy.h"
#include "proxy/admin/session_orders.h"
#include "proxy/web/web_fault.h"

static void answer_sessions(struct web_call *call, const struct session_desk_query *query)
{
	struct store_session_query next;
	char cursor[SESSION_CURSOR];
	json_t *sessions = json_array();
	enum token_outcome outcome = session_desk_list(session_rules(call), query, sessions, &next);

	if (outcome != TOKEN_DONE) {
		json_decref(sessions);
		web_fault(call, admin_fault_of(outcome), NULL);
		return;
	}
	session_cursor_write(&next, cursor);
	api_answer(call, 200,
		json_pack("{s:o, s:s?}", "sessions", sessions, "next_cursor",
			cursor[0] ? cursor : NULL));
}

void api_sessions(struct web_call *call)
{
	struct session_asked asked;

	if (!admin_has_right(call, ACTION_SESSIONS))
		return;
	const char *fault = session_asked_read(call, false, &asked);
	if (fault)
		web_fault(call, FAULT_BAD_REQUEST, fault);
	else
		answer_sessions(call, &asked.query);
}

void api_session_end(struct web_call *call)
{
	int ended = 0;

	if (!admin_has_right(call, ACTION_SESSIONS))
		return;
	enum token_outcome outcome =
		session_order(call, &(struct session_desk_order){.id = call->token_id}, &ended);
	if (outcome == TOKEN_DONE)
		api_answer(call, 204, NULL);
	else
		web_fault(call, admin_fault_of(outcome),
			outcome == TOKEN_UNKNOWN ? "There is no such session." : NULL);
}

void api_sessions_end(struct web_call *call)
{
	struct session_asked asked;
	int ended = 0;

	if (!admin_has_right(call, ACTION_SESSIONS))
		return;
	const char *fault = session_asked_read(call, false, &asked);
	if (fault == NULL && asked.query.user == NULL)
		fault = "user: expected whose sessions are to end";
	if (fault) {
		web_fault(call, FAULT_BAD_REQUEST, fault);
		return;
	}
	enum token_outcome outcome = session_order(call,
		&(struct session_desk_order){
			.user = asked.query.user, .issuer = asked.query.issuer},
		&ended);
	if (outcome == TOKEN_DONE)
		api_answer(call, 200, json_pack("{s:i}", "ended", ended));
	else
		web_fault(call, admin_fault_of(outcome), NULL);
}
