/*
 * proxy/admin/audit_search.h - what somebody looks for in the audit, and what of it they may see:
 * the same for the page and the API (S77).
 *
 * Keeper thread: it reads the store.
 */
#ifndef SPARKGATE_PROXY_ADMIN_AUDIT_SEARCH_H
#define SPARKGATE_PROXY_ADMIN_AUDIT_SEARCH_H

#include "proxy/admin/admin_call.h"

enum {
	AUDIT_WORD = 4 * 32 + 1,
	AUDIT_APP = 4 * 128 + 1,
	AUDIT_TIME = 32,
	AUDIT_CSV_EVENTS = 10000, /* in one file of the page */
};

struct audit_search { /* as it was asked; "": any */
	char user[STORE_SUBJECT], action[AUDIT_WORD], application[AUDIT_APP];
	char from[AUDIT_TIME], until[AUDIT_TIME]; /* 2026-01-31T12:00, in UTC */
	char cursor[STORE_AUDIT_ID], limit[8], format[8];
	bool is_csv;
	struct store_audit_query
		query; /* borrows from these; its limit is for all pages together */
};

/* Reads the query string. Gives what is wrong with it, or NULL. With `is_form` a field may be
 * empty, as browsers send it. */
const char *audit_search_read(const struct web_call *call, bool is_form, struct audit_search *out);
/* Gives what the caller may see, newest first; `next` is where the next page begins, or "". NULL:
 * the store does not answer, and that is what the call was answered. */
MUST_CHECK json_t *audit_search_events(
	struct web_call *call, const struct audit_search *search, char next[static STORE_AUDIT_ID]);
/* The query string of this search from `cursor` on (NULL: from the newest); `sign` stands between
 * its parameters. */
void audit_search_write(
	struct sbuf *out, const struct audit_search *search, const char *sign, const char *cursor);
/* Answers with a file of CSV: at most `limit` events. */
void audit_search_csv(struct web_call *call, struct audit_search *search, size_t limit);

#endif
