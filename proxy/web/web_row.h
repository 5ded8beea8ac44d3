/*
 * proxy/web/web_row.h - the table of a site: which path takes which method, who may, and what
 * answers.
 *
 * proxy/web/README.md has these tables for people, and openapi.json those of the API;
 * tests/meta/check_paths.py holds them to the rows.
 */
#ifndef SPARKGATE_PROXY_WEB_WEB_ROW_H
#define SPARKGATE_PROXY_WEB_WEB_ROW_H

#include "proxy/web/web_call.h"

enum web_who {
	WEB_ANYBODY, /* who it is is not asked */
	WEB_WHOEVER, /* it is asked, and may be nobody */
	WEB_KNOWN,   /* somebody, by whatever the site takes, with a role or without */
	WEB_SESSION, /* by the site's cookie, with a role */
	WEB_BEARER,  /* by a token in the Authorization field, with a role */
	WEB_EITHER,  /* by such a token, or where there is none by the site's cookie (S170) */
};

/* What content is taken, and whose page has to have sent it (S29, S35, S45). */
enum web_takes {
	WEB_NOTHING,   /* content is not asked for */
	WEB_ANY_FORM,  /* whoever sends it */
	WEB_FORM,      /* no page of another origin; a program may */
	WEB_OWN_FORM,  /* a page of ours, for it is done with a session */
	WEB_OWN_PARTS, /* the same of a form in parts, which the handler asks for as it comes */
	WEB_JSON,
	WEB_JSON_FILE, /* a small file may be in it */
	WEB_STREAM,    /* the handler asks for it, as it comes */
};

struct web_row {
	const char *methods; /* "GET, HEAD": as in Allow */
	const char *path; /* below the base; {id}: a token's or session's id, {name}: any segment */
	enum web_who who;
	void (*serve)(struct web_call *call);
	enum web_takes takes;
};

/* Sets call->row. FAULT_NONE, FAULT_METHOD or FAULT_NOT_FOUND; call->target has been read. */
MUST_CHECK enum fault web_row_find(struct web_call *call);
/* RFC 9110 §15.5.6: adds the field line of what this path does take. */
void web_row_add_allow(const struct web_call *call, struct sbuf *out);

#endif
