/* The admin listener's page of sessions: listed, one ended, all of a person ended (S78). */
#include "proxy/admin/admin_pages.h"

#include "auth/policy/policy.h"
#include "proxy/admin/session_orders.h"
#include "proxy/pages/admin/page_sessions.h"
#include "proxy/web/web_fault.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_SESSIONS = 50, WORD_MAX = 16 };

/* What the page before has done: it says how many. */
static const char *read_done(struct web_call *call, char out[static 64])
{
	char ended[WORD_MAX];
	uint64_t count;

	if (!web_field(call, "ended", ended, sizeof ended) || !str_to_u64(str_of(ended), &count))
		return NULL;
	snprintf(out, 64, count == 1 ? "%llu session has ended." : "%llu sessions have ended.",
		(unsigned long long)count);
	return out;
}

static void serve_sessions(
	struct web_call *call, const struct session_asked *asked, json_t *sessions)
{
	struct store_session_query next;
	struct page_view view = call->site->view(call);
	char cursor[SESSION_CURSOR], done[64];
	struct sbuf page;
	enum token_outcome outcome =
		session_desk_list(session_rules(call), &asked->query, sessions, &next);

	if (outcome != TOKEN_DONE) {
		web_fault(call, admin_fault_of(outcome), NULL);
		return;
	}
	session_cursor_write(&next, cursor);
	sbuf_init(&page, PAGE_MAX);
	page_sessions(&page, &view,
		&(struct page_sessions){.sessions = sessions,
			.user = asked->user,
			.issuer = asked->issuer,
			.next = cursor,
			.is_later = asked->cursor[0] != '\0',
			.done = read_done(call, done)});
	web_html(call, 200, &page, NULL, FAULT_NONE);
	sbuf_clear(&page);
}

void admin_sessions_list(struct web_call *call)
{
	struct session_asked asked;
	const char *fault;

	if (!admin_has_right(call, ACTION_SESSIONS))
		return;
	fault = session_asked_read(call, true, &asked);
	if (fault) {
		web_fault(call, FAULT_BAD_REQUEST, fault);
		return;
	}
	if (asked.limit[0] == '\0')
		asked.query.page.limit = PAGE_SESSIONS;
	json_t *sessions = json_array();
	serve_sessions(call, &asked, sessions);
	json_decref(sessions);
}

/* --- ending --- */

/* Back to the list, which says what has ended. */
static void redirect_to_sessions(struct web_call *call, const char *user, int ended)
{
	struct sbuf location;

	sbuf_init(&location, WEB_FIELD_MAX);
	sbuf_printf(&location, "%s/sessions?ended=%d", call->conf->admin.base, ended);
	if (user) {
		sbuf_puts(&location, "&user=");
		sbuf_urlencode(&location, str_of(user));
	}
	web_redirect(call, 303, sbuf_str(&location), NULL);
	sbuf_clear(&location);
}

static void end_and_show(struct web_call *call, const struct session_desk_order *order)
{
	int ended = 0;
	enum token_outcome outcome = session_order(call, order, &ended);

	if (outcome == TOKEN_DONE)
		redirect_to_sessions(call, order->user, ended);
	else
		web_fault(call, admin_fault_of(outcome),
			outcome == TOKEN_UNKNOWN ? "There is no such session." : NULL);
}

void admin_sessions_end_one(struct web_call *call)
{
	if (admin_has_right(call, ACTION_SESSIONS))
		end_and_show(call, &(struct session_desk_order){.id = call->token_id});
}

void admin_sessions_end_person(struct web_call *call)
{
	struct session_asked asked;
	const char *fault;

	if (!admin_has_right(call, ACTION_SESSIONS))
		return;
	fault = session_asked_read(call, true, &asked);
	if (fault == NULL && asked.query.user == NULL)
		fault = "user: expected whose sessions are to end";
	if (fault)
		web_fault(call, FAULT_BAD_REQUEST, fault);
	else
		end_and_show(call, &(struct session_desk_order){
					   .user = asked.query.user, .issuer = asked.query.issuer});
}
