/*
 * proxy/pages/admin/page_audit.h - the page of the audit: who did what, when, with which
 * application (S77).
 *
 * As page.h: pure, values escaped where they are written. What somebody may see was decided before.
 */
#ifndef SPARKGATE_PROXY_PAGES_ADMIN_PAGE_AUDIT_H
#define SPARKGATE_PROXY_PAGES_ADMIN_PAGE_AUDIT_H

#include "proxy/pages/page.h"

#include <jansson.h>

struct page_audit {	      /* borrowed; texts as they were asked, or "" */
	const json_t *events; /* of audit_json() */
	const char *user, *action, *application, *from, *until;
	const char *first, *next; /* query strings of the newest page and the next one, or "" */
	const char *csv;	  /* the same of the file */
	bool is_later;		  /* not the first page */
	const char *problem;	  /* what is wrong with what was asked, or NULL */
};
void page_audit(struct sbuf *out, const struct page_view *view, const struct page_audit *list);

#endif
