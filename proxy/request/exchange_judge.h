/* proxy/request/exchange_judge.h - whether who asks may do what is asked (S11, S44, S45, S74, S75).
 */
#ifndef SPARKGATE_PROXY_REQUEST_EXCHANGE_JUDGE_H
#define SPARKGATE_PROXY_REQUEST_EXCHANGE_JUDGE_H

#include "proxy/request/exchange.h"

struct topic;

/* Of a route that is known: x->action and x->actions. */
void exchange_find_action(struct exchange *x);
/* What it is about, and what is known of that. */
void exchange_find_topic(const struct exchange *x, struct topic *topic);
/* Whether x->who may do it; x->lacks says which scope is missing, x->is_hidden that it is not to be
 * seen. */
enum fault exchange_judge(struct exchange *x);
/* Once x->req->body is whole: whether they may do to what it names what it asks for (S75). */
enum fault exchange_judge_content(struct exchange *x);

#endif
