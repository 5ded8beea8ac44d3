/*
 * proxy/web/web_serve.h - a row on its way to its handler: who asks, whose page sent the form, the
 * content.
 */
#ifndef SPARKGATE_PROXY_WEB_WEB_SERVE_H
#define SPARKGATE_PROXY_WEB_WEB_SERVE_H

#include "proxy/web/web_row.h"

/* Finds the row for call->target, and serves it. */
void web_serve(struct web_call *call);
/* Whether a page of this site sent it, as far as browsers say so. Without a session at stake who
 * says nothing is taken for a program. */
bool web_is_from_us(const struct web_call *call, bool has_session);
bool web_has_form(const struct web_call *call); /* its content is urlencoded, or there is none */
/* Whether who asks, as it is known by now, may have the row. False: refused, and answered. */
MUST_CHECK bool web_is_let_in(struct web_call *call);
/* Calls `then` when the content is whole in call->req->body (or there is none); else answers. At
 * most `max` bytes. */
void web_hold(struct web_call *call, uint64_t max, struct budget *budget,
	void (*then)(struct web_call *call));
/* A row's handler: the file of page_static.h that the last segment names. */
void web_static(struct web_call *call);

#endif
