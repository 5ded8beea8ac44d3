/*
 * proxy/request/access_log.h - what is written down of a request: its line, its audit line, its
 * counts.
 *
 * Queries never, secrets never; what a client chose is clipped (S40).
 */
#ifndef SPARKGATE_PROXY_REQUEST_ACCESS_LOG_H
#define SPARKGATE_PROXY_REQUEST_ACCESS_LOG_H

#include "proxy/http/fault.h"

struct exchange;

/* Counts who was let in or not, and why. */
void access_log_decision(struct exchange *x, enum fault fault);
/* Copies what the line needs before the request's bytes go. */
void access_log_keep(struct exchange *x);
void access_log_forget(struct exchange *x);
/* The access line, the audit line where the action asks for one, and the metrics. Once, at the end.
 */
void access_log_write(struct exchange *x);

#endif
