/* proxy/request/exchange_judge.h - whether who asks may do what is asked (S11, S44, S45). */
#ifndef SPARKGATE_PROXY_REQUEST_EXCHANGE_JUDGE_H
#define SPARKGATE_PROXY_REQUEST_EXCHANGE_JUDGE_H

#include "proxy/request/exchange.h"

/* Of a route that is known: x->action and x->actions. */
void exchange_find_action(struct exchange *x);
/* Whether x->who may do it; x->lacks says which scope is missing, x->is_hidden that it is not to be
 * seen. */
enum fault exchange_judge(struct exchange *x);

#endif
