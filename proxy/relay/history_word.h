/*
 * proxy/relay/history_word.h - what a history server says of one application that no list of ours
 * has.
 *
 * Of its list the newest 50,000 are kept (SPARK_ROWS_MAX). Of older ones nobody knows whose they
 * are until the server is asked for exactly that id. It is asked for hidden ones as well, so that
 * what one may not see takes as long as what is not there (S44); of those the answer is dropped.
 */
#ifndef SPARKGATE_PROXY_RELAY_HISTORY_WORD_H
#define SPARKGATE_PROXY_RELAY_HISTORY_WORD_H

#include "proxy/request/exchange.h"

struct history_word;

/* Asks, once in a request, for the application that x is about: by a permalink every server of the
 * cluster, else the one whose page it is. Then x->told is set if there is something to tell, and
 * `then` goes on; where nobody answers, a fault does. False: there is nothing to ask. */
MUST_CHECK bool history_word_ask(struct exchange *x, void (*then)(struct exchange *x));
/* Where what x->told tells of is: its server, and its newest attempt. Borrows from x. */
const struct mount *history_word_place(const struct exchange *x, struct app_info *app);
void history_word_free(struct history_word *word); /* NULL is fine */

#endif
