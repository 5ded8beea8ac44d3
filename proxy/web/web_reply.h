/* proxy/web/web_reply.h - how an answer goes out: whole at once, and then the call is over. */
#ifndef SPARKGATE_PROXY_WEB_WEB_REPLY_H
#define SPARKGATE_PROXY_WEB_WEB_REPLY_H

#include "proxy/web/web_call.h"

enum { WEB_FIELDS_MAX = 32 * 1024 };

enum web_care {	   /* for the bytes of an answer */
	WEB_WIPED, /* a token or a cookie may be in it: wiped when they are sent (S69) */
	WEB_PLAIN, /* neither is */
	WEB_KEPT,  /* and caches may keep it */
};

struct web_reply {
	int status;
	const char *type; /* NULL: no content */
	struct str content;
	const char *fields; /* more field lines, each with its CRLF, or NULL */
	enum web_care care;
};
void web_reply(struct web_call *call, const struct web_reply *reply, enum fault fault);
/* Its head only: how long the content is nobody knows. What comes and how it ends is the caller's,
 * with the front and site->on_end(). */
void web_reply_begin(struct web_call *call, const struct web_reply *reply);
/* What is in `page` is wiped if it is a secret, and stays the caller's. 500 if it has not room for
 * all. */
void web_html(struct web_call *call, int status, const struct sbuf *page, const char *fields,
	enum fault fault);
void web_json(struct web_call *call, int status, const struct sbuf *json, const char *fields,
	enum fault fault);
void web_redirect(struct web_call *call, int status, struct str location, const char *fields);
/* To an address that is `origin` and `path`. */
void web_redirect_to(
	struct web_call *call, int status, const char *origin, struct str path, const char *fields);

#endif
