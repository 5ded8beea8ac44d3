/*
 * proxy/request/exchange_audit.h - what an audited request is about, gathered on its way (S66).
 *
 * Nothing is kept of others.
 */
#ifndef SPARKGATE_PROXY_REQUEST_EXCHANGE_AUDIT_H
#define SPARKGATE_PROXY_REQUEST_EXCHANGE_AUDIT_H

#include "base/log/log.h"
#include "proxy/request/exchange.h"

void exchange_audit_begin(struct exchange *x);	 /* the action is known */
void exchange_audit_content(struct exchange *x); /* x->req->body is whole */
/* What they say they do it for; "" is nothing. */
void exchange_audit_reason(struct exchange *x, struct str reason);
/* Of the answer's content, before it is moved on. */
void exchange_audit_answer(struct exchange *x, struct evbuffer *bytes);
/* Field lines into `out`, which has room for ABOUT_FIELDS; gives how many. */
size_t exchange_audit_fields(struct exchange *x, struct log_field *out);
void exchange_audit_drop(struct exchange *x); /* nothing is done: there will be no line */
void exchange_audit_free(struct exchange *x);

#endif
