/*
 * proxy/pages/admin/page_sessions.h - the page of sessions: who is signed in, and the buttons that
 * end it (S78).
 *
 * As page.h: pure, values escaped where they are written. Who may see it was decided before.
 */
#ifndef SPARKGATE_PROXY_PAGES_ADMIN_PAGE_SESSIONS_H
#define SPARKGATE_PROXY_PAGES_ADMIN_PAGE_SESSIONS_H

#include "proxy/pages/page.h"

#include <jansson.h>

struct page_sessions {		   /* borrowed */
	const json_t *sessions;	   /* of session_view_json() */
	const char *user, *issuer; /* only this person's; "": everybody's */
	const char *next;	   /* cursor of the next page, or "" */
	bool is_later;		   /* not the first page */
	const char *done;	   /* what was done just now, a sentence of ours, or NULL */
};
void page_sessions(
	struct sbuf *out, const struct page_view *view, const struct page_sessions *list);

#endif
