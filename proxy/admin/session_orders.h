/*
 * proxy/admin/session_orders.h - what somebody wants of sessions: the same for the page and the API
 * (S78).
 *
 * Keeper thread: it reads and writes the store.
 */
#ifndef SPARKGATE_PROXY_ADMIN_SESSION_ORDERS_H
#define SPARKGATE_PROXY_ADMIN_SESSION_ORDERS_H

#include "auth/admin/session_desk.h"
#include "proxy/admin/admin_call.h"

enum { SESSION_CURSOR = 96 };

struct session_asked {
	char user[STORE_SUBJECT], issuer[STORE_ISSUER], cursor[SESSION_CURSOR], limit[8];
	struct session_desk_query query; /* borrows from these */
};
/* Reads the query string, of a form its content. Gives what is wrong with it, or NULL. With
 * `is_form` a field may be empty, as browsers send it. */
const char *session_asked_read(
	const struct web_call *call, bool is_form, struct session_asked *out);
/* "" when that was the last page. */
void session_cursor_write(const struct store_session_query *next, char out[static SESSION_CURSOR]);

/* What knows of the sessions; borrows until control returns to the event loop. */
const struct session_desk *session_rules(struct web_call *call);
/* Ends them in the caller's name. */
enum token_outcome session_order(
	struct web_call *call, const struct session_desk_order *order, int *ended);

#endif
