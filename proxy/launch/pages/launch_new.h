/*
 * proxy/launch/pages/launch_new.h - a launch that a form asks for, once its fields are known:
 * errand->first has their values, which the form shows again when something is wrong with them.
 *
 * Each asks the keeper, and answers in the end. Thread of the site.
 */
#ifndef SPARKGATE_PROXY_LAUNCH_PAGES_LAUNCH_NEW_H
#define SPARKGATE_PROXY_LAUNCH_PAGES_LAUNCH_NEW_H

#include "proxy/launch/pages/page_question.h"

/* Leads to the page of what was launched. Takes `body`, the API's JSON; `key` as of
 * Idempotency-Key, "": none. */
void launch_new_create(struct page_errand *errand, json_t *body, const char *key);
/* Goes on with `then` if it would be launched now. Takes `body`. */
void launch_new_judge(struct page_errand *errand, json_t *body,
	void (*then)(struct page_errand *errand, struct launch_question *question));
void launch_new_show_problem(struct page_errand *errand, const char *problem);

#endif
